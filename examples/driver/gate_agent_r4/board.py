"""The relay board R4. A request is A5, channel, order, check; channel 0 is all relays.

Only ASK is answered: 5A, one bit a relay, check. A check is the sum of the bytes before it.
"""

from collections.abc import Callable
from math import inf
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from drivers.api import Delivery, DeviceError, DeviceUnavailableError, RelayCapabilities
from drivers.relay.readback import check_channel, proved
from drivers.relay.untimed import UntimedRelay
from drivers.serial.shared_port import NoReplyError, SerialParameters, SerialPort

REQUEST, ANSWER = 0xA5, 0x5A
OFF, ON, ASK = 0, 1, 2


def checked(head: bytes) -> bytes:
    return head + bytes([sum(head) & 0xFF])


def request(channel: int, order: int) -> bytes:
    return checked(bytes([REQUEST, channel, order]))


def read_states(received: bytes, channels: int) -> tuple[bool, ...]:
    if len(received) != 3 or received != checked(bytes([ANSWER, received[1]])):
        raise DeviceUnavailableError(f"the board answered {received.hex(' ')}: not 5A, the states and their sum")
    return tuple(bool(received[1] >> place & 1) for place in range(channels))


class R4Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str = Field(pattern="^/", description="Path of the serial port, such as /dev/serial/by-id/...")
    channels: int = Field(default=4, ge=1, le=8, description="How many relays the board has.")
    timeout_ms: int = Field(default=200, ge=20, le=5000, description="How long it may take to answer, in milliseconds.")


class R4Relay(UntimedRelay):
    Settings: ClassVar = R4Settings

    def __init__(self, settings: R4Settings) -> None:
        self._settings = settings
        self._port = SerialPort(settings.port, SerialParameters("r4", 9600))

    @property
    def capabilities(self) -> RelayCapabilities:
        return RelayCapabilities(self._settings.channels, hardware_pulse=False, pulse_step_ms=0, read_back=True)

    def open(self) -> str:
        self._port.open()
        try:
            self.state()
        except DeviceError:
            self.close()
            raise
        return f"R4 board, {self._settings.channels} relays, {self._settings.port}"

    def close(self) -> None:
        self._port.close()

    def set(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:
        check_channel(channel, self._settings.channels)
        frame = request(channel, ON if on else OFF)
        return self._ordered(frame, lambda: self.state()[channel - 1], on=on, deadline=deadline if on else inf)

    def all_off(self) -> Delivery:
        return self._ordered(request(0, OFF), lambda: any(self.state()), on=False)

    def state(self) -> tuple[bool, ...]:
        answer = self._port.exchange(request(0, ASK), 3, self._settings.timeout_ms / 1000)
        return read_states(answer, self._settings.channels)

    def _ordered(self, frame: bytes, is_on: Callable[[], bool], *, on: bool, deadline: float = inf) -> Delivery:
        try:
            self._port.send(frame, deadline=deadline)
        except NoReplyError:  # a part of it has left: nobody knows what the board makes of that
            return Delivery.UNKNOWN
        return proved(is_on, on=on)
