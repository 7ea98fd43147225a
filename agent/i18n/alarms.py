"""Alarms as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.events import Alarm
from agent.i18n.lookup import translate
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.i18n.language import Language

ALARMS: Final[Mapping[Alarm, Text]] = {
    Alarm.WRONG_WAY: Text("A vehicle drove in the wrong direction."),
    Alarm.FORCED_OPEN: Text("The barrier is open without a command."),
    Alarm.TAILGATING: Text("A second vehicle followed through."),
    Alarm.BLOCKED: Text("Something is under the barrier."),
    Alarm.OPEN_FAILED: Text("The barrier did not open."),
    Alarm.CLOSE_FAILED: Text("The barrier did not close."),
    Alarm.OPEN_TOO_LONG: Text("The barrier has been open for too long."),
    Alarm.REOPENED: Text("The barrier went up again while closing."),
    Alarm.INPUTS_LOST: Text("The loops and contacts cannot be read."),
    Alarm.PULSE_UNKNOWN: Text("It is unknown whether the barrier received its command."),
    Alarm.RELAY_LOST: Text("The relay board cannot be reached."),
    Alarm.READERS_LOST: Text("No reader of the lane works."),
    Alarm.JOURNAL_FAILED: Text("The journal could not be written."),
    Alarm.INTERLOCKED: Text("This barrier stayed closed because of another barrier."),
    Alarm.INPUTS_FLAPPING: Text("An input is flickering."),
    Alarm.DELIVERY_STALLED: Text("Events do not reach central."),
    Alarm.LISTS_FAILED: Text("The lists from central are lost or cannot be used."),
    Alarm.PART_FAILED: Text("A part of the agent has failed or hangs."),
    Alarm.STATE_NOT_WHOLE: Text("The gate's data is lost or is an older copy."),
    Alarm.PICTURE_MISMATCH: Text("A camera process reported something that its pictures do not show."),
}


def alarm_text(word: Alarm, language: Language) -> str:
    """An alarm for the officer."""
    return translate(ALARMS[word], language)
