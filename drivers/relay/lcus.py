"""LCUS, NOYITO and LC Tech relay boards on USB (CH340).

The boards acknowledge nothing. Where the firmware can tell the state, each command is proved by asking for it; with
`readback = "none"` the best that can be said of a command is that all its bytes have left the computer.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from math import inf
from typing import ClassVar, assert_never

from pydantic import BaseModel, ConfigDict, Field

from drivers.api import Delivery, DeviceError, RelayCapabilities
from drivers.relay import lcus_codec as codec
from drivers.relay.lcus_codec import Operation
from drivers.relay.readback import check_channel, proved
from drivers.relay.untimed import UntimedRelay
from drivers.serial.shared_port import NoReplyError, NotSentError, SerialParameters, SerialPort
from drivers.text import Text

log = logging.getLogger(__name__)

FRAME_GAP_S = 0.005
"""The small controllers on these boards take a frame at a time."""
BLIND_OFF_TIMES = 2
"""Without a way to ask, an off is sent twice: one garbled frame must not leave a barrier held open."""


class Readback(StrEnum):
    """How the firmware of the board tells the state of its relays."""

    ASCII = "ascii"
    BYTES = "bytes"
    NONE = "none"
    FEEDBACK = "feedback"


class LcusRelaySettings(BaseModel):
    """Configuration of an LCUS relay board."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str = Field(
        pattern="^/",
        description=(
            "Path of the serial port. The CH340 has no serial number: "
            "with two boards use /dev/serial/by-path/..., not by-id."
        ),
    )
    channels: int = Field(default=2, ge=1, le=8, description="How many relays the board has.")
    readback: Readback = Field(
        default=Readback.ASCII,
        description=(
            "How the board reports its state: ascii (lines CH1:ON), bytes (one byte per relay), feedback "
            "(a frame per relay), none (it cannot; commands stay unconfirmed)."
        ),
    )
    baud: int = Field(default=9600, ge=1200, le=115200, description="Speed of the line in bits per second.")
    timeout_ms: int = Field(
        default=200, ge=20, le=5000, description="How long the board may take to answer, in milliseconds."
    )


class LcusRelay(UntimedRelay):
    """An LCUS relay board."""

    Settings: ClassVar[type[LcusRelaySettings]] = LcusRelaySettings

    def __init__(self, settings: LcusRelaySettings) -> None:
        self._settings = settings
        self._channels = settings.channels
        self._timeout_s = settings.timeout_ms / 1000
        self._port = SerialPort(settings.port, SerialParameters("lcus", settings.baud, gap_s=FRAME_GAP_S))

    @property
    def capabilities(self) -> RelayCapabilities:
        """What this board can do."""
        readable = self._settings.readback is not Readback.NONE
        return RelayCapabilities(self._channels, hardware_pulse=False, pulse_step_ms=0, read_back=readable)

    def open(self) -> str:
        """Connect and, where the board can tell, read its relays."""
        self._port.open()
        try:
            self._prove()
        except codec.BadReplyError as error:
            self.close()
            raise codec.BadReplyError(
                Text("{port}: {error}; is another device on this port?", port=self._settings.port, error=str(error))
            ) from error
        except DeviceError:
            self.close()
            raise
        return Text(
            "LCUS board, {channels} relays, readback {readback}, on {port}",
            channels=self._channels,
            readback=self._settings.readback,
            port=self._settings.port,
        )

    def close(self) -> None:
        """Let the port go."""
        self._port.close()

    def set(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:
        """Switch one relay and, where the board can tell, prove it."""
        check_channel(channel, self._channels)
        written = self._switch(channel, on=on, deadline=deadline if on else inf)
        if self._settings.readback is Readback.NONE:
            return written
        return proved(lambda: self._state_of(channel), on=on)

    def all_off(self) -> Delivery:
        """Release every relay and, where the board can tell, prove it."""
        written = Delivery.DELIVERED
        for channel in range(1, self._channels + 1):
            try:
                if self._switch(channel, on=False) is Delivery.UNKNOWN:
                    written = Delivery.UNKNOWN
            except NotSentError:
                if channel == 1:
                    raise
                return Delivery.UNKNOWN
        if self._settings.readback is Readback.NONE:
            return written
        return proved(lambda: any(self.state() or ()), on=False)

    def state(self) -> tuple[bool, ...] | None:
        """Ask the board which relays are energised; None where its firmware cannot say."""
        channels = self._channels
        match self._settings.readback:
            case Readback.NONE:
                # Nothing to ask, but a cable that was pulled shows.
                self._port.receive(0.0)
                return None
            case Readback.ASCII:
                reply = self._port.exchange(
                    codec.QUERY_ALL, lambda got: codec.has_lines(got, channels), self._timeout_s
                )
                return codec.read_lines(reply, channels)
            case Readback.BYTES:
                reply = self._port.exchange(codec.QUERY_ALL, channels, self._timeout_s)
                return codec.read_bytes(reply, channels)
            case Readback.FEEDBACK:
                return tuple(self._ask(channel, Operation.QUERY) for channel in range(1, channels + 1))
            case _:
                assert_never(self._settings.readback)

    def _prove(self) -> None:
        """Read the relays once, hearing the board out: only so does a board with more channels show itself."""
        match self._settings.readback:
            case Readback.NONE:
                pass
            case Readback.ASCII:
                codec.read_lines(self._whole_answer(), self._channels)
            case Readback.BYTES:
                codec.read_bytes(self._whole_answer(), self._channels)
            case Readback.FEEDBACK:
                try:
                    self.state()
                except NoReplyError as error:
                    raise self._explained(error) from error
            case _:
                assert_never(self._settings.readback)

    def _whole_answer(self) -> bytes:
        try:
            return self._port.exchange(codec.QUERY_ALL, None, self._timeout_s)
        except NoReplyError as error:
            raise self._explained(error) from error

    def _switch(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:
        """Send the command; UNKNOWN when it may have left only in part. Raises NotSentError when nothing left."""
        operation = Operation.ON if on else Operation.OFF
        times = BLIND_OFF_TIMES if self._settings.readback is Readback.NONE and not on else 1
        try:
            self._port.send(codec.frame(channel, operation), deadline=deadline)
        except NoReplyError as error:
            log.warning("a command to relay %d went wrong: %s", channel, error)
            return Delivery.UNKNOWN
        for _ in range(times - 1):
            try:
                self._port.send(codec.frame(channel, operation))
            except (NotSentError, NoReplyError) as error:
                log.warning("the second off to relay %d went wrong: %s", channel, error)
                return Delivery.UNKNOWN
        return Delivery.DELIVERED

    def _state_of(self, channel: int) -> bool:
        if self._settings.readback is Readback.FEEDBACK:
            return self._ask(channel, Operation.QUERY)
        states = self.state()
        return states is not None and states[channel - 1]

    def _ask(self, channel: int, operation: Operation) -> bool:
        reply = self._port.exchange(codec.frame(channel, operation), codec.FRAME_LENGTH, self._timeout_s)
        return codec.read_feedback(reply, channel)

    def _explained(self, error: NoReplyError) -> NoReplyError:
        if not self._port.is_usable:
            return error
        heard = Text("it sent {bytes!r}", bytes=error.received) if error.received else Text("it sent nothing")
        message = Text(
            "the board on {port} does not report its state ({heard}): try another readback; many "
            'one-channel boards need "none"',
            port=self._settings.port,
            heard=heard,
        )
        return NoReplyError(message, error.received)
