"""Messages to the driver: one at a time, by an id that each output puts into its own words."""

from __future__ import annotations

from enum import StrEnum


class DriverMessage(StrEnum):
    """A message to the driver. It says what to do. It gives no reason that could help someone who tries out codes.

    The value is the id of the message: in events, and in the names of recordings and pictograms.
    """

    WELCOME = "welcome"
    STARTING = "starting"
    SHOW_CODE = "show_code"
    HOLD_CODE_STILL = "hold_code_still"
    CHECKING = "checking"
    WAIT = "wait"
    WAIT_FOR_OFFICER = "wait_for_officer"
    CODE_NOT_VALID = "code_not_valid"
    CODE_TOO_EARLY = "code_too_early"
    CODE_EXPIRED = "code_expired"
    OTHER_LANE = "other_lane"
    LANE_BUSY = "lane_busy"
    LANE_CLOSED = "lane_closed"
    TURN_BACK = "turn_back"
    BARRIER_OPENS = "barrier_opens"
    DRIVE_ON = "drive_on"
    KEEP_DRIVING = "keep_driving"
    KEEP_CLEAR = "keep_clear"
    STOP_BARRIER_CLOSES = "stop_barrier_closes"
    STOP_FOR_OFFICER = "stop_for_officer"
    STOP_OTHER_SIDE = "stop_other_side"
    BARRIER_STAYS_OPEN = "barrier_stays_open"
    OUT_OF_ORDER = "out_of_order"
    OUT_OF_SERVICE = "out_of_service"
    FROM_CENTRAL = "from_central"
    """A text that central sent for this vehicle stands beside it."""


class DriverReceipt(StrEnum):
    """What the gate knows about a message on one sign or loudspeaker.

    CONFIRMED: the device accepted exactly this message. SENT: the message left for a device that does not report what
    it shows or says. LOST: the device was away, or could not show or say the message.
    """

    CONFIRMED = "confirmed"
    SENT = "sent"
    LOST = "lost"
