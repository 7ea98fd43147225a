"""What an officer is told of verdicts and outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.model import Outcome, Verdict
from agent.i18n.lookup import translate
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.i18n.language import Language

VERDICTS: Final[Mapping[Verdict, Text]] = {
    Verdict.PASS: Text("may pass"),
    Verdict.DENY: Text("refused"),
    Verdict.MANUAL: Text("an officer must decide"),
    Verdict.RETRY: Text("show again"),
}

OUTCOMES: Final[Mapping[Outcome, Text]] = {
    Outcome.PASSED: Text("The vehicle passed."),
    Outcome.PASSED_WITH_VIOLATION: Text("The vehicle passed, with an alarm."),
    Outcome.NOT_TAKEN: Text("The barrier opened, but the vehicle did not drive in."),
    Outcome.BACKED_OUT: Text("The vehicle drove back out."),
    Outcome.ABANDONED: Text("The vehicle left before a decision."),
    Outcome.DENIED: Text("The vehicle was refused."),
    Outcome.FAULT: Text("Interrupted by a gate fault."),
    Outcome.OVERRIDDEN: Text("An officer let the vehicle pass."),
}


def verdict_text(word: Verdict, language: Language) -> str:
    """A verdict for the officer."""
    return translate(VERDICTS[word], language)


def outcome_text(word: Outcome, language: Language) -> str:
    """How a transaction ended, for the officer."""
    return translate(OUTCOMES[word], language)
