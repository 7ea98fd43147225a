"""Plates that are not those of the vehicle at the barrier: on a poster or a parked car, or on the vehicle behind.

They are known by what they do over time, not by how they look. A plate that is taken for a bystander by mistake costs
an officer's minute; a bystander that is taken for the vehicle may open the barrier. So a plate that was found to be one
stays one until it moves, as every plate does that comes to the barrier.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from agent.core.plates.certainty import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agent.core.model import Reading

_Box = tuple[int, int, int, int]
_Key = tuple[str, int]
"""Camera and track."""

_MOVED: Final = 0.5
_GREW: Final = 1.25
"""A plate has moved when its centre is half its width away, or its width a quarter more or less: boxes jitter by
less."""
_BEFORE_S: Final = 1.0
"""A vehicle may stand for so long before the loop says so."""
_AFTER_S: Final = 2.0
"""A vehicle may be seen for so long after the loop says that it has gone."""
_GONE_S: Final = 3.0
_OUTLASTED: Final = 3
"""Without a loop: how many other plates must have come and gone. One alone may be of the neighbouring lane."""
_IN_FRONT_S: Final = 5.0
_LATER_S: Final = 1.0
_SMALLER: Final = 0.8
_REMEMBERED_S: Final = 600.0
_MOST_PLATES: Final = 64


@dataclass(frozen=True, slots=True)
class _Plate:
    """What is known of one plate. `rest`: where it has stood since `rest_at`; `box`: where it was seen last.

    `alone_at`: since when it has been seen there without a vehicle; `before`: it was, as the vehicle came that is there
    or has just left. `outlasted`: how many vehicles have come and gone while it stood.
    `aside`: it did not count when it was seen last; `behind_s`: how much later than `last_at` that frame came.
    """

    text: str
    box: _Box
    rest: _Box
    first_at: float
    rest_at: float
    last_at: float
    sure: bool = False
    alone_at: float | None = None
    before: bool = False
    outlasted: int = 0
    behind: bool = False
    gone: bool = False
    aside: bool = False
    behind_s: float = 0.0

    @property
    def stands(self) -> bool:
        """Whether it has stood over vehicles."""
        return self.outlasted >= _OUTLASTED


@dataclass(frozen=True, slots=True)
class Bystanders:
    """The plates that one lane's cameras see over time. `present`: whether a vehicle is there; None: nobody knows."""

    present: bool | None = None
    changed_at: float = 0.0
    plates: Mapping[_Key, _Plate] = field(default_factory=dict)

    def with_vehicle(self, present: bool | None, at: float) -> Bystanders:
        """Note what the loop before the arm says; None where there is none or it cannot be trusted.

        Monotonic seconds.
        """
        if present is self.present:
            return self
        plates = {key: _as_vehicle(plate, present, at) for key, plate in self.plates.items()}
        return replace(self, present=present, changed_at=at, plates=plates)

    def with_readings(self, readings: Sequence[Reading]) -> tuple[Bystanders, tuple[Reading, ...]]:
        """Note the readings of one frame; returns those that count too.

        A reading without track or place always counts: nothing can be said of it.
        """
        placed = [reading for reading in readings if reading.track and reading.box[2] > 0]
        if not placed:
            return self, tuple(readings)
        at = placed[0].at
        known = {key: plate for key, plate in self.plates.items() if at - plate.last_at <= _REMEMBERED_S}
        for reading in placed:
            known[_key(reading)] = self._seen(known.get(_key(reading)), reading)
        here = {_key(reading) for reading in placed}
        if self.present is None:
            known = _outlasting(known, here, at)
        in_front = {key: _in_front_of(key, known, at) for key in here}
        for key, nearer in in_front.items():
            # Who was seen beside the one in front waits there; who came after it may be the next at the barrier.
            together = any(known[key].first_at <= other.last_at for other in nearer)
            known[key] = replace(known[key], behind=known[key].behind or together)
        barred = {key for key in here if known[key].stands or known[key].behind or in_front[key]}
        for key in here:
            known[key] = replace(known[key], aside=key in barred)
        newest = sorted(known.items(), key=lambda item: -item[1].last_at)[:_MOST_PLATES]
        after = replace(self, plates=dict(newest))
        return after, tuple(reading for reading in readings if _key(reading) not in barred)

    def set_aside(self, at: float) -> int:
        """How many plates are in view that were surely read and do not count. `at`: monotonic seconds."""
        return sum(
            plate.aside and plate.sure and at - plate.last_at - plate.behind_s <= _GONE_S
            for plate in self.plates.values()
        )

    def _seen(self, plate: _Plate | None, reading: Reading) -> _Plate:
        at, sure = reading.at, reading.confidence >= ACCEPTED
        if plate is None:
            plate = _Plate(reading.text, reading.box, reading.box, at, at, at, sure)
        elif _has_moved(plate.rest, reading.box):
            plate = replace(plate, rest=reading.box, rest_at=at, alone_at=None, before=False, outlasted=0, behind=False)
        text = reading.text if sure or not plate.sure else plate.text
        plate = replace(
            plate,
            text=text,
            box=reading.box,
            last_at=at,
            sure=plate.sure or sure,
            gone=False,
            behind_s=reading.behind_s,
        )
        if self.present is not False or at - self.changed_at < _AFTER_S:
            return plate
        outlasted = plate.outlasted + (_OUTLASTED if plate.before else 0)
        alone_at = at if plate.alone_at is None else plate.alone_at
        return replace(plate, outlasted=outlasted, before=False, alone_at=alone_at)


def _as_vehicle(plate: _Plate, present: bool | None, at: float) -> _Plate:
    if present is None:
        return replace(plate, alone_at=None, before=False)
    if present:
        alone = plate.alone_at is not None and at - plate.alone_at >= _BEFORE_S
        return replace(plate, alone_at=None, before=plate.before or alone)
    return plate


def _outlasting(known: Mapping[_Key, _Plate], here: Iterable[_Key], at: float) -> dict[_Key, _Plate]:
    """Count the plates that came and went while others stood there: without a loop they stand for vehicles."""
    after = dict(known)
    for key, plate in known.items():
        if plate.gone or at - plate.last_at < _GONE_S:
            continue
        after[key] = replace(plate, gone=True)
        came_by_itself = plate.sure and plate.rest_at > plate.first_at
        for other in here:
            if came_by_itself and other[0] == key[0] and known[other].rest_at + _LATER_S <= plate.first_at:
                after[other] = replace(after[other], outlasted=after[other].outlasted + 1)
    return after


def _in_front_of(key: _Key, known: Mapping[_Key, _Plate], at: float) -> list[_Plate]:
    """The plates of the frame's last seconds that are nearer: there first, larger, and lower in the picture."""
    plate = known[key]
    return [
        other
        for other_key, other in known.items()
        if other_key[0] == key[0]
        and other_key != key
        and other.sure
        and not other.stands
        and other.text != plate.text
        and at - other.last_at <= _IN_FRONT_S
        and other.first_at + _LATER_S <= plate.first_at
        and plate.box[2] <= _SMALLER * other.box[2]
        and plate.box[1] + plate.box[3] <= other.box[1]
    ]


def _has_moved(rest: _Box, box: _Box) -> bool:
    wider = max(rest[2], box[2])
    away = math.hypot(rest[0] + rest[2] / 2 - box[0] - box[2] / 2, rest[1] + rest[3] / 2 - box[1] - box[3] / 2)
    return away > _MOVED * wider or wider > _GREW * min(rest[2], box[2])


def _key(reading: Reading) -> _Key:
    return reading.camera, reading.track
