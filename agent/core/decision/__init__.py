"""The decision on one vehicle: which permit counts, then every check in its fixed order; the first that fails decides.

Knows permits, lists, plates and claims as values; asks nobody.
"""

from agent.core.decision.checks.case import JudgementRules, judges_plate
from agent.core.decision.decision import Decision
from agent.core.decision.fail_safe import with_fail_safe
from agent.core.decision.judged_facts import facts_record, tie_word
from agent.core.decision.judgement import judge, lists_needed, plate_leads
from agent.core.decision.knowledge import Knowledge, PermitUses, exit_in_force, in_force, subjects_of, uses_allowed
from agent.core.decision.permit_choice import (
    SET_ASIDE,
    Assessment,
    AssessmentContext,
    TransactionEvidence,
    assess,
    assess_plate,
    references_of,
    weigh,
)
from agent.core.decision.rate_limit import NO_TEXTS, Texts
from agent.core.decision.second_reading import (
    PicturesShown,
    PlateShown,
    ToBeConfirmed,
    compared,
    to_be_confirmed,
)
from agent.core.decision.second_verdict import SecondReading, SecondVerdict

__all__ = [
    "NO_TEXTS",
    "SET_ASIDE",
    "Assessment",
    "AssessmentContext",
    "Decision",
    "JudgementRules",
    "Knowledge",
    "PermitUses",
    "PicturesShown",
    "PlateShown",
    "SecondReading",
    "SecondVerdict",
    "Texts",
    "ToBeConfirmed",
    "TransactionEvidence",
    "assess",
    "assess_plate",
    "compared",
    "exit_in_force",
    "facts_record",
    "in_force",
    "judge",
    "judges_plate",
    "lists_needed",
    "plate_leads",
    "references_of",
    "subjects_of",
    "tie_word",
    "to_be_confirmed",
    "uses_allowed",
    "weigh",
    "with_fail_safe",
]
