"""Who holds the barrier open, and what lets it go, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.core.events.event_types import BarrierHeld
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.step_inputs import CommandKind, RelayChanged
from tests.support.lane.rows import Row, check, rows
from tests.support.lane.yard import (
    WAYS,
    Yard,
    fault,
    held,
    held_by_contact,
    opening,
    passing,
    violation,
)

if TYPE_CHECKING:
    from collections.abc import Callable


TABLE: list[Row] = [
    # ---------------------------------------------------------------- held open
    (
        "an officer holds the barrier open",
        Yard.new,
        lambda y: y.order(CommandKind.HOLD),
        LaneState.HELD_OPEN,
        ["barrier.held True op1", "HOLD on", "show green held_open"],
    ),
    (
        "a hold ends an open transaction as overridden",
        opening,
        lambda y: y.order(CommandKind.HOLD),
        LaneState.HELD_OPEN,
        [
            "barrier.held True op1",
            "transaction.closed overridden OK assumed",
            "HOLD on",
            "show green held_open",
        ],
    ),
    (
        "a hold consumes the permit of the vehicle under the arm",
        passing,
        lambda y: y.order(CommandKind.HOLD),
        LaneState.HELD_OPEN,
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
        LaneState.HELD_OPEN,
        ["barrier.held True op1", "HOLD on", "show green held_open"],
    ),
    (
        "a hold is ordered also while the relay is lost",
        Yard.new,
        lambda y: y.feed(RelayChanged(y.now, up=False)) + y.order(CommandKind.HOLD),
        LaneState.HELD_OPEN,
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
        LaneState.HELD_OPEN,
        ["alarm.raised inputs_lost", "alarm.raised inputs_lost"],
    ),
    (
        "a released barrier closes like any other",
        held,
        lambda y: y.order(CommandKind.RELEASE) + y.wait(1.1),
        LaneState.CLOSING,
        ["barrier.held False op1", "HOLD off", "show green open", "show red closing"],
    ),
    (
        "a released barrier without inputs is a fault",
        held,
        lambda y: y.tick(0.5)[:0] + y.order(CommandKind.RELEASE),
        LaneState.FAULT,
        ["barrier.held False op1", "HOLD off", "show red fault"],
    ),
    (
        "a vehicle under a released barrier is let through",
        held,
        lambda y: y.order(CommandKind.RELEASE)[:0] + y.sense(safety=True),
        LaneState.PASSING,
        ["show red passing"],
    ),
    (
        "a released arm that is down makes the lane ready",
        lambda: held(has_closed=True),
        lambda y: y.sense(closed=False)[:0] + y.order(CommandKind.RELEASE)[:0] + y.sense(closed=True),
        LaneState.IDLE,
        ["barrier.moved closed", "show red idle"],
    ),
    (
        "something in the photocell under a released barrier is let through",
        lambda: held(has_photocell=True),
        lambda y: y.order(CommandKind.RELEASE)[:0] + y.sense(photocell=True),
        LaneState.PASSING,
        ["show red passing"],
    ),
    # ---------------------------------------------------------------- who holds
    (
        "an officer who holds already holds",
        held,
        lambda y: y.order(CommandKind.HOLD),
        LaneState.HELD_OPEN,
        [],
    ),
    (
        "the hold contact holds the barrier open and asks nobody",
        lambda: Yard.new(has_hold=True, neighbours=True),
        lambda y: y.way(free=False) + y.sense(hold=True) + y.sense(),
        LaneState.HELD_OPEN,
        ["barrier.held True hold contact", "HOLD on at once", "show green held_open"],
    ),
    (
        "the barrier is let go when the hold contact is off",
        held_by_contact,
        lambda y: y.sense(hold=False),
        LaneState.OPEN,
        ["barrier.held False hold contact", "HOLD off", "show green open"],
    ),
    (
        "a hold contact that is unknown changes nothing",
        held_by_contact,
        lambda y: y.sense(hold=None),
        LaneState.HELD_OPEN,
        [],
    ),
    (
        "a hold contact that comes back as it was changes nothing",
        held_by_contact,
        lambda y: y.sense(hold=None) + y.sense(hold=True),
        LaneState.HELD_OPEN,
        [],
    ),
    (
        "a barrier that the hold contact holds stays held when the inputs are lost",
        held_by_contact,
        lambda y: y.tick(0.5) + y.sense(hold=None, safety=None) + y.tick(0.5),
        LaneState.HELD_OPEN,
        ["alarm.raised inputs_lost"],
    ),
    (
        "a barrier that the hold contact holds stays held when the relay is lost",
        held_by_contact,
        lambda y: y.feed(RelayChanged(y.now, up=False)) + y.wait(1.0),
        LaneState.HELD_OPEN,
        ["alarm.raised relay_lost"],
    ),
    (
        "a hold contact is heard while the other inputs are unknown",
        lambda: fault(has_hold=True),
        lambda y: y.sense(safety=None, hold=True),
        LaneState.HELD_OPEN,
        ["barrier.held True hold contact", "HOLD on at once", "show green held_open"],
    ),
    (
        "a hold contact that is let go while the other inputs are unknown leaves a fault",
        held_by_contact,
        lambda y: y.tick(0.5)[:0] + y.sense(safety=None, hold=False),
        LaneState.FAULT,
        ["barrier.held False hold contact", "HOLD off", "show red fault"],
    ),
    (
        "a hold contact that is on at the start holds",
        lambda: Yard.new(ready=False, has_hold=True),
        lambda y: y.sense(hold=True),
        LaneState.HELD_OPEN,
        ["alarm.raised relay_lost", "barrier.held True hold contact", "HOLD on at once", "show green held_open"],
    ),
    (
        "a hold contact consumes the permit of the vehicle under the arm",
        lambda: passing(has_hold=True),
        lambda y: y.sense(hold=True),
        LaneState.HELD_OPEN,
        [
            "barrier.held True hold contact",
            "transaction.closed overridden OK",
            "ledger CONSUMED use 1",
            "HOLD on at once",
            "show green held_open",
        ],
    ),
    (
        "a hold contact holds out of a violation",
        lambda: violation(has_hold=True),
        lambda y: y.sense(hold=True),
        LaneState.HELD_OPEN,
        ["barrier.held True hold contact", "HOLD on at once", "show green held_open"],
    ),
    (
        "a barrier that an officer and the contact hold is let go when neither does",
        held_by_contact,
        lambda y: y.order(CommandKind.HOLD) + y.sense(hold=False) + y.order(CommandKind.RELEASE),
        LaneState.OPEN,
        [
            "barrier.held True op1",
            "barrier.held True op1",
            "barrier.held False op1",
            "HOLD off",
            "show green open",
        ],
    ),
    (
        "an officer cannot let go what the contact holds",
        held_by_contact,
        lambda y: y.order(CommandKind.RELEASE) + y.sense(hold=False),
        LaneState.OPEN,
        [
            "barrier.held True hold contact",
            "barrier.held False hold contact",
            "HOLD off",
            "show green open",
        ],
    ),
    (
        "a contact that is on while an officer holds keeps the barrier open after the officer",
        lambda: held(has_hold=True),
        lambda y: y.sense(hold=True) + y.order(CommandKind.RELEASE) + y.sense(hold=False),
        LaneState.OPEN,
        [
            "barrier.held True hold contact",
            "barrier.held True hold contact",
            "barrier.held False hold contact",
            "HOLD off",
            "show green open",
        ],
    ),
    (
        "an officer who let go holds no more",
        held,
        lambda y: y.order(CommandKind.RELEASE)[:0] + y.order(CommandKind.HOLD),
        LaneState.HELD_OPEN,
        ["barrier.held True op1", "HOLD on", "show green held_open"],
    ),
    (
        "a blind lane is held open by its held_by_contact, and ready again after it",
        lambda: Yard.new(blind=True, has_hold=True),
        lambda y: y.sense_contacts(hold=True) + y.sense_contacts(hold=False),
        LaneState.IDLE,
        [
            "barrier.held True hold contact",
            "HOLD on at once",
            "show green held_open",
            "barrier.held False hold contact",
            "HOLD off",
            "show red idle",
        ],
    ),
]


@rows(TABLE)
def test_row(way: Callable[[], Yard], act: Callable[[Yard], list[str]], state: LaneState, lines: list[str]) -> None:
    check(way, act, state, lines)


@pytest.mark.parametrize("state", LaneState)
def test_the_hold_contact_holds_from_every_state(state: LaneState) -> None:
    yard = WAYS[state](has_hold=True)
    if state is not LaneState.HELD_OPEN:
        yard.sense(hold=True)
    assert yard.state is LaneState.HELD_OPEN


def test_what_the_contact_does_is_told_in_its_own_name() -> None:
    yard = held_by_contact()
    yard.order(CommandKind.HOLD)
    yard.sense(hold=False)
    yard.sense(hold=True)
    yard.order(CommandKind.RELEASE)
    yard.sense(hold=False)
    held = [draft.event for draft in yard.drafts() if isinstance(draft.event, BarrierHeld)]
    assert held == [
        BarrierHeld(held=True, operator="hold contact", cause="contact on"),
        BarrierHeld(held=True, operator="op1", cause="seen"),
        BarrierHeld(held=True, operator="op1", cause="still on after hold contact: contact off"),
        BarrierHeld(held=True, operator="hold contact", cause="contact on"),
        BarrierHeld(held=True, operator="hold contact", cause="still on after op1: seen"),
        BarrierHeld(held=False, operator="hold contact", cause="contact off"),
    ]
