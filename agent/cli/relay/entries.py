"""The serial ports that `gate-agent relay list` tells of, and what to write for one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drivers.probe import ProbeFinding, ProbeResult
    from drivers.serial.serial_ports import Adapter, PortNameAdvice
    from drivers.serial.usb_ids import Likeness


@dataclass(frozen=True, slots=True)
class PortEntry:
    """One port: what is known of it, what it probably is, what to write, who names it, and what it answered."""

    adapter: Adapter
    likeness: Likeness
    advice: PortNameAdvice
    users: tuple[str, ...]
    finding: ProbeFinding | None = None


@dataclass(frozen=True, slots=True)
class MissingPort:
    """A port that the configuration names and that is not there. `user`: the lane and the device that it is for."""

    user: str
    port: str


def snippet(entry: PortEntry, board: ProbeResult) -> str:
    """Lines for the configuration, to be pasted under a lane."""
    lines = _table("relay", board.kind, entry.advice.name, board.relay)
    if board.inputs is not None:
        lines += ["", *_table("inputs", board.kind, entry.advice.name, board.inputs)]
    return "\n".join(lines)


def _table(name: str, kind: str, port: str, keys: Mapping[str, object]) -> list[str]:
    values: dict[str, object] = {"kind": kind, "port": port, **keys}
    return [f"[lanes.NAME.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
