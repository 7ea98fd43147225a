"""Vehicles as they were, the decision on them by any rules, and what the event of that decision tells."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.core.decision.judged_facts import facts_record
from agent.core.decision.judgement import judge, lists_needed, plate_leads
from agent.core.decision.judgement_rules import JudgementRules
from agent.core.decision.knowledge import Knowledge, PermitUses, exit_in_force
from agent.core.decision.permit_choice import AssessmentContext, TransactionEvidence, assess, assess_plate
from agent.core.decision.second_factor import Tie, tie_of
from agent.core.decision.second_reading_result import SecondReading, SecondVerdict
from agent.core.events import Draft, TransactionClosed, VehiclePresent
from agent.core.lane.event_drafts import decision_event
from agent.core.lists.freshness import FreshnessRules, ListStanding, standing_of
from agent.core.model import Instant, ListKind, Outcome, Presentation
from agent.core.model.list_rows import DeclarationStatus, Revocation, Subject, Watched
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S, issue
from agent.core.permit.permit_verification import verify_declared
from agent.core.plates.match import MatchRules
from agent.core.replay import ReplayRules, recorded_vehicle
from agent.core.site.claim_answers import ClaimAnswer, ClaimCode
from agent.core.site.permit_uses import OtherExit
from agent.core.trust_state import NO_HOLD, StateHold
from tests.support.lane.judging import CONTEXT, PERMIT, REFERENCE, TRUST, declared, read, vins_read, witness_said
from tests.support.pki.permits import KEY, NOW

if TYPE_CHECKING:
    from random import Random

    from agent.core.decision.decision import Decision
    from agent.core.model.list_rows import Declaration
    from agent.core.model.observations import Reading, VinReading
    from agent.core.model.witness_reading import WitnessReading
    from agent.store.journal.journal import Journal

LANE = "exit-1"
TRANSACTION = "20261124083000010001"
FRESHNESS = FreshnessRules(900, 14_400, 86_400)
RULES = ReplayRules(JudgementRules(), CONTEXT, require_clock=True, freshness=FRESHNESS)
NEVER_USED = PermitUses()
ALL_LISTS = tuple(ListStanding(kind, 7, NOW - 60, 10) for kind in ListKind)


@dataclass(frozen=True)
class Situation:
    """All that could be found out about a vehicle, whatever a lane asks of it."""

    presentations: tuple[Presentation, ...] = ()
    readings: tuple[Reading, ...] = ()
    vins: tuple[VinReading, ...] = ()
    witnessed: tuple[WitnessReading, ...] = ()
    final: bool = False
    clock_trusted: bool = True
    listed: tuple[ListStanding, ...] = ALL_LISTS
    declaration: Declaration | None = None
    revoked: bool = False
    watched: bool = False
    others: tuple[str, ...] = ()
    last_exit: OtherExit | None = None
    use: PermitUses = NEVER_USED
    hold: StateHold = NO_HOLD
    second: SecondVerdict | None = SecondVerdict.CONFIRMED
    claim: ClaimCode = ClaimCode.GRANTED


def shown(*payloads, camera="front"):
    return tuple(Presentation(payload, "test", camera, n, float(n)) for n, payload in enumerate(payloads))


def answered(situation: Situation, rules: ReplayRules, *, proven: bool = True) -> Decision:
    """The decision by these rules, with what it was made on, as the decider makes it.

    Without `proven` neither pictures nor other gates are asked at the end.
    """
    asked = rules.judgement
    context = replace(rules.context, clock_trusted=not rules.require_clock or situation.clock_trusted)
    evidence = TransactionEvidence(
        TRANSACTION,
        () if asked.require == "plate" else situation.presentations,
        situation.readings,
        vins=situation.vins,
        witnessed=situation.witnessed,
    )
    rows = [] if situation.declaration is None else [situation.declaration]
    references = {one.reference: one for one in rows if one.reference}
    ground = AssessmentContext(context, TRUST, references, two_cameras=asked.require_two_cameras)
    assessment = assess(evidence, ground, Instant(0.0, NOW))
    if plate_leads(assessment, asked, final=situation.final):
        active = [one for one in rows if one.not_before <= NOW < one.expires_at]
        assessment = assess_plate(assessment, active, context, NOW)
    permit = assessment.permit
    required = rules.freshness.required | lists_needed(permit, asked)
    data = standing_of(situation.listed, TRUST, replace(rules.freshness, required=required), NOW)
    known, last_exit = Knowledge(data, hold=situation.hold), None
    if permit is not None:
        known = replace(known, use=situation.use)
    if permit is not None and assessment.reason is Reason.OK:
        last_exit = situation.last_exit
        row = situation.declaration
        known = replace(
            known,
            declaration=row,
            admission=None if row is None else verify_declared(row, permit.form, context, NOW),
            revocation=Revocation(permit.permit_id, permit.expires_at) if situation.revoked else None,
            watched=Watched(Subject.VIN, permit.vin, "look") if situation.watched else None,
            others=situation.others if tie_of(permit, asked) is not Tie.NOTHING else (),
            other_exit=exit_in_force(last_exit, asked.already_exited_s, NOW),
        )
    decision = judge(assessment, asked, known, final=situation.final)
    if proven and decision.verdict is Verdict.PASS and situation.second is not None:
        known = replace(known, second=SecondReading(situation.second))
        decision = judge(assessment, asked, known, final=situation.final, before=decision)
    if proven and decision.verdict is Verdict.PASS:
        known = replace(known, claim=ClaimAnswer(situation.claim, 1))
        decision = judge(assessment, asked, known, final=situation.final, before=decision)
    facts = facts_record(
        assessment,
        asked,
        known,
        final=situation.final,
        utc=NOW,
        clock_trusted=situation.clock_trusted,
        forms=context.forms,
        last_exit=last_exit,
        witnessed=decision.witnessed,
    )
    return replace(decision, facts=facts)


def event(kind, data, lane=LANE, transaction=TRANSACTION):
    return {"type": kind, "lane": lane, "transaction": transaction, "time": "2026-11-24T08:30:00.000Z", "data": data}


def recorded(*decisions: Decision, lane=LANE, **closed):
    """The vehicle as its events tell of it, by way of their bytes."""
    told = [json.loads(decision_event(one, ()).model_dump_json()) for one in decisions]
    return recorded_vehicle(
        [
            event("vehicle.present", {"seen_by": "inputs"}, lane),
            *(event("access.decided", data, lane) for data in told),
            event("transaction.closed", {"outcome": "passed", "plate": PERMIT.plate, **closed}, lane),
        ]
    )


def by(rules: ReplayRules = RULES, **changes) -> ReplayRules:
    """The rules with some of what a lane asks for changed."""
    return replace(rules, judgement=replace(rules.judgement, **changes))


# ------------------------------------------------------------------------------------------------- by the thousand


def any_rules(random: Random) -> ReplayRules:
    """Some rules that a lane may have."""
    judgement = JudgementRules(
        match=MatchRules(),
        require=random.choice(["permit_and_plate"] * 4 + ["permit", "plate", "either"]),
        declaration=random.choice(["if_known", "required"]),
        second_factor=random.choice(["plate", "plate", "vin", "either", "both"]),
        without_plate=random.choice(["manual", "vin", "pass"]),
        wrong_check_digit=random.choice(["note", "manual"]),
        other_class=random.choice(["note", "manual"]),
        anti_passback_s=random.choice([0.0, 600.0]),
        already_exited_s=random.choice([0.0, DAY_S, 30.0 * DAY_S]),
        require_two_cameras=random.random() < 0.2,
    )
    context = replace(
        CONTEXT,
        lane=random.choice([1, 1, 1, 2]),
        direction=random.choice(["export"] * 5 + ["import"]),
        clock_skew_s=random.choice([0, 60, 3600]),
        forms=random.choice([frozenset(PermitForm), frozenset(PermitForm), frozenset({PermitForm.SIGNED})]),
    )
    freshness = random.choice([FRESHNESS, FreshnessRules(30, 60, 7200, frozenset({ListKind.WATCH}))])
    return ReplayRules(judgement, context, require_clock=random.random() < 0.7, freshness=freshness)


def any_situation(random: Random) -> Situation:
    """Some vehicle: most have nothing wrong, others one thing or a few."""

    def seldom(value, usual):
        return value if random.random() < 0.12 else usual

    permit = replace(
        PERMIT,
        lane_mask=seldom(1, 0),
        expires_at=seldom(int(NOW) - 30, PERMIT.expires_at),
        max_uses=random.choice([1, 2]),
    )
    if random.random() < 0.2:
        permit = replace(permit, plate=None, plate_kind=None)
    row = None
    if random.random() < 0.7:
        row = declared(
            permit,
            status=seldom(random.choice(list(DeclarationStatus)), DeclarationStatus.RELEASED),
            vin=seldom("LSVAA4182E2184841", permit.vin),
            lane_mask=seldom(2, permit.lane_mask),
            max_uses=seldom(1, permit.max_uses),
        )
    code = seldom(b"https://example.org", issue(permit, KEY).encode())
    if row is not None and random.random() < 0.15:
        code = REFERENCE
    payloads = seldom((), (code,))
    plate = permit.plate or "新B77777"
    readings = seldom(
        (), read(seldom("新A99999", plate), sure=random.choice([0.99, 0.8]), frames=random.choice([1, 3]))
    )
    if random.random() < 0.5:
        readings = tuple(replace(one, camera="rear") for one in readings)
    vins = vins_read(seldom("LSVAA4182E2184841", permit.vin)) if random.random() < 0.5 else ()
    return Situation(
        presentations=shown(*payloads),
        readings=readings,
        vins=vins,
        witnessed=random.choice([(), (), (witness_said(plate),), (witness_said("京B98765"),)]),
        final=random.random() < 0.5,
        clock_trusted=seldom(False, True),
        listed=seldom(tuple(replace(one, issued_at=NOW - 3600) for one in ALL_LISTS[:1]), ALL_LISTS),
        declaration=row,
        revoked=seldom(True, False),
        watched=seldom(True, False),
        others=seldom(("新A12346",), ()),
        last_exit=seldom(OtherExit(b"another.", "gate-2", NOW - random.choice([60.0, 3.0 * DAY_S])), None),
        use=seldom(PermitUses(used=1), PermitUses(passed_s=random.choice([None, 30.0, 5000.0]))),
        hold=seldom(random.choice([StateHold(cause="lost"), StateHold(ledger="lost", issued_after_utc=NOW)]), NO_HOLD),
        second=random.choice([None, *[SecondVerdict.CONFIRMED] * 8, SecondVerdict.UNCLEAR]),
        claim=seldom(ClaimCode.RESERVED_ELSEWHERE, ClaimCode.GRANTED),
    )


def drafts(decisions, transaction=TRANSACTION, utc=float(NOW), lane=LANE, **closed):
    """The events of a vehicle, for a journal."""
    decided = [Draft(decision_event(one, closed.get("pictures", ())), lane, transaction, utc + 1) for one in decisions]
    said = {"outcome": Outcome.PASSED, "reason": decisions[-1].reason, "assumed": False, "duration_s": 9.5} | closed
    return [
        Draft(VehiclePresent(seen_by="inputs", direction="export"), lane, transaction, utc),
        *decided,
        Draft(TransactionClosed(**said), lane, transaction, utc + 9),
    ]


def record_day(journal: Journal, decisions, vehicles: int, every_s: float = 28.8, lane=LANE):
    """Record so many vehicles, each with one of these decisions in turn; returns their transactions in order."""
    names = []
    for number in range(vehicles):
        names.append(f"{TRANSACTION[:10]}{number:010d}")
        told = drafts((decisions[number % len(decisions)],), names[-1], NOW + number * every_s, lane)
        journal.record(told)
    return names
