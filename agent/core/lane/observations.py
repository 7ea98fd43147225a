"""What readers saw of vehicles: codes, plates, VINs. These may belong to no transaction yet, or to an ended one."""

from __future__ import annotations

from agent.core.lane.copies import changed
from agent.core.lane.handled_vehicles import seen_again
from agent.core.lane.own_plate import is_own
from agent.core.lane.state import GATHERING, RISING, Lane, LaneState
from agent.core.model import Presentation, Reading, VinReading

Observation = Presentation | Reading | VinReading
_EARLY = 16
_PLATES = 16
_BEFORE_ARRIVAL = frozenset({LaneState.IDLE, LaneState.CLOSING, LaneState.YIELDING})
_ANSWERED = frozenset({LaneState.DENIED, LaneState.MANUAL})


def with_observation(lane: Lane, observation: Observation, at: float) -> tuple[Lane, Observation | None]:
    """Return the lane after an observation, and the observation when it is evidence for the open transaction.

    What belongs to a vehicle that was answered, and stays in view, only keeps that memory alive: also where it was in
    view before the next vehicle's transaction began, and was read only now, however late. Evidence that comes before
    its transaction is kept for `gone_s`.
    """
    rules, state = lane.rules, lane.state
    before = state in _BEFORE_ARRIVAL
    late = lane.transaction is not None and observation.at < lane.transaction.began_at
    answered = before or late or (state in _ANSWERED and isinstance(observation, Presentation))
    handled, stale = seen_again(lane, observation, at, before=before, answered=answered)
    # A new car that is parked in view bears its VIN for ever: that is no sign that the vehicle is still there.
    lane = changed(lane, handled=handled, seen_at=lane.seen_at if isinstance(observation, VinReading) else at)
    if stale:
        return lane, None
    if state in GATHERING:
        return lane, observation
    of_vehicle = isinstance(observation, Reading | VinReading)
    if before and of_vehicle and not (rules.blind and state is not LaneState.YIELDING):
        # Nobody is on the loop: it may be that of the vehicle that just left. The next one is read again.
        return lane, None
    if before or state in _ANSWERED:
        return _with_early(lane, observation, at), None
    if state in RISING:
        return _with_plate_under_way(lane, observation, at), None
    return lane, None


def _with_early(lane: Lane, observation: Observation, at: float) -> Lane:
    early = (*early_observations(lane, at), observation)
    if len(early) > _EARLY:
        # A label is in every frame: it must not push out the permit that was shown in one of them.
        least = next((one for one in early if isinstance(one, VinReading)), early[0])
        early = tuple(one for one in early if one is not least)
    return changed(lane, early=early)


def _with_plate_under_way(lane: Lane, observation: Observation, at: float) -> Lane:
    """Note the plate of the vehicle that was let through; on a blind lane, keep another permit for the next one.

    Another plate may be that of the next one, which drives up: it is read again for that one.
    """
    transaction = lane.transaction
    if transaction is None or isinstance(observation, VinReading):
        return lane
    if isinstance(observation, Reading):
        known = {(one.text, one.camera, one.track) for one in transaction.plates}
        if (observation.text, observation.camera, observation.track) in known or not is_own(transaction, observation):
            return lane
        return changed(lane, transaction=changed(transaction, plates=(*transaction.plates, observation)[-_PLATES:]))
    if lane.rules.blind and observation.payload not in transaction.payloads:
        return _with_early(lane, observation, at)
    return lane


def early_observations(lane: Lane, at: float) -> tuple[Observation, ...]:
    """Return the observations before a transaction that still count."""
    # Counted from when it came: a camera whose frames come late must not leave a lane without any.
    return tuple(s for s in lane.early if at - s.at - s.behind_s <= lane.rules.gone_s)


def announces_vehicle(lane: Lane, at: float) -> bool:
    """Whether what was seen before a transaction says that a vehicle is there: a code or a plate, not a VIN alone."""
    return any(not isinstance(s, VinReading) for s in early_observations(lane, at))


def has_early_permit(lane: Lane, at: float) -> bool:
    """Whether a permit was presented that no transaction has taken up."""
    return any(isinstance(s, Presentation) for s in early_observations(lane, at))


def vehicle_gone(lane: Lane, at: float) -> bool:
    """Whether the vehicle left the presence loop, or, on a blind lane, no working reader has seen it for `gone_s`."""
    if lane.rules.blind:
        return lane.readers_up and at - lane.seen_at > lane.rules.gone_s
    return lane.input_state.signals.presence is False
