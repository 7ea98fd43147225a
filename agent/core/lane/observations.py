"""What the lane takes in: samples of its inputs, and sightings that may belong to no transaction yet."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from agent.core.lane.state import GATHERING, RISING, InputState, Lane, State
from agent.core.model import Presentation, Reading

if TYPE_CHECKING:
    from agent.core.lane.io import Sampled

Sighting = Presentation | Reading
_EARLY = 16
_PLATES = 16
_BEFORE_ARRIVAL = frozenset({State.IDLE, State.CLOSING, State.YIELDING})
_ANSWERED = frozenset({State.DENIED, State.MANUAL})


def watched(lane: Lane, sample: Sampled) -> InputState:
    """Return the watch after a sample. A sample older than the last is not taken; one from the future counts as now."""
    rules, old, now = lane.rules, lane.input_state, sample.now.at
    at = min(sample.sampled_at, now)
    if at < old.at:
        return old
    if rules.blind:
        return InputState(at=at, key=sample.key, hold=sample.hold)
    photocell = sample.photocell
    known = (
        sample.presence is not None
        and sample.safety is not None
        and (photocell is not None or not rules.has_photocell)
        and (sample.opened is not None or not rules.has_opened)
        and (sample.closed is not None or not rules.has_closed)
    )
    clear = sample.safety is False and photocell is not True and (photocell is False or not rules.has_photocell)
    return InputState(
        at=at,
        presence=sample.presence,
        safety=sample.safety,
        photocell=photocell,
        opened=sample.opened,
        closed=sample.closed,
        key=sample.key,
        hold=sample.hold,
        known_at=at if known else old.known_at,
        clear_since=min(old.clear_since, now) if clear else inf,
        free_since=min(old.free_since, now) if sample.presence is False else inf,
        was_free=old.was_free if sample.presence is None else not sample.presence,
    )


def followed(lane: Lane, before: InputState, at: float) -> Lane:
    """Return the lane after a new watch, with what it shows of a vehicle that the other direction lets out here.

    Such a vehicle comes onto the presence loop after it was under the arm. One that came before stays a vehicle of this
    lane.
    """
    input_state = lane.input_state
    entered = lane.arm_entered or input_state.safety is True
    leaving_since = lane.leaving_since
    if input_state.presence is False:
        leaving_since = -inf
    elif (
        input_state.presence is True
        and before.was_free
        and entered
        and (lane.arm_in_use or lane.state is State.YIELDING)
    ):
        leaving_since = at
    return replace(lane, arm_entered=entered, leaving_since=leaving_since)


def leaving(lane: Lane, at: float) -> bool:
    """Whether what is on the presence loop comes from under the arm; a vehicle that stays is one that arrived."""
    return at - lane.leaving_since < lane.rules.read_s


def seen(lane: Lane, sighting: Sighting, at: float) -> tuple[Lane, Sighting | None]:
    """Return the lane after a sighting, and the sighting when it is evidence for the open transaction.

    What belongs to a vehicle that was answered, and stays in view, only keeps that memory alive. Evidence that comes
    before its transaction is kept for `gone_s`.
    """
    rules, state = lane.rules, lane.state
    key = sighting.payload if isinstance(sighting, Presentation) else sighting.text
    before = state in _BEFORE_ARRIVAL
    # A blind lane cannot tell a misread plate of the vehicle that just passed from the next one's: it waits for a
    # permit, or for the view to be empty.
    lingering = rules.blind and before and isinstance(sighting, Reading)
    alive = tuple(s for s in lane.handled if at - s.seen_at <= rules.gone_s)
    hits = [key in s.keys or (lingering and s.passed) for s in alive]
    handled = tuple(replace(s, seen_at=at) if hit else s for s, hit in zip(alive, hits, strict=True))
    answered = before or (state in _ANSWERED and isinstance(sighting, Presentation))
    stale = any(hit and (s.passed or answered) for s, hit in zip(alive, hits, strict=True))
    lane = replace(lane, handled=handled, seen_at=at)
    if stale:
        return lane, None
    if state in GATHERING:
        return lane, sighting
    if before and isinstance(sighting, Reading) and not (rules.blind and state is not State.YIELDING):
        # Nobody is on the loop: it may be the plate of the vehicle that just left. The next one is read again.
        return lane, None
    if before or state in _ANSWERED:
        return _keep_early(lane, sighting, at), None
    if state in RISING:
        return _under_way(lane, sighting, at), None
    return lane, None


def _keep_early(lane: Lane, sighting: Sighting, at: float) -> Lane:
    return replace(lane, early=(*early(lane, at), sighting)[-_EARLY:])


def _under_way(lane: Lane, sighting: Sighting, at: float) -> Lane:
    """Take a plate for that of the vehicle that was let through, and on a blind lane another permit for the next's."""
    transaction = lane.transaction
    if transaction is None:
        return lane
    if isinstance(sighting, Reading):
        plates = dict.fromkeys((*transaction.plates, sighting.text))
        return replace(lane, transaction=replace(transaction, plates=tuple(plates)[-_PLATES:]))
    if lane.rules.blind and sighting.payload not in transaction.payloads:
        return _keep_early(lane, sighting, at)
    return lane


def early(lane: Lane, at: float) -> tuple[Sighting, ...]:
    """Return the sightings before a transaction that still count."""
    return tuple(s for s in lane.early if at - s.at <= lane.rules.gone_s)


def early_permit(lane: Lane, at: float) -> bool:
    """Whether a permit was presented that no transaction has taken up."""
    return any(isinstance(s, Presentation) for s in early(lane, at))


def gone(lane: Lane, at: float) -> bool:
    """Whether the vehicle left the presence loop, or, on a blind lane, no working reader has seen it for `gone_s`."""
    if lane.rules.blind:
        return lane.readers_up and at - lane.seen_at > lane.rules.gone_s
    return lane.input_state.presence is False
