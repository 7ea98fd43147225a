"""A lane among others, row by row: it waits for its way, and yields an arm that the other direction uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.core.decision.decision import Decision
from agent.core.events.event_types import AccessDecided, Alarm, AlarmRaised
from agent.core.lane.effects import Decide, Raise
from agent.core.lane.lane_state_machine import Lane, LaneRules, LaneState
from agent.core.lane.state import occupies
from agent.core.lane.step_inputs import (
    CommandKind,
    Decided,
    OfficerCommand,
    Pulsed,
    ReadersChanged,
    RecordFailed,
    RelayChanged,
)
from agent.core.model.ledger import LedgerState
from agent.core.model.reasons import Reason, Verdict
from tests.support.lane.rows import AGENT, PULSE, Row, check, closed_as, rows
from tests.support.lane.yard import (
    FIRST,
    MATCH,
    PERMIT,
    WAYS,
    Yard,
    closing,
    deciding,
    denied,
    fault,
    held,
    manual,
    opened,
    opening,
    passing,
    present,
    violation,
    waiting,
    yielding,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NEAR: dict[str, Any] = {"neighbours": True}
SHARED: dict[str, Any] = {"neighbours": True, "shares_arm": True}
ARM: dict[str, Any] = {**SHARED, "has_closed": True}
UNPAID = ["access.decided RETRY INTERLOCKED", "show red INTERLOCKED"]


def used_arm(yard: Yard) -> Yard:
    """The other direction's vehicle went through the arm, which is down again."""
    yard.sense(0.1, closed=False)
    yard.sense(0.1, safety=True)
    yard.sense(0.1, safety=False)
    yard.sense(0.1, closed=True)
    return yard


def leaving(**rules: Any) -> Yard:
    """A vehicle of the other direction stands on this lane's loop, and the arm is down behind it."""
    yard = yielding(**rules)
    yard.sense(0.1, safety=True)
    yard.sense(0.1, presence=True)
    yard.sense(0.1, safety=False)
    yard.way(free=True)
    yard.sense(0.1)
    assert yard.state is LaneState.IDLE
    return yard


def ended(yard: Yard) -> list[str]:
    """The other direction is done, and a sample from after that says so."""
    return yard.way(free=True) + yard.sense(0.1)


def refused(yard: Yard, **changes: Any) -> list[str]:
    """The way was taken by a neighbour between the step and its record."""
    return yard.feed(RecordFailed(yard.now, Reason.INTERLOCKED, **changes))


