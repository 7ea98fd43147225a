"""The rules of a lane's judgement, from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.decision import JudgementRules
from agent.core.permit import PermitForm
from agent.lane.decider.sources import LanePlace

if TYPE_CHECKING:
    from agent.core.lists import FreshnessRules
    from agent.settings import Lane, Settings

DAY_S: Final = 86_400.0


def lane_place(settings: Settings, name: str, freshness: FreshnessRules, sample_salt: bytes) -> LanePlace:
    """Return the place of a lane. `sample_salt`: what nobody outside knows, for the draw of vehicles for an officer."""
    permits, lane = settings.permits, settings.lanes[name]
    return LanePlace(
        site=settings.gate.site,
        lane=lane.number,
        direction=lane.direction,
        clock_skew_s=permits.clock_skew_s,
        max_text=permits.max_text,
        require_clock=settings.clock.require_synchronised,
        rules=_rules(lane, sample_salt),
        forms=frozenset(PermitForm(form) for form in permits.forms),
        freshness=freshness,
        # A vehicle that the slack of the clocks lets in late is let in early by it too.
        longest_life_s=settings.privacy.keep_uses_days * DAY_S - 2 * permits.clock_skew_s,
        scanners=frozenset(f"{name}/{scanner.id}" for scanner in lane.scanners),
    )


def _rules(lane: Lane, sample_salt: bytes) -> JudgementRules:
    rules = lane.rules
    return JudgementRules(
        require=rules.require,
        declaration=rules.declaration,
        second_factor=rules.second_factor,
        without_plate=rules.without_plate,
        wrong_check_digit=rules.wrong_check_digit,
        other_class=rules.other_class,
        anti_passback_s=lane.anti_passback_s,
        already_exited_s=rules.already_exited_days * DAY_S,
        sample_share=rules.sample_percent / 100,
        sample_salt=sample_salt,
        require_two_cameras=rules.require_two_cameras,
    )
