"""Trust anchors: what a gate trusts without asking anyone, and who may change it.

Contains only rules and formats. A change is a document that people or central have signed. `agent.anchors` stores the
anchors.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.anchors.anchor_fingerprints import AnchorDifference, differences, fingerprints
    from agent.core.anchors.anchor_keys import (
        ANCHOR_KEYS,
        AUTHORITIES,
        CA_KEYS,
        DOCUMENT_KEYS,
        PERSONS,
        anchor_key,
        is_anchor,
    )
    from agent.core.anchors.authority import (
        NOT_ADOPTED,
        AnchorFault,
        AnchorRefusedError,
        Authority,
        JudgedChange,
        Sender,
        judge_change,
        sealed,
        signers_of,
    )
    from agent.core.anchors.change_document import (
        LONGEST_LIFE_S,
        SIGNATURES_LIMIT,
        ChangeDocument,
        SignedText,
        document_bytes,
        parsed_document,
        sign_document,
        told_of,
    )
    from agent.core.anchors.held_anchors import HeldAnchors, PersonKey
    from agent.core.anchors.proposal import (
        PROPOSAL_LIFE_S,
        AnchorProposal,
        AnchorWaitsError,
        confirmed,
        is_over,
        proposed,
    )
    from agent.core.anchors.requests import (
        REQUEST_LIMIT_BYTES,
        ChangeRequest,
        HelperAnswer,
        RequestInvalidError,
        SealRequest,
        answer_bytes,
        parsed_answer,
        parsed_request,
        request_bytes,
    )
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "ANCHOR_KEYS",
    "AUTHORITIES",
    "CA_KEYS",
    "DOCUMENT_KEYS",
    "LONGEST_LIFE_S",
    "NOT_ADOPTED",
    "PERSONS",
    "PROPOSAL_LIFE_S",
    "REQUEST_LIMIT_BYTES",
    "SIGNATURES_LIMIT",
    "AnchorDifference",
    "AnchorFault",
    "AnchorProposal",
    "AnchorRefusedError",
    "AnchorWaitsError",
    "Authority",
    "ChangeDocument",
    "ChangeRequest",
    "HeldAnchors",
    "HelperAnswer",
    "JudgedChange",
    "PersonKey",
    "RequestInvalidError",
    "SealRequest",
    "Sender",
    "SignedText",
    "anchor_key",
    "answer_bytes",
    "confirmed",
    "differences",
    "document_bytes",
    "fingerprints",
    "is_anchor",
    "is_over",
    "judge_change",
    "parsed_answer",
    "parsed_document",
    "parsed_request",
    "proposed",
    "request_bytes",
    "sealed",
    "sign_document",
    "signers_of",
    "told_of",
]