TABLE: list[Row] = [
    # ---------------------------------------------------------------- waiting for the way
    (
        "a vehicle that may pass waits while the way is not free, and its permit is not reserved",
        lambda: deciding(**NEAR),
        lambda y: y.way(free=False) + y.decide(Verdict.PASS),
        LaneState.WAITING,
        UNPAID,
    ),
    (
        "a lane with neighbours has no way until it is told so",
        lambda: Yard.new(ready=False, **NEAR),
        lambda y: (
            y.feed(RelayChanged(y.now, up=True))[:0]
            + y.sense()[:0]
            + y.sense(presence=True)[:0]
            + y.qr()[:0]
            + y.decide(Verdict.PASS)
        ),
        LaneState.WAITING,
        UNPAID,
    ),
    (
        "a free way lets the permit be judged anew, a last time",
        waiting,
        lambda y: y.way(free=True),
        LaneState.DECIDING,
        ["show red deciding", "decide on 1+0 finally"],
    ),
    (
        "what is judged anew raises the barrier once",
        waiting,
        lambda y: y.way(free=True)[:0] + y.decide(Verdict.PASS),
        LaneState.OPENING,
        [*PULSE, "RAISE 0001-1", "show green OK"],
    ),
    (
        "a permit that expired meanwhile is refused",
        waiting,
        lambda y: y.way(free=True)[:0] + y.decide(Verdict.DENY, Reason.EXPIRED),
        LaneState.DENIED,
        ["access.decided DENY EXPIRED", "transaction.closed denied EXPIRED", "show red EXPIRED"],
    ),
    (
        "a way that is taken again is waited for again, and that is recorded once",
        waiting,
        lambda y: y.way(free=True) + y.way(free=False) + y.decide(Verdict.PASS),
        LaneState.WAITING,
        ["show red deciding", "decide on 1+0 finally", "show red INTERLOCKED"],
    ),
    (
        "a vehicle that does not wait abandoned it",
        waiting,
        lambda y: y.sense(presence=False),
        LaneState.IDLE,
        ["transaction.closed abandoned INTERLOCKED", "show red idle"],
    ),
    ("a vehicle waits as long as it takes", waiting, lambda y: y.wait(59.8), LaneState.WAITING, []),
    (
        "a vehicle that waits for long is an alarm, once",
        waiting,
        lambda y: y.wait(150.0),
        LaneState.WAITING,
        ["alarm.raised interlocked"],
    ),
    (
        "what is shown meanwhile is judged with the rest",
        waiting,
        lambda y: y.plate() + y.qr("B") + y.way(free=True),
        LaneState.DECIDING,
        ["permit.presented", "show red deciding", "decide on 2+1 finally"],
    ),
    (
        "readers that are lost while a vehicle waits for its way do not matter yet",
        waiting,
        lambda y: y.feed(ReadersChanged(y.now, up=False)),
        LaneState.WAITING,
        ["alarm.raised readers_lost"],
    ),
    (
        "without a relay the way is not waited for but the relay",
        lambda: deciding(**NEAR),
        lambda y: y.way(free=False) + y.feed(RelayChanged(y.now, up=False))[:0] + y.decide(Verdict.PASS),
        LaneState.MANUAL,
        ["alarm.raised relay_lost", "access.decided MANUAL GATE_FAULT", "show red manual"],
    ),
    (
        "a relay that is lost while a vehicle waits for its way is waited for next",
        waiting,
        lambda y: (
            y.feed(RelayChanged(y.now, up=False))[:0] + y.way(free=True)[:0] + y.decide(Verdict.PASS) + y.wait(1.0)
        ),
        LaneState.MANUAL,
        ["alarm.raised relay_lost", "access.decided MANUAL GATE_FAULT", "show red manual"],
    ),
    (
        "an arm that is forced while a vehicle waits ends it",
        lambda: waiting(has_closed=True),
        lambda y: y.sense(closed=False),
        LaneState.VIOLATION,
        ["alarm.raised forced_open", *closed_as("fault", reason="GATE_FAULT"), "show red violation"],
    ),
    (
        "a blind lane gives up a vehicle that waits and is not seen",
        lambda: waiting(blind=True),
        lambda y: y.wait(3.0) + y.wait(0.1),
        LaneState.IDLE,
        ["transaction.closed abandoned INTERLOCKED", "show red idle"],
    ),
    # ---------------------------------------------------------------- a way that was lost to a neighbour
    (
        "a grant that a neighbour forestalled waits, and the journal is not to blame",
        lambda: deciding(**NEAR),
        lambda y: refused(y, decision=Decision(Verdict.PASS, Reason.OK, (), PERMIT)) + y.wait(1.0),
        LaneState.WAITING,
        UNPAID,
    ),
    (
        "a grant that a neighbour forestalled waits also when nobody says which it was",
        lambda: deciding(**NEAR),
        refused,
        LaneState.WAITING,
        UNPAID,
    ),
    (
        "a lost way with nobody waiting is only noted",
        lambda: Yard.new(**NEAR),
        lambda y: refused(y) + y.order(CommandKind.OPEN),
        LaneState.IDLE,
        ["alarm.raised interlocked"],
    ),
    (
        "an officer's order that a neighbour forestalled is told to the officer",
        lambda: present(**NEAR),
        lambda y: refused(y, item=OfficerCommand(y.now, CommandKind.OPEN, "op1", "seen")),
        LaneState.PRESENT,
        ["alarm.raised interlocked"],
    ),
    # ---------------------------------------------------------------- orders while the way is not free
    (
        "an officer's order to hold is not carried out while the way is not free",
        lambda: Yard.new(**NEAR),
        lambda y: y.way(free=False) + y.order(CommandKind.HOLD),
        LaneState.IDLE,
        ["alarm.raised interlocked"],
    ),
    (
        "an officer's second pulse waits for the way too",
        lambda: opening(**NEAR),
        lambda y: y.pulsed("unknown")[:0] + y.way(free=False) + y.order(CommandKind.OPEN),
        LaneState.OPENING,
        ["alarm.raised interlocked"],
    ),
    (
        "an arm that the agent lowered on something goes up whatever the neighbours do",
        lambda: closing(**NEAR, **AGENT),
        lambda y: y.sense()[:0] + y.way(free=False) + y.sense(safety=True),
        LaneState.PASSING,
        [
            "alarm.raised tailgating",
            "alarm.raised reopened",
            "access.granted safety",
            "RAISE 0002-1 at once",
            "show red passing",
        ],
    ),
    (
        "an officer's order to close waits for no neighbour",
        lambda: violation(**NEAR, **AGENT),
        lambda y: y.way(free=False) + y.order(CommandKind.CLOSE),
        LaneState.CLOSING,
        ["CLOSE", "show red closing"],
    ),
    # ---------------------------------------------------------------- yielding a shared arm
    (
        "a lane yields the arm that the other direction uses",
        lambda: Yard.new(**ARM),
        lambda y: y.way(free=False, arm_in_use=True),
        LaneState.YIELDING,
        ["show red yielding"],
    ),
    (
        "what the other direction does under the arm and with it is no violation",
        lambda: yielding(has_closed=True, has_photocell=True),
        lambda y: y.sense(closed=False) + y.sense(safety=True, photocell=True) + y.wait(100.0),
        LaneState.YIELDING,
        [],
    ),
    (
        "a lane is ready again once the arm is down and free after the other direction",
        lambda: used_arm(yielding(has_closed=True)),
        ended,
        LaneState.IDLE,
        ["show red idle"],
    ),
    (
        "what was seen before the other direction ended proves nothing",
        lambda: used_arm(yielding(has_closed=True)),
        lambda y: y.way(free=True) + y.tick(0.2) + y.sense(),
        LaneState.IDLE,
        ["show red idle"],
    ),
    (
        "a sample of the very moment at which the other direction ended proves nothing",
        lambda: used_arm(yielding(has_closed=True)),
        lambda y: y.way(free=True) + y.sense(),
        LaneState.YIELDING,
        [],
    ),
    (
        "something under the arm after the other direction is waited for",
        yielding,
        lambda y: y.sense(safety=True) + ended(y) + y.wait(59.8),
        LaneState.YIELDING,
        [],
    ),
    (
        "something that stays under the arm after the other direction is an alarm",
        yielding,
        lambda y: y.wait(100.0) + y.sense(safety=True) + ended(y) + y.wait(60.0),
        LaneState.VIOLATION,
        ["alarm.raised blocked", "show red violation"],
    ),
    (
        "something in the photocell after the other direction is under the arm",
        lambda: yielding(has_photocell=True),
        lambda y: y.sense(photocell=True) + ended(y) + y.wait(60.0),
        LaneState.VIOLATION,
        ["alarm.raised blocked", "show red violation"],
    ),
    (
        "an arm that stays open after the other direction is an alarm",
        lambda: yielding(has_closed=True),
        lambda y: y.sense(closed=False) + ended(y) + y.wait(60.0),
        LaneState.VIOLATION,
        ["alarm.raised forced_open", "show red violation"],
    ),
    (
        "an unknown presence loop after the other direction is waited for",
        yielding,
        lambda y: y.way(free=True) + y.sense(0.1, presence=None),
        LaneState.YIELDING,
        [],
    ),
    (
        "a blind lane yields too, and is ready at once afterwards",
        lambda: Yard.new(blind=True, **SHARED),
        lambda y: y.way(free=False, arm_in_use=True) + y.wait(5.0) + y.way(free=True),
        LaneState.IDLE,
        ["show red yielding", "show red idle"],
    ),
    (
        "an order to open is refused while the other direction is using the barrier",
        yielding,
        lambda y: y.order(CommandKind.OPEN),
        LaneState.YIELDING,
        ["alarm.raised interlocked"],
    ),
    (
        "an officer may open where the arm is not proved to be at rest after the other direction",
        lambda: yielding(has_closed=True),
        lambda y: y.sense(closed=False) + y.way(free=True) + y.order(CommandKind.OPEN),
        LaneState.OPENING,
        ["vehicle.present operator", "access.granted operator", "RAISE 0001-1", "show green opening"],
    ),
    # ---------------------------------------------------------------- who is on the presence loop
    (
        "a vehicle that comes from under the arm is no arrival",
        leaving,
        lambda y: y.wait(20.0) + y.sense(presence=False) + y.wait(1.0),
        LaneState.IDLE,
        [],
    ),
    (
        "a vehicle that comes after the one that left is an arrival",
        leaving,
        lambda y: y.sense(0.1, presence=False) + y.sense(0.1, presence=True),
        LaneState.PRESENT,
        ["vehicle.present inputs", "show red present"],
    ),
    (
        "a vehicle that stays on the loop is an arrival after a while",
        leaving,
        lambda y: y.wait(29.8) + y.wait(0.1),
        LaneState.PRESENT,
        ["vehicle.present inputs", "show red present"],
    ),
    (
        "a loop that is unknown for a moment does not make an arrival of the vehicle that leaves",
        leaving,
        lambda y: y.sense(0.1, presence=None) + y.sense(0.1, presence=True) + y.wait(5.0),
        LaneState.IDLE,
        [],
    ),
    (
        "a vehicle that stood on the loop before is an arrival afterwards",
        lambda: Yard.new(**SHARED),
        lambda y: (
            y.sense(presence=None)
            + y.way(free=False, arm_in_use=True)
            + y.sense(presence=True)
            + y.sense(0.1, safety=True)
            + y.sense(0.1, safety=False)
            + ended(y)
            + y.sense(0.1)
        ),
        LaneState.PRESENT,
        ["show red yielding", "show red idle", "vehicle.present inputs", "show red present"],
    ),
    (
        "a vehicle whose loop was unknown before the other direction is an arrival too",
        lambda: Yard.new(ready=False, **SHARED),
        lambda y: (
            y.sense(presence=None)[:0]
            + y.way(free=False, arm_in_use=True)
            + y.sense(0.1, safety=True)
            + y.sense(0.1, presence=True)
            + y.sense(0.1, safety=False)
            + ended(y)
            + y.sense(0.1)
        ),
        LaneState.PRESENT,
        ["show red yielding", "show red idle", "vehicle.present inputs", "show red present"],
    ),
    (
        "a vehicle that came before anything was under the arm is an arrival afterwards",
        yielding,
        lambda y: (
            y.sense(0.1, presence=True)
            + y.sense(0.1, safety=True)
            + y.sense(0.1, safety=False)
            + ended(y)
            + y.sense(0.1)
        ),
        LaneState.PRESENT,
        ["show red idle", "vehicle.present inputs", "show red present"],
    ),
    (
        "a vehicle that comes while the last one is still under the arm after the other direction leaves too",
        yielding,
        lambda y: (
            y.sense(0.1, safety=True)
            + y.way(free=True)
            + y.sense(0.1, presence=True)
            + y.sense(0.1, safety=False)
            + y.sense(0.1)
        ),
        LaneState.IDLE,
        ["show red idle"],
    ),
    (
        "what was under the arm before the other direction came does not make a vehicle one that leaves",
        lambda: opened(**SHARED, has_closed=True),
        lambda y: (
            y.sense(presence=False)[:0]
            + y.sense(safety=True)[:0]
            + y.sense(safety=False)[:0]
            + y.wait(1.0)[:0]
            + y.sense(opened=False, closed=True)[:0]
            + y.way(free=False, arm_in_use=True)
            + y.sense(0.1, presence=True)
            + ended(y)
            + y.sense(0.1)
        ),
        LaneState.PRESENT,
        ["show red yielding", "show red idle", "vehicle.present inputs", "show red present"],
    ),
    (
        "the next vehicle that comes while this one is under the arm does not leave",
        lambda: passing(**SHARED),
        lambda y: (
            y.sense(presence=False)[:0]
            + y.sense(presence=True)[:0]
            + y.sense(safety=False)[:0]
            + y.wait(1.0)[:0]
            + y.sense(opened=False)[:0]
            + y.wait(8.1)
        ),
        LaneState.PRESENT,
        ["show red idle", "vehicle.present inputs", "show red present"],
    ),
    (
        "a permit that is shown while the other direction passes counts for the vehicle that waits",
        yielding,
        lambda y: y.sense(presence=True) + y.plate() + y.qr() + ended(y) + y.sense(0.1),
        LaneState.DECIDING,
        ["show red idle", "vehicle.present inputs", "permit.presented", "show red deciding", "decide on 1+0"],
    ),
    (
        "a plate that a blind lane sees while the other direction passes may be that vehicle's",
        lambda: yielding(blind=True),
        lambda y: y.plate() + y.way(free=True) + y.tick(),
        LaneState.IDLE,
        ["show red idle"],
    ),
    (
        "a permit that a blind lane sees while the other direction passes is the next vehicle's",
        lambda: yielding(blind=True),
        lambda y: y.qr() + y.way(free=True) + y.tick(),
        LaneState.DECIDING,
        ["show red idle", "vehicle.present eye", "permit.presented", "show red deciding", "decide on 1+0"],
    ),
    # ---------------------------------------------------------------- an arm in use, in the other states
    (
        "a vehicle that is there goes on while the other direction is using the barrier",
        lambda: deciding(**ARM),
        lambda y: y.way(free=False, arm_in_use=True) + y.sense(closed=False, safety=True) + y.decide(Verdict.PASS),
        LaneState.WAITING,
        UNPAID,
    ),
    (
        "a vehicle that leaves while the other direction is using the barrier yields next",
        lambda: denied(**ARM),
        lambda y: y.way(free=False, arm_in_use=True) + y.sense(closed=False, presence=False) + y.sense(),
        LaneState.YIELDING,
        ["show red idle", "show red yielding"],
    ),
    (
        "an arm that is seen open from before the other direction ended was not forced",
        lambda: manual(**ARM),
        lambda y: y.way(free=False, arm_in_use=True) + y.sense(0.1, closed=False) + y.way(free=True) + y.tick(0.1),
        LaneState.MANUAL,
        [],
    ),
    (
        "an arm that is open after the other direction ended was forced",
        lambda: manual(**ARM),
        lambda y: y.way(free=False, arm_in_use=True) + y.sense(0.1, closed=False) + ended(y),
        LaneState.VIOLATION,
        ["alarm.raised forced_open", *closed_as("fault", reason="GATE_FAULT"), "show red violation"],
    ),
    (
        "a lane that gets its inputs while the other direction is using the barrier yields",
        lambda: Yard.new(ready=False, **ARM),
        lambda y: y.way(free=False, arm_in_use=True) + y.sense(closed=False, safety=True) + y.wait(100.0),
        LaneState.YIELDING,
        ["show red init", "show red yielding"],
    ),
    (
        "a lane whose inputs come back while the other direction is using the barrier yields",
        lambda: fault(**ARM),
        lambda y: y.way(free=False, arm_in_use=True) + y.sense(closed=False) + y.sense(),
        LaneState.YIELDING,
        ["show red init", "show red yielding"],
    ),
    (
        "an order to close is not carried out while the other direction is using the barrier",
        lambda: violation(**ARM, **AGENT),
        lambda y: y.way(free=False, arm_in_use=True) + y.order(CommandKind.CLOSE),
        LaneState.VIOLATION,
        [],
    ),
    (
        (
            "a vehicle under the arm goes on when the other direction's contact holds it open; "
            "the arm is lowered after that"
        ),
        lambda: passing(**SHARED, **AGENT),
        lambda y: (
            y.way(free=False, arm_in_use=True)
            + y.sense(presence=False, safety=False)
            + y.wait(1.0)
            + y.wait(100.0)
            + y.way(free=True)
        ),
        LaneState.CLOSING,
        ["show red clearing", *closed_as("passed", "CONSUMED"), "show red closing", "CLOSE"],
    ),
    (
        "an arm that does not close because the other direction holds it open is left to that",
        lambda: closing(**SHARED),
        lambda y: y.way(free=False, arm_in_use=True) + y.wait(7.9) + y.wait(0.2),
        LaneState.YIELDING,
        ["show red yielding"],
    ),
    (
        "an arm that closes while the other direction wants it is closed",
        lambda: closing(**SHARED),
        lambda y: y.way(free=False, arm_in_use=True) + y.sense(closed=True),
        LaneState.IDLE,
        ["barrier.moved closed", "show red idle"],
    ),
    (
        "a barrier that is let go while the other direction is using the barrier is left to that",
        lambda: held(**SHARED),
        lambda y: y.order(CommandKind.RELEASE)[:0] + y.way(free=False, arm_in_use=True),
        LaneState.YIELDING,
        ["show red yielding"],
    ),
]


