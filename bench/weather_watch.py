"""What the agent says of the picture of a yard in each light and weather: view watch, exposure help, grade.

All three are the product's own, fed with pictures by a clock that is counted and not waited for.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from agent.core.model import Figures, Grade, View, findings, overall
from agent.vision.worker.adaptive_exposure import ExposureGuide, screen
from agent.vision.worker.picture_measures import measured
from agent.vision.worker.view_quality import ViewQualityMonitor
from bench.reading_drawn import CODE_AT
from bench.sights import sensed
from bench.weather_effects import WEATHER
from bench.weather_views import yard_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.vision.worker.picture_measures import Measures
    from bench.sights import Pixels
    from bench.weather_effects import Weather

CLEAR_S: Final = 90.0
"""The watch knows the yard by then, its usual sharpness and noise, and its place."""
WATCHED_S: Final = 120.0
_EVERY_S: Final = 0.75
_PATIENCE_S: Final = 1.8
"""As a camera's process has them."""
_MOMENTS: Final = 4
_SHIFTS: Final = (0.0, 2.0, 4.0, 8.0, 15.0)
_TURNS: Final = (3.0, 6.0, 12.0)
_PHONE_PX: Final = (110, 200)
_PHONE_BY_DAY: Final = 200
_PHONE_AT_NIGHT: Final = 255


@dataclass(frozen=True, slots=True)
class Watch:
    """The view that was told, and after how many seconds; View.CLEAR and None where nothing was."""

    view: View
    after_s: float | None

    @property
    def words(self) -> str:
        """As in a table."""
        return self.view.value if self.after_s is None else f"{self.view.value} after {self.after_s:.0f} s"


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one level of one weather."""

    weather: str
    level: float
    unit: str
    alone: Watch
    with_vehicle: Watch
    exposure: str
    grade: str

    @property
    def said(self) -> tuple[str, str, str, str]:
        """All that is said, as in a table."""
        return self.alone.words, self.with_vehicle.words, self.exposure, self.grade

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


def told_of(told: Callable[[str], None] = lambda _: None) -> list[Told]:
    """Of each weather at each level, and of a camera that was moved or turned."""
    clear = [measured(yard_in(None, 0.0, moment)) for moment in range(_MOMENTS)]
    found = []
    for weather in WEATHER:
        for level in weather.levels:
            told(f"view watch: {weather.title} {level:g}")
            pictures = [yard_in(weather, level, moment) for moment in range(_MOMENTS)]
            found.append(_told(weather.title, level, weather.unit, clear, pictures, _helped(weather, level)))
    for title, unit, levels, change in (
        ("Camera moved", "% of the width", _SHIFTS, _shifted),
        ("Camera turned", "degrees", _TURNS, _turned),
    ):
        for level in levels:
            pictures = [change(yard_in(None, 0.0, moment), level) for moment in range(_MOMENTS)]
            found.append(_told(title, level, unit, clear, pictures, "-"))
    return found


def watched(clear: Sequence[Measures], then: Sequence[Measures], *, vehicle: bool) -> Watch:
    """The first view but a clear one that the watch tells within WATCHED_S of a change."""
    monitor, at, place = ViewQualityMonitor(_PATIENCE_S), 0.0, 0
    while at < CLEAR_S:
        monitor.judged(clear[place % len(clear)], at)
        at, place = at + _EVERY_S, place + 1
    begun_at = at
    while at - begun_at < WATCHED_S:
        view = monitor.judged(then[place % len(then)], at, vehicle=vehicle)
        if view is not View.CLEAR:
            return Watch(view, at - begun_at)
        at, place = at + _EVERY_S, place + 1
    return Watch(View.CLEAR, None)


def _told(
    title: str, level: float, unit: str, clear: Sequence[Measures], pictures: Sequence[Pixels], exposure: str
) -> Told:
    then = [measured(each) for each in pictures]
    return Told(
        title,
        level,
        unit,
        watched(clear, then, vehicle=False),
        watched(clear, then, vehicle=True),
        exposure,
        grade_of(then[0]),
    )


def grade_of(measures: Measures) -> str:
    """The grade of a picture, with the flaws that made it."""
    found = findings(
        Figures(
            sharpness=measures.sharpness,
            glare=measures.glare,
            noise=measures.noise,
            brightness=measures.brightness,
        )
    )
    flaws = [one.flaw.value for one in found if one.flaw is not None and one.grade is not Grade.GOOD]
    return overall(found).value + (f": {', '.join(flaws)}" if flaws else "")


def _helped(weather: Weather, level: float) -> str:
    """Whether the exposure help lowers the light for a phone that is held there."""
    chance = np.random.default_rng(1)
    picture = yard_in(weather, level, 0).copy()
    width, height = _PHONE_PX
    left, top = (round(CODE_AT[0] - width / 2), round(CODE_AT[1] - height / 2))
    picture[top : top + height, left : left + width] = _PHONE_AT_NIGHT if weather.night else _PHONE_BY_DAY
    pixels = sensed(picture, weather.noise, chance)
    return "lowers" if ExposureGuide().share(screen(pixels), 0.0, 10.0) is not None else "leaves it"


def _shifted(picture: Pixels, percent: float) -> Pixels:
    height, width = picture.shape[:2]
    move = np.array([[1, 0, width * percent / 100], [0, 1, 0]], np.float32)
    moved = cv2.warpAffine(picture, move, (width, height), borderMode=cv2.BORDER_REFLECT)
    return moved.astype(np.uint8, copy=False)


def _turned(picture: Pixels, degrees: float) -> Pixels:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REFLECT).astype(np.uint8, copy=False)
