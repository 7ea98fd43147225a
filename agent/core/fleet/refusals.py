"""Why the gate refused a fleet document, or undid it."""

from __future__ import annotations

from enum import StrEnum


class DocumentFault(StrEnum):
    """Why the gate refuses a document, in the order of the checks; then why it undoes one.

    The values from NOT_PACKAGED on apply to software documents only.
    """

    TOO_LARGE = "too_large"
    NOT_A_DOCUMENT = "not_a_document"
    KEY_UNKNOWN = "key_unknown"
    KEY_OF_OTHER_KIND = "key_of_other_kind"
    SIGNATURE_INVALID = "signature_invalid"
    CONTENT_INVALID = "content_invalid"
    WRONG_PLACE = "wrong_place"
    WRONG_GATE = "wrong_gate"
    EXPIRED = "expired"
    FROM_THE_FUTURE = "from_the_future"
    ROLLED_BACK = "rolled_back"
    VERSION_REUSED = "version_reused"
    CONFIGURATION_INVALID = "configuration_invalid"
    NOT_KEPT = "not_kept"
    UNDONE_BEFORE = "undone_before"
    NOT_CONNECTED = "not_connected"
    NOT_WHOLE = "not_whole"
    NOT_STARTED = "not_started"
    CUT_OFF = "cut_off"
    NOT_PACKAGED = "not_packaged"
    OTHER_ARCHITECTURE = "other_architecture"
    DOWNGRADE = "downgrade"
    BELOW_FLOOR = "below_floor"
    NOT_FETCHED = "not_fetched"
    NO_ROOM = "no_room"
    NOT_AUTHENTIC = "not_authentic"
    NOT_INSTALLED = "not_installed"
    NOT_RESTORED = "not_restored"


class DocumentRefusedError(Exception):
    """A document is not taken; `fault` says why in one word, the message in a sentence."""

    def __init__(self, fault: DocumentFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault
