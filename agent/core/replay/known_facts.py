"""The recorded facts of one decision as the judgement takes them: an assessment, and what was known.

What depends on the rules of the lane is worked out again by the product's own functions: time and place of the permit,
how fresh the lists are, which passages count. What cannot be known by these rules is a NotJudgedError, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Final

from agent.core.decision import (
    Assessment,
    JudgementRules,
    Knowledge,
    PermitUses,
    SecondReading,
    SecondVerdict,
    TransactionEvidence,
    exit_in_force,
    lists_needed,
    plate_leads,
    tie_word,
)
from agent.core.lists import FreshnessRules, ListStanding, standing_of
from agent.core.model import Check, Declaration, Reason, Revocation, Watched
from agent.core.permit import GateContext, Permit, PermitForm, TrustList, admission
from agent.core.plates import MatchVerdict, PlateMatch, PlateVote
from agent.core.replay.recorded import NotJudged, NotJudgedError
from agent.core.site import ClaimAnswer, ClaimCode, OtherExit
from agent.core.trust_state import NO_HOLD, StateHold
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.events import (
        AccessDecided,
        DeclarationRecord,
        FactsRecord,
        HoldRecord,
        PermitClaimsRecord,
        PermitRecord,
        PlateRecord,
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
    """What `judge` is given. `matched`: the match of the plate with the declared one, as it was recorded."""

    assessment: Assessment
    known: Knowledge
    matched: PlateMatch | None


def known_facts(record: AccessDecided, facts: FactsRecord, transaction: str, rules: ReplayRules) -> KnownFacts:
    """Work out what the judgement would know under other rules. Raises NotJudgedError."""
    permit = _permit(record.permit, facts.permit)
    vote, left_out = _vote(facts, permit, rules.judgement)
    evidence = TransactionEvidence(transaction, set_aside=facts.set_aside, of_same_camera=left_out)
    assessment = _assessment(record, facts, permit, rules)
    _check_leading(assessment, facts, rules.judgement)
    assessment = replace(assessment, evidence=evidence, voted=vote)
    data = _data(record, facts, assessment.permit, rules)
    if assessment.reason is not Reason.OK or assessment.permit is None:
        return KnownFacts(assessment, Knowledge(data, hold=_hold(facts.hold)), None)
    if facts.assessed is not Reason.OK or facts.uses is None:
        raise NotJudgedError(NotJudged.LISTS_AND_LEDGER)
    known = _knowledge(facts, assessment.permit, data, rules.judgement)
    _check_asked(facts, assessment, rules.judgement)
    return KnownFacts(assessment, known, None if vote is None else _match(record.plate))


# ------------------------------------------------------------------------------------------------------------ the permit


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
    """What comes of the permit by itself: by time, place and form it is judged anew, all else stays as it was."""
    nothing_read = TransactionEvidence("")
    made = tuple(Check(one.reason, one.ok, one.detail) for one in record.checks)
    made = made if facts.assessed is not Reason.OK else _before(made, Reason.PERMIT_REVOKED)
    as_it_was = Assessment(nothing_read, made, permit, facts.assessed, by_plate=facts.by_plate)
    if permit is None:
        return as_it_was
    context = replace(rules.context, clock_trusted=not rules.require_clock or facts.clock_trusted)
    if permit.form is not PermitForm.PLATE and permit.form not in context.forms:
        failed = Check(
            Reason.VERSION_UNSUPPORTED, ok=False, detail=Text("form {form}, not accepted here", form=permit.form)
        )
        checks = (*_before(made, Reason.VERSION_UNSUPPORTED), failed)
        return replace(as_it_was, checks=checks, permit=None, reason=Reason.VERSION_UNSUPPORTED)
    key_elsewhere = facts.assessed is Reason.WRONG_SITE and permit.site == context.site
    if key_elsewhere or facts.assessed not in {Reason.OK} | _TIME_AND_PLACE:
        return as_it_was
    found = admission(permit, context, facts.utc)
    checks = (*_before(made, Reason.CLOCK_UNTRUSTED), *found.checks)
    return replace(as_it_was, checks=checks, reason=found.reason)


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


# ------------------------------------------------------------------------------------------------------------- the plate


def _vote(facts: FactsRecord, permit: Permit | None, rules: JudgementRules) -> tuple[PlateVote | None, int]:
    """The plate that was read as far as it counts, and how many readings do not.

    Of plates that the camera alone read which read the permit, where two cameras must see them.
    """
    vote = None
    if facts.vote is not None:
        said = facts.vote
        vote = PlateVote(
            text=said.read,
            positions=(),
            confidence=said.confidence,
            frames=said.frames,
            agreeing=said.agreeing,
            kind=said.kind,
            contested=said.contested,
            colour=said.colour,
        )
    if facts.by_plate or permit is None:
        return vote, facts.of_same_camera
    if not rules.require_two_cameras:
        if facts.of_same_camera:
            raise NotJudgedError(NotJudged.PLATES_LEFT_OUT)
        return vote, 0
    if len(facts.permit_by) != 1 or facts.permit_by[0] not in facts.plate_by:
        return vote, facts.of_same_camera
    if len(facts.plate_by) > 1:
        raise NotJudgedError(NotJudged.PLATES_OF_CAMERA)
    return None, facts.of_same_camera + facts.readings


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


# ------------------------------------------------------------------------------------------------------ what was known


def _data(record: AccessDecided, facts: FactsRecord, permit: Permit | None, rules: ReplayRules) -> DataStanding:
    held = [ListStanding(one.list, one.version, one.issued_at, rows=0) for one in facts.lists]
    version = 0 if record.data is None else record.data.trust
    trust = TrustList(version=version, issued_at=0, expires_at=facts.trust_expires_at, entries=())
    required = rules.freshness.required | lists_needed(permit, rules.judgement)
    return standing_of(held, trust, replace(rules.freshness, required=required), facts.utc)


def _knowledge(facts: FactsRecord, permit: Permit, data: DataStanding, rules: JudgementRules) -> Knowledge:
    uses, other, second = facts.uses, facts.other_exit, facts.second
    if uses is None:
        raise NotJudgedError(NotJudged.LISTS_AND_LEDGER)
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
        declaration=_declaration(facts.declaration, permit),
        revocation=Revocation(permit.permit_id, permit.expires_at) if facts.revoked else None,
        watched=None if facts.watched is None else Watched(facts.watched, ""),
        others=("",) * (facts.others or 0),
        other_exit=exit_in_force(left, rules.already_exited_s, facts.utc),
        claim=_claim(facts, rules),
        hold=_hold(facts.hold),
        second=None if second is None else SecondReading(SecondVerdict(second)),
    )


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


def _check_asked(facts: FactsRecord, assessment: Assessment, rules: JudgementRules) -> None:
    """What was asked by the rules of then must be what these rules ask."""
    permit, tie = assessment.permit, tie_word(assessment.permit, rules)
    plate_counts = tie != "nothing" and assessment.voted is not None
    if plate_counts and permit is not None and permit.plate is not None and facts.others is None:
        raise NotJudgedError(NotJudged.OTHER_PLATES)
    doubted = facts.second is not None and facts.second != SecondVerdict.CONFIRMED
    if doubted and tie != facts.tie:
        raise NotJudgedError(NotJudged.SECOND_READING)
