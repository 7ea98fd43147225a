"""How well a camera sees, judged from cheap measures over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.model import View
from agent.vision.worker.background import Background

if TYPE_CHECKING:
    from agent.vision.worker.picture_measures import Measures

DARK_BELOW: Final = 12.0
FLAT_BELOW: Final = 6.0
BLURRED_BELOW: Final = 0.35
BLURRED_SHARE: Final = 0.35
WHITE_ABOVE: Final = 0.8
GLARE_ABOVE: Final = 0.35
LAMP_ABOVE: Final = 0.05
NOISE_ABOVE: Final = 30.0
NOISE_TIMES: Final = 1.5
UNREST_ABOVE: Final = 20.0
UNREST_TIMES: Final = 3.0

BLINDED_S: Final = 10.0
NOISY_S: Final = 10.0
OBSTRUCTED_S: Final = 60.0

_RELIEF = 1.3
"""A view that has been told lasts until its measure is better than its limit by this factor."""
_USUAL_AFTER = 60
_USUAL_WEIGHT = 0.005


class ViewQualityMonitor:
    """Judge the measures over time. A bad view is believed after a time, a good one at once.

    `patience_s` is that time for a dark, covered or blurred view and a white picture. Longer, so that they are no
    alarm:

    * BLINDED_S: glare on a good part of the picture. A sweep of headlamps is over before.
    * NOISY_S: noise, snow, heavy rain.
    * OBSTRUCTED_S: blurred while something stands before the camera (a vehicle is reported, or the picture is coarsely
      another one, as with a truck close to it), covered while a vehicle is reported, and a lamp that hides the yard.
    * the times of agent.vision.worker.background: a camera that looks elsewhere.

    What is sharp, and how much noise there is, differs from camera to camera: both are also compared with what is usual
    for this one. That is learnt while the view is clear, and forgotten when the picture changes its size or becomes
    lastingly another one.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._background = Background()
        self._usual_sharpness = 0.0
        self._usual_noise = 0.0
        self._usual_unrest = 0.0
        self._known = 0
        self._size_px = (0, 0)
        self._suspected = View.CLEAR
        self._told = View.CLEAR
        self._since = 0.0
        self._other_since: float | None = None

    @property
    def suspects(self) -> bool:
        """Whether the last picture was not clear, told or not yet: then the next one is wanted sooner."""
        return self._suspected is not View.CLEAR

    def judged(self, measures: Measures, at: float, *, vehicle: bool = False) -> View:
        """The view after this measure, made at this monotonic time. `vehicle`: one is known to stand in the lane."""
        self._follow_size(measures)
        other = self._is_other(measures, at)
        view = self._of_one_picture(measures, other=other)
        if view is View.CLEAR:
            self._learn(measures)
            self._background.observe(measures, at, vehicle=vehicle)
            if self._background.moved:
                view = View.MOVED
        if view is not self._suspected:
            self._suspected, self._since = view, at
        patience_s = self._patience(view, measures, vehicle=vehicle, other=other)
        self._told = view if at - self._since >= patience_s else View.CLEAR
        return self._told

    def _follow_size(self, measures: Measures) -> None:
        size_px = (measures.width_px, measures.height_px)
        if size_px != self._size_px:
            self._size_px = size_px
            self._forget()

    def _is_other(self, measures: Measures, at: float) -> bool:
        """Whether the picture is coarsely not the one of before; what lasts is the picture of now."""
        if not self._background.learnt or self._background.alike(measures):
            self._other_since = None
            return False
        if self._other_since is None:
            self._other_since = at
        if at - self._other_since >= OBSTRUCTED_S:
            self._known = 0
        return True

    def _forget(self) -> None:
        self._background.forget()
        self._known = 0
        self._other_since = None

    def _of_one_picture(self, measures: Measures, *, other: bool) -> View:
        if measures.brightness < DARK_BELOW * self._ease(View.DARK):
            return View.DARK
        if measures.glare * self._ease(View.BLINDED) > (LAMP_ABOVE if other else GLARE_ABOVE):
            return View.BLINDED
        if measures.contrast < FLAT_BELOW * self._ease(View.COVERED):
            return View.COVERED
        if self._is_noisy(measures, other=other):
            return View.NOISY
        if measures.sharpness < self._sharpness_limit(other=other) * self._ease(View.BLURRED):
            return View.BLURRED
        return View.CLEAR

    def _ease(self, view: View) -> float:
        return _RELIEF if self._told is view else 1.0

    def _is_noisy(self, measures: Measures, *, other: bool) -> bool:
        ease, known = self._ease(View.NOISY), self._known >= _USUAL_AFTER
        if measures.noise * ease > max(NOISE_ABOVE, NOISE_TIMES * self._usual_noise if known else 0.0):
            return True
        return known and not other and measures.unrest * ease > max(UNREST_ABOVE, UNREST_TIMES * self._usual_unrest)

    def _sharpness_limit(self, *, other: bool) -> float:
        usual = self._usual_sharpness if self._known >= _USUAL_AFTER and not other else 0.0
        return max(BLURRED_BELOW, BLURRED_SHARE * usual)

    def _patience(self, view: View, measures: Measures, *, vehicle: bool, other: bool) -> float:
        least_s = 0.0
        match view:
            case View.CLEAR | View.MOVED:
                return 0.0
            case View.BLINDED if measures.glare <= WHITE_ABOVE:
                least_s = OBSTRUCTED_S if vehicle or other else BLINDED_S
            case View.NOISY:
                least_s = NOISY_S
            case View.COVERED if vehicle:
                # Not where the picture is merely another one: a flat one always is.
                least_s = OBSTRUCTED_S
            case View.BLURRED if vehicle or other:
                least_s = OBSTRUCTED_S
            case _:
                pass
        return max(self._patience_s, least_s)

    def _learn(self, measures: Measures) -> None:
        self._known += 1
        weight = max(_USUAL_WEIGHT, 1 / self._known)
        self._usual_sharpness += weight * (measures.sharpness - self._usual_sharpness)
        self._usual_noise += weight * (measures.noise - self._usual_noise)
        self._usual_unrest += weight * (measures.unrest - self._usual_unrest)
