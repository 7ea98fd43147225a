"""KMTronic relay boards on USB, RS232 or RS485.

The boards acknowledge nothing. Where the board can tell its state, each command is proved by asking for it; with
`readback = "none"` the best that can be said of a command is that all its bytes have left the computer.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from math import inf
from typing import ClassVar, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drivers.api import Delivery, DeviceError, RelayCapabilities, TooLateError
from drivers.relay import kmtronic_codec as codec
from drivers.relay.readback import check_channel, proved
from drivers.relay.untimed import UntimedRelay
from drivers.serial.shared_port import NoReplyError, NotSentError, SerialParameters, SerialPort
from drivers.text import Text

log = logging.getLogger(__name__)

FRAME_GAP_S = 0.005
"""The maker names none; the small controllers on such boards take a frame at a time."""
BLIND_OFF_TIMES = 2
"""Without a way to ask, an off is sent twice: one garbled frame must not leave a barrier held open."""
RS485_CHANNELS = 8


class Connection(StrEnum):
    """How the board is connected: its commands for the state differ."""

    USB = "usb"
    RS485 = "rs485"


class Readback(StrEnum):
    """How the board tells the state of its relays."""

    ALL = "all"
    SINGLE = "single"
    NONE = "none"


class KmtronicRelaySettings(BaseModel):
    """Configuration of a KMTronic relay board."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str = Field(
        pattern="^/",
        description="Path of the serial port. Use a path that survives replugging: /dev/serial/by-id/... or "
        "by-path/...",
    )
    connection: Connection = Field(
        default=Connection.USB, description="How the board is connected: usb (or RS232), or rs485 (eight relays)."
    )
    channels: Literal[1, 2, 4, 8] = Field(default=8, description="How many relays the board has.")
    readback: Readback = Field(
        default=Readback.ALL,
        description=(
            "How the board reports its state: all (boards of four and eight relays), single (of one and "
            "two), none (it cannot; commands stay unconfirmed)."
        ),
    )
    address: int = Field(
        default=1,
        ge=1,
        le=15,
        description="Address of an rs485 board, as its switches are set. Only one board per bus: every board obeys "
        "every command.",
    )
    baud: int = Field(default=9600, ge=1200, le=115200, description="Speed of the line in bits per second.")
    timeout_ms: int = Field(
        default=200, ge=20, le=5000, description="How long the board may take to answer, in milliseconds."
    )
    local_echo: bool = Field(
        default=False,
        description="Whether the RS485 adapter echoes what it sends (each frame comes back).",
    )

    @model_validator(mode="after")
    def _fits_the_connection(self) -> KmtronicRelaySettings:
        if self.connection is Connection.USB:
            for name, default in (("address", 1), ("local_echo", False)):
                if getattr(self, name) != default:
                    raise ValueError(Text('{name} is for connection = "rs485"', name=name))
            return self
        if self.channels != RS485_CHANNELS:
            raise ValueError(Text("an rs485 board has {count} channels", count=RS485_CHANNELS))
        if self.readback is Readback.SINGLE:
            raise ValueError(Text('an rs485 board has readback = "all"'))
        return self


