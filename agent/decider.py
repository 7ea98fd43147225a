"""Answers a lane's Decide: the permit's checks, the ledger's word and the judgement, at one time."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.decision import Check, Decision, Reason, Verdict
from agent.core.judgement import Evidence, JudgementRules, UseState, assess, judge
from agent.core.lane_io import Decided
from agent.core.permit.checks import GateContext
from agent.store.errors import JournalError

if TYPE_CHECKING:
    from agent.core.lane_io import Decide
    from agent.core.moment import Moment
    from agent.service.clock import Clock
    from agent.store.journal import Journal
    from agent.trust_file import TrustFile

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LanePlace:
    """Where a lane is and what it asks of permits."""

    site: int
    lane: int
    direction: str
    clock_skew_s: int
    max_text: int
    require_clock: bool
    rules: JudgementRules


class Decider:
    """Decide for one lane, in its thread."""

    def __init__(self, place: LanePlace, trust: TrustFile, journal: Journal, clock: Clock) -> None:
        self._place = place
        self._trust = trust
        self._journal = journal
        self._clock = clock

    def decide(self, question: Decide, now: Moment) -> Decided:
        """Answer at once. Whatever cannot be known makes the answer MANUAL; nothing is raised."""
        trust = self._trust.current()
        if trust is None:
            return self._manual(question, now, "there is no valid trust list")
        evidence = Evidence(question.transaction, question.presentations, question.readings)
        assessment = assess(evidence, self._context(), trust, now.utc)
        use, number = UseState(), 0
        if assessment.permit is not None:
            try:
                state = self._journal.use_state(assessment.permit.permit_id, question.transaction)
                passed_s = self._passed_s(assessment.permit.vin, question.transaction, now.utc)
            except JournalError as error:
                log.exception("the permit ledger cannot be read")
                return self._manual(question, now, f"the permit ledger cannot be read: {type(error).__name__}")
            use, number = UseState(state.used, state.open_reservation, state.interrupted, passed_s), state.next_use
        decision = judge(assessment, self._place.rules, use, final=question.final)
        return Decided(now, decision, number, question.transaction)

    def _passed_s(self, vehicle: str, transaction: str, utc: float) -> float | None:
        """Seconds since the vehicle passed this way; None when it did not, or went back since. Asked only where it counts."""
        if not self._place.rules.anti_passback_s:
            return None
        last = self._journal.last_passage(vehicle, transaction)
        # A clock that was set back must not make an old passage of a new one: 0 is the strictest.
        return None if last is None or last.direction != self._place.direction else max(0.0, utc - last.utc)

    def _context(self) -> GateContext:
        place = self._place
        return GateContext(
            site=place.site,
            lane=place.lane,
            direction=place.direction,
            clock_trusted=not place.require_clock or self._clock.synchronisation().synchronised,
            clock_skew_s=place.clock_skew_s,
            max_text=place.max_text,
        )

    @staticmethod
    def _manual(question: Decide, now: Moment, why: str) -> Decided:
        check = Check(Reason.GATE_FAULT, ok=False, detail=why)
        return Decided(now, Decision(Verdict.MANUAL, Reason.GATE_FAULT, (check,)), transaction=question.transaction)
