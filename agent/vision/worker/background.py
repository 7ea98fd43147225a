"""The fixed background of a camera: learnt from its picture, so that a moved camera and a thing before it are told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.picture_measures import SMALL_PX

if TYPE_CHECKING:
    import numpy.typing as npt

    from agent.vision.worker.picture_measures import Measures

    Small = npt.NDArray[np.float32]

OUTLINE_EVERY_S: Final = 2.0
LEARN_S: Final = 30.0
SETTLED_S: Final = 20.0
DISPLACED_S: Final = 20.0
STRANGE_S: Final = 600.0
OTHER_LIGHT_S: Final = 60.0
ACCEPTED_S: Final = 3600.0

# Measured with twelve photographs of vehicles and codes and the drawn yard, noise of 3 grey levels: the likeness with
# itself is 0.84 to 1.0, also with noise of 10 or a third of the light; shifted by 4 to 15 % of the width 0.39 to 0.82
# at the right place; with another photograph at most 0.19 anywhere; of the yard with a car in it 0.22 in place.
_IN_PLACE = 0.15
_ELSEWHERE = 0.35
_BETTER_BY = 1.2
_NEXT_PX = 1
_SHIFT_PX = 2.0
_STEADY_PX = 1.5
_STEADY_DEG = 5.0
_TURNS_DEG = (-15.0, -10.0, -6.0, 6.0, 10.0, 15.0)
_REACH_PX = (24, 14)
_FINE_PX = 3.0
_ALIKE = 0.8
_COARSE_PX = (32, 18)
_OTHER_BRIGHTNESS = 40.0
_OTHER_CONTRAST = 2.0


@dataclass(frozen=True, slots=True)
class _Place:
    """How the outlines lie beside the learnt ones; `known` is False where they have nothing in common."""

    known: bool
    turn_deg: float = 0.0
    x_px: float = 0.0
    y_px: float = 0.0

    @property
    def displaced(self) -> bool:
        return self.turn_deg != 0.0 or math.hypot(self.x_px, self.y_px) >= _SHIFT_PX

    def steady(self, before: _Place) -> bool:
        shift_px = math.hypot(self.x_px - before.x_px, self.y_px - before.y_px)
        return abs(self.turn_deg - before.turn_deg) <= _STEADY_DEG and shift_px <= _STEADY_PX


class Background:
    """Follow the fixed part of the picture. Times are monotonic seconds.

    Outlines are compared, since the light of a yard changes and its edges stay: their correlation over all shifts tells
    a shift, and that of turned copies a turn. The camera counts as moved when the learnt place lies beside itself by 3
    % of the width or more (up to 19 %) or is turned by 6 degrees or more (up to 18), steadily for DISPLACED_S, or is
    not to be found at all for STRANGE_S in the light of before; what is strange in another light (lamps, infrared) is
    learnt again after OTHER_LIGHT_S. While a vehicle stands there nothing is judged. A new aim is taken as right after
    ACCEPTED_S.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start to learn again, as for another camera."""
        self._outlines: Small | None = None
        self._coarse: Small | None = None
        self._light = (0.0, 0.0)
        self._looked_at = -math.inf
        self._same_s = 0.0
        self._place = _Place(known=True)
        self._place_since = 0.0
        self._moved_since: float | None = None

    @property
    def moved(self) -> bool:
        """Whether the camera looks elsewhere."""
        return self._moved_since is not None

    @property
    def learnt(self) -> bool:
        """Whether there is anything to compare with."""
        return self._coarse is not None

    def alike(self, measures: Measures) -> bool:
        """Whether this is the picture as it always is, as far as its coarse parts go; sharp or not."""
        if self._coarse is None or measures.small is None:
            return False
        return _correlation(_coarse(measures.small), self._coarse) >= _ALIKE

    def observe(self, measures: Measures, at: float, *, vehicle: bool) -> None:
        """Judge and learn a picture that is good to see; about 1 ms every OUTLINE_EVERY_S, else next to nothing."""
        if measures.small is None or at - self._looked_at < OUTLINE_EVERY_S:
            return
        step_s = min(at - self._looked_at, 2 * OUTLINE_EVERY_S)
        self._looked_at = at
        outlines = _outlines(measures.small)
        if self._outlines is None:
            self._start(measures, outlines, at)
            return
        place = _placed(self._outlines, outlines)
        if vehicle and (place.displaced or not place.known):
            self._place, self._place_since = place, at
            return
        self._note(place, at)
        if place.known and not place.displaced:
            self._moved_since = None
            self._same_s += step_s
            self._learn(measures, outlines, 1.0 - math.exp(-step_s / LEARN_S))
        elif self._is_to_be_learnt(measures, at):
            self._start(measures, outlines, at)
        elif self._moved_since is None and at - self._place_since >= (DISPLACED_S if place.known else STRANGE_S):
            self._moved_since = at

    def _note(self, place: _Place, at: float) -> None:
        before = self._place
        alike = place.known is before.known and place.displaced is before.displaced
        if not alike or (place.displaced and not place.steady(before)):
            self._place, self._place_since = place, at

    def _is_to_be_learnt(self, measures: Measures, at: float) -> bool:
        if self._moved_since is not None:
            return at - self._moved_since >= ACCEPTED_S
        if self._place.known:
            return False
        if self._same_s < SETTLED_S:
            return True
        brightness, contrast = self._light
        spread = (measures.contrast + 1.0) / (contrast + 1.0)
        other = abs(measures.brightness - brightness) > _OTHER_BRIGHTNESS or not (
            1 / _OTHER_CONTRAST < spread < _OTHER_CONTRAST
        )
        return other and at - self._place_since >= OTHER_LIGHT_S

    def _start(self, measures: Measures, outlines: Small, at: float) -> None:
        self.forget()
        self._looked_at = self._place_since = at
        self._learn(measures, outlines, 1.0)

    def _learn(self, measures: Measures, outlines: Small, weight: float) -> None:
        assert measures.small is not None  # noqa: S101 - for the type checker: the caller has looked
        coarse = _coarse(measures.small)
        if self._outlines is None or self._coarse is None:
            self._outlines, self._coarse = outlines, coarse
            self._light = (measures.brightness, measures.contrast)
            return
        cv2.accumulateWeighted(outlines, self._outlines, weight)
        cv2.accumulateWeighted(coarse, self._coarse, weight)
        brightness, contrast = self._light
        self._light = (
            brightness + weight * (measures.brightness - brightness),
            contrast + weight * (measures.contrast - contrast),
        )


def _coarse(small: Small) -> Small:
    return cv2.resize(small, _COARSE_PX, interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)


def _outlines(small: Small) -> Small:
    """The root of the gradient, so that a lamp's edge does not outweigh all others."""
    steepness = cv2.magnitude(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1))
    return np.sqrt(steepness).astype(np.float32, copy=False)


