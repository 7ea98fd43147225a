"""Times of the lane, to the last sample: nothing is late, and nothing is early."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.step_inputs import CommandKind
from tests.support.lane.yard import (
    Yard,
    clearing,
    closing,
    deciding,
    denied,
    manual,
    opened,
    opening,
    passing,
    present,
    violation,
    waiting,
    yielding,
)

# Times that binary fractions hold exactly, so that a bound is met to the last bit.
EXACT: dict[str, Any] = {
    "open_s": 4.0,
    "enter_s": 8.0,
    "pass_s": 32.0,
    "clear_s": 1.0,
    "close_s": 16.0,
    "read_s": 64.0,
    "decide_s": 2.0,
    "deny_again_s": 0.5,
    "stale_s": 0.25,
    "gone_s": 4.0,
    "blind_passage_s": 6.0,
}
STEP_S = 0.125


def quiet(yard: Yard, seconds: float) -> list[str]:
    """Let exactly that much time go by in samples."""
    lines: list[str] = []
    for _ in range(int(seconds / STEP_S)):
        lines += yard.tick(STEP_S) if yard.lane.rules.blind else yard.sense(STEP_S)
    return lines


def felt(yard: Yard, **bits: bool) -> Yard:
    yard.sense(**bits)
    return yard


def started(*, closed: bool, **rules: bool) -> Yard:
    return felt(Yard.new(ready=False, **rules, **EXACT), closed=closed)


def silent() -> Yard:
    yard = Yard.new(ready=False, **EXACT)
    yard.tick()
    yard.bits |= {"presence": None}
    return yard


def freed() -> Yard:
    yard = yielding(**EXACT)
    yard.sense(safety=True)
    yard.way(free=True)
    return yard


def shown(yard: Yard) -> Yard:
    yard.qr("B")
    return yard


def ordered() -> Yard:
    yard = Yard.new(**EXACT)
    yard.order(CommandKind.OPEN)
    quiet(yard, 4.0)
    return yard


def released() -> Yard:
    yard = Yard.new(**EXACT)
    yard.order(CommandKind.HOLD)
    yard.order(CommandKind.RELEASE)
    return yard


def backed() -> Yard:
    yard = felt(passing(**EXACT), safety=False)
    return felt(yard, presence=False)


def strange() -> Yard:
    """Something nobody asked for was under the arm on its way down."""
    yard = felt(closing(**EXACT), safety=True)
    return felt(yard, safety=False)


def unsafe() -> Yard:
    return felt(closing(has_photocell=True, close_mode="agent", **EXACT), photocell=True)


Bound = tuple[Callable[[], Yard], float, list[str]]
BOUNDS: dict[str, Bound] = {
    "init, arm open": (lambda: started(has_closed=True, closed=False), 32.0, ["alarm.raised forced_open"]),
    "init, no inputs": (silent, 16.0, ["alarm.raised inputs_lost"]),
    "yielding": (freed, 32.0, ["alarm.raised blocked"]),
    "present": (lambda: present(**EXACT), 64.0, ["decide on 0+0 finally"]),
    "deciding": (lambda: deciding(**EXACT), 2.0, ["decide on 1+0 finally"]),
    "deciding finally": (lambda: deciding(**EXACT), 4.0, ["access.decided MANUAL INTERNAL_ERROR"]),
    "waiting": (lambda: waiting(**EXACT), 32.0, ["alarm.raised interlocked"]),
    "denied": (lambda: shown(denied(**EXACT)), 0.5, ["vehicle.present inputs"]),
    "manual": (lambda: shown(manual(**EXACT)), 0.5, ["permit.presented"]),
    "opening": (lambda: opening(has_opened=True, **EXACT), 4.0, ["alarm.raised open_failed"]),
    "opening, plain": (lambda: opening(**EXACT), 4.0, ["show green open"]),
    "open": (lambda: opened(**EXACT), 8.0, ["alarm.raised open_too_long"]),
    "open, left": (lambda: felt(opened(**EXACT), presence=False), 1.0, ["transaction.closed not_taken OK"]),
    "open, nobody": (ordered, 8.0, ["transaction.closed not_taken QR_NONE"]),
    "open, blind": (lambda: opened(blind=True, **EXACT), 6.0, ["transaction.closed passed OK assumed"]),
    "open, released": (released, 1.0, ["show red closing"]),
    "passing": (lambda: passing(**EXACT), 32.0, ["alarm.raised blocked"]),
    "clearing": (lambda: clearing(**EXACT), 1.0, ["transaction.closed passed OK"]),
    "clearing, backed": (backed, 1.0, ["transaction.closed backed_out OK"]),
    "clearing, the next close behind": (
        lambda: felt(passing(**EXACT), safety=False),
        17.0,
        ["transaction.closed passed_with_violation OK assumed"],
    ),
    "clearing, nobody's": (strange, 1.0, ["show red closing"]),
    "closing": (lambda: closing(**EXACT), 16.0, ["alarm.raised close_failed"]),
    "closing, not safe": (unsafe, 32.0, ["alarm.raised close_failed"]),
    "violation": (lambda: felt(violation(**EXACT), closed=True), 1.0, ["show red idle"]),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_time_is_up_at_its_very_end_and_not_before(name: str) -> None:
    way, seconds, lines = BOUNDS[name]
    yard = way()
    last = quiet(yard, seconds - STEP_S)
    assert lines[0] not in last
    assert lines[0] in quiet(yard, STEP_S)


def test_inputs_are_fresh_to_the_very_end_of_their_time() -> None:
    yard = Yard.new(**EXACT)
    assert (yard.tick(0.25), yard.state) == ([], LaneState.IDLE)
    yard.tick(0.001)
    assert yard.state is LaneState.FAULT


def test_a_blind_vehicle_is_there_to_the_very_end_of_its_time() -> None:
    yard = deciding(blind=True, **(EXACT | {"decide_s": 64.0}))
    assert (yard.tick(4.0), yard.state) == ([], LaneState.DECIDING)
    yard.tick(0.125)
    assert yard.state is LaneState.IDLE


def test_a_vehicle_that_leaves_by_the_other_direction_may_stay_to_the_end_of_its_time() -> None:
    yard = yielding(**EXACT)
    yard.sense(STEP_S, safety=True)
    yard.sense(STEP_S, safety=False, presence=True)
    yard.way(free=True)
    assert (quiet(yard, 64.0 - STEP_S), yard.state) == (["show red idle"], LaneState.IDLE)
    assert yard.sense(STEP_S) == ["vehicle.present inputs", "show red present"]
