"""Vehicles that the lane has answered: each is remembered by its codes, its own plate and its VIN for a while.

So what is read of one of them late, or while it stays in view, does not count for the next vehicle.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.core.lane.own_plate import own_readings
from agent.core.lane.seen_vins import own_vin
from agent.core.lane.state import HandledVehicle
from agent.core.model import Presentation, Reading, VinReading

if TYPE_CHECKING:
    from agent.core.lane.state import Lane, Transaction

_HANDLED = 3


def with_handled(lane: Lane, transaction: Transaction, at: float, *, passed: bool) -> tuple[HandledVehicle, ...]:
    """Return the handled vehicles with that of this transaction."""
    keys = frozenset[bytes | str](transaction.payloads) | {reading.text for reading in own_readings(transaction)}
    if (vin := own_vin(transaction)) is not None:
        keys |= {vin}
    return (*lane.handled, HandledVehicle(keys, at, passed))[-_HANDLED:]


def seen_again(
    lane: Lane, observation: Presentation | Reading | VinReading, at: float, *, before: bool, answered: bool
) -> tuple[tuple[HandledVehicle, ...], bool]:
    """Return the handled vehicles after an observation, and whether it is of one of them and counts for no other.

    `before`: no vehicle has arrived yet. `answered`: what identified a vehicle that was refused does not count again.
    """
    rules = lane.rules
    key = observation.payload if isinstance(observation, Presentation) else observation.text
    # A blind lane cannot tell a misread plate of the vehicle that just passed from the next one's: it waits for a
    # permit, or for the view to be empty.
    lingering = rules.blind and before and isinstance(observation, Reading | VinReading)
    # By the time of its frame: a busy machine reads it when the vehicle is long gone.
    came_at = observation.at + observation.behind_s
    hits = [came_at - s.seen_at <= rules.gone_s and (key in s.keys or (lingering and s.passed)) for s in lane.handled]
    handled = tuple(replace(s, seen_at=at) if hit else s for s, hit in zip(lane.handled, hits, strict=True))
    return handled, any(hit and (s.passed or answered) for s, hit in zip(lane.handled, hits, strict=True))
