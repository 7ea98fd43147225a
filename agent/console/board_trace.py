"""What the console shows of a board's line: the bytes, and what they mean."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.dissector import Reader
from drivers.serial.wire_trace import EXCHANGES

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class TraceLine:
    """An exchange on a board's line, as people read it. `age_s`: since its last time.

    `received`: None: none was waited for. `asked`, `answered`: what the bytes mean, as far as the protocol is known.
    """

    age_s: float
    sent: str
    asked: str
    received: str | None
    answered: str
    took_ms: float | None
    times: int


def trace(port: str, kind: str, now: float) -> list[TraceLine]:
    """The last exchanges on the line of a board, the newest first. `kind`: of its driver; `now`: monotonic seconds."""
    reader = Reader(kind)
    lines = []
    for one in EXCHANGES.of(os.path.realpath(port)).all():
        asked = reader.sent(one.sent)
        answered = "" if one.received is None else reader.received(one.received)
        lines.append(
            TraceLine(
                now - one.at,
                _hex(one.sent),
                asked,
                None if one.received is None else _hex(one.received),
                answered,
                None if one.took_s is None else one.took_s * 1000,
                one.times,
            )
        )
    return lines[::-1]


def port_of(table: Mapping[str, object]) -> str:
    """The serial port of a device's table; empty where it has none."""
    port = table.get("port")
    return port if isinstance(port, str) else ""


def _hex(data: bytes) -> str:
    return data.hex(" ").upper()
