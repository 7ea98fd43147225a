"""Orders that stand: a locked lane and one out of service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.core.events.event_types import AlarmRaised, LaneOrdered
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.state import LaneLockout
from agent.core.lane.step_inputs import CommandKind, OfficerCommand, RecordFailed
from agent.core.model import Outcome
from agent.core.model.reasons import Reason, Verdict
from tests.support.lane.rows import AGENT, OPERATED, PULSE, Row, check, closed_as, rows
from tests.support.lane.yard import (
    PERMIT,
    WAYS,
    Yard,
    closing,
    contact,
    deciding,
    denied,
    held,
    locked,
    manual,
    no_relay,
    opened,
    opening,
    out_of_service,
    passing,
    present,
    waiting,
    yielding,
)

if TYPE_CHECKING:
    from collections.abc import Callable


LOCK, UNLOCK = CommandKind.LOCK, CommandKind.UNLOCK
OUT, IN = CommandKind.OUT_OF_SERVICE, CommandKind.IN_SERVICE
OPEN, HOLD, RELEASE, CLOSE = CommandKind.OPEN, CommandKind.HOLD, CommandKind.RELEASE, CommandKind.CLOSE
WAITS = ["access.decided RETRY LANE_LOCKED", "show red LANE_LOCKED"]
TURNED_AWAY = ["lane.ordered out_of_service op1", *closed_as("denied", reason="LANE_LOCKED"), "show red out_of_service"]


def locked_waiting(**rules: Any) -> Yard:
    """A vehicle that may pass and waits for the lane to be unlocked."""
    yard = locked(deciding, **rules)
    yard.decide(Verdict.PASS)
    return yard


def lowering(**rules: Any) -> Yard:
    """An arm that the agent has told to close."""
    yard = closing(**(AGENT | rules))
    assert yard.lane.closing_pulse or yard.sense(0.1) == ["CLOSE"]
    return yard


TABLE: list[Row] = [
    # ---------------------------------------------------------------- locked
    (
        "a locked lane says so while nobody is there",
        Yard.new,
        lambda y: y.order(LOCK) + y.wait(1.0),
        LaneState.IDLE,
        ["lane.ordered locked op1", "show red LANE_LOCKED"],
    ),
    (
        "an unlocked lane is as it was",
        locked,
        lambda y: y.order(UNLOCK) + y.sense(presence=True),
        LaneState.PRESENT,
        ["lane.ordered unlocked op1", "show red idle", "vehicle.present inputs", "show red present"],
    ),
    ("a lock of a locked lane is recorded once", locked, lambda y: y.order(LOCK), LaneState.IDLE, []),
    ("an unlock of a lane that is not locked is not recorded", Yard.new, lambda y: y.order(UNLOCK), LaneState.IDLE, []),
    (
        "a vehicle that may pass waits while the lane is locked, and nothing is reserved for it",
        lambda: locked(deciding),
        lambda y: y.decide(Verdict.PASS) + y.wait(1.0),
        LaneState.WAITING,
        WAITS,
    ),
    (
        "a vehicle that waits for the lock is judged anew once it is off, and then passes",
        locked_waiting,
        lambda y: y.order(UNLOCK) + y.sense(0.1) + y.decide(Verdict.PASS),
        LaneState.OPENING,
        [
            "lane.ordered unlocked op1",
            "show red deciding",
            "decide on 1+0 finally",
            *PULSE,
            "RAISE 0001-1",
            "show green OK",
        ],
    ),
    (
        "a permit that ran out while the vehicle waited for the lock is refused",
        locked_waiting,
        lambda y: y.order(UNLOCK)[:0] + y.sense(0.1)[:0] + y.decide(Verdict.DENY, Reason.EXPIRED),
        LaneState.DENIED,
        ["access.decided DENY EXPIRED", *closed_as("denied", reason="EXPIRED"), "show red EXPIRED"],
    ),
    (
        "a vehicle that waits for its way goes on waiting for the lock",
        waiting,
        lambda y: y.order(LOCK) + y.way(free=True) + y.wait(1.0),
        LaneState.WAITING,
        ["lane.ordered locked op1", "show red LANE_LOCKED"],
    ),
    (
        "a vehicle that waits for the lock goes on waiting for its way",
        lambda: locked(waiting),
        lambda y: y.order(UNLOCK) + y.wait(1.0),
        LaneState.WAITING,
        ["lane.ordered unlocked op1", "show red INTERLOCKED"],
    ),
    (
        "a vehicle that drives off while the lane is locked has its outcome",
        locked_waiting,
        lambda y: y.sense(presence=False),
        LaneState.IDLE,
        closed_as("abandoned", reason="LANE_LOCKED"),
    ),
    (
        "a locked lane does not ask for the relay board",
        lambda: no_relay(locked(deciding)),
        lambda y: y.decide(Verdict.PASS),
        LaneState.WAITING,
        WAITS,
    ),
    (
        "a locked lane still refuses",
        lambda: locked(deciding),
        lambda y: y.decide(Verdict.DENY, Reason.EXPIRED),
        LaneState.DENIED,
        ["access.decided DENY EXPIRED", *closed_as("denied", reason="EXPIRED"), "show red EXPIRED"],
    ),
    (
        "an officer cannot open a locked lane",
        lambda: locked(manual),
        lambda y: y.order(OPEN),
        LaneState.MANUAL,
        ["alarm.raised interlocked"],
    ),
    (
        "an officer cannot hold a locked lane open",
        locked,
        lambda y: y.order(HOLD),
        LaneState.IDLE,
        ["alarm.raised interlocked"],
    ),
    (
        "a turn of the key opens no locked lane, and is told",
        lambda: locked(has_key=True),
        lambda y: y.sense(0.1, key=True) + y.wait(1.0),
        LaneState.IDLE,
        ["alarm.raised interlocked"],
    ),
    (
        "a second pulse for a vehicle whose first is in doubt is not ordered in a locked lane",
        lambda: locked(opening),
        lambda y: y.pulsed("unknown")[:0] + y.order(OPEN),
        LaneState.OPENING,
        ["alarm.raised interlocked"],
    ),
    (
        "the hold contact opens a locked lane, for it may be a fire",
        lambda: locked(has_hold=True),
        lambda y: y.sense(hold=True),
        LaneState.HELD_OPEN,
        ["barrier.held True hold contact", "HOLD on at once", "show green held_open"],
    ),
    (
        "a lane that the contact holds open can be locked, and closes when the contact lets go",
        contact,
        lambda y: y.order(LOCK) + y.sense(hold=False) + y.wait(1.1),
        LaneState.CLOSING,
        [
            "lane.ordered locked op1",
            "barrier.held False hold contact",
            "HOLD off",
            "show green open",
            "show red closing",
        ],
    ),
    ("a lane that an officer holds open is not locked", held, lambda y: y.order(LOCK), LaneState.HELD_OPEN, []),
    (
        "a vehicle whose grant was given before the lock passes",
        lambda: locked(opening, has_opened=True),
        lambda y: (
            y.sense(opened=True)[-1:]
            + y.sense(safety=True)[-1:]
            + y.sense(presence=False)
            + y.sense(safety=False)
            + y.wait(1.0)
        ),
        LaneState.CLOSING,
        [
            "show green open",
            "show red passing",
            "show red clearing",
            *closed_as("passed", "CONSUMED"),
            "show red closing",
        ],
    ),
    (
        "an arm that the agent lowers onto a vehicle goes up again also in a locked lane",
        lambda: locked(lowering),
        lambda y: y.sense(safety=True),
        LaneState.PASSING,
        [
            "alarm.raised tailgating",
            "alarm.raised reopened",
            "access.granted safety",
            "RAISE 0002-1 at once",
            "show red passing",
        ],
    ),
    # ---------------------------------------------------------------- out of service
    (
        "a lane out of service begins nothing when a vehicle comes and shows a permit",
        out_of_service,
        lambda y: y.sense(presence=True) + y.qr() + y.plate() + y.wait(40.0),
        LaneState.OUT_OF_SERVICE,
        [],
    ),
    (
        "a blind lane out of service begins nothing when a permit is shown",
        lambda: out_of_service(blind=True),
        lambda y: y.qr() + y.plate() + y.wait(10.0),
        LaneState.OUT_OF_SERVICE,
        [],
    ),
    (
        "an order out of service is recorded once",
        out_of_service,
        lambda y: y.order(OUT),
        LaneState.OUT_OF_SERVICE,
        [],
    ),
    (
        "an order into service of a lane that serves is not recorded",
        Yard.new,
        lambda y: y.order(IN),
        LaneState.IDLE,
        [],
    ),
    (
        "a vehicle that shows its permit is turned away",
        present,
        lambda y: y.order(OUT),
        LaneState.OUT_OF_SERVICE,
        TURNED_AWAY,
    ),
    (
        "a vehicle that is judged is turned away, and the answer comes too late",
        deciding,
        lambda y: y.order(OUT) + y.decide(Verdict.PASS),
        LaneState.OUT_OF_SERVICE,
        TURNED_AWAY,
    ),
    (
        "a vehicle that waits for an officer is turned away",
        manual,
        lambda y: y.order(OUT) + y.wait(5.0),
        LaneState.OUT_OF_SERVICE,
        TURNED_AWAY,
    ),
    (
        "a vehicle that waits for its way is turned away",
        waiting,
        lambda y: y.order(OUT) + y.way(free=True) + y.wait(1.0),
        LaneState.OUT_OF_SERVICE,
        TURNED_AWAY,
    ),
    (
        "a vehicle that was refused cannot try again",
        denied,
        lambda y: y.order(OUT) + y.wait(1.1) + y.qr("B") + y.wait(1.0),
        LaneState.OUT_OF_SERVICE,
        ["lane.ordered out_of_service op1", "show red out_of_service"],
    ),
    (
        "a vehicle with a grant has its outcome before the lane is out of service",
        lambda: opened(has_closed=True),
        lambda y: (
            y.order(OUT)
            + y.sense(safety=True)
            + y.sense(presence=False)
            + y.sense(safety=False)
            + y.wait(1.0)
            + y.sense(opened=False, closed=True)
        ),
        LaneState.OUT_OF_SERVICE,
        [
            "lane.ordered out_of_service op1",
            "vehicle.entering",
            "show red passing",
            "show red clearing",
            *closed_as("passed", "CONSUMED"),
            "show red closing",
            "barrier.moved closed",
            "show red out_of_service",
        ],
    ),
    (
        "a vehicle whose pulse failed is not served again",
        opening,
        lambda y: y.order(OUT) + y.pulsed("not_delivered") + y.qr("B"),
        LaneState.OUT_OF_SERVICE,
        [
            "lane.ordered out_of_service op1",
            "barrier.pulsed open not_delivered",
            "alarm.raised relay_lost",
            *closed_as("fault", "RELEASED", "GATE_FAULT"),
            "show red GATE_FAULT",
            "show red out_of_service",
        ],
    ),
    (
        "a blind passage ends before the lane is out of service",
        lambda: opened(blind=True),
        lambda y: y.order(OUT) + y.wait(8.1),
        LaneState.OUT_OF_SERVICE,
        [
            "lane.ordered out_of_service op1",
            "transaction.closed passed OK assumed",
            "ledger CONSUMED use 1",
            "show red out_of_service",
        ],
    ),
    (
        "an officer opens a lane out of service for a vehicle, and it is out of service after that",
        lambda: out_of_service(has_closed=True),
        lambda y: (
            y.sense(presence=True)
            + y.order(OPEN)
            + y.sense(closed=False, safety=True)
            + y.sense(presence=False)
            + y.sense(safety=False)
            + y.wait(1.0)
            + y.sense(closed=True)
        ),
        LaneState.OUT_OF_SERVICE,
        [
            "vehicle.present operator",
            *OPERATED,
            "vehicle.entering",
            "show red passing",
            "show red clearing",
            *closed_as("overridden", reason="QR_NONE"),
            "show red closing",
            "barrier.moved closed",
            "show red out_of_service",
        ],
    ),
    (
        "a turn of the key opens a lane out of service",
        lambda: out_of_service(has_key=True),
        lambda y: y.sense(0.1, key=True),
        LaneState.OPENING,
        ["vehicle.present operator", *OPERATED],
    ),
    (
        "an officer holds a lane open that is out of service, and lets it go",
        lambda: out_of_service(blind=True),
        lambda y: y.order(HOLD) + y.order(RELEASE),
        LaneState.OUT_OF_SERVICE,
        [
            "barrier.held True op1",
            "HOLD on",
            "show green held_open",
            "barrier.held False op1",
            "HOLD off",
            "show red out_of_service",
        ],
    ),
    (
        "an officer cannot open a lane out of service that is locked too",
        lambda: locked(out_of_service),
        lambda y: y.order(OPEN) + y.order(HOLD),
        LaneState.OUT_OF_SERVICE,
        ["alarm.raised interlocked", "alarm.raised interlocked"],
    ),
    (
        "an arm that is forced is told of out of service, and the lane stays so when it is down",
        lambda: out_of_service(has_closed=True),
        lambda y: y.sense(closed=False) + y.sense(closed=True) + y.wait(1.1),
        LaneState.OUT_OF_SERVICE,
        ["alarm.raised forced_open", "show red violation", "show red out_of_service"],
    ),
    (
        "a vehicle that comes the wrong way is told of out of service",
        out_of_service,
        lambda y: y.sense(safety=True),
        LaneState.VIOLATION,
        ["alarm.raised wrong_way", "show red violation"],
    ),
    (
        "lost inputs are told of out of service, and the lane stays so when they are back",
        out_of_service,
        lambda y: y.tick(0.5) + y.sense() + y.sense(),
        LaneState.OUT_OF_SERVICE,
        ["alarm.raised inputs_lost", "show red fault", "show red init", "show red out_of_service"],
    ),
    (
        "a lane out of service makes room for the other direction, and stays out of service after it",
        lambda: out_of_service(neighbours=True, shares_arm=True),
        lambda y: y.way(free=False, arm_in_use=True) + y.way(free=True) + y.sense(0.1),
        LaneState.OUT_OF_SERVICE,
        ["show red yielding", "show red out_of_service"],
    ),
    (
        "a lane is ordered out of service while the other direction has the arm",
        yielding,
        lambda y: y.order(OUT) + y.way(free=True) + y.sense(0.1),
        LaneState.OUT_OF_SERVICE,
        ["lane.ordered out_of_service op1", "show red out_of_service"],
    ),
    (
        "a lane serves again once the inputs prove it at rest",
        out_of_service,
        lambda y: y.order(IN) + y.sense(0.1) + y.sense(presence=True),
        LaneState.PRESENT,
        [
            "lane.ordered in_service op1",
            "show red init",
            "show red idle",
            "vehicle.present inputs",
            "show red present",
        ],
    ),
    (
        "a lane does not serve again before the inputs prove it at rest",
        lambda: out_of_service(has_closed=True),
        lambda y: y.order(IN) + y.sense(0.1, safety=True) + y.wait(1.0),
        LaneState.INIT,
        ["lane.ordered in_service op1", "show red init"],
    ),
    (
        "a lane that was taken out of service and given back in one passage never was out of it",
        passing,
        lambda y: y.order(OUT) + y.order(IN),
        LaneState.PASSING,
        ["lane.ordered out_of_service op1", "lane.ordered in_service op1"],
    ),
    (
        "a vehicle that was turned away shows the same permit again once the lane serves",
        lambda: deciding(blind=True),
        lambda y: y.order(OUT)[:0] + y.order(IN)[:0] + y.tick(0.1) + y.qr(),
        LaneState.DECIDING,
        [
            "show red idle",
            "vehicle.present eye",
            "permit.presented",
            "show red deciding",
            "decide on 1+0",
        ],
    ),
    (
        "a vehicle that passed does not count again because the lane serves again",
        lambda: opened(blind=True),
        lambda y: (
            y.wait(8.1)[:0] + y.qr() + y.order(OUT)[:0] + y.order(IN)[:0] + y.tick(0.1)[:0] + y.qr() + y.tick(0.1)
        ),
        LaneState.IDLE,
        [],
    ),
    (
        "what was seen out of service does not count once the lane serves",
        lambda: closing(blind=False),
        lambda y: (
            y.order(OUT)[:0]
            + y.qr("B")[:0]
            + y.sense(closed=True)[:0]
            + y.order(IN)[:0]
            + y.sense(0.1)
            + y.sense(presence=True)
        ),
        LaneState.PRESENT,
        ["show red idle", "vehicle.present inputs", "show red present"],
    ),
]


@rows(TABLE)
def test_row(way: Callable[[], Yard], act: Callable[[Yard], list[str]], state: LaneState, lines: list[str]) -> None:
    check(way, act, state, lines)


# ------------------------------------------------------------------------------------------------- what stands


@pytest.mark.parametrize("state", LaneState)
def test_a_lane_is_locked_in_every_state_but_held_by_an_officer(state: LaneState) -> None:
    yard = WAYS[state]()
    yard.order(LOCK)
    assert yard.state is state
    assert yard.lane.lockout.locked_by == ("" if state is LaneState.HELD_OPEN else "op1")


@pytest.mark.parametrize("state", LaneState)
def test_a_lane_is_ordered_out_of_service_in_every_state(state: LaneState) -> None:
    yard = WAYS[state]()
    yard.order(OUT)
    assert yard.lane.lockout == LaneLockout(out_of_service_by="op1")
    at_hand = {
        LaneState.IDLE,
        LaneState.PRESENT,
        LaneState.DECIDING,
        LaneState.MANUAL,
        LaneState.WAITING,
        LaneState.DENIED,
    }
    assert yard.state is (LaneState.OUT_OF_SERVICE if state in at_hand else state)


def test_what_stands_is_recorded_with_who_and_why() -> None:
    yard = Yard.new()
    for kind in (LOCK, OUT, UNLOCK, IN):
        yard.order(kind)
    assert [draft.event for draft in yard.drafts()] == [
        LaneOrdered(order="locked", operator="op1", cause="seen"),
        LaneOrdered(order="out_of_service", operator="op1", cause="seen"),
        LaneOrdered(order="unlocked", operator="op1", cause="seen"),
        LaneOrdered(order="in_service", operator="op1", cause="seen"),
    ]
    assert yard.lane.lockout == LaneLockout()


def test_a_lane_that_starts_locked_shows_it_and_opens_for_nobody() -> None:
    yard = Yard.new(orders=LaneLockout(locked_by="op9"))
    assert str(yard.lane.sign.message if yard.lane.sign else "") == "LANE_LOCKED"
    yard.sense(presence=True)
    yard.qr()
    yard.decide(Verdict.PASS)
    assert (yard.state, yard.raised()) == (LaneState.WAITING, [])


@pytest.mark.parametrize("blind", [False, True])
def test_a_lane_that_starts_out_of_service_stays_so(blind: bool) -> None:
    yard = Yard.new(orders=LaneLockout(out_of_service_by="op9"), blind=blind)
    assert str(yard.lane.sign.message if yard.lane.sign else "") == "out_of_service"
    yard.qr()
    yard.tick(0.1) if blind else yard.sense(0.1, presence=True)
    assert (yard.state, yard.drafts()) == (LaneState.OUT_OF_SERVICE, [])


def test_an_order_that_was_recorded_ends_the_silence_about_a_failed_journal() -> None:
    yard = Yard.new()
    failed = RecordFailed(yard.now, Reason.GATE_FAULT)
    assert (yard.feed(failed), yard.feed(failed)) == (["alarm.raised journal_failed"], [])
    yard.order(LOCK)
    assert yard.feed(failed) == ["alarm.raised journal_failed"]


def test_a_vehicle_that_waits_too_long_is_told_of_with_who_locked_the_lane() -> None:
    yard = locked_waiting()
    yard.wait(60.2)
    yard.wait(60.2)
    alarms = [draft.event.detail for draft in yard.drafts() if isinstance(draft.event, AlarmRaised)]
    assert alarms == ["a vehicle waits that may pass; the lane is locked by op1"]


def test_a_vehicle_that_waits_too_long_for_its_way_names_no_lock() -> None:
    yard = waiting()
    yard.wait(60.2)
    assert yard.drafts()[-1].event.detail == "a vehicle waits that may pass"


def test_an_order_to_a_locked_lane_is_told_with_who_locked_it() -> None:
    yard = locked()
    yard.feed(OfficerCommand(yard.now, OPEN, "op2", "seen"))
    detail = "an officer's order to open was not carried out: op2; the lane is locked by op1"
    assert yard.drafts()[-1].event.detail == detail


def test_a_turned_away_vehicle_was_neither_granted_nor_taken() -> None:
    yard = deciding()
    yard.decide(Verdict.MANUAL, Reason.PLATE_UNSURE, permit=PERMIT)
    yard.order(OUT)
    closed = yard.closed()
    assert (closed.outcome, closed.reason) == (Outcome.DENIED, Reason.LANE_LOCKED)
    assert (closed.granted, closed.taken, closed.permit) == (False, False, PERMIT.permit_id.hex())
