"""The recorded facts of one decision as the judgement takes them: an assessment, and what was known.

What depends on the rules of the lane is worked out again by the product's own functions: time and place of the permit,
how fresh the lists are, which passages count. What cannot be known by these rules is a NotJudgedError, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Final

from agent.core.decision import (
    ASKS_VIN,
    Assessment,
    Decision,
    JudgementRules,
    Knowledge,
    PermitUses,
    SecondReading,
    SecondVerdict,
    Tie,
    TransactionEvidence,
    exit_in_force,
    lists_needed,
    plate_leads,
    tie_of,
)
from agent.core.lists import FreshnessRules, ListStanding, standing_of
from agent.core.model import Check, Declaration, Reason, Revocation, Watched
from agent.core.permit import GateContext, Permit, PermitForm, TrustList, admission, verify_declared
from agent.core.plates import MatchVerdict, PlateMatch, PlateVote, WitnessedMatch, WitnessStanding
from agent.core.plates.match import match
from agent.core.replay.recorded import NotJudged, NotJudgedError
from agent.core.site import ClaimAnswer, ClaimCode, OtherExit
from agent.core.trust_state import NO_HOLD, StateHold
from agent.core.vin_match import VinMatch
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.events import (
        AccessDecided,
        DeclarationRecord,
        FactsRecord,
        HoldRecord,
        PermitClaimsRecord,
        PermitRecord,
        PlateRecord,
        UsesRecord,
        VinRecord,
        VoteRecord,
    )
    from agent.core.lists import DataStanding

_ORDER: Final = {reason: place for place, reason in enumerate(Reason)}
_TIME_AND_PLACE: Final = frozenset(
    {
        Reason.CLOCK_UNTRUSTED,
        Reason.NOT_YET_VALID,
        Reason.EXPIRED,
        Reason.WRONG_SITE,
        Reason.WRONG_LANE,
        Reason.WRONG_DIRECTION,
    }
)
_NOT_WHOLE: Final = Text("the gate's own state was not whole")


@dataclass(frozen=True, slots=True)
class ReplayRules:
    """The rules of one lane in another configuration.

    `context`: where the lane is and what permits it takes; whether the clock was trusted, the record says.
    `require_clock`: an untrusted clock is for an officer. `freshness`: what the gate asks of its lists.
    """

    judgement: JudgementRules
    context: GateContext
    require_clock: bool
    freshness: FreshnessRules


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What `judge` is given. `before`: the matches of plate and VIN with the declared ones, as they were recorded."""

    assessment: Assessment
    known: Knowledge
    before: Decision | None = None


def known_facts(record: AccessDecided, facts: FactsRecord, transaction: str, rules: ReplayRules) -> KnownFacts:
    """Work out what the judgement would know under other rules. Raises NotJudgedError."""
    permit = _permit(record.permit, facts.permit)
    counting = _counting(facts, permit, rules.judgement)
    vote = _vote(facts.vote) if counting.plate else None
    evidence = TransactionEvidence(transaction, set_aside=facts.set_aside)
    assessment = _assessment(record, facts, permit, rules)
    _check_leading(assessment, facts, rules.judgement)
    assessment = replace(assessment, evidence=evidence, voted=vote)
    data = _data(record, facts, assessment.permit, rules)
    if assessment.reason is not Reason.OK or assessment.permit is None:
        return KnownFacts(assessment, Knowledge(data, hold=_hold(facts.hold)))
    if facts.assessed is not Reason.OK or facts.uses is None:
        raise NotJudgedError(NotJudged.LISTS_AND_LEDGER)
    known = _knowledge(facts, facts.uses, assessment.permit, data, rules)
    matched = None if vote is None else _match(record.plate)
    found = _vin(record.vin) if counting.vin else None
    _check_asked(facts, tie_of(assessment.permit, rules.judgement), assessment, found)
    witnessed = _witnessed(record, facts, counting)
    before = Decision(record.verdict, record.reason, (), match=matched, vin=found, witnessed=witnessed)
    return KnownFacts(assessment, known, before)


# ---------------------------------------------------------------------------------------------------------- the permit


def _permit(said: PermitRecord | None, claims: PermitClaimsRecord | None) -> Permit | None:
    if said is None or claims is None:
        return None
    return Permit(
        permit_id=bytes.fromhex(said.permit),
        issuer=said.issuer,
        key_id=bytes.fromhex(said.key),
        not_before=claims.not_before,
        expires_at=said.expires_at,
        issued_at=claims.issued_at,
        declaration=int(said.declaration),
        vin=said.vin,
        plate=said.plate,
        plate_kind=claims.plate_kind,
        energy=None,
        site=claims.site,
        lane_mask=claims.lane_mask,
        direction=claims.direction,
        max_uses=claims.max_uses,
        form=PermitForm(said.form),
    )


