"""Exposure help: a phone at night is a lamp, and its code is white in a picture that is exposed for the yard."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

STEP_S: Final = 0.2
LONGEST_S: Final = 5.0
READ_HOLD_S: Final = 1.0
GONE_S: Final = 1.0
REST_S: Final = 3.0
LONGEST_REST_S: Final = 60.0
LEAST_SHARE: Final = 1 / 128

_WHITE_ABOVE = 0.6
_DARK_AROUND = 100.0
_TOO_WHITE = 0.3
_TOO_DARK = 45.0
_DOWN, _UP = 0.5, 1.5

_SAMPLED_WIDTH_PX = 320
_SATURATED = 250
_LEAST_PEAK = 40.0
_PEAK = 99.5
_OF_PEAK = 0.35
_AREA_SHARE = (0.002, 0.25)
_FILLED = 0.8
_LONGEST_SIDES = 3.0
_STANDS_OUT = 2.5
_CLOSED_PX = 5


@dataclass(frozen=True, slots=True)
class BrightScreen:
    """Something bright and four-cornered in a darker picture. Grey levels; `white`: share of its saturated pixels."""

    brightness: float
    white: float
    around: float


def screen(pixels: npt.NDArray[np.uint8]) -> BrightScreen | None:
    """The largest lit screen in a BGR picture, shape (height, width, 3), or None; about 0.3 ms at 1080p.

    It is between 0.2 and 25 % of the picture, fills its turned rectangle to 80 % (a headlamp, round, does not), and is
    2.5 times as bright as the rest.
    """
    step = max(1, pixels.shape[1] // _SAMPLED_WIDTH_PX)
    grey = np.ascontiguousarray(pixels[::step, ::step, 1])
    peak = float(np.percentile(grey, _PEAK))
    if peak < _LEAST_PEAK:
        return None
    bright = (grey > _OF_PEAK * peak).astype(np.uint8)
    bright = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((_CLOSED_PX, _CLOSED_PX), np.uint8)).astype(np.uint8)
    outlines, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for outline in sorted(outlines, key=cv2.contourArea, reverse=True):
        if cv2.contourArea(outline) < _AREA_SHARE[0] * grey.size:
            return None
        if _is_four_cornered(outline, grey.size):
            return _light(grey, outline)
    return None


def _is_four_cornered(outline: cv2.typing.MatLike, pixels: int) -> bool:
    area = cv2.contourArea(outline)
    _, (width, height), _ = cv2.minAreaRect(outline)
    if area > _AREA_SHARE[1] * pixels or min(width, height) <= 0:
        return False
    return area >= _FILLED * width * height and max(width, height) <= _LONGEST_SIDES * min(width, height)


def _light(grey: npt.NDArray[np.uint8], outline: cv2.typing.MatLike) -> BrightScreen | None:
    mask = cv2.drawContours(np.zeros(grey.shape, np.uint8), [outline], -1, 255, cv2.FILLED).astype(bool)
    inside, outside = grey[mask], grey[~mask]
    found = BrightScreen(float(inside.mean()), float((inside >= _SATURATED).mean()), float(outside.mean()))
    return found if found.brightness >= _STANDS_OUT * found.around else None


class ExposureGuide:
    """Say with which share of the automatic's light to expose. Times are monotonic seconds.

    It begins where a screen is white in a dark picture and no code is read, and halves the light every STEP_S until the
    screen is no longer white, down to LEAST_SHARE. It ends READ_HOLD_S after a code was read, GONE_S after the screen
    went, and after LONGEST_S in any case: meanwhile plates are in the dark. Then it rests for REST_S, twice as long
    after each try in which no code was read: what is white and square need not be a phone.
    """

    def __init__(self) -> None:
        self._share: float | None = None
        self._begun_at = 0.0
        self._stepped_at = -math.inf
        self._seen_at = -math.inf
        self._rests_until = -math.inf
        self._rest_s = REST_S

    def share(self, shown: BrightScreen | None, code_at: float, at: float) -> float | None:
        """The share to expose with from now on; None: the automatic. `code_at`: when a code was last read."""
        if shown is not None:
            self._seen_at = at
        if self._share is None:
            self._begin(shown, code_at, at)
        elif self._is_over(code_at, at):
            self._share = None
        elif shown is not None and at - self._stepped_at >= STEP_S:
            self._step(self._share, shown, at)
        return self._share

    def _begin(self, shown: BrightScreen | None, code_at: float, at: float) -> None:
        if shown is None or at < self._rests_until or at - code_at < READ_HOLD_S:
            return
        if shown.white >= _WHITE_ABOVE and shown.around <= _DARK_AROUND:
            self._share, self._begun_at, self._stepped_at = _DOWN, at, at

    def _is_over(self, code_at: float, at: float) -> bool:
        read = code_at >= self._begun_at
        if read and at - code_at >= READ_HOLD_S:
            self._rest_s = REST_S
        elif at - self._seen_at >= GONE_S:
            self._rest_s = REST_S
            return True
        elif at - self._begun_at < LONGEST_S:
            return False
        self._rests_until = at + self._rest_s
        if not read:
            self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
        return True

    def _step(self, share: float, shown: BrightScreen, at: float) -> None:
        if shown.white > _TOO_WHITE:
            self._share = max(LEAST_SHARE, share * _DOWN)
        elif shown.brightness < _TOO_DARK:
            self._share = min(1.0, share * _UP)
        self._stepped_at = at
