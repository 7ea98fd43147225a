"""A row of the lane's table as a test: what was there, what comes in, what must come out, exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent.core.lane.lane_state_machine import LaneState
from tests.support.lane.yard import Yard

Row = tuple[str, Callable[[], Yard], Callable[[Yard], list[str]], LaneState, list[str]]

AGENT: dict[str, Any] = {"close_mode": "agent"}
PULSE = ["access.decided PASS OK", "access.granted permit", "ledger RESERVED use 1"]
OPERATED = ["access.granted operator", "RAISE 0001-1", "show green opening"]
LOST = ["alarm.raised inputs_lost", "show red fault"]


def closed_as(outcome: str, ledger: str | None = None, reason: str = "OK") -> list[str]:
    """Return the lines of an outcome, and of what becomes of the permit's use."""
    return [f"transaction.closed {outcome} {reason}", *([f"ledger {ledger} use 1"] if ledger else [])]


def rows(table: list[Row]) -> pytest.MarkDecorator:
    """Parametrize a test with the rows of a table, each under its sentence."""
    return pytest.mark.parametrize(
        ("way", "act", "state", "lines"), [row[1:] for row in table], ids=[row[0] for row in table]
    )


def check(way: Callable[[], Yard], act: Callable[[Yard], list[str]], state: LaneState, lines: list[str]) -> None:
    """Check one row."""
    yard = way()
    assert (act(yard), yard.state) == (lines, state)
