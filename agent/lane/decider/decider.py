"""Answers a lane's Decide: by what it finds out, the judgement, and the answer of the permit's home gate."""

from __future__ import annotations

import logging
import sys
import threading
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from agent.core.decision import Decision, judge, uses_allowed, with_fail_safe
from agent.core.lane import Decided
from agent.core.model import Check, Reason, Verdict
from agent.core.site import ClaimRequest
from agent.lane.decider.fact_collector import FactCollector
from agent.store.errors import JournalError, RegistryError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane import Decide
    from agent.core.model import Instant
    from agent.core.permit import Permit
    from agent.core.site import ClaimAnswer
    from agent.lane.decider.fact_collector import CollectedFacts
    from agent.lane.decider.sources import LanePlace, Sources

log = logging.getLogger(__name__)

MARGIN_S: Final = 0.5
"""That an answer of another gate is given up before its time: what is decided on it must still be recorded."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claim on its way to the home gate, the newest question that waits for it, and who gets the answer.

    `decision`: PASS, but for the home gate's answer.
    """

    request: ClaimRequest
    case: CollectedFacts
    decision: Decision
    later: Callable[[Decided], None]


class Decider:
    """Decide for one lane, in its thread; the home gate's answer may come in another."""

    def __init__(self, place: LanePlace, sources: Sources) -> None:
        self._place = place
        self._claims = sources.claims
        self._facts = FactCollector(place, sources)
        self._lock = threading.Lock()
        self._claim: _Claim | None = None

    def decide(self, question: Decide, now: Instant, later: Callable[[Decided], None]) -> Decided | None:
        """Answer at once, or None and then by `later`, once the permit's home gate has answered.

        A question that is asked while a claim for the same use is under way waits for that one's answer. Whatever
        cannot be known makes the answer MANUAL; nothing is raised.
        """

        def failed(name: str) -> Decided:
            log.error("a decision failed by a fault", exc_info=sys.exception())
            return _manual(question, now, Reason.INTERNAL_ERROR, name)

        # What a picture or a code brings about must end at an officer, not in a lane that stands still.
        answer = with_fail_safe(lambda: self._found(question, now, later), failed)
        if answer is not None:
            self._forget_claim()
        return answer

    def _found(self, question: Decide, now: Instant, later: Callable[[Decided], None]) -> Decided | None:
        try:
            return self._answer(question, now, later)
        except (JournalError, RegistryError) as error:
            log.exception("a decision lacks what it is to be made on")
            what = Text("permit ledger") if isinstance(error, JournalError) else Text("registry of lists")
            cause = Text("the {what} cannot be read: {name}", what=what, name=type(error).__name__)
            return _manual(question, now, Reason.GATE_FAULT, cause)

    def _answer(self, question: Decide, now: Instant, later: Callable[[Decided], None]) -> Decided | None:
        case = self._facts.collect(question, now)
        if case is None:
            return _manual(question, now, Reason.GATE_FAULT, Text("there is no valid trust list"))
        decision = judge(case.assessment, self._place.rules, case.known, final=question.final)
        if decision.verdict is Verdict.PASS and decision.permit is not None:
            return self._claimed(_Claim(self._request(case, decision.permit), case, decision, later))
        return Decided(now, decision, case.number, question.transaction)

    def _request(self, case: CollectedFacts, permit: Permit) -> ClaimRequest:
        return ClaimRequest(
            permit.permit_id,
            permit.vin,
            self._place.direction,
            uses_allowed(permit, case.known.declaration),
            case.question.transaction,
            self._place.rules.already_exited_s,
        )

    def _claimed(self, claim: _Claim) -> Decided | None:
        with self._lock:
            under_way = self._claim is not None and self._claim.request == claim.request
            self._claim = claim
        answer = None if under_way else self._claims.claim(claim.request, partial(self._claim_answered, claim.request))
        return None if answer is None else self._decided(claim, answer)

    def _claim_answered(self, request: ClaimRequest, answer: ClaimAnswer) -> None:
        """Take the home gate's answer, from another thread; it is lost on a vehicle that was answered meanwhile."""
        with self._lock:
            claim = self._claim
            if claim is None or claim.request != request:
                return
            self._claim = None
        claim.later(self._decided(claim, answer))

    def _forget_claim(self) -> None:
        with self._lock:
            self._claim = None

    def _decided(self, claim: _Claim, answer: ClaimAnswer) -> Decided:
        case = claim.case
        decision = judge(
            case.assessment,
            self._place.rules,
            replace(case.known, claim=answer),
            final=case.question.final,
            matched=claim.decision.match,
        )
        deadline = answer.hold_until_at - MARGIN_S
        return Decided(case.now, decision, answer.use or case.number, case.question.transaction, deadline)


def _manual(question: Decide, now: Instant, reason: Reason, why: str) -> Decided:
    check = Check(reason, ok=False, detail=why)
    return Decided(now, Decision(Verdict.MANUAL, reason, (check,)), transaction=question.transaction)
