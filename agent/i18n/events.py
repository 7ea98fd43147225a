"""What an officer is told of verdicts, outcomes and alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.events import Alarm, Outcome
from agent.core.model import Verdict
from agent.i18n.lookup import translate
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.i18n.language import Language

VERDICTS: Final[Mapping[Verdict, Text]] = {
    Verdict.PASS: Text("may pass"),
    Verdict.DENY: Text("refused"),
    Verdict.MANUAL: Text("for an officer to decide"),
    Verdict.RETRY: Text("to be shown again"),
}

OUTCOMES: Final[Mapping[Outcome, Text]] = {
    Outcome.PASSED: Text("The vehicle passed."),
    Outcome.PASSED_WITH_VIOLATION: Text("The vehicle passed, and something was wrong."),
    Outcome.NOT_TAKEN: Text("The barrier was open, and the vehicle did not go."),
    Outcome.BACKED_OUT: Text("The vehicle went back out."),
    Outcome.ABANDONED: Text("The vehicle left without an answer."),
    Outcome.DENIED: Text("The vehicle was refused."),
    Outcome.FAULT: Text("A fault of the gate ended it."),
    Outcome.OVERRIDDEN: Text("An officer let the vehicle pass."),
}

ALARMS: Final[Mapping[Alarm, Text]] = {
    Alarm.WRONG_WAY: Text("A vehicle drove in the wrong direction."),
    Alarm.FORCED_OPEN: Text("The barrier is open, and nobody opened it."),
    Alarm.TAILGATING: Text("A second vehicle followed through."),
    Alarm.BLOCKED: Text("Something stands under the barrier."),
    Alarm.OPEN_FAILED: Text("The barrier did not open."),
    Alarm.CLOSE_FAILED: Text("The barrier did not close."),
    Alarm.OPEN_TOO_LONG: Text("The barrier has been open for too long."),
    Alarm.REOPENED: Text("The closing barrier went up again."),
    Alarm.INPUTS_LOST: Text("The loops and contacts cannot be read."),
    Alarm.PULSE_UNKNOWN: Text("It is not known whether the barrier got its order."),
    Alarm.RELAY_LOST: Text("The relay board cannot be reached."),
    Alarm.READERS_LOST: Text("No reader of the lane works."),
    Alarm.JOURNAL_FAILED: Text("The journal could not be written."),
    Alarm.INTERLOCKED: Text("Another barrier kept this one shut."),
    Alarm.INPUTS_FLAPPING: Text("A loop or contact never stands still."),
    Alarm.DELIVERY_STALLED: Text("Events do not reach central."),
    Alarm.LISTS_FAILED: Text("The lists from central are lost or cannot be used."),
    Alarm.PART_FAILED: Text("A part of the agent has failed or hangs."),
}


def verdict_text(word: Verdict, language: Language) -> str:
    """A verdict for the officer."""
    return translate(VERDICTS[word], language)


def outcome_text(word: Outcome, language: Language) -> str:
    """How a transaction ended, for the officer."""
    return translate(OUTCOMES[word], language)


def alarm_text(word: Alarm, language: Language) -> str:
    """An alarm for the officer."""
    return translate(ALARMS[word], language)