def _assessment(record: AccessDecided, facts: FactsRecord, permit: Permit | None, rules: ReplayRules) -> Assessment:
    """What comes of the permit by itself: by time, place and form it is judged anew, all else stays as it was.

    Raises NotJudgedError.
    """
    nothing_read = TransactionEvidence("")
    made = tuple(Check(one.reason, one.ok, one.detail) for one in record.checks)
    made = made if facts.assessed is not Reason.OK else _before(made, Reason.PERMIT_REVOKED)
    as_it_was = Assessment(nothing_read, made, permit, facts.assessed, by_plate=facts.by_plate)
    if permit is None:
        unread = facts.assessed is Reason.VERSION_UNSUPPORTED
        if unread and set(facts.forms) != {form.value for form in rules.context.forms}:
            raise NotJudgedError(NotJudged.FORM)
        return as_it_was
    context = _context(facts, rules)
    if permit.form is not PermitForm.PLATE and permit.form not in context.forms:
        detail = joined([Text("form {form}", form=permit.form), Text("not accepted here")])
        failed = Check(Reason.VERSION_UNSUPPORTED, ok=False, detail=detail)
        checks = (*_before(made, Reason.VERSION_UNSUPPORTED), failed)
        return replace(as_it_was, checks=checks, permit=None, reason=Reason.VERSION_UNSUPPORTED)
    key_elsewhere = facts.assessed is Reason.WRONG_SITE and permit.site == context.site
    if key_elsewhere or facts.assessed not in {Reason.OK} | _TIME_AND_PLACE:
        return as_it_was
    found = admission(permit, context, facts.utc)
    checks = (*_before(made, Reason.CLOCK_UNTRUSTED), *found.checks)
    return replace(as_it_was, checks=checks, reason=found.reason)


def _context(facts: FactsRecord, rules: ReplayRules) -> GateContext:
    return replace(rules.context, clock_trusted=not rules.require_clock or facts.clock_trusted)


def _before(checks: tuple[Check, ...], reason: Reason) -> tuple[Check, ...]:
    return tuple(one for one in checks if _ORDER[one.reason] < _ORDER[reason])


def _check_leading(assessment: Assessment, facts: FactsRecord, rules: JudgementRules) -> None:
    """Whether the plate leads to the permit must be as it was: else the other way was never tried."""
    if facts.by_plate:
        # Where codes were not even looked at, nobody knows what they were.
        looked_at_codes = facts.require == "either"
        if rules.require not in {"plate", facts.require} or (rules.require == "either" and not looked_at_codes):
            raise NotJudgedError(NotJudged.CODES)
    elif plate_leads(assessment, rules, final=facts.final):
        raise NotJudgedError(NotJudged.DECLARED_PLATES)


# ----------------------------------------------------------------------------------------------------------- the plate


@dataclass(frozen=True, slots=True)
class _Counting:
    """Whether what was read of the plate and of the VIN counts by the rules."""

    plate: bool = True
    vin: bool = True


def _counting(facts: FactsRecord, permit: Permit | None, rules: JudgementRules) -> _Counting:
    """What counts where two cameras must see permit and vehicle; else everything does. Raises NotJudgedError.

    What a camera read alone that read the permit too counts only where it needs no second one.
    """
    if facts.by_plate or permit is None:
        return _Counting()
    if not rules.require_two_cameras:
        if facts.of_same_camera or facts.vins_of_same_camera:
            raise NotJudgedError(NotJudged.PLATES_LEFT_OUT)
        return _Counting()
    return _Counting(
        plate=_by_another(facts.plate_by, facts.permit_by), vin=_by_another(facts.label_by, facts.permit_by)
    )


def _by_another(seen_by: tuple[str, ...], permit_by: tuple[str, ...]) -> bool:
    """Whether all that was read counts, or nothing of it. Raises NotJudgedError where it is a part."""
    if len(permit_by) != 1 or permit_by[0] not in seen_by:
        return True
    if len(seen_by) > 1:
        raise NotJudgedError(NotJudged.PLATES_OF_CAMERA)
    return False


def _vote(said: VoteRecord | None) -> PlateVote | None:
    if said is None:
        return None
    return PlateVote(
        text=said.read,
        positions=(),
        confidence=said.confidence,
        frames=said.frames,
        agreeing=said.agreeing,
        kind=said.kind,
        contested=said.contested,
        colour=said.colour,
    )


def _match(said: PlateRecord | None) -> PlateMatch | None:
    if said is None:
        return None
    return PlateMatch(
        verdict=MatchVerdict(said.verdict),
        declared=said.declared,
        read=said.read,
        score=said.score,
        frames=said.frames,
        rival=said.rival,
        kind=said.kind,
        colour=said.colour,
    )


def _witnessed(record: AccessDecided, facts: FactsRecord, counting: _Counting) -> WitnessedMatch | None:
    """What the witnesses made of the match, which is recorded as it was after them."""
    said, after = record.witness, _match(record.plate)
    if said is None or record.permit is None:
        return None
    if not counting.plate:
        raise NotJudgedError(NotJudged.PLATES_OF_CAMERA)
    found = after or match(None, record.permit.plate or "")
    return WitnessedMatch(found, found, WitnessStanding(said.standing), said.said, said.witness, facts.disputed)


