"""What the checks of a decision are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.model import Reason
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKS: Final[Mapping[Reason, Text]] = {
    Reason.QR_NONE: Text("A code was shown"),
    Reason.QR_MULTIPLE: Text("Only one permit was shown"),
    Reason.QR_UNSTABLE: Text("The code was seen clearly"),
    Reason.PAYLOAD_TOO_LARGE: Text("The code has the length of a permit"),
    Reason.NOT_A_PERMIT: Text("The code is a permit"),
    Reason.VERSION_UNSUPPORTED: Text("The permit type is accepted here"),
    Reason.ENCODING_INVALID: Text("The code is undamaged"),
    Reason.STRUCTURE_INVALID: Text("Permit format is valid"),
    Reason.ALG_NOT_ALLOWED: Text("The signing method is allowed"),
    Reason.KEY_UNKNOWN: Text("The issuer's key is known"),
    Reason.KEY_EXPIRED: Text("The issuer's key was valid"),
    Reason.KEY_REVOKED: Text("The issuer's key is not disabled"),
    Reason.SIGNATURE_INVALID: Text("The signature is genuine"),
    Reason.CLAIMS_INVALID: Text("Permit contents are plausible"),
    Reason.CLOCK_UNTRUSTED: Text("The clock is reliable"),
    Reason.NOT_YET_VALID: Text("Already valid"),
    Reason.EXPIRED: Text("Not expired"),
    Reason.WRONG_SITE: Text("Valid for this site"),
    Reason.WRONG_LANE: Text("Valid for this lane"),
    Reason.WRONG_DIRECTION: Text("Valid for this direction"),
    Reason.PERMIT_REVOKED: Text("Not revoked"),
    Reason.DECLARATION_UNKNOWN: Text("The gate has the declaration"),
    Reason.DECLARATION_NOT_RELEASED: Text("The declaration is released"),
    Reason.DECLARATION_MISMATCH: Text("Permit and declaration agree"),
    Reason.DATA_TOO_OLD: Text("The lists are fresh enough"),
    Reason.PLATE_UNREADABLE: Text("A plate was read"),
    Reason.PLATE_DISPUTED: Text("No plate camera contradicts the plate"),
    Reason.PLATE_UNSURE: Text("The plate was read clearly"),
    Reason.PLATE_MISMATCH: Text("The plate is the declared one"),
    Reason.PLATE_OTHER_PERMIT: Text("No other declared vehicle fits better"),
    Reason.VIN_UNREADABLE: Text("A VIN was read on the vehicle"),
    Reason.VIN_UNSURE: Text("The VIN was read clearly"),
    Reason.VIN_MISMATCH: Text("The VIN is the declared one"),
    Reason.VIN_CHECKSUM: Text("The check digit of the VIN"),
    Reason.VIN_ALREADY_EXITED: Text("Not passed under another permit"),
    Reason.VEHICLE_CLASS_MISMATCH: Text("The plate is of the declared kind"),
    Reason.ALREADY_USED: Text("The permit is not used yet"),
    Reason.USED_AT_OTHER_GATE: Text("Not used at another gate"),
    Reason.RESERVED_ELSEWHERE: Text("Not in use at another gate"),
    Reason.LEDGER_UNREACHABLE: Text("The other gates could be reached"),
    Reason.STATE_NOT_WHOLE: Text("The gate's data is complete"),
    Reason.PASSBACK: Text("Not passed here a moment ago"),
    Reason.RATE_LIMITED: Text("Not too many refused codes"),
    Reason.WATCHLIST_HOLD: Text("Not on the watch list"),
    Reason.SAMPLED: Text("Not selected for a random check"),
    Reason.PICTURE_MISMATCH: Text("The kept pictures confirm the reading"),
    Reason.PICTURE_UNCONFIRMED: Text("The kept pictures could be read again"),
    Reason.INTERLOCKED: Text("No other barrier must close first"),
    Reason.LANE_LOCKED: Text("The lane is not locked"),
    Reason.GATE_FAULT: Text("All parts of the gate work"),
    Reason.INTERNAL_ERROR: Text("No error inside the gate"),
    Reason.OK: Text("All checks"),
}
"""What each check proves where it holds."""
