"""The one place where words are looked up, by their code and the language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.decision import Reason
from agent.core.lane_state import State
from agent.core.wording import en, kk, ru, zh
from agent.core.wording.words import Language, Words, phrase_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.camera_view import View
    from agent.core.decision import Verdict
    from agent.core.events import Alarm, Outcome
    from agent.core.quality import Flaw
    from agent.core.wording.words import Advice

WORDS: Final[Mapping[Language, Words]] = {
    Language.EN: en.WORDS,
    Language.ZH: zh.WORDS,
    Language.RU: ru.WORDS,
    Language.KK: kk.WORDS,
}


def officer(reason: Reason, language: Language) -> str:
    """What the gate found, and what an officer does about it."""
    return _joined(WORDS[language].officer[reason], language)


def driver(reason: Reason, language: Language) -> str:
    """What the driver is told, which is less than the gate knows."""
    return WORDS[language].driver[phrase_for(reason)]


def sign(word: str, language: Language) -> str:
    """What the sign shows for a word of the lane (`Show.message`): a state or a reason.

    Raises ValueError for any other word.
    """
    if word in set(State):
        return WORDS[language].states[State(word)]
    return driver(Reason(word), language)


def verdict(word: Verdict, language: Language) -> str:
    """A verdict for the officer."""
    return WORDS[language].verdicts[word]


def outcome(word: Outcome, language: Language) -> str:
    """How a transaction ended, for the officer."""
    return WORDS[language].outcomes[word]


def alarm(word: Alarm, language: Language) -> str:
    """An alarm for the officer."""
    return WORDS[language].alarms[word]


def camera_view(word: View, language: Language) -> str:
    """How a camera sees, and what a technician does about it."""
    return _joined(WORDS[language].views[word], language)


def flaw(word: Flaw, language: Language) -> str:
    """What stands against reading in a picture, and what a technician does about it."""
    return _joined(WORDS[language].flaws[word], language)


def _joined(advice: Advice, language: Language) -> str:
    return advice.what + ("" if language is Language.ZH else " ") + advice.act
