"""Plates that do not belong to the vehicle at the barrier: on a poster, a parked car, a vehicle behind or beside it.

Their behaviour over time identifies them, not their look. If the gate takes a plate for a bystander by mistake, an
officer loses a minute. If it takes a bystander for the vehicle, the barrier may open. So a bystander stays one until it
moves, as every plate does that comes to the barrier.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from agent.core.plates.certainty import ACCEPTED
from agent.core.plates.loop_evidence import DROVE_IN_S, EARLY_S, WAITED_S, came_with_loop, is_of_another, late_visits
from agent.core.plates.plate_history import OUTLASTED, PlateHistory, has_moved, key_of, may_be_found_again

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from agent.core.model import Reading
    from agent.core.plates.plate_history import PlateKey

_AFTER_S: Final = 2.0
"""A vehicle may be seen for so long after the loop says that it has gone."""
_GONE_S: Final = 3.0
_IN_FRONT_S: Final = 5.0
_LATER_S: Final = 1.0
_SMALLER: Final = 0.8
_REMEMBERED_S: Final = 600.0
_MOST_PLATES: Final = 64


@dataclass(frozen=True, slots=True)
class Bystanders:
    """The plates that one lane's cameras see over time. `present`: whether a vehicle is there; None: nobody knows.

    `late`: by camera, for how many visits on end its plates have only come late.
    """

    present: bool | None = None
    changed_at: float = 0.0
    plates: Mapping[PlateKey, PlateHistory] = field(default_factory=dict)
    late: Mapping[str, int] = field(default_factory=dict)

    def with_vehicle(self, present: bool | None, at: float) -> Bystanders:
        """Note what the loop before the arm says; None where there is none or it cannot be trusted.

        Monotonic seconds.
        """
        if present is self.present:
            return self
        plates = {key: _as_vehicle(plate, present, at) for key, plate in self.plates.items()}
        late = self._late_visits() if self.present and present is False else self.late
        return replace(self, present=present, changed_at=at, plates=plates, late=late)

    def with_readings(self, readings: Sequence[Reading]) -> tuple[Bystanders, tuple[Reading, ...]]:
        """Note the readings of one frame; returns those that count too.

        A reading without track or place always counts: nothing can be said of it.
        """
        placed = [reading for reading in readings if reading.track and reading.box[2] > 0]
        if not placed:
            return self, tuple(readings)
        at = placed[0].at
        known = {key: plate for key, plate in self.plates.items() if at - plate.last_at <= _REMEMBERED_S}
        here = {key_of(reading) for reading in placed}
        for reading in placed:
            plate = known.get(key_of(reading)) or _new(reading, known, here)
            known[key_of(reading)] = self._seen(plate, reading)
        if self.present is None:
            known = _outlasting(known, here, at)
        in_front = {key: _in_front_of(key, known, at) for key in here}
        for key, nearer in in_front.items():
            # Who was seen beside the one in front waits there; who came after it may be the next at the barrier.
            together = any(known[key].first_at <= other.last_at for other in nearer)
            known[key] = replace(known[key], behind=known[key].behind or together)
        barred = {key for key in here if known[key].stands or known[key].behind or in_front[key]}
        if self.present:
            barred |= self._of_others(here, known, at)
        for key in here:
            known[key] = replace(known[key], aside=key in barred)
        newest = sorted(known.items(), key=lambda item: -item[1].last_at)[:_MOST_PLATES]
        after = replace(self, plates=dict(newest))
        return after, tuple(reading for reading in readings if key_of(reading) not in barred)

    def _of_others(self, here: Iterable[PlateKey], known: Mapping[PlateKey, PlateHistory], at: float) -> set[PlateKey]:
        """The plates in view that are not of the vehicle on the loop; one that another camera saw come with it is."""
        came = {plate.text for plate in known.values() if plate.with_loop and plate.sure}
        return {
            key
            for key in here
            if known[key].text not in came
            and is_of_another(
                known[key], _beside(key, known), self.changed_at, at, late_before=self.late.get(key[0], 0)
            )
        }

    def _late_visits(self) -> dict[str, int]:
        cameras = {camera for camera, _ in self.plates}
        return {
            camera: late_visits(
                self.late.get(camera, 0),
                [plate for key, plate in self.plates.items() if key[0] == camera],
                self.changed_at,
            )
            for camera in cameras
        }

    def set_aside(self, at: float) -> int:
        """How many plates are in view that were surely read and do not count. `at`: monotonic seconds."""
        return sum(
            plate.aside and plate.sure and at - plate.last_at - plate.behind_s <= _GONE_S
            for plate in self.plates.values()
        )

    def _seen(self, plate: PlateHistory, reading: Reading) -> PlateHistory:
        at, sure = reading.at, reading.confidence >= ACCEPTED
        if has_moved(plate.rest, reading.box):
            plate = _moved(plate, reading)
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
        if self.present and came_with_loop(plate, self.changed_at, at):
            return replace(plate, with_loop=True)
        if self.present is not False or at - self.changed_at < _AFTER_S:
            return plate
        outlasted = plate.outlasted + (OUTLASTED if plate.before else 0)
        alone_at = at if plate.alone_at is None else plate.alone_at
        return replace(plate, outlasted=outlasted, before=False, alone_at=alone_at)


def _new(reading: Reading, known: dict[PlateKey, PlateHistory], here: Collection[PlateKey]) -> PlateHistory:
    """The history of a new track; that of one which was lost, and is found again in it, is taken from `known`.

    `here`: the tracks of this frame, none of which is lost.
    """
    absent = [(key, known[key]) for key in known if key[0] == reading.camera and key not in here]
    lost = next((key for key, plate in absent if may_be_found_again(plate, reading)), None)
    if lost is not None:
        return known.pop(lost)
    at, box = reading.at, reading.box
    # Whatever is read where a bystander stands is that one: the clock of a caption shows another text every second.
    outlasted = max((plate.outlasted for _, plate in absent if not has_moved(plate.rest, box)), default=0)
    plate = PlateHistory(reading.text, box, box, at, at, at, reading.confidence >= ACCEPTED)
    return replace(plate, outlasted=outlasted) if outlasted >= OUTLASTED else plate


def _moved(plate: PlateHistory, reading: Reading) -> PlateHistory:
    first_time = plate.rest_at == plate.first_at
    return replace(
        plate,
        rest=reading.box,
        rest_at=reading.at,
        alone_at=None,
        before=False,
        waited=False,
        outlasted=0,
        behind=False,
        drove_in=plate.drove_in or (first_time and reading.at - plate.first_at <= DROVE_IN_S),
    )


def _as_vehicle(plate: PlateHistory, present: bool | None, at: float) -> PlateHistory:
    if present is None:
        return replace(plate, alone_at=None, before=False, waited=False, with_loop=False)
    if present:
        alone_s = 0.0 if plate.alone_at is None else at - plate.alone_at
        before, waited = plate.before or alone_s >= EARLY_S, alone_s >= WAITED_S
        return replace(plate, alone_at=None, before=before, waited=waited, with_loop=False)
    return replace(plate, waited=False, with_loop=False)


def _beside(key: PlateKey, known: Mapping[PlateKey, PlateHistory]) -> list[PlateHistory]:
    return [other for other_key, other in known.items() if other_key[0] == key[0] and other_key != key]


def _outlasting(
    known: Mapping[PlateKey, PlateHistory], here: Iterable[PlateKey], at: float
) -> dict[PlateKey, PlateHistory]:
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


def _in_front_of(key: PlateKey, known: Mapping[PlateKey, PlateHistory], at: float) -> list[PlateHistory]:
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
