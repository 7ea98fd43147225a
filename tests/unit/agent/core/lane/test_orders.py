"""What officers order, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.core.events.event_types import AccessGranted, Alarm, AlarmRaised
from agent.core.lane.effects import Record
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.step_inputs import CommandKind, OfficerCommand, OrderSubject, RecordFailed, RelayChanged, Sampled
from agent.core.model.driver_message import DriverMessage
from agent.core.model.ledger import LedgerChange, LedgerState
from agent.core.model.outcome import Outcome
from agent.core.model.reasons import Reason, Verdict
from agent.core.model.signals import Signals
from tests.support.lane.rows import Row, check, rows
from tests.support.lane.yard import (
    FIRST,
    PERMIT,
    Yard,
    blind_held_by_contact,
    closing,
    deciding,
    fault,
    held_by_contact,
    manual,
    opening,
    passing,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane.step_inputs import Input


def verified(verdict: Verdict, use: int = 2, **rules: Any) -> Yard:
    """A vehicle with a permit that is genuine, and an answer that is not yet PASS."""
    yard = deciding(**rules)
    yard.decide(verdict, Reason.PLATE_UNSURE, use=use, permit=PERMIT)
    return yard


def order(yard: Yard, kind: CommandKind = CommandKind.OPEN) -> OfficerCommand:
    return OfficerCommand(yard.now, kind, "op1", "seen")


def turned(yard: Yard) -> Sampled:
    """A sample with the key turned."""
    return Sampled(yard.now, Signals(yard.at, **(yard.bits | {"key": True})))  # type: ignore[arg-type]


def failed(yard: Yard, reason: Reason, item: Input | None = None) -> list[str]:
    """The record of the step with that input could not be made."""
    return yard.feed(RecordFailed(yard.now, reason, item=item))


TABLE: list[Row] = [
    # ---------------------------------------------------------------- an officer refuses
    (
        "an officer who refuses the vehicle that waits for one turns it away; nothing moves",
        lambda: verified(Verdict.MANUAL),
        lambda y: y.feed(order(y, CommandKind.REFUSE)),
        LaneState.DENIED,
        ["transaction.closed denied PLATE_UNSURE", "show red denied"],
    ),
    (
        "an officer who refuses where nobody waits for one changes nothing",
        deciding,
        lambda y: y.feed(order(y, CommandKind.REFUSE)),
        LaneState.DECIDING,
        [],
    ),
    (
        "a refusal that could not be recorded is none: the vehicle still waits for an officer",
        lambda: verified(Verdict.MANUAL),
        lambda y: failed(y, Reason.GATE_FAULT, order(y, CommandKind.REFUSE)),
        LaneState.MANUAL,
        ["alarm.raised journal_failed"],
    ),
    (
        "a vehicle that an officer refused may try again with another permit",
        lambda: verified(Verdict.MANUAL),
        lambda y: y.feed(order(y, CommandKind.REFUSE))[:0] + y.sense(1.0) + y.qr("another"),
        LaneState.DECIDING,
        ["vehicle.present inputs", "permit.presented", "show red deciding", "decide on 1+0"],
    ),
    # ---------------------------------------------------------------- the key switch
    (
        "a turn of the key is an officer's order to open, once",
        lambda: Yard.new(has_key=True),
        lambda y: y.sense(0.1, key=True) + y.wait(5.0),
        LaneState.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a key that is on at the first sample opens nothing until it was seen off",
        lambda: Yard.new(ready=False, has_key=True),
        lambda y: (
            y.feed(RelayChanged(y.now, up=True)) + y.sense(key=True) + y.wait(1.0) + y.sense(key=False) + y.wait(1.0)
        ),
        LaneState.IDLE,
        ["show red init", "show red idle"],
    ),
    (
        "a key that is on after it was unknown opens nothing",
        lambda: Yard.new(has_key=True),
        lambda y: y.sense(key=None) + y.sense(key=True),
        LaneState.IDLE,
        [],
    ),
    (
        "a turn of the key opens for the vehicle that waits for an officer",
        lambda: manual(has_key=True),
        lambda y: y.sense(key=True),
        LaneState.OPENING,
        ["access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a turn of the key while the arm is up already does nothing",
        lambda: passing(has_key=True),
        lambda y: y.sense(key=True),
        LaneState.PASSING,
        [],
    ),
    (
        "a turn of the key without the other inputs does nothing",
        lambda: fault(has_key=True),
        lambda y: y.sense(safety=None, key=True),
        LaneState.FAULT,
        [],
    ),
    (
        "a turn of the key while the way is not free is told",
        lambda: Yard.new(has_key=True, neighbours=True),
        lambda y: y.way(free=False) + y.sense(0.1, key=True) + y.wait(1.0),
        LaneState.IDLE,
        ["alarm.raised interlocked"],
    ),
    (
        "a turn of the key while the barrier is held open does nothing",
        lambda: held_by_contact(has_key=True),
        lambda y: y.sense(key=True),
        LaneState.HELD_OPEN,
        [],
    ),
    (
        "a turn of the key opens a blind lane",
        lambda: Yard.new(blind=True, has_key=True),
        lambda y: y.sense_contacts(key=False) + y.sense_contacts(key=True),
        LaneState.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a turn of the key that is told late opens nothing",
        lambda: Yard.new(blind=True, has_key=True),
        lambda y: y.sense_contacts(key=False) + y.later(1.0).feed(Sampled(y.now, Signals(y.at - 0.5, key=True))),
        LaneState.IDLE,
        [],
    ),
    (
        "a turn of the key that is just recent enough opens",
        lambda: Yard.new(blind=True, has_key=True, stale_s=0.5),
        lambda y: y.sense_contacts(key=False) + y.later(1.0).feed(Sampled(y.now, Signals(y.at - 0.5, key=True))),
        LaneState.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a turn of the key together with the end of the hold does not open",
        blind_held_by_contact,
        lambda y: y.sense_contacts(hold=False, key=True),
        LaneState.IDLE,
        ["barrier.held False hold contact", "HOLD off", "show red idle"],
    ),
    # ------------------------------------------------------------- the permit of a vehicle that an officer lets through
    (
        "an officer's order takes the use of the permit that was verified",
        lambda: verified(Verdict.MANUAL),
        lambda y: y.order(CommandKind.OPEN),
        LaneState.OPENING,
        ["access.granted operator", "ledger RESERVED use 2", "RAISE 0001-1", "show green opening"],
    ),
    (
        "an officer's order takes the use also while the gate still asks for more",
        lambda: verified(Verdict.RETRY),
        lambda y: y.order(CommandKind.OPEN),
        LaneState.OPENING,
        ["access.granted operator", "ledger RESERVED use 2", "RAISE 0001-1", "show green opening"],
    ),
    (
        "an officer's order is carried out without the use where the ledger does not say which it is",
        lambda: verified(Verdict.MANUAL, use=0),
        lambda y: y.order(CommandKind.OPEN),
        LaneState.OPENING,
        ["access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a use that another lane has does not keep an officer from opening",
        lambda: verified(Verdict.MANUAL),
        lambda y: failed(y, Reason.ALREADY_USED, order(y)),
        LaneState.OPENING,
        ["access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a use that another lane has does not keep an officer's key from opening",
        lambda: verified(Verdict.MANUAL, has_key=True),
        lambda y: failed(y, Reason.ALREADY_USED, turned(y)) + y.pulsed()[:0] + y.sense(key=True),
        LaneState.OPENING,
        ["access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    (
        "a use that was reserved by a grant is not reserved again by an officer's",
        opening,
        lambda y: y.pulsed("unknown")[:0] + y.order(CommandKind.OPEN),
        LaneState.OPENING,
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
        LaneState.CLOSING,
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
        LaneState.CLOSING,
        ["transaction.closed not_taken PLATE_UNSURE", "show red closing"],
    ),
    # ---------------------------------------------------------------- orders that cannot be recorded
    (
        "an order that cannot be recorded leaves the vehicle where it was",
        lambda: verified(Verdict.RETRY),
        lambda y: failed(y, Reason.GATE_FAULT, order(y)),
        LaneState.DECIDING,
        ["alarm.raised journal_failed"],
    ),
    (
        "a turn of the key that cannot be recorded is not tried again",
        lambda: Yard.new(has_key=True),
        lambda y: failed(y, Reason.GATE_FAULT, turned(y)) + y.sense(key=True) + y.wait(1.0),
        LaneState.IDLE,
        ["alarm.raised journal_failed"],
    ),
    (
        "a turn of the key that a neighbour forestalled is not tried again",
        lambda: Yard.new(has_key=True, neighbours=True),
        lambda y: failed(y, Reason.INTERLOCKED, turned(y)) + y.way(free=True) + y.sense(key=True) + y.wait(1.0),
        LaneState.IDLE,
        ["alarm.raised interlocked"],
    ),
    (
        "a hold that the ledger does not take is not carried out",
        opening,
        lambda y: failed(y, Reason.ALREADY_USED, order(y, CommandKind.HOLD)),
        LaneState.OPENING,
        ["alarm.raised journal_failed"],
    ),
    (
        "a journal that fails again and again is told once",
        lambda: closing(close_mode="agent"),
        lambda y: failed(y, Reason.GATE_FAULT) + failed(y, Reason.GATE_FAULT) + failed(y, Reason.GATE_FAULT, order(y)),
        LaneState.CLOSING,
        ["alarm.raised journal_failed"],
    ),
    (
        "a journal that fails again after an order was recorded is told again",
        closing,
        lambda y: failed(y, Reason.GATE_FAULT) + y.order(CommandKind.OPEN)[:0] + failed(y, Reason.GATE_FAULT),
        LaneState.OPENING,
        ["alarm.raised journal_failed", "alarm.raised journal_failed"],
    ),
    (
        "a journal that fails again after a hold was recorded is told again",
        closing,
        lambda y: failed(y, Reason.GATE_FAULT) + y.order(CommandKind.HOLD)[:0] + failed(y, Reason.GATE_FAULT),
        LaneState.HELD_OPEN,
        ["alarm.raised journal_failed", "alarm.raised journal_failed"],
    ),
    (
        "a journal that fails again after the lane was idle is told again",
        closing,
        lambda y: failed(y, Reason.GATE_FAULT) + y.sense(closed=True)[:0] + failed(y, Reason.GATE_FAULT),
        LaneState.IDLE,
        ["alarm.raised journal_failed", "alarm.raised journal_failed"],
    ),
    (
        "a use of nobody's permit that is taken says nothing of the journal",
        closing,
        lambda y: failed(y, Reason.ALREADY_USED),
        LaneState.CLOSING,
        [],
    ),
]


@rows(TABLE)
def test_row(way: Callable[[], Yard], act: Callable[[Yard], list[str]], state: LaneState, lines: list[str]) -> None:
    check(way, act, state, lines)


def test_a_turn_of_the_key_is_recorded_as_an_officers_order() -> None:
    yard = Yard.new(has_key=True)
    yard.sense(key=True)
    granted = yard.drafts()[-1].event
    assert granted == AccessGranted(grant=f"{FIRST}-1", by="operator", operator="key switch", cause="officer's key")


@pytest.mark.parametrize(("gap_s", "state"), [(0.5, LaneState.OPENING), (0.53125, LaneState.IDLE)])
def test_a_key_that_is_on_after_a_gap_in_the_samples_was_not_seen_turning(gap_s: float, state: LaneState) -> None:
    yard = Yard.new(blind=True, has_key=True, stale_s=0.5)
    yard.at = 1024.0
    yard.feed(Sampled(yard.now, Signals(yard.at, key=False)))
    yard.at += gap_s
    yard.feed(Sampled(yard.now, Signals(yard.at, key=True)))
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


def test_the_alarm_of_a_failed_journal_says_why() -> None:
    yard = Yard.new()
    failed(yard, Reason.GATE_FAULT)
    assert yard.drafts()[-1].event == AlarmRaised(alarm=Alarm.JOURNAL_FAILED, detail="GATE_FAULT")


@pytest.mark.parametrize(
    ("kind", "way", "detail"),
    [
        (CommandKind.OPEN, deciding, "an officer's order to open was not carried out: op1"),
        (CommandKind.HOLD, deciding, "the barrier will be held open as soon as the relay board reconnects"),
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


def test_a_refusal_names_the_officer_and_the_reason_in_the_outcome() -> None:
    yard = verified(Verdict.MANUAL)
    subject = OrderSubject(FIRST, "plate_differs")
    yard.feed(OfficerCommand(yard.now, CommandKind.REFUSE, "op1", "The plate differs", subject=subject))
    closed = yard.closed()
    assert (closed.outcome, closed.reason) == (Outcome.DENIED, Reason.PLATE_UNSURE)
    assert (closed.operator, closed.cause, closed.cause_code) == ("op1", "The plate differs", "plate_differs")
    assert [one.message for one in closed.driver_messages][-1] is DriverMessage.TURN_BACK
    assert closed.granted is False


def test_a_grant_keeps_the_preset_reason_of_its_officer() -> None:
    yard = verified(Verdict.MANUAL)
    subject = OrderSubject(FIRST, "plate_by_eye")
    yard.feed(OfficerCommand(yard.now, CommandKind.OPEN, "op1", "Compared by eye", subject=subject))
    (granted,) = [draft.event for draft in yard.drafts() if isinstance(draft.event, AccessGranted)]
    assert (granted.cause, granted.cause_code) == ("Compared by eye", "plate_by_eye")
