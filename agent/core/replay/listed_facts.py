"""What lists, ledger and other gates said about a permit, as its decision recorded it, judged by other rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any, Final

from agent.core.decision import (
    JudgementRules,
    Knowledge,
    PermitUses,
    SecondReading,
    SecondVerdict,
    Tie,
    exit_in_force,
    lists_needed,
    tie_of,
)
from agent.core.lists import FreshnessRules, ListStanding, standing_of
from agent.core.model import Declaration, Revocation, Watched
from agent.core.permit import GateContext, TrustList, verify_declared
from agent.core.replay.recorded import NotJudged, NotJudgedError
from agent.core.site import ClaimAnswer, ClaimCode, OtherExit
from agent.core.trust_state import NO_HOLD, StateHold
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.events import AccessDecided, DeclarationRecord, FactsRecord, HoldRecord, UsesRecord
    from agent.core.lists import DataStanding
    from agent.core.permit import Permit

_NOT_WHOLE: Final = Text("the gate's own data was not complete")


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


def context_of(facts: FactsRecord, rules: ReplayRules) -> GateContext:
    """Where the permit was shown, and whether the time counted."""
    return replace(rules.context, clock_trusted=not rules.require_clock or facts.clock_trusted)


def data_of(record: AccessDecided, facts: FactsRecord, permit: Permit | None, rules: ReplayRules) -> DataStanding:
    """How fresh the lists were, by these rules."""
    held = [ListStanding(one.list, one.version, one.issued_at, rows=0) for one in facts.lists]
    version = 0 if record.data is None else record.data.trust
    trust = TrustList(version=version, issued_at=0, expires_at=facts.trust_expires_at, entries=())
    required = rules.freshness.required | lists_needed(permit, rules.judgement)
    return standing_of(held, trust, replace(rules.freshness, required=required), facts.utc)


def knowledge_of(
    facts: FactsRecord, uses: UsesRecord, permit: Permit, data: DataStanding, rules: ReplayRules
) -> Knowledge:
    """What was known of the permit, as far as these rules ask for it. Raises NotJudgedError."""
    other = facts.other_exit
    declaration = _declaration(facts.declaration, permit)
    context = context_of(facts, rules)
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
        hold=hold_of(facts.hold),
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


def _another(value: Any) -> Any:
    """A value that is not this one: which it was is not recorded."""
    return value + 1 if isinstance(value, int) else f"not {value}"


def hold_of(said: HoldRecord | None) -> StateHold:
    """What a state that was not whole kept back."""
    if said is None:
        return NO_HOLD
    return StateHold(
        cause=_NOT_WHOLE if said.all_permits else "",
        ledger=_NOT_WHOLE if said.ledger else "",
        issued_after_utc=inf if said.issued_after is None else said.issued_after,
        floors=tuple((floor.list, floor.version) for floor in said.floors),
    )