class KmtronicRelay(UntimedRelay):
    """A KMTronic relay board."""

    Settings: ClassVar[type[KmtronicRelaySettings]] = KmtronicRelaySettings

    def __init__(self, settings: KmtronicRelaySettings) -> None:
        self._settings = settings
        self._channels: int = settings.channels
        self._timeout_s = settings.timeout_ms / 1000
        self._query_all = (
            codec.QUERY_ALL if settings.connection is Connection.USB else codec.query_board(settings.address)
        )
        parameters = SerialParameters("kmtronic", settings.baud, gap_s=FRAME_GAP_S, local_echo=settings.local_echo)
        self._port = SerialPort(settings.port, parameters)
        self._first = b""

    @property
    def capabilities(self) -> RelayCapabilities:
        """What this board can do."""
        readable = self._settings.readback is not Readback.NONE
        return RelayCapabilities(self._channels, hardware_pulse=False, pulse_step_ms=0, read_back=readable)

    def open(self) -> str:
        """Connect and, where the board can tell, read its relays."""
        self._port.open()
        self._first = codec.CLEARING
        try:
            if self._settings.local_echo:
                self._hear_itself()
            self._prove()
        except DeviceError:
            self.close()
            raise
        settings = self._settings
        board = Text(
            "KMTronic board, {channels} relays, readback {readback}",
            channels=self._channels,
            readback=settings.readback,
        )
        if settings.connection is Connection.RS485:
            return Text(
                "{board}, address {address} on {port}", board=board, address=settings.address, port=settings.port
            )
        return Text("{board}, {port}", board=board, port=settings.port)

    def close(self) -> None:
        """Let the port go."""
        self._port.close()

    def set(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:
        """Switch one relay and, where the board can tell, prove it."""
        check_channel(channel, self._channels)
        frames = [codec.switch(channel, on=on)]
        left = self._give(frames, 1, deadline) if on else self._give(frames, self._off_times())
        if self._settings.readback is Readback.NONE:
            return left
        return proved(lambda: self._state_of(channel), on=on)

    def all_off(self) -> Delivery:
        """Release every relay and, where the board can tell, prove it."""
        frames = [codec.switch(channel, on=False) for channel in range(1, self._channels + 1)]
        left = self._give(frames, self._off_times())
        if self._settings.readback is Readback.NONE:
            return left
        return proved(lambda: any(self.state() or ()), on=False)

    def state(self) -> tuple[bool, ...] | None:
        """Ask the board which relays are energised; None where it cannot say."""
        match self._settings.readback:
            case Readback.NONE:
                # Nothing to ask, but a cable that was pulled shows.
                self._port.receive(0.0)
                return None
            case Readback.ALL:
                return codec.read_all(self._ask(self._query_all, self._channels), self._channels)
            case Readback.SINGLE:
                return tuple(self._ask_one(channel) for channel in range(1, self._channels + 1))
            case _:
                assert_never(self._settings.readback)

    def _prove(self) -> None:
        """Read the relays once, hearing the board out: only so does a board with more channels show itself."""
        if self._settings.readback is Readback.ALL:
            codec.read_all(self._ask(self._query_all, None), self._channels)
        else:
            self.state()

    def _off_times(self) -> int:
        return BLIND_OFF_TIMES if self._settings.readback is Readback.NONE else 1

    def _give(self, frames: list[bytes], times: int, deadline: float = inf) -> Delivery:
        """Send each frame so often; UNKNOWN when not all is known to have left.

        Raises NotSentError when not even the first did.
        """
        delivery = Delivery.DELIVERED
        for place, frame in enumerate(frames * times):
            try:
                self._transmit(frame, deadline)
            except NotSentError as error:
                if place == 0:
                    raise
                log.warning("frame %d of a command was not sent: %s", place + 1, error)
                return Delivery.UNKNOWN
            except NoReplyError as error:
                log.warning("frame %d of a command went wrong: %s", place + 1, error)
                delivery = Delivery.UNKNOWN
        return delivery

    def _transmit(self, frame: bytes, deadline: float = inf) -> None:
        first = self._first
        led = self._led(frame)
        try:
            if self._settings.local_echo:
                # Its echo must not meet the next answer.
                self._port.exchange(led, 0, self._timeout_s, deadline=deadline)
            else:
                self._port.send(led, deadline=deadline)
        except TooLateError:
            self._first = first
            raise

    def _led(self, frame: bytes) -> bytes:
        """The frame, and before the first one after the opening what ends half a frame that stands on the board."""
        first, self._first = self._first, b""
        return first + frame

    def _hear_itself(self) -> None:
        try:
            self._transmit(b"")
        except NoReplyError as error:
            if not self._port.is_usable:
                raise
            message = Text(
                "the adapter at {port} did not echo: set local_echo = false, or check it",
                port=self._settings.port,
            )
            raise NoReplyError(message, error.received) from error

    def _state_of(self, channel: int) -> bool:
        if self._settings.readback is Readback.SINGLE:
            return self._ask_one(channel)
        states = self.state()
        return states is not None and states[channel - 1]

    def _ask_one(self, channel: int) -> bool:
        return codec.read_one(self._ask(codec.query_one(channel), codec.FRAME_LENGTH), channel)

    def _ask(self, query: bytes, length: int | None) -> bytes:
        try:
            return self._port.exchange(self._led(query), length, self._timeout_s)
        except NoReplyError as error:
            if error.received or not self._port.is_usable:
                raise
            raise NoReplyError(
                Text("the board on {port} does not answer: {advice}", port=self._settings.port, advice=self._advice())
            ) from error

    def _advice(self) -> str:
        if self._settings.connection is Connection.RS485:
            return Text("check its power, wires A and B, its address and the speed")
        return Text('check readback: boards of one or two relays have "single", of four or eight "all"')
