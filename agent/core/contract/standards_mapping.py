"""The terms of other standards for what the gate reports.

These are ONVIF access control, BACnet access events, and the front ends of customs lanes. The names come from the ONVIF
topic namespace `tns1`, and from BACnetAccessEvent and BACnetDoorAlarmState (with their numbers). The names for customs
lanes come from two messages between a lane and its platform: GATHER_INFO (0x21) and COMMAND_INFO (0x22). None means
that the other standard has no such term. The note then names the nearest one, or says why there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.events import Alarm
from agent.core.model import Outcome, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

GATHER: Final = "GATHER_INFO"
COMMAND: Final = "COMMAND_INFO"
SEQ_NO_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class StandardEquivalent:
    """Others' words for one thing. `note`: what differs."""

    onvif: str | None = None
    bacnet: str | None = None
    customs: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CustomsField:
    """One element of a customs message, and where its value is with us. `ours` None: the gate knows nothing of it."""

    message: str
    element: str
    ours: str | None
    note: str = ""


_OWN = "only the gate has it; no equivalent"
_GRANTED = "tns1:AccessControl/AccessGranted/"
_TAKEN = "tns1:AccessControl/AccessTaken/"
_NOT_TAKEN = "tns1:AccessControl/AccessNotTaken/"
_DENIED = "tns1:AccessControl/Denied/"
_DOOR = "tns1:Door/State/"

EVENTS: Final[Mapping[str, StandardEquivalent]] = {
    "gate.started": StandardEquivalent(note=_OWN),
    "gate.stopping": StandardEquivalent(note=_OWN),
    "configuration.refused": StandardEquivalent(note=_OWN),
    "configuration.applied": StandardEquivalent(note=_OWN),
    "anchors.changed": StandardEquivalent(note=_OWN),
    "fleet.document": StandardEquivalent(note=_OWN),
    "fleet.drift": StandardEquivalent(note=_OWN),
    "console.acted": StandardEquivalent(note=_OWN),
    "evidence.viewed": StandardEquivalent(note=_OWN),
    "device.changed": StandardEquivalent(
        f"{_DOOR}DoorFault", "door-fault (5)", note="only for the relay and the inputs"
    ),
    "vehicle.present": StandardEquivalent(customs=GATHER, note="starts the GATHER_INFO of this transaction"),
    "permit.presented": StandardEquivalent(
        bacnet="authentication-factor-read (13)",
        customs=GATHER,
        note="Request in ONVIF asks another system to decide; the gate decides itself",
    ),
    "vehicle.vin": StandardEquivalent(
        bacnet="authentication-factor-read (13)",
        note="ties the vehicle to its permit, with the plate or instead of it; customs lanes have no field for it",
    ),
    "access.decided": StandardEquivalent(customs=COMMAND, note="by verdict, see below"),
    "access.compared": StandardEquivalent(
        note="only the gate has it: a dry run, in which the gate lets no vehicle pass"
    ),
    "access.granted": StandardEquivalent(
        f"{_GRANTED}Credential",
        "granted (1)",
        note="if `by` is operator or safety: AccessGranted/Anonymous. A grant is not a passage: see the outcomes",
    ),
    "barrier.pulsed": StandardEquivalent(
        note="a pulse of the relay; ONVIF and BACnet describe the door, not its drive"
    ),
    "barrier.moved": StandardEquivalent(
        f"{_DOOR}DoorPhysicalState", note="BACnet: Door_Status of the access door, not an event"
    ),
    "barrier.held": StandardEquivalent(
        f"{_DOOR}DoorMode", "free-access (7)", note="DoorMode is LockedOpen while the barrier is held"
    ),
    "barrier.tested": StandardEquivalent(note="a test by a technician; its pulse is not a passage; no equivalent"),
    "vehicle.entering": StandardEquivalent(note="not yet a passage: the vehicle may still back out. See the outcomes"),
    "alarm.raised": StandardEquivalent(note="by alarm, see below"),
    "transaction.closed": StandardEquivalent(customs=GATHER, note="by outcome, see below"),
    "lane.ordered": StandardEquivalent(
        "tns1:AccessPoint/State/Enabled",
        "out-of-service (10), out-of-service-relinquished (11)",
        note="locked, unlocked: DoorMode LockedDown; BACnet lockout-other (7), lockout-relinquished (8)",
    ),
    "driver.told": StandardEquivalent(customs=COMMAND, note="LED/DISPLAY as shown"),
    "driver.shown": StandardEquivalent(note="their feedback is only about the barrier"),
    "command.accepted": StandardEquivalent(customs=COMMAND, note="a manual lift: EXCUTE_COMMAND"),
    "command.executed": StandardEquivalent(customs=COMMAND, note="the feedback of a manual lift: EXECUTE_RESULT"),
    "command.refused": StandardEquivalent(note=_OWN),
    "acknowledgement.refused": StandardEquivalent(note=_OWN),
    "chain.checkpoint": StandardEquivalent(note=_OWN),
    "evidence.sent": StandardEquivalent(customs=GATHER, note="the pictures of OPTCAR; ONVIF and BACnet carry none"),
    "bundle.sent": StandardEquivalent(note=_OWN),
    "upload.failed": StandardEquivalent(note=_OWN),
    "evidence.dropped": StandardEquivalent(note=_OWN),
    "lists.applied": StandardEquivalent(note=_OWN),
    "lists.refused": StandardEquivalent(note=_OWN),
    "lists.state": StandardEquivalent(note=_OWN),
    "state.changed": StandardEquivalent(note=_OWN),
    "ledger.conflict": StandardEquivalent(note="two gates used the same permit use; no equivalent"),
    "clock.changed": StandardEquivalent(note=_OWN),
    "records.deleted": StandardEquivalent(note=_OWN),
    "personal_data.erased": StandardEquivalent(note=_OWN),
    "events.dropped": StandardEquivalent(note=_OWN),
}
"""By event type."""

OUTCOMES: Final[Mapping[Outcome, StandardEquivalent]] = {
    Outcome.PASSED: StandardEquivalent(
        f"{_TAKEN}Credential", None, GATHER, "granted and passed; BACnet reports only the grant"
    ),
    Outcome.PASSED_WITH_VIOLATION: StandardEquivalent(
        f"{_TAKEN}Credential",
        None,
        GATHER,
        "granted and passed; each violation is an alarm of its own. With `assumed`: "
        "another vehicle was in front of the arm the whole time",
    ),
    Outcome.NOT_TAKEN: StandardEquivalent(
        f"{_NOT_TAKEN}Credential",
        "no-entry-after-granted (16)",
        None,
        "granted, but the vehicle left without a passage",
    ),
    Outcome.BACKED_OUT: StandardEquivalent(
        f"{_NOT_TAKEN}Credential",
        "no-entry-after-granted (16)",
        None,
        "granted, under the arm (so `taken` is true), and back out, as far as the loops can detect: "
        "the use of its permit stays in doubt",
    ),
    Outcome.ABANDONED: StandardEquivalent(note="the vehicle left before a decision: neither granted nor denied"),
    Outcome.DENIED: StandardEquivalent(
        f"{_DENIED}Credential",
        "by reason, see below",
        note="count it once: not if an access.decided of the transaction was DENY. Otherwise the vehicle left, or was "
        "sent away, while an officer had to decide",
    ),
    Outcome.FAULT: StandardEquivalent(note="the gate does not know; see the alarms, `granted` and `taken`"),
    Outcome.OVERRIDDEN: StandardEquivalent(
        f"{_TAKEN}Anonymous",
        None,
        GATHER,
        "by order of an officer; if `taken` is null, the barrier was held open and a passage is unknown",
    ),
}
"""By the outcome of transaction.closed."""

VERDICTS: Final[Mapping[Verdict, StandardEquivalent]] = {
    Verdict.PASS: StandardEquivalent(
        customs="CHECK_RESULT 00000000000000000000", note="access.granted follows when it is recorded"
    ),
    Verdict.DENY: StandardEquivalent(
        f"{_DENIED}Credential",
        "by reason, see below",
        "CHECK_RESULT 11000000000000000000",
        "the topic also depends on the reason",
    ),
    Verdict.MANUAL: StandardEquivalent(
        bacnet="verification-required (15)",
        note="an officer must act; customs: the lane waits for the platform (WAITRESULT)",
    ),
    Verdict.RETRY: StandardEquivalent(
        note="the driver shows the code again; customs: the lane gathers again (REGATHER)"
    ),
}
"""By the verdict of access.decided."""

_ANONYMOUS, _CREDENTIAL = f"{_DENIED}Anonymous", f"{_DENIED}Credential"
_WRONG_FACTOR = "denied-incorrect-authentication-factor (132)"
_FACTOR_ERROR = "denied-authentication-factor-error (148)"
_FACTOR_DISABLED = "denied-authentication-factor-disabled (147)"
_UNAVAILABLE = "denied-authentication-unavailable (130)"
_POINT = "denied-point-no-access-rights (134)"
_UNVERIFIED = "denied-verification-failed (162)"
_OTHER = "denied-other (164)"
_UNPROVEN = "no permit is proven yet, so there is no credential"

REASONS: Final[Mapping[Reason, StandardEquivalent]] = {
    Reason.OK: StandardEquivalent(note="not a denial"),
    Reason.QR_NONE: StandardEquivalent(_ANONYMOUS, "denied-authentication-factor-timeout (131)", note=_UNPROVEN),
    Reason.QR_MULTIPLE: StandardEquivalent(_ANONYMOUS, _FACTOR_ERROR, note=_UNPROVEN),
    Reason.QR_UNSTABLE: StandardEquivalent(_ANONYMOUS, _FACTOR_ERROR, note=_UNPROVEN),
    Reason.PAYLOAD_TOO_LARGE: StandardEquivalent(_ANONYMOUS, _WRONG_FACTOR, note=_UNPROVEN),
    Reason.NOT_A_PERMIT: StandardEquivalent(_ANONYMOUS, _WRONG_FACTOR, note=_UNPROVEN),
    Reason.VERSION_UNSUPPORTED: StandardEquivalent(_ANONYMOUS, _WRONG_FACTOR, note=_UNPROVEN),
    Reason.ENCODING_INVALID: StandardEquivalent(_ANONYMOUS, _WRONG_FACTOR, note=_UNPROVEN),
    Reason.STRUCTURE_INVALID: StandardEquivalent(_ANONYMOUS, _WRONG_FACTOR, note=_UNPROVEN),
    Reason.ALG_NOT_ALLOWED: StandardEquivalent(_ANONYMOUS, _WRONG_FACTOR, note=_UNPROVEN),
    Reason.KEY_UNKNOWN: StandardEquivalent(f"{_DENIED}CredentialNotFound/Card", "denied-unknown-credential (129)"),
    Reason.KEY_EXPIRED: StandardEquivalent(_ANONYMOUS, _FACTOR_DISABLED, note=_UNPROVEN),
    Reason.KEY_REVOKED: StandardEquivalent(_ANONYMOUS, _FACTOR_DISABLED, note=_UNPROVEN),
    Reason.SIGNATURE_INVALID: StandardEquivalent(_ANONYMOUS, _WRONG_FACTOR, note=_UNPROVEN),
    Reason.CLAIMS_INVALID: StandardEquivalent(_ANONYMOUS, _WRONG_FACTOR, note=_UNPROVEN),
    Reason.CLOCK_UNTRUSTED: StandardEquivalent(_CREDENTIAL, _UNAVAILABLE),
    Reason.NOT_YET_VALID: StandardEquivalent(_CREDENTIAL, "denied-credential-not-yet-active (151)"),
    Reason.EXPIRED: StandardEquivalent(_CREDENTIAL, "denied-credential-expired (152)"),
    Reason.WRONG_SITE: StandardEquivalent(_CREDENTIAL, "denied-zone-no-access-rights (133)"),
    Reason.WRONG_LANE: StandardEquivalent(_CREDENTIAL, _POINT),
    Reason.WRONG_DIRECTION: StandardEquivalent(_CREDENTIAL, _POINT),
    Reason.PERMIT_REVOKED: StandardEquivalent(_CREDENTIAL, "denied-credential-disabled (158)"),
    Reason.DECLARATION_UNKNOWN: StandardEquivalent(_CREDENTIAL, "denied-credential-not-provisioned (150)"),
    Reason.DECLARATION_NOT_RELEASED: StandardEquivalent(_CREDENTIAL, "denied-credential-disabled (158)"),
    Reason.DECLARATION_MISMATCH: StandardEquivalent(_CREDENTIAL, _UNVERIFIED),
    Reason.DATA_TOO_OLD: StandardEquivalent(_CREDENTIAL, _UNAVAILABLE),
    Reason.PLATE_UNREADABLE: StandardEquivalent(_CREDENTIAL, "denied-verification-timeout (163)"),
    Reason.PLATE_DISPUTED: StandardEquivalent(_CREDENTIAL, _UNVERIFIED),
    Reason.PLATE_UNSURE: StandardEquivalent(_CREDENTIAL, _UNVERIFIED),
    Reason.PLATE_MISMATCH: StandardEquivalent(_CREDENTIAL, _UNVERIFIED),
    Reason.PLATE_OTHER_PERMIT: StandardEquivalent(_CREDENTIAL, _UNVERIFIED),
    Reason.VIN_UNREADABLE: StandardEquivalent(_CREDENTIAL, "denied-verification-timeout (163)"),
    Reason.VIN_UNSURE: StandardEquivalent(_CREDENTIAL, _UNVERIFIED),
    Reason.VIN_MISMATCH: StandardEquivalent(_CREDENTIAL, _UNVERIFIED),
    Reason.VIN_CHECKSUM: StandardEquivalent(_CREDENTIAL, _UNVERIFIED),
    Reason.VIN_ALREADY_EXITED: StandardEquivalent(_CREDENTIAL, "denied-passback (138)"),
    Reason.VEHICLE_CLASS_MISMATCH: StandardEquivalent(_CREDENTIAL, _UNVERIFIED),
    Reason.ALREADY_USED: StandardEquivalent(_CREDENTIAL, "denied-credential-max-uses (156)"),
    Reason.USED_AT_OTHER_GATE: StandardEquivalent(_CREDENTIAL, "denied-credential-max-uses (156)"),
    Reason.RESERVED_ELSEWHERE: StandardEquivalent(_CREDENTIAL, _OTHER, note="another gate of the site has reserved it"),
    Reason.LEDGER_UNREACHABLE: StandardEquivalent(_CREDENTIAL, _UNAVAILABLE),
    Reason.STATE_NOT_WHOLE: StandardEquivalent(_CREDENTIAL, _UNAVAILABLE),
    Reason.PASSBACK: StandardEquivalent(_CREDENTIAL, "denied-passback (138)"),
    Reason.RATE_LIMITED: StandardEquivalent(_ANONYMOUS, "denied-max-attempts (140)", note=_UNPROVEN),
    Reason.WATCHLIST_HOLD: StandardEquivalent(_CREDENTIAL, _OTHER, note="an officer wants to see it"),
    Reason.SAMPLED: StandardEquivalent(_CREDENTIAL, _OTHER, note="selected for a check by an officer"),
    Reason.PICTURE_MISMATCH: StandardEquivalent(_CREDENTIAL, _OTHER, note="the pictures do not show what was read"),
    Reason.PICTURE_UNCONFIRMED: StandardEquivalent(_CREDENTIAL, _UNVERIFIED),
    Reason.INTERLOCKED: StandardEquivalent(_CREDENTIAL, _OTHER, note="a neighbouring lane is in use"),
    Reason.LANE_LOCKED: StandardEquivalent(_CREDENTIAL, "denied-lockout (161)"),
    Reason.GATE_FAULT: StandardEquivalent(_CREDENTIAL, _OTHER, note="the gate cannot decide"),
    Reason.INTERNAL_ERROR: StandardEquivalent(_CREDENTIAL, _OTHER, note="the gate cannot decide"),
}
"""By the reason of an access.decided whose verdict is DENY."""

ALARMS: Final[Mapping[Alarm, StandardEquivalent]] = {
    Alarm.WRONG_WAY: StandardEquivalent(note="a vehicle from the wrong side; no equivalent"),
    Alarm.FORCED_OPEN: StandardEquivalent(f"{_DOOR}DoorAlarm", "forced-open (3)", note="ONVIF: DoorForcedOpen"),
    Alarm.TAILGATING: StandardEquivalent(note="a second vehicle on one grant; no equivalent"),
    Alarm.BLOCKED: StandardEquivalent(f"{_DOOR}DoorAlarm", "door-open-too-long (2)", note="ONVIF: DoorOpenTooLong"),
    Alarm.OPEN_FAILED: StandardEquivalent(f"{_DOOR}DoorFault", "door-fault (5)"),
    Alarm.CLOSE_FAILED: StandardEquivalent(f"{_DOOR}DoorFault", "door-fault (5)"),
    Alarm.OPEN_TOO_LONG: StandardEquivalent(
        f"{_DOOR}DoorAlarm", "door-open-too-long (2)", note="ONVIF: DoorOpenTooLong"
    ),
    Alarm.REOPENED: StandardEquivalent(note="a closing arm opened again because of an obstacle; no equivalent"),
    Alarm.INPUTS_LOST: StandardEquivalent(f"{_DOOR}DoorFault", "door-fault (5)"),
    Alarm.PULSE_UNKNOWN: StandardEquivalent(f"{_DOOR}DoorFault", "door-fault (5)"),
    Alarm.RELAY_LOST: StandardEquivalent(f"{_DOOR}DoorFault", "door-fault (5)"),
    Alarm.READERS_LOST: StandardEquivalent(note="the readers are at fault, not the door"),
    Alarm.JOURNAL_FAILED: StandardEquivalent(note=_OWN),
    Alarm.INTERLOCKED: StandardEquivalent(note="a neighbouring lane is in use; no equivalent"),
    Alarm.INPUTS_FLAPPING: StandardEquivalent(f"{_DOOR}DoorTamper", "tamper (4)", note="or a worn contact"),
    Alarm.DELIVERY_STALLED: StandardEquivalent(note=_OWN),
    Alarm.LISTS_FAILED: StandardEquivalent(note=_OWN),
    Alarm.PART_FAILED: StandardEquivalent(note=_OWN),
    Alarm.STATE_NOT_WHOLE: StandardEquivalent(note=_OWN),
    Alarm.PICTURE_MISMATCH: StandardEquivalent(
        f"{_DOOR}DoorTamper", "tamper (4)", note="of the readers, not of the door"
    ),
}
"""By the alarm of alarm.raised."""

CUSTOMS: Final[tuple[CustomsField, ...]] = (
    CustomsField(GATHER, "AREA_ID", "birth: `inventory.site`", "10 characters there: pad the value as agreed"),
    CustomsField(
        GATHER, "CHNL_NO", "birth: `inventory.lanes.{lane}.number`", "10 characters there: pad the value as agreed"
    ),
    CustomsField(GATHER, "I_E_TYPE", "`data.direction` of vehicle.present", "import: I; export: E"),
    CustomsField(
        GATHER,
        "SEQ_NO",
        "`transaction`",
        "the same 20 digits: yyyyMMddHHmmss in UTC, lane number (2), serial number (4)",
    ),
    CustomsField(GATHER, "IC", None, "the gate reads no card; the tag must exist, but may be empty"),
    CustomsField(GATHER, "WEIGHT", None, "the gate has no scales"),
    CustomsField(
        GATHER,
        "CAR/VE_NAME",
        "`data.plate` of transaction.closed",
        "the plate as read; its GA/T 16.7 kind is in `data.plate_code`",
    ),
    CustomsField(GATHER, "CAR/CAR_EC_NO", None, "the gate reads no electronic plate"),
    CustomsField(GATHER, "TRAILER", None, "the gate does not read trailers"),
    CustomsField(GATHER, "CONTA", None, "the gate does not read containers"),
    CustomsField(GATHER, "SEAL", None, "the gate does not read seals"),
    CustomsField(
        GATHER, "BAR_CODE", "`data.permit` of transaction.closed", "the permit id; the text of the code is never kept"
    ),
    CustomsField(GATHER, "CONTA_PIC", None, "the gate takes no pictures of containers"),
    CustomsField(GATHER, "OPTCAR", "`evidence/{sha256}` of `data.pictures`", "pictures of the vehicle"),
    CustomsField(COMMAND, "SEQ_NO", "`transaction`", "echoed, so it identifies the transaction"),
    CustomsField(COMMAND, "CHECK_RESULT", "`data.verdict` of access.decided", "all 0: PASS; 11 followed by 0: DENY"),
    CustomsField(
        COMMAND,
        "OP_HINT",
        "`data.reason` of access.decided; `texts` of command `display`",
        "the code, and a text for the driver of that transaction",
    ),
    CustomsField(COMMAND, "EXCUTE_COMMAND", "command `open`", "the spelling is that of the standard"),
    CustomsField(COMMAND, "OP_TYPE", "the command's `name`"),
    CustomsField(COMMAND, "OP_REASON", "`cause` of the command", "also in command.accepted and access.granted"),
    CustomsField(COMMAND, "OP_ID", "`operator` of the command", "also in command.accepted and access.granted"),
    CustomsField(COMMAND, "EXECUTE_RESULT", "`result` of the result and of command.executed"),
    CustomsField(
        COMMAND,
        "LED/DISPLAY",
        "`texts` of command `display`",
        "in up to four languages; without it the driver gets the messages of the lane: `data.driver_messages` of "
        "transaction.closed",
    ),
    CustomsField(COMMAND, "FORM_ID", None, "its meaning is unknown"),
    CustomsField(COMMAND, "GPS", None, "the gate has no positions"),
    CustomsField(COMMAND, "SEAL", None, "the gate sets no seals"),
)
"""The elements of the two messages, in their order."""


def seq_no(transaction: str) -> str:
    """The SEQ_NO of a transaction: the id itself. Raises ValueError for an id that is not 20 digits."""
    if len(transaction) != SEQ_NO_DIGITS or not (transaction.isascii() and transaction.isdigit()):
        raise ValueError(f"{transaction!r} is no transaction id of {SEQ_NO_DIGITS} digits")
    return transaction
