"""The rules of a lane from its settings and its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.lane import LaneRules

if TYPE_CHECKING:
    from agent.lane.interlock import Interlock
    from agent.settings import Lane as LaneSettings


def rules(name: str, settings: LaneSettings, interlock: Interlock) -> LaneRules:
    """The rules of a lane from its settings and its neighbours."""
    signals = settings.signals
    blind = signals is None or signals.presence is None
    timing = settings.timing
    if blind and not settings.cameras:
        # A scanner reads once, and then it is blind too: silence is no sign that the vehicle has gone.
        timing = timing.model_copy(update={"gone_s": max(timing.gone_s, timing.read_s)})
    return LaneRules(
        lane=name,
        lane_number=settings.number,
        direction=settings.direction,
        blind=blind,
        close_mode=settings.close_mode,
        decides_by_plate=settings.rules.require == "plate",
        has_opened=signals is not None and signals.opened is not None,
        has_closed=signals is not None and signals.closed is not None,
        has_photocell=signals is not None and signals.photocell is not None,
        has_key=signals is not None and signals.key is not None,
        has_hold=signals is not None and signals.hold is not None,
        shares_arm=interlock.shares_arm(name),
        neighbours=interlock.of_lane(name) is not None,
        **timing.model_dump(),
    )
