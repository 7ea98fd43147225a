"""The last lines of the log, kept in memory for the console and for support bundles."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

from agent.observability.log_formats import TextFormatter

if TYPE_CHECKING:
    from collections.abc import Iterable


LINES_KEPT = 2000
LONGEST_LINE = 4000


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log. `utc`: Unix seconds. `text`: as it was written, without secrets, with its traceback."""

    utc: float
    level: int
    text: str


class LogRing(logging.Handler):
    """Keeps the last lines in memory, for the console and for support bundles."""

    def __init__(self, secrets: Iterable[str] = (), size: int = LINES_KEPT) -> None:
        super().__init__()
        self.setFormatter(TextFormatter(secrets, priorities=False))
        self._lines: deque[LogLine] = deque(maxlen=size)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line, cut where it is very long."""
        try:
            self._lines.append(LogLine(record.created, record.levelno, self.format(record)[:LONGEST_LINE]))
        except Exception:  # noqa: BLE001 - what logging itself does with a line that cannot be written
            self.handleError(record)

    def last(self, count: int, least: int = logging.NOTSET) -> list[LogLine]:
        """The last lines of at least this level, the oldest first."""
        lines = [line for line in tuple(self._lines) if line.level >= least]
        return lines[-count:]
