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


def verdict_text(word: Verdict, language: Language) -> str:
    """A verdict for the officer."""
    return translate(VERDICTS[word], language)


def outcome_text(word: Outcome, language: Language) -> str:
    """How a transaction ended, for the officer."""
    return translate(OUTCOMES[word], language)
