"""Answers a lane's Decide: the permit's checks, what lists and ledger know, the judgement, the home gate's word."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from agent.core.assessment import Evidence, Ground, assess, assess_plate, references_of
from agent.core.claims import ClaimRequest
from agent.core.decision import Check, Decision, Reason, Verdict
from agent.core.judgement import JudgementRules, judge, lists_needed, plate_leads
from agent.core.knowledge import Knowledge, UseState, in_force, subjects_of, uses_allowed
from agent.core.lane_io import Decided
from agent.core.lists.standing import FreshnessRules, standing_of
from agent.core.permit.checks import GateContext
from agent.core.permit.claims import PermitForm
from agent.core.rate import NO_TEXTS
from agent.store.errors import JournalError, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agent.core.assessment import Assessment
    from agent.core.claims import ClaimAnswer
    from agent.core.lane_io import Decide
    from agent.core.lists.rows import Declaration, Revocation, Subject, Watched
    from agent.core.lists.standing import DataStanding, ListStanding
    from agent.core.moment import Moment
    from agent.core.permit.claims import Permit
    from agent.core.permit.trust import TrustList
    from agent.core.rate import Texts
    from agent.core.site_ledger import OtherExit
    from agent.store.ledger import LastPassage
    from agent.store.ledger import UseState as Uses

log = logging.getLogger(__name__)

MARGIN_S: Final = 0.5
"""That a word of another gate is given up before its time: what is decided on it must still be recorded."""


def rivals(_voted, _plate):  # XXX until the rivals are there
    return ()


class Lists(Protocol):
    """What is asked of the lists (agent.store.registry.Registry). Every method may raise RegistryError."""

    def trust(self) -> TrustList | None:
        """The trust list in force."""

    def standings(self) -> Iterable[ListStanding]:
        """The lists that are held."""

    def declaration(self, permit_id: bytes) -> Declaration | None:
        """The declaration of a permit."""

    def declaration_by_reference(self, digest: bytes) -> Declaration | None:
        """The declaration that a reference names."""

    def declared(self, plates: Sequence[str], utc: float) -> Sequence[Declaration]:
        """The active declarations of these plates."""

    def revocation(self, permit_id: bytes) -> Revocation | None:
        """The revocation of a permit."""

    def watched(self, subjects: Sequence[tuple[Subject, str]]) -> Watched | None:
        """An entry of the watch list that names one of these."""


class Ledger(Protocol):
    """What is asked of the permit ledger (agent.store.journal.Journal). Every method may raise JournalError."""

    def use_state(self, permit_id: bytes, transaction: str | None = None) -> Uses:
        """What became of a permit so far."""

    def last_passage(self, vehicle: str, transaction: str) -> LastPassage | None:
        """The last passage of a vehicle before this transaction."""

    def other_exit(self, vehicle: str, permit_id: bytes, direction: str, since_utc: float) -> OtherExit | None:
        """The newest passage of a vehicle the same way under another permit."""


class WatchedClock(Protocol):
    """What is asked of the clock (agent.clock_keeper.ClockKeeper)."""

    def trusted(self) -> bool:
        """Whether permits may be judged by it."""


class Desk(Protocol):
    """Where uses are claimed among the gates of the site (agent.site_desk.SiteDesk). May raise JournalError."""

    def claim(self, request: ClaimRequest, answer: Callable[[ClaimAnswer], None]) -> ClaimAnswer | None:
        """Answer at once, or None and later, from another thread, exactly once by `answer`."""


@dataclass(frozen=True, slots=True)
class LanePlace:
    """Where a lane is and what it asks of permits. `freshness`: what the gate asks of its lists."""

    site: int
    lane: int
    direction: str
    clock_skew_s: int
    max_text: int
    require_clock: bool
    rules: JudgementRules
    forms: frozenset[PermitForm] = frozenset({PermitForm.SIGNED})
    freshness: FreshnessRules = FreshnessRules()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class Sources:
    """Whom the decider asks. `desk`: None for the only gate of a site."""

    lists: Lists
    ledger: Ledger
    clock: WatchedClock
    desk: Desk | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """A question with all that was found out about it. `number`: of the use that this gate would reserve."""

    question: Decide
    now: Moment
    assessment: Assessment
    known: Knowledge
    number: int


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claim on its way to the home gate, the newest question that waits for it, and who is told of the answer."""

    request: ClaimRequest
    case: _Case
    later: Callable[[Decided], None]


