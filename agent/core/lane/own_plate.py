"""Finds the vehicle's own plate among the plates read in a transaction. The others belong to vehicles nearby."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.plates import NO_PLATE, customs_code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.core.lane.state import Transaction
    from agent.core.model import Reading


def plate_of(transaction: Transaction) -> str | None:
    """Return the plate of this transaction: what was matched, else voted for, else the main one of the newest frame."""
    decision = transaction.decision
    if decision is not None and decision.match is not None and decision.match.read:
        return decision.match.read
    if decision is not None and decision.voted is not None:
        return decision.voted.text
    return next((reading.text for reading in newest_first(transaction.readings)), None)


def plate_code_of(transaction: Transaction) -> str:
    """Return the customs code of the kind of plate that this vehicle was read with; that of none, or empty."""
    decision, plate = transaction.decision, plate_of(transaction)
    if plate is None:
        declares_none = decision is not None and decision.permit is not None and decision.permit.plate is None
        return NO_PLATE if declares_none else ""
    matched, voted = (None, None) if decision is None else (decision.match, decision.voted)
    kind = matched.kind if matched is not None and matched.read == plate else ""
    if not kind and voted is not None and voted.text == plate:
        kind = voted.kind
    if not kind:
        kind = next((one.kind for one in newest_first(transaction.readings) if one.text == plate), "")
    return customs_code(kind)


def newest_first(readings: Iterable[Reading]) -> list[Reading]:
    """Return readings from the newest frame to the oldest; within a frame as they are, the main plate first."""
    return sorted(readings, key=lambda reading: (-reading.at, -reading.frame))


def own_readings(transaction: Transaction) -> tuple[Reading, ...]:
    """Return the readings of the vehicle's own plate, misread ones too, in their order.

    They are those of its text, those that it was decided by, and all that the reader followed as the same plate.
    """
    plate, decided_by = plate_of(transaction), _decided_by(transaction)
    own = [reading for reading in transaction.readings if reading.text == plate or reading in decided_by]
    tracks = _tracks((*own, *decided_by, *transaction.plates))
    return tuple(
        reading
        for reading in (*transaction.readings, *transaction.plates)
        if reading in own or reading in transaction.plates or (reading.camera, reading.track) in tracks
    )


def is_own(transaction: Transaction, reading: Reading) -> bool:
    """Whether a plate that is read while the vehicle is on its way is its own: known for it, or the first at all."""
    plate = plate_of(transaction)
    if plate is None and not transaction.plates:
        return True
    own = (*own_readings(transaction), *_decided_by(transaction))
    texts = {plate, *(one.text for one in own)}
    return reading.text in texts or (reading.camera, reading.track) in _tracks(own)


def _decided_by(transaction: Transaction) -> tuple[Reading, ...]:
    voted = None if transaction.decision is None else transaction.decision.voted
    return () if voted is None else voted.readings


def _tracks(readings: tuple[Reading, ...]) -> frozenset[tuple[str, int]]:
    """Return what the reader followed; without a track it is not known what it took for the same plate."""
    return frozenset((reading.camera, reading.track) for reading in readings if reading.track)
