"""The recorded facts of one decision in the form of the judgement: an assessment, and the knowledge.

The product's own functions calculate again what depends on the rules of the lane: time and place of the permit, how
fresh the lists are, which passages count. A fact that these rules need and that is unknown gives a NotJudgedError,
never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from agent.core.decision import (
    ASKS_VIN,
    Assessment,
    Decision,
    Knowledge,
    SecondVerdict,
    Tie,
    TransactionEvidence,
    plate_leads,
    tie_of,
)
from agent.core.events import digest_in
from agent.core.model import Check, Reason
from agent.core.permit import Permit, PermitForm, admission
from agent.core.replay.listed_facts import ReplayRules, context_of, data_of, hold_of, knowledge_of
from agent.core.replay.recorded import NotJudged, NotJudgedError
from agent.core.replay.seen_facts import counting_of, match_of, vin_of, vote_of, witnessed_of
from drivers.text import Text, joined

if TYPE_CHECKING:
    from agent.core.events import AccessDecided, FactsRecord, PermitClaimsRecord, PermitRecord
    from agent.core.vin_match import VinMatch

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


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What `judge` is given. `before`: the matches of plate and VIN with the declared ones, as they were recorded."""

    assessment: Assessment
    known: Knowledge
    before: Decision | None = None


def known_facts(record: AccessDecided, facts: FactsRecord, transaction: str, rules: ReplayRules) -> KnownFacts:
    """Work out what the judgement would know under other rules. Raises NotJudgedError."""
    if _is_erased(record):
        raise NotJudgedError(NotJudged.ERASED)
    permit = _permit(record.permit, facts.permit)
    counting = counting_of(facts, permit, rules.judgement)
    vote = vote_of(facts.vote) if counting.plate else None
    evidence = TransactionEvidence(transaction, set_aside=facts.set_aside)
    assessment = _assessment(record, facts, permit, rules)
    _check_leading(assessment, facts, rules)
    assessment = replace(assessment, evidence=evidence, voted=vote)
    data = data_of(record, facts, assessment.permit, rules)
    if assessment.reason is not Reason.OK or assessment.permit is None:
        return KnownFacts(assessment, Knowledge(data, hold=hold_of(facts.hold)))
    if facts.assessed is not Reason.OK or facts.uses is None:
        raise NotJudgedError(NotJudged.LISTS_AND_LEDGER)
    known = knowledge_of(facts, facts.uses, assessment.permit, data, rules)
    matched = None if vote is None else match_of(record.plate)
    found = vin_of(record.vin) if counting.vin else None
    _check_asked(facts, tie_of(assessment.permit, rules.judgement), assessment, found)
    witnessed = witnessed_of(record, facts, counting)
    before = Decision(record.verdict, record.reason, (), match=matched, vin=found, witnessed=witnessed)
    return KnownFacts(assessment, known, before)


# ---------------------------------------------------------------------------------------------------------- the permit


def _is_erased(record: AccessDecided) -> bool:
    """Whether a plate, a VIN or a declaration that the decision rested on was erased."""
    permit, plate, vin, facts = record.permit, record.plate, record.vin, record.facts
    vote = None if facts is None else facts.vote
    told = (
        *(() if permit is None else (permit.plate, permit.vin, permit.declaration)),
        *(() if plate is None else (plate.declared, plate.read)),
        *(() if vin is None else (vin.read,)),
        *(() if vote is None else (vote.read,)),
    )
    return any(digest_in(one) is not None for one in told)


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
        if unread and not _takes_the_same(facts, rules):
            raise NotJudgedError(NotJudged.FORM)
        return as_it_was
    context = context_of(facts, rules)
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


def _takes_the_same(facts: FactsRecord, rules: ReplayRules) -> bool:
    """Whether codes of the same forms are read: one of another may have been no permit, and be one now."""
    return set(facts.forms) == {form.value for form in rules.context.forms}


def _before(checks: tuple[Check, ...], reason: Reason) -> tuple[Check, ...]:
    return tuple(one for one in checks if _ORDER[one.reason] < _ORDER[reason])


def _check_leading(assessment: Assessment, facts: FactsRecord, rules: ReplayRules) -> None:
    """Whether the plate leads to the permit must be as it was: else the other way was never tried."""
    require = rules.judgement.require
    if not facts.by_plate:
        if plate_leads(assessment, rules.judgement, final=facts.final):
            raise NotJudgedError(NotJudged.DECLARED_PLATES)
    elif require != "plate":
        # Where codes were not even looked at, nobody knows what they were.
        if require != "either" or facts.require != "either":
            raise NotJudgedError(NotJudged.CODES)
        if not _takes_the_same(facts, rules):
            raise NotJudgedError(NotJudged.FORM)


def _check_asked(facts: FactsRecord, tie: Tie, assessment: Assessment, found: VinMatch | None) -> None:
    """What these rules ask must have been asked by the rules of then. Raises NotJudgedError."""
    permit = assessment.permit
    plated = permit is not None and permit.plate is not None and assessment.voted is not None
    if plated and tie is not Tie.NOTHING and facts.others is None:
        raise NotJudgedError(NotJudged.OTHER_PLATES)
    if tie in ASKS_VIN and found is None and facts.tie not in ASKS_VIN:
        raise NotJudgedError(NotJudged.VINS)
    doubted = facts.second is not None and SecondVerdict(facts.second) is not SecondVerdict.CONFIRMED
    if doubted and tie.value != facts.tie:
        raise NotJudgedError(NotJudged.SECOND_READING)
