"""Logging: lines for people or JSON for collectors, with the gate and the lane, and without secrets.

Under systemd each line begins with its priority (<3> for an error), so that `journalctl -p err` finds it.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import IO, TYPE_CHECKING, Literal

from typing_extensions import override

from agent.observability.log_formats import JsonFormatter, TextFormatter, _priority
from agent.observability.recent_lines import LogRing
from agent.observability.repeated_lines import Repeats
from agent.observability.system_journal import SystemJournalHandler

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

log = logging.getLogger(__name__)


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
    formatter: logging.Formatter = (TextFormatter if style == "text" else JsonFormatter)(secrets, priorities=priorities)
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


def log_ring() -> LogRing | None:
    """The ring of this process; None before `configure`."""
    return next((one for one in logging.getLogger().handlers if isinstance(one, LogRing)), None)


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
