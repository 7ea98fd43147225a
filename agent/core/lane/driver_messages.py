"""Chooses the message for the driver from the lane's result. The driver learns less than the gate knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.lane.state import LaneState
from agent.core.model import DriverMessage, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.lane.effects import Show

NO_ORACLE: Final = frozenset(
    {
        Reason.DECLARATION_NOT_RELEASED,
        Reason.DECLARATION_MISMATCH,
        Reason.PLATE_UNREADABLE,
        Reason.PLATE_DISPUTED,
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

REFUSED_CODES: Final = frozenset(
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
"""Reasons for which a code is refused for itself: which of them it was, nobody learns who shows codes."""

_OF_STATES: Final[Mapping[LaneState, DriverMessage]] = {
    LaneState.INIT: DriverMessage.STARTING,
    LaneState.IDLE: DriverMessage.WELCOME,
    LaneState.PRESENT: DriverMessage.SHOW_CODE,
    LaneState.DECIDING: DriverMessage.CHECKING,
    LaneState.MANUAL: DriverMessage.WAIT_FOR_OFFICER,
    LaneState.WAITING: DriverMessage.WAIT,
    LaneState.DENIED: DriverMessage.TURN_BACK,
    LaneState.OPENING: DriverMessage.BARRIER_OPENS,
    LaneState.OPEN: DriverMessage.DRIVE_ON,
    LaneState.PASSING: DriverMessage.KEEP_DRIVING,
    LaneState.CLEARING: DriverMessage.KEEP_CLEAR,
    LaneState.CLOSING: DriverMessage.STOP_BARRIER_CLOSES,
    LaneState.VIOLATION: DriverMessage.STOP_FOR_OFFICER,
    LaneState.HELD_OPEN: DriverMessage.BARRIER_STAYS_OPEN,
    LaneState.FAULT: DriverMessage.OUT_OF_ORDER,
    LaneState.YIELDING: DriverMessage.STOP_OTHER_SIDE,
    LaneState.OUT_OF_SERVICE: DriverMessage.OUT_OF_SERVICE,
}
_OF_REASONS: Final[Mapping[Reason, DriverMessage]] = {
    # It is said while the arm is on its way up: who is told to drive on by then meets it.
    Reason.OK: DriverMessage.BARRIER_OPENS,
    Reason.QR_NONE: DriverMessage.SHOW_CODE,
    Reason.QR_UNSTABLE: DriverMessage.HOLD_CODE_STILL,
    Reason.NOT_YET_VALID: DriverMessage.CODE_TOO_EARLY,
    Reason.EXPIRED: DriverMessage.CODE_EXPIRED,
    Reason.WRONG_LANE: DriverMessage.OTHER_LANE,
    Reason.INTERLOCKED: DriverMessage.LANE_BUSY,
    Reason.LANE_LOCKED: DriverMessage.LANE_CLOSED,
    **dict.fromkeys(REFUSED_CODES, DriverMessage.CODE_NOT_VALID),
}


def message_for_state(state: LaneState) -> DriverMessage:
    """Return what the driver is told in a state, where no reason says more."""
    return _OF_STATES[state]


def message_for_reason(reason: Reason) -> DriverMessage:
    """Return what the driver is told of a reason; to wait for an officer, where nothing else is said on purpose."""
    return _OF_REASONS.get(reason, DriverMessage.WAIT_FOR_OFFICER)


def message_for(word: str) -> DriverMessage:
    """Return the message for a word of the lane, a state or a reason. Raises ValueError for any other word."""
    if word in set(LaneState):
        return message_for_state(LaneState(word))
    return message_for_reason(Reason(word))


def message_shown(show: Show) -> DriverMessage:
    """Return the message of a Show effect: that a text of central stands there, or what the lane itself says."""
    return DriverMessage.FROM_CENTRAL if show.texts else message_for(show.message)