def _vin(said: VinRecord | None) -> VinMatch | None:
    if said is None:
        return None
    return VinMatch(MatchVerdict(said.verdict), said.read, said.source, said.score, said.frames)


# ------------------------------------------------------------------------------------------------------ what was known


def _data(record: AccessDecided, facts: FactsRecord, permit: Permit | None, rules: ReplayRules) -> DataStanding:
    held = [ListStanding(one.list, one.version, one.issued_at, rows=0) for one in facts.lists]
    version = 0 if record.data is None else record.data.trust
    trust = TrustList(version=version, issued_at=0, expires_at=facts.trust_expires_at, entries=())
    required = rules.freshness.required | lists_needed(permit, rules.judgement)
    return standing_of(held, trust, replace(rules.freshness, required=required), facts.utc)


def _knowledge(
    facts: FactsRecord, uses: UsesRecord, permit: Permit, data: DataStanding, rules: ReplayRules
) -> Knowledge:
    other = facts.other_exit
    declaration = _declaration(facts.declaration, permit)
    context = _context(facts, rules)
    admitted = None if declaration is None else verify_declared(declaration, permit.form, context, facts.utc)
    left = None if other is None else OtherExit(bytes.fromhex(other.permit), other.gate, other.utc)
    return Knowledge(
        data,
        PermitUses(
            used=uses.used,
            open_reservation=uses.reserved_by,
            in_doubt=uses.in_doubt,
            passed_s=uses.passed_s,
            used_at=uses.used_at,
        ),
        declaration=declaration,
        admission=admitted,
        revocation=Revocation(permit.permit_id, permit.expires_at) if facts.revoked else None,
        watched=None if facts.watched is None else Watched(facts.watched, ""),
        others=("",) * (facts.others or 0),
        other_exit=exit_in_force(left, rules.judgement.already_exited_s, facts.utc),
        claim=_claim(facts, rules.judgement),
        hold=_hold(facts.hold),
        second=_second(facts, tie_of(permit, rules.judgement)),
    )


def _second(facts: FactsRecord, tie: Tie) -> SecondReading | None:
    """What the pictures were confirmed for; None where these rules would have had something else confirmed."""
    if facts.second is None or tie.value not in {Tie.NOTHING, facts.tie}:
        return None
    return SecondReading(SecondVerdict(facts.second))


def _claim(facts: FactsRecord, rules: JudgementRules) -> ClaimAnswer | None:
    if facts.claim is None:
        return None
    answer = ClaimAnswer(ClaimCode(facts.claim.code), gate=facts.claim.gate)
    if answer.code is ClaimCode.VIN_ALREADY_EXITED and not rules.already_exited_s:
        raise NotJudgedError(NotJudged.HOME_GATE)  # it would not have been asked that, and what else it would say?
    return answer


def _declaration(said: DeclarationRecord | None, permit: Permit) -> Declaration | None:
    """The declaration of the permit's own vehicle, but for the fields in which it was another one."""
    if said is None:
        return None
    declaration = Declaration(
        permit_id=permit.permit_id,
        status=said.status,
        issuer=permit.issuer,
        not_before=said.not_before,
        expires_at=said.expires_at,
        declaration=permit.declaration,
        vin=permit.vin,
        plate=permit.plate,
        plate_kind=permit.plate_kind,
        energy=None,
        site=permit.site,
        lane_mask=said.lane_mask,
        direction=permit.direction,
        max_uses=said.max_uses,
    )
    return replace(declaration, **{name: _another(getattr(declaration, name)) for name in said.differs})


def _another(value: object) -> object:
    """A value that is not this one: which it was is not recorded."""
    return value + 1 if isinstance(value, int) else f"not {value}"


def _hold(said: HoldRecord | None) -> StateHold:
    if said is None:
        return NO_HOLD
    return StateHold(
        cause=_NOT_WHOLE if said.all_permits else "",
        ledger=_NOT_WHOLE if said.ledger else "",
        issued_after_utc=inf if said.issued_after is None else said.issued_after,
        floors=tuple((floor.list, floor.version) for floor in said.floors),
    )


def _check_asked(facts: FactsRecord, tie: Tie, assessment: Assessment, found: VinMatch | None) -> None:
    """What these rules ask must have been asked by the rules of then. Raises NotJudgedError."""
    permit = assessment.permit
    plated = permit is not None and permit.plate is not None and assessment.voted is not None
    if plated and tie is not Tie.NOTHING and facts.others is None:
        raise NotJudgedError(NotJudged.OTHER_PLATES)
    if tie in ASKS_VIN and found is None and facts.tie not in ASKS_VIN:
        raise NotJudgedError(NotJudged.VINS)
    doubted = facts.second is not None and facts.second != SecondVerdict.CONFIRMED
    if doubted and tie.value != facts.tie:
        raise NotJudgedError(NotJudged.SECOND_READING)
