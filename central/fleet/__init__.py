"""Rolls out fleet documents to many gates: plans, stages, limits on failures, and reports of gates.

May sign documents, keep one file for each roll-out, and connect to one broker at a time.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from central.fleet.gate_reports import GateReports, GateWord
    from central.fleet.rollout import (
        Action,
        End,
        RolloutPhase,
        RolloutState,
        Send,
        SignNext,
        StageCount,
        Wait,
        begun_stage,
        count_stage,
        step,
    )
    from central.fleet.rollout_plan import PlanError, PlanStage, RolloutPlan, StopRules, read_plan
    from central.fleet.rollout_run import RolloutError, RolloutFile, RolloutRun, Signer
    from central.fleet.software_document import SoftwareTextError, software_text
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "Action",
    "End",
    "GateReports",
    "GateWord",
    "PlanError",
    "PlanStage",
    "RolloutError",
    "RolloutFile",
    "RolloutPhase",
    "RolloutPlan",
    "RolloutRun",
    "RolloutState",
    "Send",
    "SignNext",
    "Signer",
    "SoftwareTextError",
    "StageCount",
    "StopRules",
    "Wait",
    "begun_stage",
    "count_stage",
    "read_plan",
    "software_text",
    "step",
]
