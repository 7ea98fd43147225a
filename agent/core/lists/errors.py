"""Why the gate did not accept a list or a part of one."""

from __future__ import annotations

from enum import StrEnum


class ListFault(StrEnum):
    """Why, in one word. The value is the code in the events of the gate."""

    TOO_LARGE = "too_large"
    ENCODING_INVALID = "encoding_invalid"
    STRUCTURE_INVALID = "structure_invalid"
    KEY_UNKNOWN = "key_unknown"
    KEY_EXPIRED = "key_expired"
    KEY_REVOKED = "key_revoked"
    KEY_OF_OTHER_PURPOSE = "key_of_other_purpose"
    SIGNATURE_INVALID = "signature_invalid"
    CONTENT_INVALID = "content_invalid"
    EXPIRED = "expired"
    FROM_THE_FUTURE = "from_the_future"
    WRONG_SITE = "wrong_site"
    WRONG_KIND = "wrong_kind"
    ROLLED_BACK = "rolled_back"
    CHUNK_MISSING = "chunk_missing"
    CHUNK_WRONG = "chunk_wrong"
    GAP = "gap"
    DISK_FULL = "disk_full"


class ListError(ValueError):
    """A list was refused; `fault` says why in one word, the message in a sentence that never repeats its content."""

    def __init__(self, fault: ListFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault
