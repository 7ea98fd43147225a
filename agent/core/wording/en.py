"""English."""

from __future__ import annotations

from agent.core.camera_view import View
from agent.core.decision import Reason, Verdict
from agent.core.events import Alarm, Outcome
from agent.core.lane_state import State
from agent.core.quality import Flaw
from agent.core.wording.words import Advice, Phrase, Words

WORDS = Words(
    officer={
        Reason.OK: Advice("All checks held.", "There is nothing to do."),
        Reason.QR_NONE: Advice("No code was shown.", "Ask the driver for the code of the permit."),
        Reason.QR_MULTIPLE: Advice(
            "Codes of several permits were shown.", "Have only the one that belongs to this vehicle shown."
        ),
        Reason.QR_UNSTABLE: Advice("The code was not seen clearly.", "Have it shown again and held still."),
        Reason.PAYLOAD_TOO_LARGE: Advice("The code is too long to be a permit.", "Ask for the code of the permit."),
        Reason.NOT_A_PERMIT: Advice("The code is no permit.", "Ask for the code of the permit."),
        Reason.VERSION_UNSUPPORTED: Advice(
            "The permit has a form that this gate does not accept.",
            "Check it with central; the gate may need an update.",
        ),
        Reason.ENCODING_INVALID: Advice("The code is damaged.", "Ask for the original code."),
        Reason.STRUCTURE_INVALID: Advice("The code is not built as a permit is.", "Suspect a forgery."),
        Reason.ALG_NOT_ALLOWED: Advice(
            "The permit is signed in a way that its key may not be used.", "Suspect a forgery."
        ),
        Reason.KEY_UNKNOWN: Advice(
            "The gate does not know the key that signed the permit.",
            "Suspect a forgery; see that the trust list is up to date.",
        ),
        Reason.KEY_EXPIRED: Advice("The issuer's key was not valid at this time.", "A new permit is needed."),
        Reason.KEY_REVOKED: Advice("The issuer's key was disabled.", "Hold the vehicle and ask central."),
        Reason.SIGNATURE_INVALID: Advice("The permit was altered or forged.", "Hold the vehicle and report it."),
        Reason.CLAIMS_INVALID: Advice(
            "The permit is signed, but what it says cannot be.", "Report it to the issuer; a new permit is needed."
        ),
        Reason.CLOCK_UNTRUSTED: Advice(
            "The gate does not know the time for sure.", "Check the permit by hand and call a technician."
        ),
        Reason.NOT_YET_VALID: Advice("The time of the permit has not begun.", "The vehicle must come later."),
        Reason.EXPIRED: Advice("The time of the permit is over.", "A new permit is needed."),
        Reason.WRONG_SITE: Advice("The permit is for another site.", "Send the vehicle there."),
        Reason.WRONG_LANE: Advice("The permit is for another lane.", "Send the vehicle there."),
        Reason.WRONG_DIRECTION: Advice("The permit is for the other direction.", "Send the vehicle to that side."),
        Reason.PERMIT_REVOKED: Advice("The permit was revoked.", "Hold the vehicle and ask central."),
        Reason.DECLARATION_UNKNOWN: Advice(
            "The gate holds no declaration of this vehicle.", "Ask central; it may not have reached the gate."
        ),
        Reason.DECLARATION_NOT_RELEASED: Advice(
            "The declaration is not released: it is new, held or cancelled.", "Ask central for its state."
        ),
        Reason.DECLARATION_MISMATCH: Advice(
            "Permit and declaration differ.", "Compare VIN, plate and number, and ask central."
        ),
        Reason.DATA_TOO_OLD: Advice(
            "The gate has not heard from central for too long.", "Check with central by other means; call a technician."
        ),
        Reason.PLATE_UNREADABLE: Advice("No plate was read, or none is declared.", "Compare plate or VIN by eye."),
        Reason.PLATE_UNSURE: Advice("The plate was not read clearly.", "Compare it by eye."),
        Reason.PLATE_MISMATCH: Advice("The plate is not the declared one.", "Hold the vehicle; compare plate and VIN."),
        Reason.PLATE_OTHER_PERMIT: Advice(
            "The plate fits another declared vehicle better.", "Find out which permit belongs to this one."
        ),
        Reason.VIN_CHECKSUM: Advice("The check digit of the VIN is wrong.", "Compare the VIN at the vehicle."),
        Reason.VIN_ALREADY_EXITED: Advice(
            "A vehicle with this VIN has passed under another permit.",
            "Compare the VIN at the vehicle and ask central.",
        ),
        Reason.VEHICLE_CLASS_MISMATCH: Advice(
            "The plate is of another kind than the declared one.", "Compare the vehicle with its declaration."
        ),
        Reason.ALREADY_USED: Advice("The permit has been used, or is in use.", "Look up its last passage."),
        Reason.USED_AT_OTHER_GATE: Advice("The permit was used at another gate.", "Ask there; compare the VIN."),
        Reason.RESERVED_ELSEWHERE: Advice("Another gate is just using the permit.", "Ask there, then try again."),
        Reason.LEDGER_UNREACHABLE: Advice(
            "The other gates cannot be asked whether the permit was used.",
            "Send the vehicle to the permit's home gate, or ask there.",
        ),
        Reason.PASSBACK: Advice(
            "This vehicle went through this way a short while ago.", "See whether its permit was handed back."
        ),
        Reason.RATE_LIMITED: Advice("Too many codes were refused in a row.", "See what is shown to the reader."),
        Reason.WATCHLIST_HOLD: Advice("The vehicle is on the watch list.", "Hold it and follow the note there."),
        Reason.SAMPLED: Advice("The vehicle was picked by chance for a check.", "Check it, then let it pass."),
        Reason.INTERLOCKED: Advice("Another barrier must close first.", "Wait until it has."),
        Reason.LANE_LOCKED: Advice("The lane is locked by an order.", "Unlock it when it may be used again."),
        Reason.GATE_FAULT: Advice("A part of the gate does not work.", "Check by hand; look at the alarms."),
        Reason.INTERNAL_ERROR: Advice("The gate met an error of its own.", "Check by hand; send the log to support."),
    },
    driver={
        Phrase.PASS: "Please drive on",
        Phrase.SHOW_CODE: "Please show your QR code",
        Phrase.HOLD_STILL: "Hold the code still",
        Phrase.NOT_VALID: "This code is not valid here",
        Phrase.TOO_EARLY: "This code is not valid yet",
        Phrase.EXPIRED: "This code has expired",
        Phrase.OTHER_LANE: "Please use another lane",
        Phrase.WAIT: "Please wait for an officer",
        Phrase.LANE_BUSY: "Lane busy, please wait",
        Phrase.LANE_CLOSED: "This lane is closed",
    },
    states={
        State.INIT: "Starting, please wait",
        State.IDLE: "Welcome",
        State.PRESENT: "Please show your QR code",
        State.DECIDING: "Checking, please wait",
        State.MANUAL: "Please wait for an officer",
        State.WAITING: "Please wait",
        State.DENIED: "No passage, please turn back",
        State.OPENING: "Barrier opens",
        State.OPEN: "Please drive on",
        State.PASSING: "Keep driving",
        State.CLEARING: "Keep clear of barrier",
        State.CLOSING: "Stop, barrier closes",
        State.VIOLATION: "Stop! Wait for an officer",
        State.HELD_OPEN: "Barrier stays open",
        State.FAULT: "Out of order, wait for an officer",
        State.YIELDING: "Stop, other side drives",
        State.OUT_OF_SERVICE: "Lane out of service",
    },
    verdicts={
        Verdict.PASS: "may pass",
        Verdict.DENY: "refused",
        Verdict.MANUAL: "for an officer to decide",
        Verdict.RETRY: "to be shown again",
    },
    outcomes={
        Outcome.PASSED: "The vehicle passed.",
        Outcome.PASSED_WITH_VIOLATION: "The vehicle passed, and something was wrong.",
        Outcome.NOT_TAKEN: "The barrier was open, and the vehicle did not go.",
        Outcome.BACKED_OUT: "The vehicle went back out.",
        Outcome.ABANDONED: "The vehicle left without an answer.",
        Outcome.DENIED: "The vehicle was refused.",
        Outcome.FAULT: "A fault of the gate ended it.",
        Outcome.OVERRIDDEN: "An officer let the vehicle pass.",
    },
    alarms={
        Alarm.WRONG_WAY: "A vehicle drove in the wrong direction.",
        Alarm.FORCED_OPEN: "The barrier is open, and nobody opened it.",
        Alarm.TAILGATING: "A second vehicle followed through.",
        Alarm.BLOCKED: "Something stands under the barrier.",
        Alarm.OPEN_FAILED: "The barrier did not open.",
        Alarm.CLOSE_FAILED: "The barrier did not close.",
        Alarm.OPEN_TOO_LONG: "The barrier has been open for too long.",
        Alarm.REOPENED: "The closing barrier went up again.",
        Alarm.INPUTS_LOST: "The loops and contacts cannot be read.",
        Alarm.PULSE_UNKNOWN: "It is not known whether the barrier got its order.",
        Alarm.RELAY_LOST: "The relay board cannot be reached.",
        Alarm.READERS_LOST: "No reader of the lane works.",
        Alarm.JOURNAL_FAILED: "The journal could not be written.",
        Alarm.INTERLOCKED: "Another barrier kept this one shut.",
        Alarm.INPUTS_FLAPPING: "A loop or contact never stands still.",
        Alarm.DELIVERY_STALLED: "Events do not reach central.",
        Alarm.LISTS_FAILED: "The lists from central are lost or cannot be used.",
        Alarm.PART_FAILED: "A part of the agent has failed or hangs.",
    },
    views={
        View.CLEAR: Advice("The camera sees well.", "There is nothing to do."),
        View.DARK: Advice(
            "The picture of the camera is dark.", "See to the light of the yard or to the camera's infrared lamp."
        ),
        View.COVERED: Advice("Something covers the lens of the camera.", "Uncover and clean it."),
        View.BLURRED: Advice("The picture of the camera is not sharp.", "Clean the lens, then set the focus."),
        View.BLINDED: Advice(
            "The camera is blinded by a lamp, the sun or too long an exposure.",
            "Shade or turn it, or lower its exposure.",
        ),
        View.NOISY: Advice(
            "The picture of the camera is full of noise, snow or rain.",
            "In fine weather, look at light, gain and cable.",
        ),
        View.MOVED: Advice(
            "The camera looks elsewhere than before, or something new stands before it.",
            "Aim it again, or clear its view.",
        ),
    },
    flaws={
        Flaw.SMALL_CODE: Advice("The code is too small in the picture.", "Zoom in, or have it held closer."),
        Flaw.SMALL_PLATE: Advice("The plate is too small in the picture.", "Zoom in, or take a larger resolution."),
        Flaw.UNSHARP: Advice("The picture is not sharp.", "Clean the lens, set the focus, shorten the exposure."),
        Flaw.GLARE: Advice("A part of the picture is white.", "Turn the camera from the light, or lower its exposure."),
        Flaw.NOISE: Advice("The picture is noisy.", "Add light, and lower the gain."),
        Flaw.DARK: Advice("The picture is dark.", "Add light, or open the aperture."),
        Flaw.BRIGHT: Advice("The picture is too bright.", "Lower the exposure."),
    },
)
