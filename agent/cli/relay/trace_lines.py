"""The bytes on the serial lines as lines of text: when, which way, in hexadecimal and ASCII, and what they mean."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

from drivers.dissector import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LOGGER = "drivers.serial.shared_port"
"""All drivers of serial boards move their bytes through this module, and log them under its name at level debug."""
SENT = ">"
PAIR = 2
"""A question and its answer."""
_HEX_WIDTH = 35
_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Transfer:
    """Bytes that went one way. `at` is monotonic seconds: after they were sent, or after the last of them came."""

    at: float
    port: str
    sent: bool
    data: bytes


@contextmanager
def overheard(hear: Callable[[Transfer], None]) -> Iterator[None]:
    """Pass every transfer of this process on while the block runs."""
    logger = logging.getLogger(LOGGER)
    handler = _TransferListener(hear)
    level, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates


class TransferPrinter:
    """Writes transfers as lines of text. Times are milliseconds since `start` (monotonic seconds)."""

    def __init__(self, kinds: dict[str, str], start: float) -> None:
        """`kinds`: the kind of the board on each port."""
        self._readers = {port: Reader(kind) for port, kind in kinds.items()}
        self._several = len(kinds) > 1
        self._start = start

    def line(self, transfer: Transfer) -> str:
        """One transfer in one line."""
        reader = self._readers.get(transfer.port)
        read = "" if reader is None else (reader.sent if transfer.sent else reader.received)(transfer.data)
        hexadecimal = transfer.data.hex(" ").upper() or "-"
        words = [f"{self.ms(transfer.at):10.1f}", SENT if transfer.sent else "<", f"{hexadecimal:<{_HEX_WIDTH}}"]
        words += [f"{_ascii(transfer.data):<12}", read]
        if self._several:
            words.insert(1, transfer.port)
        return " ".join(words).rstrip()

    def digest(self, transfers: Sequence[Transfer]) -> Iterator[str]:
        """All transfers in lines; a question and answer that come again and again are told once, and how often."""
        place = repeats = 0
        while place < len(transfers):
            again = place >= PAIR and _same(transfers[place - PAIR : place], transfers[place : place + PAIR])
            if again:
                repeats += 1
                place += PAIR
                continue
            if repeats:
                yield f"{'':10} - the same {repeats} times more, until {self.ms(transfers[place - 1].at):.1f}"
                repeats = 0
            yield self.line(transfers[place])
            place += 1
        if repeats:
            yield f"{'':10} - the same {repeats} times more, until {self.ms(transfers[-1].at):.1f}"

    def remark(self, text: str) -> str:
        """A line of our own between the bytes."""
        return f"{self.ms(time.monotonic()):10.1f} - {text}"

    def ms(self, at: float) -> float:
        """Milliseconds since the start."""
        return (at - self._start) * 1000


def _same(before: Sequence[Transfer], after: Sequence[Transfer]) -> bool:
    """Whether two exchanges are alike but for their times."""
    return [(one.port, one.sent, one.data) for one in before] == [(one.port, one.sent, one.data) for one in after]


class _TransferListener(logging.Handler):
    def __init__(self, hear: Callable[[Transfer], None]) -> None:
        super().__init__(logging.DEBUG)
        self._hear = hear

    @override
    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if isinstance(record.args, tuple) and len(record.args) == _FIELDS:
            port, mark, data, _ = map(str, record.args)
            octets = bytes.fromhex(data) if data[:1] != "(" else b""
            self._hear(Transfer(now, port, mark == SENT, octets))


def _ascii(data: bytes) -> str:
    """The bytes as text, a dot for each that is no printable ASCII character."""
    return "".join(chr(octet) if chr(octet).isascii() and chr(octet).isprintable() else "." for octet in data)
