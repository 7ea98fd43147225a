"""The whole decision on one transaction, in steps, because the caller asks other parts between them.

    assessment = assess(evidence, ground, now)                              the permit
    knowledge = ...                                                         what ledger and lists say of it
    decision = judge(assessment, rules, knowledge, final=final)
    knowledge = replace(knowledge, claim=...)                               the home gate's answer, for what may pass
    decision = judge(assessment, rules, knowledge, final=final, before=decision)

`judge` runs all checks that follow those on the permit's text, in the fixed order of `Reason`. The first check that
fails decides. Neither function raises: an error inside them gives MANUAL with INTERNAL_ERROR. A gate that is offline
lets no vehicle pass that would not pass otherwise. It still checks signature, plate and single use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.decision.checks import CHECKS, list_data, plate
from agent.core.decision.checks.check_input import Case
from agent.core.decision.decision import Decision
from agent.core.decision.fail_safe import internal, with_fail_safe
from agent.core.decision.judgement_rules import JudgementRules
from agent.core.decision.permit_choice import FOREIGN, is_foreign
from agent.core.decision.second_factor import declares_vin
from agent.core.model import Check, ListKind, Reason, Verdict
from agent.core.plates import with_witness
from agent.core.plates.match import match
from agent.core.vin_match import match_vin

if TYPE_CHECKING:
    from agent.core.decision.knowledge import Knowledge
    from agent.core.decision.permit_choice import Assessment
    from agent.core.lists import DataStanding
    from agent.core.permit import Permit
    from agent.core.plates import PlateMatch, WitnessedMatch

__all__ = ["JudgementRules", "judge", "lists_needed", "plate_leads"]

_MANUAL: Final = frozenset(
    {
        Reason.QR_MULTIPLE,
        Reason.CLOCK_UNTRUSTED,  # it is the gate that does not know, not the permit that is wrong
        Reason.RATE_LIMITED,
        Reason.INTERNAL_ERROR,
    }
)
"""What is found out about the texts and is for an officer."""


def judge(
    assessment: Assessment,
    rules: JudgementRules,
    known: Knowledge,
    *,
    final: bool,
    before: Decision | None = None,
) -> Decision:
    """Decide on an assessed transaction. Never raises.

    `known`: what ledger and lists say of `assessment.permit`. `final`: no more evidence will come, so RETRY is no
    answer. `before`: what was decided on the same readings before; the matches of plate and VIN, which cost more than
    all else here, are taken from it. What witnesses say is weighed anew where they said anything.
    """
    checks = list(assessment.checks)
    return with_fail_safe(
        lambda: _judge(assessment, rules, known, checks, final, before),
        lambda name: Decision(
            Verdict.MANUAL,
            Reason.INTERNAL_ERROR,
            (*checks, internal(name)),
            assessment.permit,
            voted=assessment.voted,
        ),
    )


def plate_leads(assessment: Assessment, rules: JudgementRules, *, final: bool) -> bool:
    """Whether the plate is to lead to the permit.

    Always where no code is asked for; where either is enough, at last.
    """
    return rules.require == "plate" or (rules.require == "either" and final and is_foreign(assessment))


def lists_needed(permit: Permit | None, rules: JudgementRules) -> frozenset[ListKind]:
    """The lists that a permit in such a lane cannot do without, beside those that its configuration requires."""
    needed = rules.declaration == "required" or rules.require == "plate"
    if permit is not None:
        needed = needed or permit.form in list_data.UNSIGNED
    return frozenset({ListKind.DECLARATIONS}) if needed else frozenset()


def _judge(
    assessment: Assessment,
    rules: JudgementRules,
    known: Knowledge,
    checks: list[Check],
    final: bool,
    before: Decision | None,
) -> Decision:
    permit = assessment.permit
    if assessment.reason is not Reason.OK:
        verdict = _verdict_on_assessment(assessment, rules, known.data, final=final)
        return Decision(verdict, assessment.reason, tuple(checks), permit, data=known.data, voted=assessment.voted)
    if permit is None:
        raise ValueError("an assessment that is OK and has no permit")
    case = _case(assessment, permit, rules, known, before)
    for check in CHECKS:
        finding = check(case)
        if finding is None:
            continue
        checks.append(finding.check)
        if not finding.check.ok:
            verdict = Verdict.RETRY if finding.unclear and not final else finding.verdict
            return _decision(verdict, finding.check.reason, checks, case)
    return _decision(Verdict.PASS, Reason.OK, checks, case)


def _decision(verdict: Verdict, reason: Reason, checks: list[Check], case: Case) -> Decision:
    return Decision(
        verdict,
        reason,
        tuple(checks),
        case.permit,
        case.match,
        case.known.data,
        case.voted,
        vin=case.vin,
        witnessed=case.witnessed,
    )


def _case(
    assessment: Assessment, permit: Permit, rules: JudgementRules, known: Knowledge, before: Decision | None
) -> Case:
    voted, evidence = assessment.voted, assessment.evidence
    own, found = (None, None) if before is None else (before.own_match, before.vin)
    if own is None and voted is not None and permit.plate is not None:
        own = match(voted, permit.plate, rules.match, known.others)
    witnessed = _witnessed(assessment, permit, rules, own) or (None if before is None else before.witnessed)
    if found is None and declares_vin(permit):
        found = match_vin(evidence.vins, permit.vin, rules.vin_match)
    return Case(
        permit,
        evidence.transaction,
        rules,
        known,
        evidence.plates_seen,
        voted,
        own if own is None or witnessed is None else witnessed.match,
        vins_read=evidence.vins_seen,
        vin=found,
        witnessed=witnessed,
    )


def _witnessed(
    assessment: Assessment, permit: Permit, rules: JudgementRules, own: PlateMatch | None
) -> WitnessedMatch | None:
    """What the witnesses make of the match; None: they said nothing, or no plate is declared."""
    said = assessment.evidence.witnessed
    if not said or permit.plate is None:
        return None
    found = own or match(None, permit.plate)
    return with_witness(found, assessment.voted, said, rules.witness, rules.match)


def _verdict_on_assessment(
    assessment: Assessment, rules: JudgementRules, lists: DataStanding, *, final: bool
) -> Verdict:
    """What follows from a reason for which the permit itself, or the lack of one, is enough."""
    reason = assessment.reason
    if assessment.by_plate and assessment.permit is None and reason is not Reason.INTERNAL_ERROR:
        return _verdict_on_plate(assessment, rules, lists) if final else Verdict.RETRY
    if reason is Reason.DECLARATION_UNKNOWN:
        return list_data.verdict_on_unknown(lists)
    if reason is Reason.QR_NONE or reason in FOREIGN:
        return Verdict.DENY if final else Verdict.RETRY
    return Verdict.MANUAL if reason in _MANUAL else Verdict.DENY


def _verdict_on_plate(assessment: Assessment, rules: JudgementRules, lists: DataStanding) -> Verdict:
    """A plate without a declaration is refused where it was read beyond doubt; else an officer looks."""
    voted = assessment.voted
    if assessment.reason is not Reason.DECLARATION_UNKNOWN or voted is None:
        return Verdict.MANUAL
    alike = voted.agreeing >= plate.FRAMES_FOR_A_PLATE_ALONE
    read = alike and not voted.doubt and voted.confidence >= rules.match.confident_mismatch
    return list_data.verdict_on_unknown(lists) if read else Verdict.MANUAL
