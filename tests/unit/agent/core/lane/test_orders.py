"""What officers order, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.core.events.event_types import AccessGranted, Alarm, AlarmRaised, BarrierHeld
from agent.core.lane.io import CommandKind, OfficerCommand, Record, RecordFailed, RelayChanged, Sampled
from agent.core.lane.step import State
from agent.core.model.ledger import LedgerChange, LedgerState
from agent.core.model.reasons import Reason, Verdict
from tests.support.lane.rows import Row, check, rows
from tests.support.lane.yard import (
    FIRST,
    PERMIT,
    WAYS,
    Yard,
    closing,
    deciding,
    fault,
    held,
    manual,
    opening,
    passing,
    violation,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane.io import Input


def feel(yard: Yard, **contacts: bool | None) -> list[str]:
    """A sample of a blind lane: it has contacts only."""
    yard.bits |= contacts
    bits = {name: yard.bits.get(name) for name in ("key", "hold")}
    yard.at += 0.1
    return yard.feed(Sampled(yard.now, yard.at, None, None, **bits))


def contact(**rules: Any) -> Yard:
    """A barrier that the hold contact holds open."""
    yard = Yard.new(has_hold=True, **rules)
    yard.sense(hold=True)
    return yard


def blind_contact() -> Yard:
    yard = Yard.new(blind=True, has_key=True, has_hold=True)
    feel(yard, hold=True, key=False)
    return yard


def verified(verdict: Verdict, use: int = 2, **rules: Any) -> Yard:
    """A vehicle with a permit that is genuine, and an answer that is not yet PASS."""
    yard = deciding(**rules)
    yard.decide(verdict, Reason.PLATE_UNSURE, use=use, permit=PERMIT)
    return yard


def order(yard: Yard, kind: CommandKind = CommandKind.OPEN) -> OfficerCommand:
    return OfficerCommand(yard.now, kind, "op1", "seen")


def turned(yard: Yard) -> Sampled:
    """A sample with the key turned."""
    return Sampled(yard.now, yard.at, **(yard.bits | {"key": True}))  # type: ignore[arg-type]


def failed(yard: Yard, reason: Reason, item: Input | None = None) -> list[str]:
    """The record of the step with that input could not be made."""
    return yard.feed(RecordFailed(yard.now, reason, item=item))


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
    (
        "something in the photocell under a released barrier is let through",
        lambda: held(has_photocell=True),
        lambda y: y.order(CommandKind.RELEASE)[:0] + y.sense(photocell=True),
        State.PASSING,
        ["show red passing"],
    ),
    # ---------------------------------------------------------------- who holds
    (
        "an officer who holds already holds",
        held,
        lambda y: y.order(CommandKind.HOLD),
        State.HELD_OPEN,
        [],
    ),
    (
        "the hold contact holds the barrier open and asks nobody",
        lambda: Yard.new(has_hold=True, neighbours=True),
        lambda y: y.way(free=False) + y.sense(hold=True) + y.sense(),
        State.HELD_OPEN,
        ["barrier.held True hold contact", "HOLD on at once", "show green held_open"],
    ),
    (
        "the barrier is let go when the hold contact is off",
        contact,
        lambda y: y.sense(hold=False),
        State.OPEN,
        ["barrier.held False hold contact", "HOLD off", "show green open"],
    ),
    ("a hold contact that is unknown changes nothing", contact, lambda y: y.sense(hold=None), State.HELD_OPEN, []),
    (
        "a hold contact that comes back as it was changes nothing",
        contact,
        lambda y: y.sense(hold=None) + y.sense(hold=True),
        State.HELD_OPEN,
        [],
    ),
    (
        "a barrier that the hold contact holds stays held when the inputs are lost",
        contact,
        lambda y: y.tick(0.5) + y.sense(hold=None, safety=None) + y.tick(0.5),
        State.HELD_OPEN,
        ["alarm.raised inputs_lost"],
    ),
    (
        "a barrier that the hold contact holds stays held when the relay is lost",
        contact,
        lambda y: y.feed(RelayChanged(y.now, up=False)) + y.wait(1.0),
        State.HELD_OPEN,
        ["alarm.raised relay_lost"],
    ),
    (
        "a hold contact is heard while the other inputs are unknown",
        lambda: fault(has_hold=True),
        lambda y: y.sense(safety=None, hold=True),
        State.HELD_OPEN,
        ["barrier.held True hold contact", "HOLD on at once", "show green held_open"],
    ),
    (
        "a hold contact that is let go while the other inputs are unknown leaves a fault",
        contact,
        lambda y: y.tick(0.5)[:0] + y.sense(safety=None, hold=False),
        State.FAULT,
        ["barrier.held False hold contact", "HOLD off", "show red fault"],
    ),
    (
        "a hold contact that is on at the start holds",
        lambda: Yard.new(ready=False, has_hold=True),
        lambda y: y.sense(hold=True),
        State.HELD_OPEN,
        ["alarm.raised relay_lost", "barrier.held True hold contact", "HOLD on at once", "show green held_open"],
    ),
    (
        "a hold contact consumes the permit of the vehicle under the arm",
        lambda: passing(has_hold=True),
        lambda y: y.sense(hold=True),
        State.HELD_OPEN,
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
        State.HELD_OPEN,
        ["barrier.held True hold contact", "HOLD on at once", "show green held_open"],
    ),
    (
        "a barrier that an officer and the contact hold is let go when neither does",
        contact,
        lambda y: y.order(CommandKind.HOLD) + y.sense(hold=False) + y.order(CommandKind.RELEASE),
        State.OPEN,
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
        contact,
        lambda y: y.order(CommandKind.RELEASE) + y.sense(hold=False),
        State.OPEN,
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
        State.OPEN,
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
        State.HELD_OPEN,
        ["barrier.held True op1", "HOLD on", "show green held_open"],
    ),
    (
        "a blind lane is held open by its contact, and ready again after it",
        lambda: Yard.new(blind=True, has_hold=True),
        lambda y: feel(y, hold=True) + feel(y, hold=False),
        State.IDLE,
        [
            "barrier.held True hold contact",
            "HOLD on at once",
            "show green held_open",
            "barrier.held False hold contact",
            "HOLD off",
            "show red idle",
        ],
    ),
    # ---------------------------------------------------------------- the key switch
    (
        "a turn of the key is an officer's order to open, once",
        lambda: Yard.new(has_key=True),
        lambda y: y.sense(0.1, key=True) + y.wait(5.0),
        State.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a key that is on at the first sample opens nothing until it was seen off",
        lambda: Yard.new(ready=False, has_key=True),
        lambda y: (
            y.feed(RelayChanged(y.now, up=True)) + y.sense(key=True) + y.wait(1.0) + y.sense(key=False) + y.wait(1.0)
        ),
        State.IDLE,
        ["show red init", "show red idle"],
    ),
    (
        "a key that is on after it was unknown opens nothing",
        lambda: Yard.new(has_key=True),
        lambda y: y.sense(key=None) + y.sense(key=True),
        State.IDLE,
        [],
    ),
    (
        "a turn of the key opens for the vehicle that waits for an officer",
        lambda: manual(has_key=True),
        lambda y: y.sense(key=True),
        State.OPENING,
        ["access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a turn of the key while the arm is up already does nothing",
        lambda: passing(has_key=True),
        lambda y: y.sense(key=True),
        State.PASSING,
        [],
    ),
    (
        "a turn of the key without the other inputs does nothing",
        lambda: fault(has_key=True),
        lambda y: y.sense(safety=None, key=True),
        State.FAULT,
        [],
    ),
    (
        "a turn of the key while the way is not free is told",
        lambda: Yard.new(has_key=True, neighbours=True),
        lambda y: y.way(free=False) + y.sense(0.1, key=True) + y.wait(1.0),
        State.IDLE,
        ["alarm.raised interlocked"],
    ),
    (
        "a turn of the key while the barrier is held open does nothing",
        lambda: contact(has_key=True),
        lambda y: y.sense(key=True),
        State.HELD_OPEN,
        [],
    ),
    (
        "a turn of the key opens a blind lane",
        lambda: Yard.new(blind=True, has_key=True),
        lambda y: feel(y, key=False) + feel(y, key=True),
        State.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a turn of the key that is told late opens nothing",
        lambda: Yard.new(blind=True, has_key=True),
        lambda y: feel(y, key=False) + y.later(1.0).feed(Sampled(y.now, y.at - 0.5, None, None, key=True)),
        State.IDLE,
        [],
    ),
    (
        "a turn of the key that is just recent enough opens",
        lambda: Yard.new(blind=True, has_key=True, stale_s=0.5),
        lambda y: feel(y, key=False) + y.later(1.0).feed(Sampled(y.now, y.at - 0.5, None, None, key=True)),
        State.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a turn of the key together with the end of the hold does not open",
        blind_contact,
        lambda y: feel(y, hold=False, key=True),
        State.IDLE,
        ["barrier.held False hold contact", "HOLD off", "show red idle"],
    ),
    # ------------------------------------------------------------- the permit of a vehicle that an officer lets through
    (
        "an officer's order takes the use of the permit that was verified",
        lambda: verified(Verdict.MANUAL),
        lambda y: y.order(CommandKind.OPEN),
        State.OPENING,
        ["access.granted operator", "ledger RESERVED use 2", "RAISE 0001-1", "show green opening"],
    ),
    (
        "an officer's order takes the use also while the gate still asks for more",
        lambda: verified(Verdict.RETRY),
        lambda y: y.order(CommandKind.OPEN),
        State.OPENING,
        ["access.granted operator", "ledger RESERVED use 2", "RAISE 0001-1", "show green opening"],
    ),
    (
        "an officer's order is carried out without the use where the ledger does not say which it is",
        lambda: verified(Verdict.MANUAL, use=0),
        lambda y: y.order(CommandKind.OPEN),
        State.OPENING,
        ["access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a use that another lane has does not keep an officer from opening",
        lambda: verified(Verdict.MANUAL),
        lambda y: failed(y, Reason.ALREADY_USED, order(y)),
        State.OPENING,
        ["access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a use that another lane has does not keep an officer's key from opening",
        lambda: verified(Verdict.MANUAL, has_key=True),
        lambda y: failed(y, Reason.ALREADY_USED, turned(y)) + y.pulsed()[:0] + y.sense(key=True),
        State.OPENING,
        ["access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a use that was reserved by a grant is not reserved again by an officer's",
        opening,
        lambda y: y.pulsed("unknown")[:0] + y.order(CommandKind.OPEN),
        State.OPENING,
        ["access.granted operator", "RAISE 0001-2", "show green opening"],
    ),
    (
        "an officer's passage uses up the permit",
        lambda: verified(Verdict.MANUAL),
        lambda y: (
            y.order(CommandKind.OPEN)[:0]
            + y.sense(safety=True)
            + y.sense(presence=False)
            + y.sense(safety=False)
            + y.wait(1.0)
        ),
        State.CLOSING,
        [
            "vehicle.entering",
            "show red passing",
            "show red clearing",
            "transaction.closed overridden PLATE_UNSURE",
            "ledger CONSUMED use 2",
            "show red closing",
        ],
    ),
    (
        "an officer's grant is not taken",
        lambda: verified(Verdict.MANUAL),
        lambda y: (
            y.order(CommandKind.OPEN)[:0] + y.pulsed()[:0] + y.sense(presence=False) + y.wait(6.0)[:0] + y.wait(1.1)
        ),
        State.CLOSING,
        ["transaction.closed not_taken PLATE_UNSURE", "show red closing"],
    ),
    # ---------------------------------------------------------------- orders that cannot be recorded
    (
        "an order that cannot be recorded leaves the vehicle where it was",
        lambda: verified(Verdict.RETRY),
        lambda y: failed(y, Reason.GATE_FAULT, order(y)),
        State.DECIDING,
        ["alarm.raised journal_failed"],
    ),
    (
        "a turn of the key that cannot be recorded is not tried again",
        lambda: Yard.new(has_key=True),
        lambda y: failed(y, Reason.GATE_FAULT, turned(y)) + y.sense(key=True) + y.wait(1.0),
        State.IDLE,
        ["alarm.raised journal_failed"],
    ),
    (
        "a turn of the key that a neighbour forestalled is not tried again",
        lambda: Yard.new(has_key=True, neighbours=True),
        lambda y: failed(y, Reason.INTERLOCKED, turned(y)) + y.way(free=True) + y.sense(key=True) + y.wait(1.0),
        State.IDLE,
        ["alarm.raised interlocked"],
    ),
    (
        "a hold that the ledger does not take is not carried out",
        opening,
        lambda y: failed(y, Reason.ALREADY_USED, order(y, CommandKind.HOLD)),
        State.OPENING,
        ["alarm.raised journal_failed"],
    ),
    (
        "a journal that fails again and again is told once",
        lambda: closing(close_mode="agent"),
        lambda y: failed(y, Reason.GATE_FAULT) + failed(y, Reason.GATE_FAULT) + failed(y, Reason.GATE_FAULT, order(y)),
        State.CLOSING,
        ["alarm.raised journal_failed"],
    ),
    (
        "a journal that fails again after an order was recorded is told again",
        closing,
        lambda y: failed(y, Reason.GATE_FAULT) + y.order(CommandKind.OPEN)[:0] + failed(y, Reason.GATE_FAULT),
        State.OPENING,
        ["alarm.raised journal_failed", "alarm.raised journal_failed"],
    ),
    (
        "a journal that fails again after a hold was recorded is told again",
        closing,
        lambda y: failed(y, Reason.GATE_FAULT) + y.order(CommandKind.HOLD)[:0] + failed(y, Reason.GATE_FAULT),
        State.HELD_OPEN,
        ["alarm.raised journal_failed", "alarm.raised journal_failed"],
    ),
    (
        "a journal that fails again after the lane was idle is told again",
        closing,
        lambda y: failed(y, Reason.GATE_FAULT) + y.sense(closed=True)[:0] + failed(y, Reason.GATE_FAULT),
        State.IDLE,
        ["alarm.raised journal_failed", "alarm.raised journal_failed"],
    ),
    (
        "a use of nobody's permit that is taken says nothing of the journal",
        closing,
        lambda y: failed(y, Reason.ALREADY_USED),
        State.CLOSING,
        [],
    ),
]


@rows(TABLE)
def test_row(way: Callable[[], Yard], act: Callable[[Yard], list[str]], state: State, lines: list[str]) -> None:
    check(way, act, state, lines)


@pytest.mark.parametrize("state", State)
def test_the_hold_contact_holds_from_every_state(state: State) -> None:
    yard = WAYS[state](has_hold=True)
    if state is not State.HELD_OPEN:
        yard.sense(hold=True)
    assert yard.state is State.HELD_OPEN


def test_a_turn_of_the_key_is_recorded_as_an_officers_order() -> None:
    yard = Yard.new(has_key=True)
    yard.sense(key=True)
    granted = yard.drafts()[-1].event
    assert granted == AccessGranted(grant=f"{FIRST}-1", by="operator", operator="key switch", cause="officer's key")


@pytest.mark.parametrize(("gap_s", "state"), [(0.5, State.OPENING), (0.53125, State.IDLE)])
def test_a_key_that_is_on_after_a_gap_in_the_samples_was_not_seen_turning(gap_s: float, state: State) -> None:
    yard = Yard.new(blind=True, has_key=True, stale_s=0.5)
    yard.at = 1024.0
    yard.feed(Sampled(yard.now, yard.at, None, None, key=False))
    yard.at += gap_s
    yard.feed(Sampled(yard.now, yard.at, None, None, key=True))
    assert yard.state is state


def test_a_turn_of_the_key_for_a_vehicle_on_the_loop_knows_that_it_is_there() -> None:
    yard = Yard.new(has_key=True)
    yard.sense(key=True, presence=True)
    assert yard.lane.transaction is not None
    assert yard.lane.transaction.arrived


def test_the_use_that_an_officer_takes_names_the_vehicle_and_the_way_it_goes() -> None:
    yard = verified(Verdict.MANUAL, direction="out")
    yard.order(CommandKind.OPEN)
    ledger = [row for effect in yard.effects if isinstance(effect, Record) for row in effect.ledger]
    assert ledger == [LedgerChange(PERMIT.permit_id, 2, LedgerState.RESERVED, FIRST, PERMIT.vin, "out")]


def test_what_the_contact_does_is_told_in_its_own_name() -> None:
    yard = contact()
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


def test_the_alarm_of_a_failed_journal_says_why() -> None:
    yard = Yard.new()
    failed(yard, Reason.GATE_FAULT)
    assert yard.drafts()[-1].event == AlarmRaised(alarm=Alarm.JOURNAL_FAILED, detail="GATE_FAULT")


@pytest.mark.parametrize(
    ("kind", "way", "detail"),
    [
        (CommandKind.OPEN, deciding, "an officer's order to open was not carried out: op1"),
        (CommandKind.HOLD, deciding, "the barrier will be held open once the relay board is back"),
    ],
)
def test_an_order_without_a_relay_says_what_becomes_of_it(
    kind: CommandKind, way: Callable[[], Yard], detail: str
) -> None:
    yard = way()
    yard.feed(RelayChanged(yard.now, up=False))
    yard.order(kind)
    alarms = [draft.event for draft in yard.drafts() if isinstance(draft.event, AlarmRaised)]
    assert alarms[-1] == AlarmRaised(alarm=Alarm.RELAY_LOST, detail=detail)
