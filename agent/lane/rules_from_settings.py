"""The rules of a lane from its settings and its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.lane import LaneRules

if TYPE_CHECKING:
    from agent.lane.shared_interlock import Interlock
    from agent.settings import Lane as LaneSettings

PATIENCE_S: Final = 600.0
"""How long a vehicle may stand before an arm that others open."""


def rules(name: str, settings: LaneSettings, interlock: Interlock) -> LaneRules:
    """The rules of a lane from its settings and its neighbours."""
    signals = settings.signals
    blind = signals is None or signals.presence is None
    timing = settings.timing
    if blind and not settings.cameras:
        # A scanner reads once, and then it is blind too: silence is no sign that the vehicle has gone.
        timing = timing.model_copy(update={"gone_s": max(timing.gone_s, timing.read_s)})
    if settings.dry_run:
        # Others open, after whatever time, and close after whatever time: neither is a fault of the arm.
        timing = timing.model_copy(update={"enter_s": PATIENCE_S, "close_s": timing.clear_s})
    return LaneRules(
        lane=name,
        lane_number=settings.number,
        direction=settings.direction,
        blind=blind,
        close_mode="controller" if settings.dry_run else settings.close_mode,
        decides_by_plate=settings.rules.require == "plate",
        has_opened=signals is not None and signals.opened is not None and not settings.dry_run,
        has_closed=signals is not None and signals.closed is not None and not settings.dry_run,
        has_photocell=signals is not None and signals.photocell is not None,
        has_key=signals is not None and signals.key is not None,
        has_hold=signals is not None and signals.hold is not None,
        arm_of_others=settings.dry_run,
        shares_arm=interlock.shares_arm(name),
        neighbours=interlock.of_lane(name) is not None,
        **timing.model_dump(),
    )
