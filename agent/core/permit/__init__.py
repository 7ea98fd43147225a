"""The permit: its text form, its claims, the trust list, and the checks of one text in their fixed order.

Uses only crypto, plates and plain values of the core. `agent.core.decision` judges what the lists and the ledger say
about a permit.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.permit.claims import (
        DECLARATION_DIGITS,
        DIRECTIONS,
        LANES,
        PERMIT_ID_BYTES,
        PLATE_KINDS,
        Direction,
        Permit,
        PermitForm,
    )
    from agent.core.permit.declared_values import TIMES, check_declaration, check_vehicle
    from agent.core.permit.driver_id import driver_hmac
    from agent.core.permit.fields import ClaimsError, Fields
    from agent.core.permit.issue import DAY_S, Issuer, issue_jws, trust_list
    from agent.core.permit.permit_verification import (
        GateContext,
        PermitResult,
        admission,
        verify_declared,
        verify_permit,
    )
    from agent.core.permit.reference import (
        SECRET_BYTES,
        declaration_of,
        digest_of,
        digest_of_reference,
        permit_of,
        reference_of,
    )
    from agent.core.permit.trust import (
        MAX_TEXT,
        PREFIX,
        KeyStatus,
        Purpose,
        TrustEntry,
        TrustError,
        TrustFault,
        TrustList,
        load,
        root_key,
        seal,
    )
    from agent.core.permit.vehicle_label import label_readings, label_vins
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "DAY_S",
    "DECLARATION_DIGITS",
    "DIRECTIONS",
    "LANES",
    "MAX_TEXT",
    "PERMIT_ID_BYTES",
    "PLATE_KINDS",
    "PREFIX",
    "SECRET_BYTES",
    "TIMES",
    "ClaimsError",
    "Direction",
    "Fields",
    "GateContext",
    "Issuer",
    "KeyStatus",
    "Permit",
    "PermitForm",
    "PermitResult",
    "Purpose",
    "TrustEntry",
    "TrustError",
    "TrustFault",
    "TrustList",
    "admission",
    "check_declaration",
    "check_vehicle",
    "declaration_of",
    "digest_of",
    "digest_of_reference",
    "driver_hmac",
    "issue_jws",
    "label_readings",
    "label_vins",
    "load",
    "permit_of",
    "reference_of",
    "root_key",
    "seal",
    "trust_list",
    "verify_declared",
    "verify_permit",
]
