"""Logs into systemd's journal with fields of its own: `journalctl GATE_LANE=exit-1` finds what tells of a lane.

The native protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
"""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from agent.service.redaction import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SOCKET: Final = Path("/run/systemd/journal/socket")
_FIELDS: Final = {
    "gate": "GATE_ID",
    "lane": "GATE_LANE",
    "device": "GATE_DEVICE",
    "transaction": "GATE_TRANSACTION",
}


class SystemJournalHandler(logging.Handler):
    """Sends each record as one entry.

    What the journal does not take goes to the handler for other streams, `otherwise`. `priority` gives syslog's number
    for a level; `secrets` are masked in every field.
    """

    def __init__(
        self,
        otherwise: logging.Handler,
        priority: Callable[[int], int],
        secrets: Iterable[str] = (),
        address: Path = SOCKET,
    ) -> None:
        super().__init__()
        self._otherwise = otherwise
        self._priority = priority
        self._secrets = tuple(secrets)
        self._address = str(address)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # A journal that does not read must not stop the gate.
        self._socket.settimeout(0.0)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        try:
            self._socket.sendto(self._entry(record), self._address)
        except OSError:  # full, too long for one datagram, or gone
            self._otherwise.handle(record)

    @override
    def close(self) -> None:
        """Let the socket go."""
        self._socket.close()
        super().close()

    def _entry(self, record: logging.LogRecord) -> bytes:
        lane = getattr(record, "lane", None)
        message = f"[{lane}] {record.getMessage()}" if lane else record.getMessage()
        if record.exc_info:
            message = f"{message}\n{_FORMATTER.formatException(record.exc_info)}"
        fields = {
            "MESSAGE": message,
            "PRIORITY": str(self._priority(record.levelno)),
            "SYSLOG_IDENTIFIER": "gate-agent",
            "GATE_LOGGER": record.name,
            "GATE_THREAD": record.threadName or "",
            "CODE_FILE": record.pathname,
            "CODE_LINE": str(record.lineno),
        }
        said = {field: getattr(record, name, None) for name, field in _FIELDS.items()}
        fields |= {field: str(value) for field, value in said.items() if value is not None}
        return b"".join(_field(name, masked(value, self._secrets)) for name, value in fields.items())


_FORMATTER: Final = logging.Formatter()


def _field(name: str, value: str) -> bytes:
    """One field; one with a line end gives its length first."""
    data = value.encode(errors="replace")
    if b"\n" not in data:
        return name.encode() + b"=" + data + b"\n"
    return name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
