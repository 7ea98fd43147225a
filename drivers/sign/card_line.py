"""The way to a card: a serial line or a TCP connection, with the patience that the settings give it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.serial.shared_port import SerialParameters, SerialPort
from drivers.tcp_port import TcpPort

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.sign.settings import CardSettings

FRAME_GAP_S = 0.02
"""Silence between frames. The makers name none; their controllers take a frame at a time."""


class CardLine:
    """The way to one card. `place`: the port, or the address and TCP port."""

    def __init__(self, settings: CardSettings, protocol: str) -> None:
        self._timeout_s = settings.timeout_ms / 1000
        self._port: SerialPort | TcpPort
        self._local_echo = settings.local_echo
        if settings.host is not None:
            self._port = TcpPort(settings.host, settings.tcp_port, self._timeout_s)
        else:
            parameters = SerialParameters(protocol, settings.baud, gap_s=FRAME_GAP_S, local_echo=settings.local_echo)
            self._port = SerialPort(str(settings.port), parameters)
        self.place = self._port.path

    @property
    def is_usable(self) -> bool:
        """Whether it is open and no error has broken it."""
        return self._port.is_usable

    def open(self) -> None:
        """Open the port, or connect. Raises DeviceUnavailableError or DeviceMisconfiguredError."""
        self._port.open()

    def close(self) -> None:
        """Let it go. Never raises and may be called twice."""
        self._port.close()

    def send(self, frame: bytes) -> None:
        """Send a frame that is not answered. Raises NotSentError or NoReplyError."""
        if self._local_echo and isinstance(self._port, SerialPort):
            self._port.exchange(frame, 0, self._timeout_s)  # its echo must not meet the next answer
        else:
            self._port.send(frame)

    def ask(self, frame: bytes, is_whole: Callable[[bytes], bool]) -> bytes:
        """Send a frame and return what comes back once `is_whole` holds for it. Raises NotSentError or NoReplyError."""
        return self._port.exchange(frame, is_whole, self._timeout_s)
