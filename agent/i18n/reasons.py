"""What an officer is told of each reason of a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.model import Reason
from agent.i18n.text_pair import Advice
from drivers.text import Text, pgettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.i18n.language import Language

REASONS: Final[Mapping[Reason, Advice]] = {
    Reason.OK: Advice(Text("All checks passed."), Text("There is nothing to do.")),
    Reason.QR_NONE: Advice(Text("No code was shown."), Text("Ask the driver for the code of the permit.")),
    Reason.QR_MULTIPLE: Advice(
        Text("Codes of several permits were shown."),
        Text("Ask the driver to show only the code that belongs to this vehicle."),
    ),
    Reason.QR_UNSTABLE: Advice(
        Text("The code was not seen clearly."), Text("Ask the driver to show it again and hold it still.")
    ),
    Reason.PAYLOAD_TOO_LARGE: Advice(
        Text("The code is too long to be a permit."), Text("Ask the driver for the code of the permit.")
    ),
    Reason.NOT_A_PERMIT: Advice(Text("This code is not a permit."), Text("Ask the driver for the code of the permit.")),
    Reason.VERSION_UNSUPPORTED: Advice(
        Text("The permit has a form that this gate does not accept."),
        Text("Check it with central; the gate may need an update."),
    ),
    Reason.ENCODING_INVALID: Advice(Text("The code is damaged."), Text("Ask the driver for the original code.")),
    Reason.STRUCTURE_INVALID: Advice(Text("The permit format is invalid."), Text("It may be a forgery.")),
    Reason.ALG_NOT_ALLOWED: Advice(
        Text("The permit is signed with a method that its key does not allow."), Text("It may be a forgery.")
    ),
    Reason.KEY_UNKNOWN: Advice(
        Text("The gate does not know the key that signed the permit."),
        Text("It may be a forgery. Check that the trust list is up to date."),
    ),
    Reason.KEY_EXPIRED: Advice(Text("The issuer's key was not valid at this time."), Text("A new permit is needed.")),
    Reason.KEY_REVOKED: Advice(Text("The issuer's key was disabled."), Text("Hold the vehicle and ask central.")),
    Reason.SIGNATURE_INVALID: Advice(
        Text("The permit was altered or forged."), Text("Hold the vehicle and report it.")
    ),
    Reason.CLAIMS_INVALID: Advice(
        Text("The permit is signed, but its contents are invalid."),
        Text("Report it to the issuer; a new permit is needed."),
    ),
    Reason.CLOCK_UNTRUSTED: Advice(
        Text("The gate's clock is not reliable."), Text("Check the permit yourself and call a technician.")
    ),
    Reason.NOT_YET_VALID: Advice(Text("The permit is not valid yet."), Text("Ask the driver to come back later.")),
    Reason.EXPIRED: Advice(Text("The permit has expired."), Text("A new permit is needed.")),
    Reason.WRONG_SITE: Advice(
        Text("The permit is for another site."), pgettext("to another site", "Send the vehicle there.")
    ),
    Reason.WRONG_LANE: Advice(
        Text("The permit is for another lane."), pgettext("to another lane", "Send the vehicle there.")
    ),
    Reason.WRONG_DIRECTION: Advice(
        Text("The permit is for the other direction."), Text("Send the vehicle to that side.")
    ),
    Reason.PERMIT_REVOKED: Advice(Text("The permit was revoked."), Text("Hold the vehicle and ask central.")),
    Reason.DECLARATION_UNKNOWN: Advice(
        Text("The gate has no declaration for this vehicle."), Text("Ask central; it may not have reached the gate.")
    ),
    Reason.DECLARATION_NOT_RELEASED: Advice(
        Text("The declaration is not released: it is new, held or cancelled."),
        Text("Ask central for the state of the declaration."),
    ),
    Reason.DECLARATION_MISMATCH: Advice(
        Text("Permit and declaration differ."), Text("Compare VIN, plate and number, and ask central.")
    ),
    Reason.DATA_TOO_OLD: Advice(
        Text("The gate has not heard from central for too long."),
        Text("Check with central by other means; call a technician."),
    ),
    Reason.PLATE_UNREADABLE: Advice(
        Text("No plate was read, or none is declared."), Text("Compare plate or VIN by eye.")
    ),
    Reason.PLATE_DISPUTED: Advice(
        Text("A second camera and the gate's camera read different plates."),
        Text("Compare the plate with the permit, and check whether another vehicle is in view."),
    ),
    Reason.PLATE_UNSURE: Advice(Text("The plate was not read clearly."), Text("Compare the plate by eye.")),
    Reason.PLATE_MISMATCH: Advice(
        Text("The plate is not the declared one."), Text("Hold the vehicle; compare plate and VIN.")
    ),
    Reason.PLATE_OTHER_PERMIT: Advice(
        Text("The plate fits another declared vehicle better."), Text("Find out which permit belongs to this vehicle.")
    ),
    Reason.VIN_UNREADABLE: Advice(
        Text("The VIN of the vehicle was not read."), Text("Compare the VIN at the vehicle with the permit.")
    ),
    Reason.VIN_UNSURE: Advice(
        Text("The VIN was not read clearly."), Text("Compare the VIN at the vehicle with the permit.")
    ),
    Reason.VIN_MISMATCH: Advice(
        Text("A VIN that differs from the declared VIN was read."),
        Text("Check whether it is the VIN of this vehicle; compare it with the permit."),
    ),
    Reason.VIN_CHECKSUM: Advice(Text("The check digit of the VIN is wrong."), Text("Compare the VIN at the vehicle.")),
    Reason.VIN_ALREADY_EXITED: Advice(
        Text("A vehicle with this VIN has passed under another permit."),
        Text("Compare the VIN at the vehicle and ask central."),
    ),
    Reason.VEHICLE_CLASS_MISMATCH: Advice(
        Text("The plate is of another kind than the declared one."), Text("Compare the vehicle with its declaration.")
    ),
    Reason.ALREADY_USED: Advice(
        Text("The permit has been used, or is in use."), Text("Look up the last passage with this permit.")
    ),
    Reason.USED_AT_OTHER_GATE: Advice(
        Text("The permit was used at another gate."), Text("Ask that gate, and compare the VIN.")
    ),
    Reason.RESERVED_ELSEWHERE: Advice(
        Text("Another gate is using the permit now."), Text("Ask that gate, then try again.")
    ),
    Reason.LEDGER_UNREACHABLE: Advice(
        Text("The other gates cannot be reached to ask whether the permit was used."),
        Text("Send the vehicle to the permit's home gate, or ask that gate."),
    ),
    Reason.STATE_NOT_WHOLE: Advice(
        Text("The gate has lost a part of its data, so the permit may have been used already."),
        Text("Check with central, then decide yourself. A technician finds under Health what is missing."),
    ),
    Reason.PASSBACK: Advice(
        Text("This vehicle passed in this direction a short time ago."),
        Text("Check whether its permit was handed to another vehicle."),
    ),
    Reason.RATE_LIMITED: Advice(
        Text("Too many codes were refused in a row."), Text("Check what drivers show to the reader.")
    ),
    Reason.WATCHLIST_HOLD: Advice(
        Text("The vehicle is on the watch list."), Text("Hold the vehicle and follow the note on the watch list.")
    ),
    Reason.SAMPLED: Advice(
        Text("The vehicle was selected at random for a check."), Text("Check the vehicle, then let it pass.")
    ),
    Reason.PICTURE_MISMATCH: Advice(
        Text("The kept pictures do not show the permit and the plate that the camera reported."),
        Text("Check every vehicle yourself before you let it pass, and have the gate's computer examined."),
    ),
    Reason.PICTURE_UNCONFIRMED: Advice(
        Text("The kept pictures could not be read a second time."), Text("Compare permit and plate by eye.")
    ),
    Reason.INTERLOCKED: Advice(
        Text("Another barrier must close first."), Text("Wait until the other barrier is closed.")
    ),
    Reason.LANE_LOCKED: Advice(Text("The lane is locked."), Text("Unlock the lane when vehicles may use it again.")),
    Reason.GATE_FAULT: Advice(
        Text("A part of the gate does not work."), Text("Check the vehicle yourself, and check the alarms.")
    ),
    Reason.INTERNAL_ERROR: Advice(
        Text("Internal error in the gate."), Text("Check the vehicle yourself; send the log to support.")
    ),
}


def officer_text(reason: Reason, language: Language) -> str:
    """What the gate found, and what an officer does about it."""
    return REASONS[reason].translated(language)
