"""Which message a word of the lane is on the driver page, what it says there, and in which colour and shape."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from agent.core.lane import LaneState
from agent.core.model import DriverMessage, Reason
from agent.i18n import translate
from agent.i18n.sign import PHRASES, STATES, Phrase, phrase_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.i18n import Language
    from drivers.text import Text


class Tone(StrEnum):
    """What a message asks for: it sets the colour of the page, and its pictogram where the message has none."""

    IDLE = "idle"
    ASK = "ask"
    WAIT = "wait"
    GO = "go"
    STOP = "stop"


_OF_STATE: Final[Mapping[LaneState, DriverMessage]] = {
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
_OF_PHRASE: Final[Mapping[Phrase, DriverMessage]] = {
    Phrase.PASS: DriverMessage.DRIVE_ON,
    Phrase.SHOW_CODE: DriverMessage.SHOW_CODE,
    Phrase.HOLD_STILL: DriverMessage.HOLD_CODE_STILL,
    Phrase.NOT_VALID: DriverMessage.CODE_NOT_VALID,
    Phrase.TOO_EARLY: DriverMessage.CODE_TOO_EARLY,
    Phrase.EXPIRED: DriverMessage.CODE_EXPIRED,
    Phrase.OTHER_LANE: DriverMessage.OTHER_LANE,
    Phrase.WAIT: DriverMessage.WAIT_FOR_OFFICER,
    Phrase.LANE_BUSY: DriverMessage.LANE_BUSY,
    Phrase.LANE_CLOSED: DriverMessage.LANE_CLOSED,
}
_SENTENCES: Final[Mapping[DriverMessage, Text]] = {
    **{message: STATES[state] for state, message in _OF_STATE.items()},
    **{message: PHRASES[phrase] for phrase, message in _OF_PHRASE.items()},
    DriverMessage.FROM_CENTRAL: STATES[LaneState.WAITING],
}
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


def message_of(word: str) -> DriverMessage:
    """The message for a word of the lane (`Show.message`), a state or a reason; STARTING before it has said any.

    Raises ValueError for any other word.
    """
    if not word:
        return DriverMessage.STARTING
    if word in set(LaneState):
        return _OF_STATE[LaneState(word)]
    return _OF_PHRASE[phrase_for(Reason(word))]


def sentence(message: DriverMessage, language: Language) -> str:
    """What the page says for a message, in a language."""
    return translate(_SENTENCES[message], language)
