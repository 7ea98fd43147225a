"""Logging: lines for people or JSON for collectors, with the gate and the lane, and without secrets.

Under systemd each line begins with its priority (<3> for an error), so that `journalctl -p err` finds it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal

from typing_extensions import override

from agent.observability.system_journal import SystemJournalHandler
from agent.service.redaction import masked
from agent.service.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

log = logging.getLogger(__name__)

_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG_PRIORITY = 7
_FIELDS = ("gate", "lane", "device", "transaction")
REPEATS_WITHIN_S = 10.0
REPEATS_SHOWN = 3
_REPEATS_REMEMBERED = 512
LINES_KEPT = 2000
LONGEST_LINE = 4000

Format = Literal["text", "json"]


def configure(
    *,
    level: str,
    style: Format,
    gate: str,
    secrets: Iterable[str] = (),
    stream: IO[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> logging.Handler:
    """Send the log of the whole process to `stream` (standard error without one), in place of any handler before.

    Text of a service of systemd goes to the journal, with its fields, and to the stream only what the journal does not
    take.

    `level`: debug, info, warning or error. `secrets` are masked wherever they turn up. `environment`: where
    JOURNAL_STREAM stands when systemd's journal listens, and INVOCATION_ID when systemd started this service. Returns
    the handler.
    """
    stream = sys.stderr if stream is None else stream
    priorities = _is_journal(stream, {} if environment is None else environment)
    secrets = tuple(secrets)
    formatter: logging.Formatter = (_Text if style == "text" else _Json)(secrets, priorities=priorities)
    handler: logging.Handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    if priorities and style == "text" and environment is not None and "INVOCATION_ID" in environment:
        handler = SystemJournalHandler(handler, _priority, secrets)
    handler.addFilter(_Fields(gate))
    handler.addFilter(Repeats())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    ring = LogRing(secrets)
    ring.addFilter(Repeats())
    for each in (handler, ring):
        root.addHandler(each)
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    return handler


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
        self.setFormatter(_Text(secrets, priorities=False))
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


def log_ring() -> LogRing | None:
    """The ring of this process; None before `configure`."""
    return next((one for one in logging.getLogger().handlers if isinstance(one, LogRing)), None)


class LogLevel:
    """The least that is logged: the usual one, or for a while another. Safe to use from any thread."""

    def __init__(self, usual: str) -> None:
        """Take over from `configure`. `usual`: debug, info, warning or error."""
        self._usual = usual
        self._lock = threading.Lock()
        self._change: Worker | None = None

    def change(self, level: str, for_s: float) -> None:
        """Log from `level` on, for `for_s` seconds and then as usual again; 0: until the next start."""
        with self._lock:
            self._forget_change()
            logging.getLogger().setLevel(level.upper())
            if for_s > 0:
                self._change = change = Worker("log-level", lambda: self._go_back(change, for_s), limit_s=None)
                change.start()
        log.warning("the log level is %s %s", level, f"for {for_s:g} s" if for_s > 0 else "until the next start")

    def stop(self) -> None:
        """Go back no more: another start has its own usual level."""
        with self._lock:
            self._forget_change()

    def _forget_change(self) -> None:
        if self._change is not None:
            self._change.ask_to_stop()
            self._change = None

    def _go_back(self, change: Worker, after_s: float) -> None:
        if change.wait(after_s):
            return
        with self._lock:
            # A change whose time was over while another order took its place must not undo that.
            if change is not self._change:
                return
            self._change = None
            logging.getLogger().setLevel(self._usual.upper())
        log.warning("the log level is %s again", self._usual)


class Repeats(logging.Filter):
    """Let the same line through three times in ten seconds, then count; the next one says how many were left out.

    A device that fails a thousand times a second must not fill the disk, nor hide what else happens.
    """

    def __init__(self, shown: int = REPEATS_SHOWN, within_s: float = REPEATS_WITHIN_S) -> None:
        super().__init__()
        self._shown = shown
        self._within_s = within_s
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is to be written."""
        key = (record.name, record.levelno, record.getMessage())
        now = time.monotonic()
        with self._lock:
            begun_at, count = self._seen.get(key, (now, 0))
            if now - begun_at > self._within_s:
                left_out = count - self._shown
                begun_at, count = now, 0
                if left_out > 0:
                    record.msg, record.args = f"{record.getMessage()} (and {left_out} times more before)", ()
            self._forget_old(now)
            self._seen[key] = (begun_at, count + 1)
        return count < self._shown

    def _forget_old(self, now: float) -> None:
        if len(self._seen) < _REPEATS_REMEMBERED:
            return
        self._seen = {key: seen for key, seen in self._seen.items() if now - seen[0] <= self._within_s}
        while len(self._seen) >= _REPEATS_REMEMBERED:
            del self._seen[next(iter(self._seen))]


class _Fields(logging.Filter):
    """Adds the gate to every record."""

    def __init__(self, gate: str) -> None:
        super().__init__()
        self._gate = gate

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "gate"):
            record.gate = self._gate
        return True


class _Text(logging.Formatter):
    def __init__(self, secrets: Iterable[str], *, priorities: bool) -> None:
        super().__init__(
            "%(levelname)-7s %(where)s%(message)s" if priorities else "%(asctime)s %(levelname)-7s %(where)s%(message)s"
        )
        self._secrets = tuple(secrets)
        self._priorities = priorities

    @override
    def format(self, record: logging.LogRecord) -> str:
        lane = getattr(record, "lane", None)
        record.where = f"[{lane}] " if lane else ""
        text = masked(super().format(record), self._secrets)
        if not self._priorities:
            return text
        # Every line of its own: the journal takes each line of a traceback as an entry.
        return "\n".join(f"<{_priority(record.levelno)}>{line}" for line in text.split("\n"))


class _Json(logging.Formatter):
    def __init__(self, secrets: Iterable[str], *, priorities: bool) -> None:
        super().__init__()
        self._secrets = tuple(secrets)
        self._priorities = priorities

    @override
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "utc": round(record.created, 3),
            "level": record.levelname.lower(),
            "priority": _priority(record.levelno),
            "logger": record.name,
            "thread": record.threadName,
        }
        line |= {name: getattr(record, name) for name in _FIELDS if getattr(record, name, None) is not None}
        line["message"] = record.getMessage()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        shown = {key: masked(value, self._secrets) if isinstance(value, str) else value for key, value in line.items()}
        text = json.dumps(shown, ensure_ascii=False, default=str)
        return f"<{_priority(record.levelno)}>{text}" if self._priorities else text


def _priority(level: int) -> int:
    return next((priority for least, priority in _PRIORITIES if level >= least), _DEBUG_PRIORITY)


def _is_journal(stream: IO[str], environment: Mapping[str, str]) -> bool:
    """Say whether the stream is the very one that the journal reads: JOURNAL_STREAM is its device and inode."""
    expected = environment.get("JOURNAL_STREAM")
    if not expected:
        return False
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream without a file, such as a buffer
        return False
    return expected == f"{status.st_dev}:{status.st_ino}"
