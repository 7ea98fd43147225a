"""What a driver page shows of a lane now, as plain values: pure, and less than the lane knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Final

from agent.console.live.arm_position import stands_still
from agent.core.model import DriverMessage
from agent.core.plates import kinds_of
from agent.i18n import Language
from agent.i18n.driver_languages import languages_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.lane import LaneView
    from agent.settings import Timing

NOT_READ_S: Final = 10.0
"""A code that was not read by then is most likely held the wrong way: the page shows how to hold it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows.

    `plate`: as read of the vehicle that stands there; "" for none. `languages`: in the order in which they are shown.
    `left_s`, `of_s`: what is left of how long the driver has; None where nothing counts down. `shows_how`: whether the
    page shows how a code is held. `text`: what the message says in place of its own words, by language; then the page
    shows those languages alone.
    """

    message: DriverMessage
    plate: str = ""
    languages: tuple[Language, ...] = ()
    left_s: float | None = None
    of_s: float | None = None
    shows_how: bool = False
    text: Mapping[Language, str] = field(default_factory=dict)


def shown(view: LaneView | None, timing: Timing, languages: Sequence[Language], at: float) -> Shown:
    """What to show at a time (monotonic s): to wait, where the lane's loop has not gone round for a while.

    `languages`: those of the lane; where the plate says more, those of its country come before them.
    """
    if view is None or stands_still(view, at):
        return Shown(DriverMessage.WAIT, languages=tuple(languages))
    message = view.driver_message or DriverMessage.STARTING
    left_s = max(0.0, view.waits_until - at) if isfinite(view.waits_until) else None
    asked = message in {DriverMessage.SHOW_CODE, DriverMessage.HOLD_CODE_STILL}
    of_s = None if left_s is None else max(left_s, timing.read_s if asked else timing.enter_s)
    late = asked and left_s is not None and of_s is not None and of_s - left_s >= NOT_READ_S
    return Shown(
        message,
        view.plate,
        in_order(languages, view.plate),
        left_s,
        of_s,
        shows_how=message is DriverMessage.HOLD_CODE_STILL or late,
        text={Language(code): text for code, text in view.texts},
    )


def in_order(languages: Sequence[Language], plate: str) -> tuple[Language, ...]:
    """The languages for a vehicle with this plate: those of its country first, then the lane's."""
    kinds = kinds_of(plate) if plate else ()
    return languages_for(kinds[0] if kinds else None, languages)
