"""The inputs of a lane, in every state: what the samples mean, and what follows if they flap, go stale or are lost."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from agent.core.events import Alarm
from agent.core.lane.copies import changed
from agent.core.lane.observations import with_observation
from agent.core.lane.state import InputState, Lane, LaneState, fresh
from agent.core.lane.step_inputs import (
    InterlockChanged,
    PlateRead,
    Presented,
    ReadersChanged,
    RecordFailed,
    RelayChanged,
    Sampled,
    VinRead,
)
from agent.core.model import Outcome, Reason, Signals
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.lane.step_inputs import Input
    from agent.core.lane.transition import Transition

_LIVES_WITHOUT_INPUTS = frozenset({LaneState.INIT, LaneState.FAULT, LaneState.HELD_OPEN})


def note_surroundings(transition: Transition, item: Input) -> None:
    """Note what the input says of the surroundings; alarm when a device goes."""
    lane, at = transition.lane, item.now.at
    match item:
        case Sampled():
            _note_sample(transition, item)
        case RecordFailed(item=Sampled() as sample):
            _note_sample(transition, sample)
        case InterlockChanged():
            _note_interlock(transition, item)
        case Presented():
            transition.lane, transition.observed = with_observation(lane, item.presentation, at)
        case PlateRead() | VinRead():
            transition.lane, transition.observed = with_observation(lane, item.reading, at)
        case RelayChanged():
            _note_relay(transition, up=item.up)
        case ReadersChanged():
            _note_readers(transition, up=item.up)
        case _:
            pass


def _note_relay(transition: Transition, *, up: bool) -> None:
    if transition.lane.relay_up and not up:
        transition.alarm(Alarm.RELAY_LOST, Text("the relay board cannot be reached"))
    transition.set(relay_up=up)


def _note_readers(transition: Transition, *, up: bool) -> None:
    if up == transition.lane.readers_up:
        return
    transition.set(readers_up=up, seen_at=transition.now.at)
    if not up:
        transition.alarm(Alarm.READERS_LOST, Text("no reader works"))


def _note_sample(transition: Transition, sample: Sampled) -> None:
    before = transition.lane.input_state
    transition.set(input_state=input_state_after(transition.lane, sample))
    transition.lane = with_leaving_vehicle(transition.lane, before, transition.now.at)
    input_state, stale_s = transition.lane.input_state, transition.lane.rules.stale_s
    old, new = before.signals, input_state.signals
    if input_state.taken and not transition.lane.arm_in_use:
        transition.set(turned_away=None)
        if transition.lane.transaction is not None:
            transition.set_transaction(seen_under=True)
    # Over a gap in the samples nobody saw the key turn: the board may have been away and come back with it on.
    seen_turning = transition.now.at - new.at <= stale_s and new.at - old.at <= stale_s
    transition.key_turned = seen_turning and old.key is False and new.key is True
    if sample.signals.flapping:
        transition.alarm_once(Alarm.INPUTS_FLAPPING, ", ".join(sample.signals.flapping))


def _note_interlock(transition: Transition, item: InterlockChanged) -> None:
    if item.arm_in_use and not transition.lane.arm_in_use:
        transition.set(arm_entered=False)
    elif transition.lane.arm_in_use and not item.arm_in_use:
        transition.set(arm_free_at=transition.now.at)
    transition.set(interlock_free=item.free, arm_in_use=item.arm_in_use)


def check_inputs(transition: Transition) -> None:
    """Go to fault when the inputs are stale or unknown; while held open, only say so."""
    lane = transition.lane
    if fresh(lane, transition.now.at):
        if lane.state is LaneState.HELD_OPEN:
            transition.allow_alarm_again(Alarm.INPUTS_LOST)
    elif lane.state is LaneState.HELD_OPEN:
        transition.alarm_once(Alarm.INPUTS_LOST, Text("while held open"))
    elif lane.state not in _LIVES_WITHOUT_INPUTS:
        lose_inputs(transition)


def lose_inputs(transition: Transition) -> None:
    """Go to fault and move nothing. What is under the arm already counts as passed for its permit."""
    transition.alarm(Alarm.INPUTS_LOST, Text("in state {state}", state=transition.lane.state))
    if transition.lane.transaction is not None:
        transition.close_transaction(Outcome.FAULT, Reason.GATE_FAULT, passed=transition.transaction.entered)
    transition.enter_state(LaneState.FAULT)


def input_state_after(lane: Lane, sample: Sampled) -> InputState:
    """Return the inputs after a sample. One older than the last is not taken; one from the future counts as now."""
    rules, old, now = lane.rules, lane.input_state, sample.now.at
    signals = sample.signals if sample.signals.at <= now else replace(sample.signals, at=now)
    if signals.at < old.signals.at:
        return old
    if rules.blind:
        return InputState(Signals(signals.at, key=signals.key, hold=signals.hold))
    known = (
        signals.presence is not None
        and signals.safety is not None
        and (signals.photocell is not None or not rules.has_photocell)
        and (signals.opened is not None or not rules.has_opened)
        and (signals.closed is not None or not rules.has_closed)
    )
    photocell = signals.photocell
    clear = signals.safety is False and photocell is not True and (photocell is False or not rules.has_photocell)
    return InputState(
        signals,
        known_at=signals.at if known else old.known_at,
        clear_since=min(old.clear_since, now) if clear else inf,
        free_since=min(old.free_since, now) if signals.presence is False else inf,
        was_free=old.was_free if signals.presence is None else not signals.presence,
    )


def with_leaving_vehicle(lane: Lane, before: InputState, at: float) -> Lane:
    """Return the lane after a new sample, with what it shows of a vehicle that the other direction lets out here.

    Such a vehicle comes onto the presence loop after it was under the arm. One that came before stays a vehicle of this
    lane.
    """
    input_state = lane.input_state
    entered = lane.arm_entered or input_state.signals.safety is True
    leaving_since = lane.leaving_since
    if input_state.signals.presence is False:
        leaving_since = -inf
    elif (
        input_state.signals.presence is True
        and before.was_free
        and entered
        and (lane.arm_in_use or lane.state is LaneState.YIELDING)
    ):
        leaving_since = at
    if (entered, leaving_since) == (lane.arm_entered, lane.leaving_since):
        return lane
    return changed(lane, arm_entered=entered, leaving_since=leaving_since)


def is_leaving(lane: Lane, at: float) -> bool:
    """Whether what is on the presence loop comes from under the arm; a vehicle that stays is one that arrived."""
    return at - lane.leaving_since < lane.rules.read_s
