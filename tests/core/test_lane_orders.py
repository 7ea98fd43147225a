"""What officers order, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.lane import State
from agent.core.lane_io import CommandKind, RelayChanged
from tests.lane_rows import Row, check, rows
from tests.yard import Yard, fault, held, opening, passing

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE: list[Row] = [
    # ---------------------------------------------------------------- held open
    (
        "an officer holds the barrier open",
        Yard.new,
        lambda y: y.order(CommandKind.HOLD),
        State.HELD_OPEN,
        ["barrier.held True op1", "HOLD on", "show green held_open"],
    ),
    (
        "a hold ends an open transaction as overridden",
        opening,
        lambda y: y.order(CommandKind.HOLD),
        State.HELD_OPEN,
        [
            "barrier.held True op1",
            "transaction.closed overridden OK assumed",
            "ledger RELEASED use 1",
            "HOLD on",
            "show green held_open",
        ],
    ),
    (
        "a hold consumes the permit of the vehicle under the arm",
        passing,
        lambda y: y.order(CommandKind.HOLD),
        State.HELD_OPEN,
        [
            "barrier.held True op1",
            "transaction.closed overridden OK",
            "ledger CONSUMED use 1",
            "HOLD on",
            "show green held_open",
        ],
    ),
    (
        "a hold is ordered also while the inputs are lost",
        fault,
        lambda y: y.order(CommandKind.HOLD),
        State.HELD_OPEN,
        ["barrier.held True op1", "HOLD on", "show green held_open"],
    ),
    (
        "a hold is ordered also while the relay is lost",
        Yard.new,
        lambda y: y.feed(RelayChanged(y.now, up=False)) + y.order(CommandKind.HOLD),
        State.HELD_OPEN,
        [
            "alarm.raised relay_lost",
            "alarm.raised relay_lost",
            "barrier.held True op1",
            "HOLD on",
            "show green held_open",
        ],
    ),
    (
        "a held barrier stays held when the inputs are lost, and says so once each time",
        held,
        lambda y: y.tick(0.5) + y.tick(0.5) + y.sense() + y.tick(0.5),
        State.HELD_OPEN,
        ["alarm.raised inputs_lost", "alarm.raised inputs_lost"],
    ),
    (
        "a released barrier closes like any other",
        held,
        lambda y: y.order(CommandKind.RELEASE) + y.wait(1.1),
        State.CLOSING,
        ["barrier.held False op1", "HOLD off", "show green open", "show red closing"],
    ),
    (
        "a released barrier without inputs is a fault",
        held,
        lambda y: y.tick(0.5)[:0] + y.order(CommandKind.RELEASE),
        State.FAULT,
        ["barrier.held False op1", "HOLD off", "show red fault"],
    ),
    (
        "a vehicle under a released barrier is let through",
        held,
        lambda y: y.order(CommandKind.RELEASE)[:0] + y.sense(safety=True),
        State.PASSING,
        ["show red passing"],
    ),
    (
        "a released arm that is down makes the lane ready",
        lambda: held(has_closed=True),
        lambda y: y.sense(closed=False)[:0] + y.order(CommandKind.RELEASE)[:0] + y.sense(closed=True),
        State.IDLE,
        ["barrier.moved closed", "show red idle"],
    ),
]


@rows(TABLE)
def test_row(way: Callable[[], Yard], act: Callable[[Yard], list[str]], state: State, lines: list[str]) -> None:
    check(way, act, state, lines)