class Decider:
    """Decide for one lane, in its thread; the home gate's word may come in another."""

    def __init__(self, place, sources, ledger=None, clock=None) -> None:
        if not isinstance(sources, Sources):  # XXX until the gate is put together with a registry
            sources = Sources(_FileOnly(sources), ledger, _Kernel(clock))
        self._place = place
        self._lists = sources.lists
        self._ledger = sources.ledger
        self._clock = sources.clock
        self._desk = sources.desk
        self._texts: Texts = NO_TEXTS
        self._lock = threading.Lock()
        self._claim: _Claim | None = None

    def decide(self, question: Decide, now: Moment, later: Callable[[Decided], None]) -> Decided | None:
        """Answer at once, or None and then by `later`, once the permit's home gate has spoken.

        A question that is asked while a claim for the same use is under way waits for that one's answer. Whatever cannot
        be known makes the answer MANUAL; nothing is raised.
        """
        try:
            case = self._case(question, now)
            if case is None:
                return _manual(question, now, "there is no valid trust list")
            decision = self._judged(case)
            if decision.verdict is Verdict.PASS and decision.permit is not None and self._desk is not None:
                return self._claimed(self._desk, _Claim(self._request(case, decision.permit), case, later))
        except (JournalError, RegistryError) as error:
            log.exception("a decision lacks what it is to be made on")
            return _manual(question, now, f"{_SOURCES[_kind(error)]} cannot be read: {type(error).__name__}")
        self._forget_claim()
        return Decided(now, decision, case.number, question.transaction)

    # ------------------------------------------------------------------------------------------------ what is known

    def _case(self, question: Decide, now: Moment) -> _Case | None:
        trust = self._lists.trust()
        if trust is None:
            return None
        assessment = self._assessed(question, now, trust)
        permit = assessment.permit
        data = self._data(permit, trust, now.utc)
        if permit is None:
            return _Case(question, now, assessment, Knowledge(data), 0)
        use, number = self._use(permit, question.transaction, now.utc)
        known = Knowledge(
            data=data,
            use=use,
            declaration=self._lists.declaration(permit.permit_id),
            revocation=self._lists.revocation(permit.permit_id),
            watched=in_force(self._lists.watched(subjects_of(permit, assessment.voted)), now.utc),
            others=self._others(permit, assessment, now.utc),
            other_exit=self._other_exit(permit, now.utc),
        )
        return _Case(question, now, assessment, known, number)

    def _assessed(self, question: Decide, now: Moment, trust: TrustList) -> Assessment:
        rules, context = self._place.rules, self._context()
        shown = () if rules.require == "plate" else question.presentations
        evidence = Evidence(question.transaction, shown, question.readings)
        found = {digest: self._lists.declaration_by_reference(digest) for digest in references_of(evidence)}
        references = {digest: declaration for digest, declaration in found.items() if declaration is not None}
        assessment = assess(evidence, Ground(context, trust, references), now, self._texts)
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

    def _others(self, permit: Permit, assessment: Assessment, utc: float) -> tuple[str, ...]:
        """The plates of other active declarations that the picture may show."""
        if assessment.voted is None or permit.plate is None:
            return ()
        declared = self._lists.declared(rivals(assessment.voted, permit.plate), utc)
        plates = dict.fromkeys(one.plate for one in declared if one.plate not in {None, permit.plate})
        return tuple(plate for plate in plates if plate is not None)

    def _use(self, permit: Permit, transaction: str, utc: float) -> tuple[UseState, int]:
        uses = self._ledger.use_state(permit.permit_id, transaction)
        use = UseState(
            used=uses.used,
            open_reservation=uses.open_reservation,
            interrupted=uses.interrupted,
            passed_s=self._passed_s(permit.vin, transaction, utc),
            used_at=uses.used_at,
            reserved_at=uses.reserved_at if self._desk is None else None,
        )
        return use, uses.next_use

    def _passed_s(self, vehicle: str, transaction: str, utc: float) -> float | None:
        """Seconds since the vehicle passed this way; None when it did not, or went back since. Asked only where it counts."""
        if not self._place.rules.anti_passback_s:
            return None
        last = self._ledger.last_passage(vehicle, transaction)
        # A clock that was set back must not make an old passage of a new one: 0 is the strictest.
        return None if last is None or last.direction != self._place.direction else max(0.0, utc - last.utc)

    def _other_exit(self, permit: Permit, utc: float) -> OtherExit | None:
        window_s = self._place.rules.already_exited_s
        if not window_s:
            return None
        return self._ledger.other_exit(permit.vin, permit.permit_id, self._place.direction, utc - window_s)

    def _context(self) -> GateContext:
        place = self._place
        return GateContext(
            site=place.site,
            lane=place.lane,
            direction=place.direction,
            clock_trusted=not place.require_clock or self._clock.trusted(),
            clock_skew_s=place.clock_skew_s,
            max_text=place.max_text,
            forms=place.forms,
        )

    # -------------------------------------------------------------------------------------------------- the answers

    def _judged(self, case: _Case, claim: ClaimAnswer | None = None) -> Decision:
        known = replace(case.known, claim=claim)
        return judge(case.assessment, self._place.rules, known, final=case.question.final)

    def _request(self, case: _Case, permit: Permit) -> ClaimRequest:
        return ClaimRequest(
            permit.permit_id,
            permit.vin,
            self._place.direction,
            uses_allowed(permit, case.known.declaration),
            case.question.transaction,
            self._place.rules.already_exited_s,
        )

    def _claimed(self, desk: Desk, claim: _Claim) -> Decided | None:
        with self._lock:
            under_way = self._claim is not None and self._claim.request == claim.request
            self._claim = claim
        answer = None if under_way else desk.claim(claim.request, partial(self._spoken, claim.request))
        if answer is None:
            return None
        self._forget_claim()
        return self._decided(claim.case, answer)

    def _spoken(self, request: ClaimRequest, answer: ClaimAnswer) -> None:
        """Take the home gate's word, from another thread; it is lost on a vehicle that was answered meanwhile."""
        with self._lock:
            claim = self._claim
            if claim is None or claim.request != request:
                return
            self._claim = None
        claim.later(self._decided(claim.case, answer))

    def _forget_claim(self) -> None:
        with self._lock:
            self._claim = None

    def _decided(self, case: _Case, answer: ClaimAnswer) -> Decided:
        number = answer.use or case.number
        deadline = answer.hold_until_at - MARGIN_S
        return Decided(case.now, self._judged(case, answer), number, case.question.transaction, deadline)


_SOURCES: Final = {JournalError: "the permit ledger", RegistryError: "the registry of lists"}


def _kind(error: Exception) -> type[JournalError] | type[RegistryError]:
    return JournalError if isinstance(error, JournalError) else RegistryError


def _manual(question: Decide, now: Moment, why: str) -> Decided:
    check = Check(Reason.GATE_FAULT, ok=False, detail=why)
    return Decided(now, Decision(Verdict.MANUAL, Reason.GATE_FAULT, (check,)), transaction=question.transaction)


class _FileOnly:  # XXX
    def __init__(self, file): self.trust = file.current
    def standings(self): return ()
    def declaration(self, permit_id): return None
    def declaration_by_reference(self, digest): return None
    def declared(self, plates, utc): return ()
    def revocation(self, permit_id): return None
    def watched(self, subjects): return None


class _Kernel:  # XXX
    def __init__(self, clock): self._clock = clock
    def trusted(self): return self._clock.synchronisation().synchronised
