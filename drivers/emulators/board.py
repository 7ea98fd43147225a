"""What all emulated boards have: relays, a line, and faults of their answers."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Self, assert_never

from drivers.emulators.pty import PtyLine
from drivers.relay_bank import RelayBank

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

FLIPPED_BITS = 0x55


class ReplyFault(StrEnum):
    """What can happen to an answer. The command before it has been carried out.

    LATE: it comes after `late_s`. BEFORE_NEXT, AFTER_NEXT: it comes right before or after the answer to the next
    request. POWER_LOSS: the board loses its power for a moment instead of answering.
    """

    MUTE = "mute"
    CORRUPT = "corrupt"
    SHORT = "short"
    LATE = "late"
    BEFORE_NEXT = "before_next"
    AFTER_NEXT = "after_next"
    DUPLICATE = "duplicate"
    WRONG_ADDRESS = "wrong_address"
    POWER_LOSS = "power_loss"


class EmulatedBoard(ABC):
    """A relay board on a pseudo-terminal; a context manager that plugs it in and tidies up.

    `relays` has their states, their history and a way to watch them. `relays.stuck` holds channels that do not move.
    `local_echo` makes the adapter hear its own sending, as some RS485 dongles do.
    """

    def __init__(self, link: Path, channels: int, inputs: int = 0) -> None:
        self.relays = RelayBank(channels)
        self.line = PtyLine(link, self._receive)
        self.local_echo = False
        self.late_s = 0.5
        self._buffer = bytearray()
        self._lock = self.relays.lock
        self._inputs = [False] * inputs
        self._fault: ReplyFault | None = None
        self._faulty_left: int | None = None
        self._spared_left = 0
        self._late: list[threading.Timer] = []
        self._before_next = b""
        self._after_next = b""

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def inputs(self) -> tuple[bool, ...]:
        """The digital inputs as they are."""
        with self._lock:
            return tuple(self._inputs)

    def set_input(self, number: int, *, on: bool) -> None:
        """Drive one digital input; they count from 1."""
        with self._lock:
            self._inputs[number - 1] = on

    def plug(self) -> None:
        """Put the cable in. A board that lives on the cable's power starts afresh."""
        self.power_cycle()
        self.line.plug()

    def unplug(self) -> None:
        """Pull the cable, and with it the power of the board."""
        self.line.unplug()
        self.power_cycle()

    def power_cycle(self) -> None:
        """Take the power away and give it back: relays fall off, half a request is forgotten."""
        with self._lock:
            self._buffer.clear()
            self._before_next = self._after_next = b""
        self.relays.release()

    def close(self) -> None:
        """Pull the cable and stop every thread."""
        self.line.unplug()
        with self._lock:
            late = list(self._late)
            self._late.clear()
        for timer in late:
            timer.cancel()
            timer.join()
        self.relays.close()

    def fail(self, fault: ReplyFault | None, replies: int | None = None, after: int = 0) -> None:
        """Spoil the next so many answers, or all until further order, sparing the first `after`; None ends it."""
        with self._lock:
            self._fault, self._faulty_left, self._spared_left = fault, replies, after

    @abstractmethod
    def feed(self, buffer: bytearray) -> None:
        """Take whole requests off the front of the buffer and carry them out, answering with `reply`."""

    def misaddressed(self, answer: bytes) -> bytes:
        """The answer as another address would give it; garbled where the protocol has none."""
        return self.garbled(answer)

    def garbled(self, answer: bytes) -> bytes:
        """The answer with some bits of its middle byte flipped."""
        middle = len(answer) // 2
        return answer[:middle] + bytes([answer[middle] ^ FLIPPED_BITS]) + answer[middle + 1 :]

    def reply(self, answer: bytes) -> None:
        """Send an answer, or what the fault makes of it."""
        before, after = self._before_next, self._after_next
        self._before_next = self._after_next = b""
        for part in (before, self._spoilt(answer), after):
            if part:
                self.line.send(part)

    def _spoilt(self, answer: bytes) -> bytes:
        """What the fault makes of an answer that is due now."""
        fault = self._next_fault()
        match fault:
            case ReplyFault.CORRUPT:
                return self.garbled(answer)
            case ReplyFault.SHORT:
                return answer[:-1]
            case ReplyFault.DUPLICATE:
                return answer + answer
            case ReplyFault.WRONG_ADDRESS:
                return self.misaddressed(answer)
            case None:
                return answer
            case _:
                self._keep_back(answer, fault)
                return b""

    def _keep_back(
        self,
        answer: bytes,
        fault: Literal[
            ReplyFault.MUTE, ReplyFault.LATE, ReplyFault.BEFORE_NEXT, ReplyFault.AFTER_NEXT, ReplyFault.POWER_LOSS
        ],
    ) -> None:
        match fault:
            case ReplyFault.MUTE:
                pass
            case ReplyFault.LATE:
                self._send_late(answer)
            case ReplyFault.BEFORE_NEXT:
                self._before_next = answer
            case ReplyFault.AFTER_NEXT:
                self._after_next = answer
            case ReplyFault.POWER_LOSS:
                self.power_cycle()
            case other:
                assert_never(other)

    def _next_fault(self) -> ReplyFault | None:
        with self._lock:
            if self._spared_left > 0:
                self._spared_left -= 1
                return None
            if self._fault is None or self._faulty_left is None:
                return self._fault
            fault = self._fault if self._faulty_left > 0 else None
            self._faulty_left -= 1
            return fault

    def _send_late(self, answer: bytes) -> None:
        timer = threading.Timer(self.late_s, self.line.send, (answer,))
        timer.daemon = True
        with self._lock:
            self._late = [other for other in self._late if other.is_alive()]
            self._late.append(timer)
            timer.start()

    def _receive(self, data: bytes) -> None:
        if self.local_echo:
            self.line.send(data)
        with self._lock:
            self._buffer += data
            self.feed(self._buffer)