@rows(TABLE)
def test_row(way: Callable[[], Yard], act: Callable[[Yard], list[str]], state: LaneState, lines: list[str]) -> None:
    check(way, act, state, lines)


@pytest.mark.parametrize(
    "state", sorted({LaneState.IDLE, LaneState.PRESENT, LaneState.MANUAL, LaneState.DENIED, LaneState.CLOSING})
)
@pytest.mark.parametrize("kind", [CommandKind.OPEN, CommandKind.HOLD])
def test_an_order_while_the_way_is_not_free_names_the_officer(state: LaneState, kind: CommandKind) -> None:
    yard = WAYS[state](**NEAR)
    yard.way(free=False)
    before = yard.lane
    assert yard.order(kind) == ["alarm.raised interlocked"]
    assert yard.lane == before
    detail = f"an officer's order to {kind} was not carried out: op1"
    assert yard.drafts()[-1].event == AlarmRaised(alarm=Alarm.INTERLOCKED, detail=detail)


def test_the_record_of_waiting_names_the_permit_and_reserves_nothing() -> None:
    yard = deciding(**NEAR)
    yard.way(free=False)
    yard.feed(Decided(yard.now, Decision(Verdict.PASS, Reason.OK, (), PERMIT, MATCH), 1))
    event = yard.drafts()[-1].event
    assert isinstance(event, AccessDecided)
    assert (event.verdict, event.reason) == (Verdict.RETRY, Reason.INTERLOCKED)
    assert event.permit is not None
    assert event.permit.permit == PERMIT.permit_id.hex()
    assert yard.ledger() == []
    yard.way(free=True)
    transaction = yard.lane.transaction
    assert transaction is not None
    assert yard.effects[-1] == Decide(FIRST, transaction.presentations, (), final=True, arrived_at=transaction.began_at)
    yard.decide(Verdict.PASS, use=2)
    assert yard.ledger() == [LedgerState.RESERVED]
    assert [effect for effect in yard.effects if isinstance(effect, Raise)] == [Raise(f"{FIRST}-1", yard.at + 10.0)]


