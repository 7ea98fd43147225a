"""The decision on one vehicle: chooses the permit, then runs the checks in their fixed order.

The first check that fails decides. Takes permits, lists, plates and claims as values, and asks no one.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.decision.decision import Decision
    from agent.core.decision.fail_safe import with_fail_safe
    from agent.core.decision.judged_facts import facts_record
    from agent.core.decision.judgement import judge, lists_needed, plate_leads
    from agent.core.decision.judgement_rules import JudgementRules
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
    from agent.core.decision.second_factor import ASKS_VIN, Tie, tie_of
    from agent.core.decision.second_reading import (
        PicturesShown,
        PlateShown,
        ToBeConfirmed,
        VinShown,
        compared,
        to_be_confirmed,
    )
    from agent.core.decision.second_reading_result import SecondReading, SecondVerdict
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "ASKS_VIN",
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
    "Tie",
    "ToBeConfirmed",
    "TransactionEvidence",
    "VinShown",
    "assess",
    "assess_plate",
    "compared",
    "exit_in_force",
    "facts_record",
    "in_force",
    "judge",
    "lists_needed",
    "plate_leads",
    "references_of",
    "subjects_of",
    "tie_of",
    "to_be_confirmed",
    "uses_allowed",
    "weigh",
    "with_fail_safe",
]
