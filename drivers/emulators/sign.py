"""What all emulated signs have: a display, a line or a TCP address, and faults on the way to the card and back."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from drivers.emulators.pty import PtyLine
from drivers.emulators.sign_display import SignDisplay
from drivers.emulators.tcp import TcpLine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

FLIPPED_BITS = 0x55
CUT_BYTES = 3
BUFFER_LIMIT = 4096
SLOW_BYTES = 7
SLOW_PAUSE_S = 0.002


class SignFault(StrEnum):
    """What can happen on a sign's line.

    Of its answers: MUTE, CORRUPT, SHORT; LATE: after `late_s`; SLOW: piece by piece. On the way to the card: LOST: it
    hears nothing; GARBLED: some bits are others; CUT: the end is missing.
    """

    MUTE = "mute"
    CORRUPT = "corrupt"
    SHORT = "short"
    LATE = "late"
    SLOW = "slow"
    LOST = "lost"
    GARBLED = "garbled"
    CUT = "cut"


ON_THE_WAY = frozenset({SignFault.LOST, SignFault.GARBLED, SignFault.CUT})


class EmulatedSign(ABC):
    """A card with its sign on a pseudo-terminal, or on TCP where `link` is None; a context manager that plugs it in.

    The sign has a supply of its own: it goes on showing when its cable is pulled. `strange` has the frames that a gate
    must never send: all that the card may know beside what a driver sends, those that move a barrier among them.
    `flash_writes`: how often its flash memory was written. `heard`: how many bytes came and were dealt with, also those
    that a fault spoiled. `local_echo` makes the adapter hear its own sending, as some RS485 dongles do.
    """

    def __init__(
        self,
        link: Path | None,
        lines: int = 4,
        columns: int = 8,
        now: Callable[[], float] = time.monotonic,
        tcp_port: int = 0,
    ) -> None:
        self.display = SignDisplay(lines, columns, now)
        self.line: PtyLine | TcpLine = (
            TcpLine(self._receive, tcp_port) if link is None else PtyLine(link, self._receive)
        )
        self.strange: list[bytes] = []
        self.flash_writes = 0
        self.heard = 0
        self.late_s = 0.5
        self.local_echo = False
        self._lock = threading.RLock()
        self._buffer = bytearray()
        self._fault: SignFault | None = None
        self._faulty_left: int | None = None
        self._late: list[threading.Timer] = []

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def plug(self) -> None:
        """Put the cable in."""
        self.line.plug()

    def unplug(self) -> None:
        """Pull the cable; the sign goes on by itself."""
        self.line.unplug()

    def power_cycle(self) -> None:
        """Take the power away and give it back: temporary texts and half a frame are forgotten."""
        with self._lock:
            self._buffer.clear()
            self.display.drop()

    def close(self) -> None:
        """Pull the cable and stop every thread."""
        self.line.unplug()
        if isinstance(self.line, TcpLine):
            self.line.close()
        with self._lock:
            late = list(self._late)
            self._late.clear()
        for timer in late:
            timer.cancel()
            timer.join()

    def fail(self, fault: SignFault | None, times: int | None = None) -> None:
        """Spoil the next so many answers, or pieces that come, or all until further order; None ends it."""
        with self._lock:
            self._fault, self._faulty_left = fault, times

    @abstractmethod
    def feed(self, buffer: bytearray) -> None:
        """Take whole frames off the buffer and carry them out, answering with `reply`. What is none is skipped."""

    def reply(self, answer: bytes) -> None:
        """Send an answer, or what the fault makes of it."""
        match self._next_fault(on_the_way=False):
            case SignFault.MUTE:
                return
            case SignFault.CORRUPT:
                self.line.send(garbled(answer))
            case SignFault.SHORT:
                self.line.send(answer[:-1])
            case SignFault.LATE:
                self._send_late(answer)
            case SignFault.SLOW:
                for begin in range(0, len(answer), SLOW_BYTES):
                    self.line.send(answer[begin : begin + SLOW_BYTES])
                    threading.Event().wait(SLOW_PAUSE_S)
            case _:
                self.line.send(answer)

    def _receive(self, data: bytes) -> None:
        if self.local_echo:
            self.line.send(data)
        with self._lock:
            self._buffer += self._on_the_way(data)
            self.feed(self._buffer)
            del self._buffer[:-BUFFER_LIMIT]
            self.heard += len(data)

    def _on_the_way(self, data: bytes) -> bytes:
        """What comes in of what was sent."""
        match self._next_fault(on_the_way=True):
            case SignFault.LOST:
                return b""
            case SignFault.GARBLED:
                return garbled(data)
            case SignFault.CUT:
                return data[:-CUT_BYTES]
            case _:
                return data

    def _next_fault(self, *, on_the_way: bool) -> SignFault | None:
        with self._lock:
            fault = self._fault
            if fault is None or (fault in ON_THE_WAY) != on_the_way or self._faulty_left == 0:
                return None
            if self._faulty_left is not None:
                self._faulty_left -= 1
            return fault

    def _send_late(self, answer: bytes) -> None:
        timer = threading.Timer(self.late_s, self.line.send, (answer,))
        timer.daemon = True
        with self._lock:
            self._late = [other for other in self._late if other.is_alive()]
            self._late.append(timer)
            timer.start()


def garbled(data: bytes) -> bytes:
    """The bytes with some bits of the middle one flipped."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ FLIPPED_BITS]) + data[middle + 1 :] if data else data


def take_frames(buffer: bytearray, head: bytes, length_at: Callable[[bytes, int], int]) -> list[bytes]:
    """Take all sound frames off a buffer, in their order, with whatever stands before them.

    `head`: what each begins with; `length_at`: the length of the sound frame whose head is found at a place, and 0
    where there is none.
    """
    frames = []
    data = bytes(buffer)
    place, taken = data.find(head), 0
    while place >= 0:
        length = length_at(data, place)
        if length:
            frames.append(data[place : place + length])
            taken = place + length
        place = data.find(head, place + max(1, length))
    del buffer[:taken]
    return frames
