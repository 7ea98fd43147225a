"""What the driver is told, which is less than the gate knows."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from agent.core.lane import LaneState
from agent.core.model import Reason
from agent.i18n.lookup import translate
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.i18n.language import Language


class Phrase(StrEnum):
    """What a driver is told. Many reasons share one: who tries a code must not learn what exactly stands against it."""

    PASS = "pass"  # noqa: S105
    SHOW_CODE = "show_code"
    HOLD_STILL = "hold_still"
    NOT_VALID = "not_valid"
    TOO_EARLY = "too_early"
    EXPIRED = "expired"
    OTHER_LANE = "other_lane"
    WAIT = "wait"
    LANE_BUSY = "lane_busy"
    LANE_CLOSED = "lane_closed"


NO_ORACLE: Final = frozenset(
    {
        Reason.DECLARATION_NOT_RELEASED,
        Reason.DECLARATION_MISMATCH,
        Reason.PLATE_UNREADABLE,
        Reason.PLATE_UNSURE,
        Reason.PLATE_MISMATCH,
        Reason.PLATE_OTHER_PERMIT,
        Reason.VIN_UNREADABLE,
        Reason.VIN_UNSURE,
        Reason.VIN_MISMATCH,
        Reason.VIN_CHECKSUM,
        Reason.VIN_ALREADY_EXITED,
        Reason.VEHICLE_CLASS_MISMATCH,
        Reason.ALREADY_USED,
        Reason.USED_AT_OTHER_GATE,
        Reason.RESERVED_ELSEWHERE,
        Reason.LEDGER_UNREACHABLE,
        Reason.STATE_NOT_WHOLE,
        Reason.PASSBACK,
        Reason.RATE_LIMITED,
        Reason.WATCHLIST_HOLD,
        Reason.SAMPLED,
        Reason.PICTURE_MISMATCH,
        Reason.PICTURE_UNCONFIRMED,
    }
)
"""Reasons that a driver cannot tell apart: which binding failed, whether anybody looks for the vehicle, or mere
chance."""

_SPOKEN: Final[Mapping[Reason, Phrase]] = {
    Reason.OK: Phrase.PASS,
    Reason.QR_NONE: Phrase.SHOW_CODE,
    Reason.QR_UNSTABLE: Phrase.HOLD_STILL,
    Reason.NOT_YET_VALID: Phrase.TOO_EARLY,
    Reason.EXPIRED: Phrase.EXPIRED,
    Reason.WRONG_LANE: Phrase.OTHER_LANE,
    Reason.INTERLOCKED: Phrase.LANE_BUSY,
    Reason.LANE_LOCKED: Phrase.LANE_CLOSED,
}
_REFUSED_CODES: Final = frozenset(
    {
        Reason.PAYLOAD_TOO_LARGE,
        Reason.NOT_A_PERMIT,
        Reason.VERSION_UNSUPPORTED,
        Reason.ENCODING_INVALID,
        Reason.STRUCTURE_INVALID,
        Reason.ALG_NOT_ALLOWED,
        Reason.KEY_UNKNOWN,
        Reason.KEY_EXPIRED,
        Reason.KEY_REVOKED,
        Reason.SIGNATURE_INVALID,
        Reason.CLAIMS_INVALID,
        Reason.WRONG_SITE,
        Reason.WRONG_DIRECTION,
        Reason.PERMIT_REVOKED,
        Reason.DECLARATION_UNKNOWN,
    }
)


def phrase_for(reason: Reason) -> Phrase:
    """What a driver is told of a reason; to wait for an officer, where nothing else is said on purpose."""
    return Phrase.NOT_VALID if reason in _REFUSED_CODES else _SPOKEN.get(reason, Phrase.WAIT)


PHRASES: Final[Mapping[Phrase, Text]] = {
    Phrase.PASS: Text("Please drive on"),
    Phrase.SHOW_CODE: Text("Please show your QR code"),
    Phrase.HOLD_STILL: Text("Hold the code still"),
    Phrase.NOT_VALID: Text("This code is not valid here"),
    Phrase.TOO_EARLY: Text("This code is not valid yet"),
    Phrase.EXPIRED: Text("This code has expired"),
    Phrase.OTHER_LANE: Text("Please use another lane"),
    Phrase.WAIT: Text("Please wait for an officer"),
    Phrase.LANE_BUSY: Text("Lane busy, please wait"),
    Phrase.LANE_CLOSED: Text("This lane is closed"),
}

STATES: Final[Mapping[LaneState, Text]] = {
    LaneState.INIT: Text("Starting, please wait"),
    LaneState.IDLE: Text("Welcome"),
    LaneState.PRESENT: Text("Please show your QR code"),
    LaneState.DECIDING: Text("Checking, please wait"),
    LaneState.MANUAL: Text("Please wait for an officer"),
    LaneState.WAITING: Text("Please wait"),
    LaneState.DENIED: Text("No passage, please turn back"),
    LaneState.OPENING: Text("Barrier opens"),
    LaneState.OPEN: Text("Please drive on"),
    LaneState.PASSING: Text("Keep driving"),
    LaneState.CLEARING: Text("Keep clear of barrier"),
    LaneState.CLOSING: Text("Stop, barrier closes"),
    LaneState.VIOLATION: Text("Stop! Wait for an officer"),
    LaneState.HELD_OPEN: Text("Barrier stays open"),
    LaneState.FAULT: Text("Out of order, wait for an officer"),
    LaneState.YIELDING: Text("Stop, other side drives"),
    LaneState.OUT_OF_SERVICE: Text("Lane out of service"),
}
"""What the sign says in each state of a lane."""


def driver_text(reason: Reason, language: Language) -> str:
    """What the driver is told of a reason."""
    return translate(PHRASES[phrase_for(reason)], language)


def sign_text(word: str, language: Language) -> str:
    """What the sign shows for a word of the lane (`Show.message`): a state or a reason.

    Raises ValueError for any other word.
    """
    if word in set(LaneState):
        return translate(STATES[LaneState(word)], language)
    return driver_text(Reason(word), language)