def _placed(learnt: Small, now: Small) -> _Place:
    middle = _middle(now)
    highest, x_px, y_px, in_place = _likeness(learnt, middle)
    place = _Place(in_place >= _IN_PLACE)
    if highest >= max(_ELSEWHERE, _BETTER_BY * in_place) and math.hypot(x_px, y_px) >= _SHIFT_PX:
        place = _Place(known=True, x_px=x_px, y_px=y_px)
    if highest > 1 / _BETTER_BY:
        return place
    for turn_deg in _TURNS_DEG:
        likeness, x_px, y_px, _ = _likeness(_turned(learnt, turn_deg), middle)
        if likeness >= max(_ELSEWHERE, _BETTER_BY * highest):
            highest = likeness
            place = _Place(known=True, turn_deg=turn_deg, x_px=x_px, y_px=y_px)
    return place


def _middle(outlines: Small) -> Small:
    (x_px, y_px), (width, height) = _REACH_PX, SMALL_PX
    return np.ascontiguousarray(_fine(outlines)[y_px : height - y_px, x_px : width - x_px])


def _likeness(learnt: Small, middle: Small) -> tuple[float, float, float, float]:
    """The highest normalised correlation, the shift where it stands, in pixels, and the one where nothing shifts."""
    found = cv2.matchTemplate(_fine(learnt), middle, cv2.TM_CCOEFF_NORMED)
    _, highest, _, (left, top) = cv2.minMaxLoc(found)
    x_px, y_px = _REACH_PX
    near = found[y_px - _NEXT_PX : y_px + _NEXT_PX + 1, x_px - _NEXT_PX : x_px + _NEXT_PX + 1]
    return highest, float(x_px - left), float(y_px - top), float(near.max())


def _fine(outlines: Small) -> Small:
    """Without what changes slowly over the picture: any two scenes have light below and dark above in common."""
    return (outlines - cv2.GaussianBlur(outlines, (0, 0), _FINE_PX)).astype(np.float32, copy=False)


def _turned(outlines: Small, turn_deg: float) -> Small:
    width, height = SMALL_PX
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn_deg, 1.0)
    return cv2.warpAffine(outlines, turn, SMALL_PX, borderMode=cv2.BORDER_REFLECT).astype(np.float32, copy=False)


def _correlation(one: Small, other: Small) -> float:
    """Correlation of grey values; brightness and contrast do not count. 0 where either is flat."""
    first, second = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.sum(first * second)) / size if size > 0.0 else 0.0
