"""What every state makes of inputs that are lost, and what it ignores."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.core.decision.decision import Decision
from agent.core.events.event_types import Alarm, AlarmRaised
from agent.core.lane.lane_state_machine import LaneState
from agent.core.lane.step_inputs import (
    CommandKind,
    Decided,
    Pulsed,
    ReadersChanged,
    RecordFailed,
    RelayChanged,
    Sampled,
)
from agent.core.model.reasons import Reason, Verdict
from agent.core.model.signals import Signals
from tests.support.lane.rows import closed_as
from tests.support.lane.yard import FIRST, PERMIT, SECOND, WAYS, Yard, deciding, opening

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("state", LaneState)
def test_each_state_can_be_reached(state: LaneState) -> None:
    assert WAYS[state]().state is state


# ------------------------------------------------------------------------------------------------ lost inputs, by state


@pytest.mark.parametrize(
    "state", [s for s in LaneState if s not in (LaneState.INIT, LaneState.HELD_OPEN, LaneState.FAULT)]
)
@pytest.mark.parametrize("how", ["stale", "unknown"])
def test_lost_inputs_are_a_fault_and_move_nothing(state: LaneState, how: str) -> None:
    yard = WAYS[state]()
    lines: list[str] = []
    if how == "stale":
        lines += yard.tick(0.3)
        lines += yard.tick(0.01)
    else:
        lines += yard.sense(0.2, safety=None)
        lines += yard.sense(0.11, safety=None)
    ends = {
        LaneState.PRESENT: closed_as("fault", reason="GATE_FAULT"),
        LaneState.DECIDING: closed_as("fault", reason="GATE_FAULT"),
        LaneState.MANUAL: closed_as("fault", reason="GATE_FAULT"),
        LaneState.WAITING: closed_as("fault", reason="GATE_FAULT"),
        LaneState.OPENING: closed_as("fault", reason="GATE_FAULT"),
        LaneState.OPEN: closed_as("fault", reason="GATE_FAULT"),
        LaneState.PASSING: closed_as("fault", "CONSUMED", "GATE_FAULT"),
        LaneState.CLEARING: closed_as("fault", "CONSUMED", "GATE_FAULT"),
    }.get(state, [])
    events = ["alarm.raised inputs_lost", *[line for line in ends if line.startswith("transaction")]]
    ledger = [line for line in ends if line.startswith("ledger")]
    assert (lines, yard.state) == ([*events, *ledger, "show red fault"], LaneState.FAULT)


@pytest.mark.parametrize("bit", ["presence", "safety", "photocell", "opened", "closed"])
def test_any_input_of_the_lane_that_stays_unknown_is_lost(bit: str) -> None:
    yard = Yard.new(has_photocell=True, has_opened=True, has_closed=True)
    yard.sense(0.2, **{bit: None})
    assert yard.state is LaneState.IDLE
    yard.sense(0.2, **{bit: None})
    assert yard.state is LaneState.FAULT


# ------------------------------------------------------------------------------------------ what is ignored, by state

IGNORED: dict[str, tuple[Callable[[Yard], list[str]], frozenset[LaneState]]] = {
    "a decision nobody asked for": (lambda y: y.decide(Verdict.PASS), frozenset({LaneState.DECIDING})),
    "a report of no pulse": (lambda y: y.feed(Pulsed(y.now, "x-1", "open", "not_delivered")), frozenset()),
    "a report of no close pulse": (lambda y: y.feed(Pulsed(y.now, None, "close", "not_delivered")), frozenset()),
    "an order to let go": (lambda y: y.order(CommandKind.RELEASE), frozenset({LaneState.HELD_OPEN})),
    "an order to close": (lambda y: y.order(CommandKind.CLOSE), frozenset()),
    "an order to open": (
        lambda y: y.order(CommandKind.OPEN),
        frozenset(
            {
                LaneState.IDLE,
                LaneState.PRESENT,
                LaneState.DECIDING,
                LaneState.MANUAL,
                LaneState.WAITING,
                LaneState.DENIED,
                LaneState.CLOSING,
                LaneState.VIOLATION,
                LaneState.YIELDING,
                LaneState.OUT_OF_SERVICE,
            }
        ),
    ),
    "an order to unlock": (lambda y: y.order(CommandKind.UNLOCK), frozenset()),
    "an order into service": (lambda y: y.order(CommandKind.IN_SERVICE), frozenset({LaneState.OUT_OF_SERVICE})),
    "an order out of service": (
        lambda y: y.order(CommandKind.OUT_OF_SERVICE),
        frozenset(LaneState) - {LaneState.OUT_OF_SERVICE},
    ),
    "an order to hold": (lambda y: y.order(CommandKind.HOLD), frozenset(LaneState) - {LaneState.HELD_OPEN}),
    "a relay that is still up": (
        lambda y: y.feed(RelayChanged(y.now, up=True)),
        frozenset({LaneState.INIT, LaneState.FAULT}),
    ),
    "readers that still work": (lambda y: y.feed(ReadersChanged(y.now, up=True)), frozenset({LaneState.INIT})),
    "time": (lambda y: y.tick(), frozenset()),
    "a permit use that is taken": (
        lambda y: y.feed(RecordFailed(y.now, Reason.ALREADY_USED)),
        frozenset({LaneState.PRESENT, LaneState.DECIDING}),
    ),
}


@pytest.mark.parametrize("state", LaneState)
@pytest.mark.parametrize("name", IGNORED)
def test_an_ignored_input_leaves_the_lane_as_it_was(name: str, state: LaneState) -> None:
    act, heeded = IGNORED[name]
    if state in heeded:
        return
    yard = WAYS[state]()
    yard.tick()  # the first step of all starts the clock of INIT
    before = yard.lane
    lines = act(yard)
    assert (lines, yard.lane) == ([], before)


def test_an_answer_to_another_transaction_is_ignored() -> None:
    yard = deciding()
    before = yard.lane
    answer = Decided(yard.now, Decision(Verdict.PASS, Reason.OK, (), PERMIT), 1, SECOND)
    assert (yard.feed(answer), yard.lane) == ([], before)
    yard.feed(replace(answer, transaction=FIRST))
    assert yard.state is LaneState.OPENING


def test_an_answer_counts_once() -> None:
    yard = deciding()
    yard.decide(Verdict.RETRY, Reason.QR_UNSTABLE)
    before = yard.lane
    assert (yard.decide(Verdict.PASS), yard.lane) == ([], before)


def test_an_admission_whose_time_is_over_is_asked_for_anew() -> None:
    yard = deciding()
    late = Decided(yard.now, Decision(Verdict.PASS, Reason.OK, (), PERMIT), 1, FIRST, deadline=yard.now.at)
    assert yard.feed(late) == ["decide on 1+0"]
    assert yard.state is LaneState.DECIDING
    yard.feed(replace(late, deadline=yard.now.at + 0.001))
    assert yard.state is LaneState.OPENING


def test_a_refusal_holds_however_late_it_comes() -> None:
    yard = deciding()
    refused = Decision(Verdict.DENY, Reason.EXPIRED, (), PERMIT)
    yard.feed(Decided(yard.now, refused, 1, FIRST, deadline=yard.now.at - 9))
    assert yard.state is LaneState.DENIED


# ---------------------------------------------------------------------------------------- inputs that never stand still


def test_inputs_that_flap_are_named_once_and_lost_soon() -> None:
    yard = Yard.new()
    item = Sampled(yard.now, Signals(yard.at, presence=False, safety=None, flapping=("safety", "photocell")))
    assert yard.feed(item) == ["alarm.raised inputs_flapping"]
    event = yard.drafts()[-1].event
    assert event == AlarmRaised(alarm=Alarm.INPUTS_FLAPPING, detail="safety, photocell")
    yard.at += 0.31
    assert yard.feed(replace(item, now=yard.now, signals=replace(item.signals, at=yard.at))) == [
        "alarm.raised inputs_lost",
        "show red fault",
    ]
    yard.sense()
    yard.sense()
    assert yard.state is LaneState.IDLE
    again = replace(item, now=yard.now, signals=replace(item.signals, at=yard.at))
    assert yard.feed(again) == ["alarm.raised inputs_flapping"], "the lane was idle in between"
    assert yard.feed(again) == []


def test_a_key_that_flaps_does_not_lose_the_inputs() -> None:
    yard = Yard.new(has_key=True)
    yard.at += 0.5
    item = Sampled(yard.now, Signals(yard.at, presence=False, safety=False, flapping=("key",)))
    assert (yard.feed(item), yard.state) == (["alarm.raised inputs_flapping"], LaneState.IDLE)


def test_flapping_is_told_also_by_a_sample_whose_step_could_not_be_recorded() -> None:
    yard = Yard.new()
    item = Sampled(yard.now, Signals(yard.at, presence=True, safety=False, flapping=("key",)))
    failed = RecordFailed(yard.now, Reason.GATE_FAULT, item=item)
    assert yard.feed(failed) == ["alarm.raised inputs_flapping", "alarm.raised journal_failed"]
    assert (yard.lane.input_state.signals.presence, yard.state) == (True, LaneState.IDLE)


# --------------------------------------------------------------------------------------- a grant's life, in every state


def quick(*acts: str) -> Yard:
    """A lane whose pulse was not reported, moved on."""
    yard = opening(has_opened=True, clear_s=30.0)
    yard.sense(opened=True)
    for act in acts:
        if act == "hold":
            yard.order(CommandKind.HOLD)
        elif act == "lost":
            yard.tick(0.5)
        else:
            yard.sense(**{act.split()[0]: not act.endswith("off")})
    return yard


PULSED = {
    LaneState.OPENING: lambda: opening(open_s=20.0),
    LaneState.OPEN: quick,
    LaneState.PASSING: lambda: quick("safety"),
    LaneState.CLEARING: lambda: quick("safety", "presence off", "safety off"),
    LaneState.HELD_OPEN: lambda: quick("hold"),
    LaneState.FAULT: lambda: quick("lost"),
}


@pytest.mark.parametrize("state", PULSED)
def test_a_grant_expires_in_every_state_that_it_may_lead_to(state: LaneState) -> None:
    yard = PULSED[state]()
    assert yard.state is state
    (pulse,) = yard.lane.pulses
    yard.at = pulse.deadline
    yard.sense()
    assert yard.lane.pulses == (pulse,), "at its deadline it may still begin"
    yard.at = pulse.deadline + 0.01
    assert yard.sense()[:1] == ["alarm.raised pulse_unknown"]
    assert yard.lane.pulses == ()
    draft = next(d for d in reversed(yard.drafts()) if isinstance(d.event, AlarmRaised))
    assert draft.event.detail == "the grant expired without a report of its pulse"
    assert draft.transaction == FIRST
