"""Follows plates from frame to frame, so that the readings of one vehicle are known to be of one. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.plates import ACCEPTED
from agent.vision.worker.plate.box import centre, overlap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agent.vision.worker.plate.box import Box
    from agent.vision.worker.readers import Plate

_LIVE_S: Final = 2.0
"""For so long a plate that is not seen may still be anywhere near."""
_REMEMBERED_S: Final = 600.0
"""For so long a plate that is not seen may come to light again where it was: a vehicle stood before a poster."""
_MOST_TRACKS: Final = 64
_HARDLY_MOVED_S: Final = 0.5
_SAME_PLACE: Final = 0.5
_REACH: Final = 0.75
_REACH_A_SECOND: Final = 1.5
"""How far, in its own widths, a plate may be from where it is expected, and how much farther with every second."""
_SIZE_CHANGE: Final = 1.5
_DIFFERENCES: Final = 2
_SMOOTHING: Final = 0.5


@dataclass(slots=True)
class _Track:
    """One plate as it was last seen. `speed`: of its centre, pixels a second, across and down."""

    number: int
    text: str
    sure: bool
    box: Box
    at: float
    speed: tuple[float, float] = (0.0, 0.0)

    def expected(self, at: float) -> Box:
        """Where it should be at a time if it goes on as it went."""
        ahead = at - self.at
        return self.box[0] + self.speed[0] * ahead, self.box[1] + self.speed[1] * ahead, self.box[2], self.box[3]

    def seen(self, plate: Plate, at: float) -> None:
        """Note where it is now."""
        (x, y), (before_x, before_y) = centre(plate.box), centre(self.box)
        if 0 < at - self.at <= _LIVE_S:
            now = (x - before_x) / (at - self.at), (y - before_y) / (at - self.at)
            self.speed = (
                self.speed[0] + (now[0] - self.speed[0]) * _SMOOTHING,
                self.speed[1] + (now[1] - self.speed[1]) * _SMOOTHING,
            )
        else:
            self.speed = (0.0, 0.0)
        self.text, self.sure, self.box, self.at = plate.text, plate.confidence >= ACCEPTED, plate.box, at


class PlateTracker:
    """Numbers the plates of one camera, from 1. One thread owns it."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._last = 0

    def follow(self, plates: Sequence[Plate], at: float) -> tuple[int, ...]:
        """The number of each plate of one frame: that which it had in the frames before, or a new one.

        `at`: monotonic seconds of the frame, not before that of the last one. The nearest to where a plate is expected
        goes on with its number; of two plates in a frame never both.
        """
        self._tracks = [track for track in self._tracks if at - track.at <= _REMEMBERED_S]
        fits = [
            (fit, index, track)
            for index, plate in enumerate(plates)
            for track in self._tracks
            if (fit := _fit(track, plate, at)) > 0
        ]
        chosen: dict[int, _Track] = {}
        for _, index, track in sorted(fits, key=lambda one: -one[0]):
            if index not in chosen and all(track is not taken for taken in chosen.values()):
                chosen[index] = track
        numbers = tuple(self._number(chosen.get(index), plate, at) for index, plate in enumerate(plates))
        self._tracks = _newest(self._tracks)
        return numbers

    def _number(self, track: _Track | None, plate: Plate, at: float) -> int:
        if track is None:
            self._last += 1
            track = _Track(self._last, plate.text, plate.confidence >= ACCEPTED, plate.box, at)
            self._tracks.append(track)
        else:
            track.seen(plate, at)
        return track.number


def _fit(track: _Track, plate: Plate, at: float) -> float:
    """How well a plate goes on a track; 0 where it cannot be the same one."""
    ago = at - track.at
    if ago > _LIVE_S:
        return overlap(track.box, plate.box) if _stands_there(track, plate) else 0.0
    there = overlap(track.expected(at), plate.box)
    if ago <= _HARDLY_MOVED_S and there >= _SAME_PLACE:
        return 2 + there  # no two plates are at one place, whatever a blurred frame makes of the text
    away = math.dist(centre(track.expected(at)), centre(plate.box)) / max(track.box[2], plate.box[2], 1)
    reach = _REACH + _REACH_A_SECOND * ago
    if away > reach or _size_change(track.box, plate.box) > _SIZE_CHANGE * (1 + ago) or not _may_be(track, plate):
        return 0.0
    return 1 + there + (1 - away / reach) * (track.text == plate.text or 0.5)


def _stands_there(track: _Track, plate: Plate) -> bool:
    return track.text == plate.text and overlap(track.box, plate.box) >= _SAME_PLACE


def _may_be(track: _Track, plate: Plate) -> bool:
    """Whether the texts allow it: of two sure readings two characters at most differ."""
    if not track.sure or plate.confidence < ACCEPTED:
        return True
    if len(track.text) != len(plate.text):
        return False
    return sum(x != y for x, y in zip(track.text, plate.text, strict=True)) <= _DIFFERENCES


def _size_change(a: Box, b: Box) -> float:
    return max(a[2], b[2], 1) / max(1, min(a[2], b[2]))


def _newest(tracks: Iterable[_Track]) -> list[_Track]:
    return sorted(tracks, key=lambda track: -track.at)[:_MOST_TRACKS]
