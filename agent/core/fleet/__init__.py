"""Fleet documents: what central wants, for which gates, which value applies, and whether a trial succeeds.

Takes values and returns values. `agent.fleet` stores the documents and starts the trials.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.fleet.audience import SCOPES, WHOLE, Audience, Scope, Stage, place_of
    from agent.core.fleet.document import (
        LONGEST_SIGNED,
        FleetDocument,
        SignedDocument,
        document_bytes,
        read_signed,
        sign_fleet_document,
    )
    from agent.core.fleet.document_acceptance import (
        DocumentPlace,
        FleetKey,
        FleetRules,
        in_layer_order,
        judged_document,
        proven,
        slot_of,
    )
    from agent.core.fleet.document_kinds import KINDS, DocumentKind, KindRules
    from agent.core.fleet.document_lifecycle import (
        all_told,
        applied,
        begun,
        candidate,
        put_on_trial,
        recovered,
        refused_by_check,
        taken_in,
        undone,
    )
    from agent.core.fleet.held_documents import (
        DocumentOutcome,
        DocumentProblem,
        DocumentState,
        Floor,
        HeldFleet,
        HeldFleetError,
        Trial,
        held_bytes,
        parsed_held,
    )
    from agent.core.fleet.install_steps import installed, not_installed, progressed
    from agent.core.fleet.key_owners import (
        GATE_KEYS,
        POLICY_KEYS,
        TECHNICIAN_KEYS,
        KeyOwner,
        owner_of,
    )
    from agent.core.fleet.layering import Difference, ForbiddenKey, Layer, Layered, Source, is_set, layered, value_at
    from agent.core.fleet.refusals import DocumentFault, DocumentRefusedError
    from agent.core.fleet.report import (
        LONGEST_VALUE,
        FleetDifference,
        FleetDocumentReport,
        FleetReport,
        fleet_report,
    )
    from agent.core.fleet.time_window import TimeWindow
    from agent.core.fleet.trial_verdict import TrialVerdict, TrialView, judged_trial
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "GATE_KEYS",
    "KINDS",
    "LONGEST_SIGNED",
    "LONGEST_VALUE",
    "POLICY_KEYS",
    "SCOPES",
    "TECHNICIAN_KEYS",
    "WHOLE",
    "Audience",
    "Difference",
    "DocumentFault",
    "DocumentKind",
    "DocumentOutcome",
    "DocumentPlace",
    "DocumentProblem",
    "DocumentRefusedError",
    "DocumentState",
    "FleetDifference",
    "FleetDocument",
    "FleetDocumentReport",
    "FleetKey",
    "FleetReport",
    "FleetRules",
    "Floor",
    "ForbiddenKey",
    "HeldFleet",
    "HeldFleetError",
    "KeyOwner",
    "KindRules",
    "Layer",
    "Layered",
    "Scope",
    "SignedDocument",
    "Source",
    "Stage",
    "TimeWindow",
    "Trial",
    "TrialVerdict",
    "TrialView",
    "all_told",
    "applied",
    "begun",
    "candidate",
    "document_bytes",
    "fleet_report",
    "held_bytes",
    "in_layer_order",
    "installed",
    "is_set",
    "judged_document",
    "judged_trial",
    "layered",
    "not_installed",
    "owner_of",
    "parsed_held",
    "place_of",
    "progressed",
    "proven",
    "put_on_trial",
    "read_signed",
    "recovered",
    "refused_by_check",
    "sign_fleet_document",
    "slot_of",
    "taken_in",
    "undone",
    "value_at",
]
