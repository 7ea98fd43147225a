"""The forms of a line of the log: text for people, JSON for collectors, both without secrets."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from typing_extensions import override

from agent.service.redaction import masked

if TYPE_CHECKING:
    from collections.abc import Iterable


_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


_DEBUG_PRIORITY = 7


_FIELDS = ("gate", "lane", "device", "transaction")


class TextFormatter(logging.Formatter):
    """A line of text for people."""

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


class JsonFormatter(logging.Formatter):
    """A JSON object a line for collectors."""

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
