"""The facts of a decision for its event: enough to judge the vehicle again by other rules (agent.core.replay)."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING

from agent.core.decision.checks.list_data import differing
from agent.core.decision.second_factor import Tie, tie_of
from agent.core.events import (
    ClaimRecord,
    DeclarationRecord,
    ExitRecord,
    FactsRecord,
    FloorRecord,
    HoldRecord,
    ListRecord,
    PermitClaimsRecord,
    UsesRecord,
    VoteRecord,
)
from agent.core.model import Reason
from agent.core.trust_state import NO_HOLD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.core.decision.judgement_rules import JudgementRules
    from agent.core.decision.knowledge import Knowledge, PermitUses
    from agent.core.decision.permit_choice import Assessment
    from agent.core.model import Declaration
    from agent.core.permit import Permit, PermitForm
    from agent.core.plates import PlateVote, WitnessedMatch
    from agent.core.site import OtherExit
    from agent.core.trust_state import StateHold


def facts_record(  # noqa: PLR0913 - all that a decision goes by
    assessment: Assessment,
    rules: JudgementRules,
    known: Knowledge,
    *,
    final: bool,
    utc: float,
    clock_trusted: bool,
    forms: Iterable[PermitForm],
    last_exit: OtherExit | None = None,
    witnessed: WitnessedMatch | None = None,
) -> FactsRecord:
    """Return what one decision goes by. The first three and `final` are what `judge` is given.

    `utc`: the time by which it is judged (Unix seconds), and whether that is to be trusted. `forms`: those of permits
    that are taken. `last_exit`: the vehicle's
    newest passage the same way under another permit, however long ago. `witnessed`: what the witnesses made of the
    plate match, as the decision has it.
    """
    permit, evidence, data = assessment.permit, assessment.evidence, known.data
    return FactsRecord(
        utc=round(utc, 3),
        clock_trusted=clock_trusted,
        final=final,
        require=rules.require,
        forms=tuple(sorted(forms)),
        tie=(Tie.NOTHING if permit is None else tie_of(permit, rules)).value,
        assessed=assessment.reason,
        by_plate=assessment.by_plate,
        readings=len(evidence.readings),
        set_aside=evidence.set_aside,
        of_same_camera=evidence.of_same_camera,
        permit_by=_sources(shown.camera for shown in evidence.presentations if shown.payload == assessment.payload),
        plate_by=_sources(reading.camera for reading in evidence.readings),
        label_by=_sources(reading.camera for reading in evidence.vins),
        vins_of_same_camera=evidence.vins_of_same_camera,
        vote=_vote(assessment.voted),
        disputed=witnessed is not None and witnessed.disputed,
        permit=None if permit is None else _permit(permit),
        lists=tuple(ListRecord(list=one.kind, version=one.version, issued_at=one.issued_at) for one in data.held),
        trust_expires_at=data.trust_expires_at,
        uses=None if permit is None else _uses(known.use),
        declaration=None if permit is None else _declaration(permit, known.declaration),
        revoked=known.revocation is not None,
        watched=None if known.watched is None else known.watched.subject,
        others=_others(assessment, rules, known),
        other_exit=_exit(last_exit),
        hold=_hold(known.hold),
        claim=None if known.claim is None else ClaimRecord(code=known.claim.code.value, gate=known.claim.gate),
        second=None if known.second is None else known.second.verdict.value,
    )


def _sources(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _vote(voted: PlateVote | None) -> VoteRecord | None:
    if voted is None:
        return None
    return VoteRecord(
        read=voted.text,
        confidence=round(voted.confidence, 6),
        frames=voted.frames,
        agreeing=voted.agreeing,
        kind=voted.kind,
        colour=voted.colour,
        contested=voted.contested,
    )


def _permit(permit: Permit) -> PermitClaimsRecord:
    return PermitClaimsRecord(
        not_before=permit.not_before,
        issued_at=permit.issued_at,
        site=permit.site,
        lane_mask=permit.lane_mask,
        direction=permit.direction,
        max_uses=permit.max_uses,
        plate_kind=permit.plate_kind,
    )


def _uses(use: PermitUses) -> UsesRecord:
    return UsesRecord(
        used=use.used,
        reserved_by=use.open_reservation,
        in_doubt=use.in_doubt,
        passed_s=None if use.passed_s is None else round(use.passed_s, 3),
        used_at=use.used_at,
    )


def _declaration(permit: Permit, declaration: Declaration | None) -> DeclarationRecord | None:
    if declaration is None:
        return None
    return DeclarationRecord(
        status=declaration.status,
        max_uses=declaration.max_uses,
        not_before=declaration.not_before,
        expires_at=declaration.expires_at,
        lane_mask=declaration.lane_mask,
        differs=differing(permit, declaration),
    )


def _others(assessment: Assessment, rules: JudgementRules, known: Knowledge) -> int | None:
    """How many; None where nobody looked, because no plate counts."""
    permit = assessment.permit
    if permit is None or assessment.reason is not Reason.OK or tie_of(permit, rules) is Tie.NOTHING:
        return None
    return len(known.others)


def _exit(last: OtherExit | None) -> ExitRecord | None:
    return None if last is None else ExitRecord(permit=last.permit_id.hex(), gate=last.gate, utc=round(last.utc, 3))


def _hold(hold: StateHold) -> HoldRecord | None:
    if hold == NO_HOLD:
        return None
    return HoldRecord(
        all_permits=bool(hold.cause),
        ledger=bool(hold.ledger),
        issued_after=None if isinf(hold.issued_after_utc) else hold.issued_after_utc,
        floors=tuple(FloorRecord(list=name, version=version) for name, version in hold.floors),
    )