def test_a_lane_that_lost_its_way_to_a_neighbour_asks_no_more_until_it_is_told() -> None:
    yard = deciding(**NEAR)
    refused(yard)
    assert yard.wait(5.0) == []
    assert yard.way(free=True) == ["show red deciding", "decide on 1+0 finally"]


def test_the_alarm_of_a_long_wait_says_who_waits() -> None:
    yard = waiting()
    yard.wait(60.0)
    yard.wait(0.2)
    assert yard.drafts()[-1].event == AlarmRaised(alarm=Alarm.INTERLOCKED, detail="a vehicle waits that may pass")


def test_every_use_of_the_arm_is_followed_anew() -> None:
    yard = leaving()
    yard.sense(0.1, presence=False)
    yard.way(free=False, arm_in_use=True)
    yard.sense(0.1, presence=True)
    yard.way(free=False, arm_in_use=True)
    yard.sense(0.1, safety=True)
    yard.way(free=False, arm_in_use=True)
    yard.sense(0.1, safety=False)
    ended(yard)
    assert yard.sense(0.1) == ["vehicle.present inputs", "show red present"]


def test_telling_a_use_of_the_arm_twice_forgets_nothing() -> None:
    yard = yielding()
    yard.sense(0.1, safety=True)
    yard.sense(0.1, safety=False)
    yard.way(free=False, arm_in_use=True)
    yard.sense(0.1, presence=True)
    ended(yard)
    yard.way(free=True)
    assert (yard.sense(0.1), yard.state) == ([], LaneState.IDLE)


