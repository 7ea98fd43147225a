"""Answers a lane's `Decide`.

It combines the collected facts, the judgement, a second reading of the kept pictures, and the answer of the permit's
home gate.
"""

from __future__ import annotations

import logging
import sys
import threading
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from agent.core.decision import Decision, SecondVerdict, judge, to_be_confirmed, uses_allowed, with_fail_safe
from agent.core.lane import Decided
from agent.core.model import Check, Reason, Verdict
from agent.core.site import ClaimRequest
from agent.lane.decider.confirmation import Confirmation, subject_of
from agent.lane.decider.fact_collector import FactCollector
from agent.service.cleanup import on_failure
from agent.service.listeners import notify_listeners
from agent.store.errors import JournalError, RegistryError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.decision import ToBeConfirmed
    from agent.core.lane import Decide
    from agent.core.model import Instant
    from agent.core.permit import Permit
    from agent.core.site import ClaimAnswer
    from agent.lane.decider.confirmation import Confirmed, Subject
    from agent.lane.decider.fact_collector import CollectedFacts
    from agent.lane.decider.sources import LanePlace, Sources

log = logging.getLogger(__name__)

MARGIN_S: Final = 0.5
"""That an answer of another gate is given up before its time: what is decided on it must still be recorded."""


@dataclass(frozen=True, slots=True)
class _Passing:
    """What may pass but for the second reading and the home gate's answer, and who gets the answer.

    `subject`: what the second reading is about; None: no camera saw what the decision rests on.
    """

    case: CollectedFacts
    decision: Decision
    later: Callable[[Decided], None]
    subject: Subject | None = None


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
    """Decide for one lane, in its thread; the second reading and the home gate's answer come in others."""

    def __init__(self, place: LanePlace, sources: Sources) -> None:
        self._place = place
        self._claims = sources.claims
        self._facts = FactCollector(place, sources)
        self._lock = threading.Lock()
        self._claim: _Claim | None = None
        self._passing: _Passing | None = None
        self._distrust = sources.distrust
        self._confirmation = Confirmation(sources.kept_pictures, place.rules, self._confirmed)

    def decide(self, question: Decide, now: Instant, later: Callable[[Decided], None]) -> Decided | None:
        """Answer at once, or None and then by `later`.

        Later, once the kept pictures were read again and the permit's home gate has answered.
        A question that is asked while a second reading of the same permit, or a claim for the same use, is under way
        waits for that one's answer. Whatever cannot be known makes the answer MANUAL; nothing is raised.
        """

        def failed(name: str) -> Decided:
            log.error("a decision failed with an error", exc_info=sys.exception())
            return _manual(question, now, Reason.INTERNAL_ERROR, name)

        # What a picture or a code brings about must end at an officer, not in a lane that stands still.
        answer = with_fail_safe(lambda: self._found(question, now, lambda: self._answer(question, now, later)), failed)
        if answer is not None:
            self._forget_all()
        return answer

    def _found(self, question: Decide, now: Instant, answer: Callable[[], Decided | None]) -> Decided | None:
        try:
            return answer()
        except (JournalError, RegistryError) as error:
            log.exception("the basis of a decision is missing")
            what = Text("permit ledger") if isinstance(error, JournalError) else Text("registry of lists")
            cause = Text("the {what} cannot be read: {name}", what=what, name=type(error).__name__)
            return _manual(question, now, Reason.GATE_FAULT, cause)

    def _answer(self, question: Decide, now: Instant, later: Callable[[Decided], None]) -> Decided | None:
        if self._is_being_confirmed(question):
            return None
        case = self._facts.collect(question, now)
        if case is None:
            return _manual(question, now, Reason.GATE_FAULT, Text("there is no valid trust list"))
        decision = self._judged(case)
        if decision.verdict is Verdict.PASS and decision.permit is not None:
            return self._to_confirm(_Passing(case, decision, later))
        return self._as_decided(case, decision)

    # ------------------------------------------------------------------------------------------- the second reading

    def _is_being_confirmed(self, question: Decide) -> bool:
        """Whether the pictures of a question with the same evidence are being read again now.

        The frames that go on to show its code would only take the time of just that.
        """
        with self._lock:
            passing = self._passing
        return passing is not None and _evidence_of(passing.case.question) == _evidence_of(question)

    def _to_confirm(self, passing: _Passing) -> Decided | None:
        """Have the pictures read again that a PASS rests on; at once where that is done, or there are none."""
        case = passing.case
        asked = self._asked(passing, all_plates=False)
        if asked is None:
            return self._to_claim(passing)
        if self._confirmation.was_unclear(case.question, asked):
            asked = self._asked(passing, all_plates=True) or asked
        passing = replace(passing, subject=subject_of(case.question, asked))
        with self._lock:
            self._passing = passing
        known = self._confirmation.known(case.question, asked, case.now.at)
        if known is None:
            return None
        with self._lock:
            if self._passing is not passing:
                return None  # the answer came meanwhile, and went on with this very question
            self._passing = None
        return self._with_confirmation(passing, known)

    def _asked(self, passing: _Passing, *, all_plates: bool) -> ToBeConfirmed | None:
        case = passing.case
        return to_be_confirmed(
            case.assessment,
            self._place.rules,
            case.question.pictures.keys(),
            self._place.scanners,
            passing.decision,
            all_plates=all_plates,
        )

    def _confirmed(self, subject: Subject, confirmed: Confirmed) -> None:
        """Go on with the question that waits for it; from another thread."""
        if confirmed.result.verdict is SecondVerdict.DIFFERENT:
            what = "a vision worker that lied could not be ended"
            notify_listeners([self._distrust], confirmed.result.camera, what)
        with self._lock:
            passing = self._passing
            if passing is None or passing.subject != subject:
                return
            self._passing = None
        self._answer_later(passing.case, passing.later, lambda: self._with_confirmation(passing, confirmed))

    def _answer_later(
        self, case: CollectedFacts, later: Callable[[Decided], None], answer: Callable[[], Decided | None]
    ) -> None:
        """Give an answer from another thread, where there is one already; what cannot be known makes it MANUAL."""

        def failed(name: str) -> Decided:
            log.error("a decision failed with an error", exc_info=sys.exception())
            return _manual(case.question, case.now, Reason.INTERNAL_ERROR, name)

        found = with_fail_safe(lambda: self._found(case.question, case.now, answer), failed)
        if found is not None:
            later(found)

    def _with_confirmation(self, passing: _Passing, confirmed: Confirmed) -> Decided | None:
        """Judge once more, by what the second reading came to."""
        case = self._facts.renewed(passing.case)
        case = replace(case, known=replace(case.known, second=confirmed.result))
        decision = replace(self._judged(case, passing.decision), pictures=confirmed.pictures)
        if decision.verdict is Verdict.PASS:
            return self._to_claim(replace(passing, case=case, decision=decision))
        return self._as_decided(case, decision)

    # -------------------------------------------------------------------------------------------- the home gate

    def _to_claim(self, passing: _Passing) -> Decided | None:
        decision = passing.decision
        if decision.permit is None:
            raise ValueError("a PASS without a permit")
        request = self._request(passing.case, decision.permit)
        return self._claimed(_Claim(request, passing.case, decision, passing.later))

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
        with on_failure(lambda: self._forget(claim)):
            answer = (
                None if under_way else self._claims.claim(claim.request, partial(self._claim_answered, claim.request))
            )
        if answer is None:
            return None
        self._forget(claim)
        return self._decided(claim, answer)

    def _claim_answered(self, request: ClaimRequest, answer: ClaimAnswer) -> None:
        """Take the home gate's answer, from another thread; it is lost on a vehicle that was answered meanwhile."""
        with self._lock:
            claim = self._claim
            if claim is None or claim.request != request:
                return
            self._claim = None
        self._answer_later(claim.case, claim.later, lambda: self._decided(claim, answer))

    def _forget(self, claim: _Claim) -> None:
        with self._lock:
            if self._claim is claim:
                self._claim = None

    def _forget_all(self) -> None:
        with self._lock:
            self._claim = self._passing = None

    def _decided(self, claim: _Claim, answer: ClaimAnswer) -> Decided:
        case = self._facts.renewed(claim.case)
        case = replace(case, known=replace(case.known, claim=answer))
        decision = replace(self._judged(case, claim.decision), pictures=claim.decision.pictures)
        decided = self._as_decided(case, decision)
        return replace(decided, use=answer.use or case.number, deadline=answer.hold_until_at - MARGIN_S)

    # ------------------------------------------------------------------------------------------------ the judgement

    def _judged(self, case: CollectedFacts, before: Decision | None = None) -> Decision:
        """Judge a case. `before`: what was decided on the same evidence before."""
        return judge(case.assessment, self._place.rules, case.known, final=case.question.final, before=before)

    def _as_decided(self, case: CollectedFacts, decision: Decision) -> Decided:
        """The answer to the question of a case, with the basis of the decision."""

        def failed(_name: str) -> None:
            # A vehicle must not wait because its record says less.
            log.error("the basis of a decision could not be recorded", exc_info=sys.exception())

        facts = with_fail_safe(lambda: self._facts.record(case, decision.witnessed), failed)
        trace = with_fail_safe(lambda: self._facts.trace(case), failed)
        decision = replace(decision, facts=facts, trace=trace)
        return Decided(case.now, decision, case.number, case.question.transaction, final=case.question.final)


def _evidence_of(question: Decide) -> tuple[object, ...]:
    """What a question is to be decided on: a code that only goes on to be shown is nothing new."""
    codes = frozenset((shown.camera, shown.payload) for shown in question.presentations)
    return question.transaction, codes, question.readings, question.vins, question.set_aside, question.final


def _manual(question: Decide, now: Instant, reason: Reason, why: str) -> Decided:
    check = Check(reason, ok=False, detail=why)
    refused = Decision(Verdict.MANUAL, reason, (check,))
    return Decided(now, refused, transaction=question.transaction, final=question.final)
