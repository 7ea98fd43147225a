"""In which colour and shape a message to the driver is shown."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from agent.core.model import DriverMessage

if TYPE_CHECKING:
    from collections.abc import Mapping


class Tone(StrEnum):
    """What a message asks for: it sets the colour of the page, and its pictogram where the message has none."""

    IDLE = "idle"
    ASK = "ask"
    WAIT = "wait"
    GO = "go"
    STOP = "stop"


TONES: Final[Mapping[DriverMessage, Tone]] = {
    DriverMessage.WELCOME: Tone.IDLE,
    DriverMessage.STARTING: Tone.WAIT,
    DriverMessage.SHOW_CODE: Tone.ASK,
    DriverMessage.HOLD_CODE_STILL: Tone.ASK,
    DriverMessage.CHECKING: Tone.WAIT,
    DriverMessage.WAIT: Tone.WAIT,
    DriverMessage.WAIT_FOR_OFFICER: Tone.WAIT,
    DriverMessage.CODE_NOT_VALID: Tone.STOP,
    DriverMessage.CODE_TOO_EARLY: Tone.STOP,
    DriverMessage.CODE_EXPIRED: Tone.STOP,
    DriverMessage.OTHER_LANE: Tone.STOP,
    DriverMessage.LANE_BUSY: Tone.WAIT,
    DriverMessage.LANE_CLOSED: Tone.STOP,
    DriverMessage.TURN_BACK: Tone.STOP,
    DriverMessage.BARRIER_OPENS: Tone.GO,
    DriverMessage.DRIVE_ON: Tone.GO,
    DriverMessage.KEEP_DRIVING: Tone.GO,
    DriverMessage.KEEP_CLEAR: Tone.WAIT,
    DriverMessage.STOP_BARRIER_CLOSES: Tone.STOP,
    DriverMessage.STOP_FOR_OFFICER: Tone.STOP,
    DriverMessage.STOP_OTHER_SIDE: Tone.STOP,
    DriverMessage.BARRIER_STAYS_OPEN: Tone.GO,
    DriverMessage.OUT_OF_ORDER: Tone.WAIT,
    DriverMessage.OUT_OF_SERVICE: Tone.STOP,
    DriverMessage.FROM_CENTRAL: Tone.ASK,
}