def test_the_end_of_a_use_of_the_arm_that_is_told_twice_forgets_nothing() -> None:
    yard = yielding()
    yard.sense(0.1, safety=True)
    yard.sense(0.1, safety=False, photocell=True)
    yard.way(free=True)
    yard.way(free=True)
    yard.sense(0.1, presence=True)
    yard.sense(0.1, photocell=False)
    assert (yard.sense(0.1), yard.state) == ([], LaneState.IDLE)


@pytest.mark.parametrize(("bits", "alarm"), [({"safety": True}, Alarm.BLOCKED), ({"closed": False}, Alarm.FORCED_OPEN)])
def test_an_alarm_after_the_other_direction_says_since_when(bits: dict[str, bool], alarm: Alarm) -> None:
    yard = yielding(has_closed=True)
    yard.sense(**bits)
    yard.way(free=True)
    yard.wait(60.2)
    assert yard.drafts()[-1].event == AlarmRaised(alarm=alarm, detail="after the other direction used the arm")


# ------------------------------------------------------------------------------------------------- who occupies a way

AT_REST = {
    LaneState.IDLE,
    LaneState.PRESENT,
    LaneState.DECIDING,
    LaneState.MANUAL,
    LaneState.WAITING,
    LaneState.DENIED,
    LaneState.YIELDING,
}
AT_REST |= {LaneState.OUT_OF_SERVICE}


@pytest.mark.parametrize("state", LaneState)
def test_a_lane_occupies_its_way_unless_its_barrier_is_closed_and_at_rest(state: LaneState) -> None:
    assert occupies(WAYS[state]().lane) is (state not in AT_REST)


def test_a_lane_occupies_its_way_from_its_start() -> None:
    assert occupies(Lane.start(LaneRules("lane-1", 1, neighbours=True), 1))


def test_a_pulse_that_was_not_reported_occupies_the_way_of_a_lane_at_rest() -> None:
    yard = opened(has_closed=True)
    grant = yard.raised()[-1]
    assert not yard.lane.pulses
    yard = opening(has_closed=True, open_s=1.0, close_s=1.0)
    yard.wait(1.0)
    yard.sense(0.1, closed=True)
    assert yard.state is LaneState.IDLE
    assert occupies(yard.lane)
    yard.feed(Pulsed(yard.now, grant, "open", "delivered"))
    assert not occupies(yard.lane)


@pytest.mark.parametrize(
    ("rules", "bits", "occupied"),
    [
        ({"has_closed": True}, {"closed": True}, False),
        ({"has_closed": True}, {"closed": None}, True),
        ({"has_opened": True}, {"opened": False}, False),
        ({"has_opened": True}, {"opened": None}, True),
        ({"has_opened": True, "has_closed": True}, {"opened": None, "closed": True}, False),
        ({}, {"safety": True}, False),
    ],
)
def test_an_arm_that_is_not_known_to_be_closed_occupies_its_way(
    rules: dict[str, Any], bits: dict[str, bool | None], occupied: bool
) -> None:
    yard = present(**rules)
    yard.sense(0.1, **bits)
    assert yard.state is LaneState.PRESENT
    assert occupies(yard.lane) is occupied


def test_an_arm_that_the_other_direction_uses_is_not_occupied_by_this_lane() -> None:
    yard = present(**ARM)
    yard.way(free=False, arm_in_use=True)
    yard.sense(0.1, closed=None)
    assert not occupies(yard.lane)
    yard.way(free=True)
    assert not occupies(yard.lane), "the sample is from before"
    yard.sense(0.1)
    assert occupies(yard.lane)
