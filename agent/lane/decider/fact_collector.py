"""Collects the facts for a lane's question: the permit, what lists and ledger say about it, and how fresh they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.core.decision import (
    NO_TEXTS,
    AssessmentContext,
    Knowledge,
    PermitUses,
    Tie,
    TransactionEvidence,
    assess,
    assess_plate,
    exit_in_force,
    facts_record,
    in_force,
    lists_needed,
    plate_leads,
    references_of,
    subjects_of,
    tie_of,
)
from agent.core.lists import standing_of
from agent.core.model import ListKind, Reason
from agent.core.permit import GateContext, verify_declared
from agent.core.plates.lookalike_plates import rivals

if TYPE_CHECKING:
    from agent.core.decision import Assessment, Texts
    from agent.core.events import FactsRecord
    from agent.core.lane import Decide
    from agent.core.lists import DataStanding
    from agent.core.model import Instant, TraceContext
    from agent.core.permit import Permit, TrustList
    from agent.core.plates import WitnessedMatch
    from agent.core.site import OtherExit
    from agent.lane.decider.sources import LanePlace, Sources


@dataclass(frozen=True, slots=True)
class CollectedFacts:
    """A question with all that was found out about it.

    `number`: of the use that this gate would reserve, 0 for none. `clock_trusted`: whether the clock could be believed,
    whatever the site asks of it. `last_exit`: the vehicle's newest passage the same way under another permit.
    """

    question: Decide
    now: Instant
    assessment: Assessment
    known: Knowledge
    number: int
    clock_trusted: bool = False
    last_exit: OtherExit | None = None


class FactCollector:
    """Asks for one lane, in its thread but for `renewed`. Remembers which texts were shown to it of late."""

    def __init__(self, place: LanePlace, sources: Sources) -> None:
        self._place = place
        self._lists = sources.lists
        self._ledger = sources.ledger
        self._clock_trusted = sources.clock_trusted
        self._hold = sources.hold
        self._witnessed = sources.witnessed
        self._texts: Texts = NO_TEXTS

    def collect(self, question: Decide, now: Instant) -> CollectedFacts | None:
        """Find out all about a question; None without a trust list, on which everything rests."""
        trust = self._lists.trust()
        if trust is None:
            return None
        assessment = self._assessed(question, now, trust)
        permit = assessment.permit
        data = self._data(permit, trust, now.utc)
        trusted = self._clock_trusted()
        if permit is None:
            return CollectedFacts(question, now, assessment, Knowledge(data, hold=self._hold()), 0, trusted)
        use, number = self._use(permit, question.transaction, now.utc)
        known, last_exit = Knowledge(data, use, hold=self._hold()), None
        if assessment.reason is Reason.OK:
            last_exit = self._ledger.other_exit(permit.vin, permit.permit_id, self._place.direction, 0.0)
            known = replace(
                self._listed(known, permit, assessment, now.utc),
                others=self._others(permit, assessment, data, now.utc),
                other_exit=exit_in_force(last_exit, self._place.rules.already_exited_s, now.utc),
            )
        return CollectedFacts(question, now, assessment, known, number, trusted, last_exit)

    def record(self, case: CollectedFacts, witnessed: WitnessedMatch | None) -> FactsRecord:
        """What a decision on a case goes by, for its event: enough to try other rules on it.

        `witnessed`: as the decision has it.
        """
        return facts_record(
            case.assessment,
            self._place.rules,
            case.known,
            final=case.question.final,
            utc=case.now.utc,
            clock_trusted=case.clock_trusted,
            forms=self._place.forms,
            last_exit=case.last_exit,
            witnessed=witnessed,
        )

    def trace(self, case: CollectedFacts) -> TraceContext | None:
        """Central's trace of a permit that was verified, as its declaration carries it; also where it may not pass."""
        permit, declaration = case.assessment.permit, case.known.declaration
        if permit is not None and case.assessment.reason is not Reason.OK:
            declaration = self._lists.declaration(permit.permit_id)
        return None if declaration is None else declaration.trace

    def renewed(self, case: CollectedFacts) -> CollectedFacts:
        """The same case by what lists and witnesses say now; from any thread.

        While pictures were read again and another gate was asked, central may have taken the permit back, and another
        camera may have read another plate.
        """
        evidence = replace(case.assessment.evidence, witnessed=self._witnessed(case.question.arrived_at))
        case = replace(case, assessment=replace(case.assessment, evidence=evidence))
        permit = case.assessment.permit
        known = replace(case.known, hold=self._hold())
        if permit is not None and case.assessment.reason is Reason.OK:
            known = self._listed(known, permit, case.assessment, case.now.utc)
        return replace(case, known=known)

    def _listed(self, known: Knowledge, permit: Permit, assessment: Assessment, utc: float) -> Knowledge:
        declaration = self._lists.declaration(permit.permit_id)
        admission = None if declaration is None else verify_declared(declaration, permit.form, self._context(), utc)
        subjects = subjects_of(permit, assessment.voted, assessment.evidence.vins)
        return replace(
            known,
            declaration=declaration,
            admission=admission,
            revocation=self._lists.revocation(permit.permit_id),
            watched=in_force(self._lists.watched(subjects), utc),
        )

    def _assessed(self, question: Decide, now: Instant, trust: TrustList) -> Assessment:
        rules, context = self._place.rules, self._context()
        shown = () if rules.require == "plate" else question.presentations
        evidence = TransactionEvidence(
            question.transaction,
            shown,
            question.readings,
            question.set_aside,
            vins=question.vins,
            witnessed=self._witnessed(question.arrived_at),
        )
        found = {digest: self._lists.declaration_by_reference(digest) for digest in references_of(evidence)}
        references = {digest: declaration for digest, declaration in found.items() if declaration is not None}
        assessment = assess(
            evidence,
            AssessmentContext(context, trust, references, two_cameras=rules.require_two_cameras),
            now,
            self._texts,
        )
        self._texts = assessment.texts
        if not plate_leads(assessment, rules, final=question.final):
            return assessment
        voted = assessment.voted
        texts = () if voted is None else tuple(dict.fromkeys((voted.text, *rivals(voted, voted.text))))
        declared = self._lists.declared(texts, now.utc) if texts else ()
        return assess_plate(assessment, declared, context, now.utc)

    def _data(self, permit: Permit | None, trust: TrustList, utc: float) -> DataStanding:
        freshness = self._place.freshness
        required = freshness.required | lists_needed(permit, self._place.rules)
        return standing_of(self._lists.standings(), trust, replace(freshness, required=required), utc)

    def _others(self, permit: Permit, assessment: Assessment, data: DataStanding, utc: float) -> tuple[str, ...]:
        """The plates of other active declarations that the picture may show; asked only where the plate counts."""
        decides = tie_of(permit, self._place.rules) is not Tie.NOTHING and ListKind.DECLARATIONS in data.versions
        if assessment.voted is None or permit.plate is None or not decides:
            return ()
        declared = self._lists.declared(rivals(assessment.voted, permit.plate), utc)
        plates = (one.plate for one in declared)
        return tuple(dict.fromkeys(plate for plate in plates if plate is not None and plate != permit.plate))

    def _use(self, permit: Permit, transaction: str, utc: float) -> tuple[PermitUses, int]:
        uses = self._ledger.use_state(permit.permit_id, transaction)
        use = PermitUses(
            used=uses.used,
            open_reservation=uses.open_reservation,
            in_doubt=uses.in_doubt,
            passed_s=self._passed_s(permit.vin, transaction, utc),
            used_at=uses.used_at,
        )
        return use, uses.next_use

    def _passed_s(self, vehicle: str, transaction: str, utc: float) -> float | None:
        """Seconds since the vehicle passed this way; None when it did not, or went back since.

        Asked also where no rule of this lane asks for it: another one may be tried on it later.
        """
        last = self._ledger.last_passage(vehicle, transaction)
        # A clock that was set back must not make an old passage of a new one: 0 is the strictest.
        return None if last is None or last.direction != self._place.direction else max(0.0, utc - last.utc)

    def _context(self) -> GateContext:
        place = self._place
        return GateContext(
            site=place.site,
            lane=place.lane,
            direction=place.direction,
            clock_trusted=not place.require_clock or self._clock_trusted(),
            clock_skew_s=place.clock_skew_s,
            max_text=place.max_text,
            forms=place.forms,
            longest_life_s=place.longest_life_s,
        )
