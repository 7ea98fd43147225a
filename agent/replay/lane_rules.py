"""What the lanes of a configuration ask of vehicles, as a replay takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.permit import GateContext
from agent.core.replay import ReplayRules
from agent.lane.decider import lane_place
from agent.lists import freshness_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.settings import Settings


def replay_rules(settings: Settings) -> Mapping[str, ReplayRules]:
    """The rules of each lane, by its name, made of the settings as the running gate makes them."""
    return {name: _of_lane(settings, name) for name in settings.lanes}


def _of_lane(settings: Settings, name: str) -> ReplayRules:
    place = lane_place(settings, name, freshness_rules(settings), sample_salt=b"")
    return ReplayRules(
        judgement=place.rules,
        context=GateContext(
            site=place.site,
            lane=place.lane,
            direction=place.direction,
            clock_trusted=False,  # each record says whether it was
            clock_skew_s=place.clock_skew_s,
            max_text=place.max_text,
            forms=place.forms,
            longest_life_s=place.longest_life_s,
        ),
        require_clock=place.require_clock,
        freshness=place.freshness,
    )
