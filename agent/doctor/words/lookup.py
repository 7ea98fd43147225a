"""The one place where the words of a finding are looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.camera_view import View
from agent.core.quality import Flaw
from agent.core.wording.lookup import WORDS as WORDS_OF_THE_CORE
from agent.core.wording.words import Advice, Language
from agent.doctor.codes import Code
from agent.doctor.words import en, kk, ru, zh
from agent.translation.trace import retold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.doctor.codes import Check, Severity
    from agent.doctor.finding import Finding
    from agent.doctor.words.form import Words

WORDS: Final[Mapping[Language, Words]] = {
    Language.EN: en.WORDS,
    Language.ZH: zh.WORDS,
    Language.RU: ru.WORDS,
    Language.KK: kk.WORDS,
}


def title(check: Check, language: Language) -> str:
    """What is checked."""
    return WORDS[language].titles[check]


def severity(word: Severity, language: Language) -> str:
    """How grave a finding is."""
    return WORDS[language].severities[word]


def said_by(*, agent: bool, language: Language) -> str:
    """Who examined the gate: its running agent, or the doctor alone."""
    words = WORDS[language]
    return words.by_agent if agent else words.by_doctor


def measured(finding: Finding, language: Language) -> str:
    """The figures of a check that found nothing, and what a device says of itself."""
    return retold(finding.measured, language)


def advice(finding: Finding, language: Language) -> Advice | None:
    """What was found and how it is mended; None where there is nothing to mend.

    Raises KeyError for a finding whose values its words do not find.
    """
    match finding.code:
        case None:
            return None
        case Code.CAMERA_VIEW:
            return WORDS_OF_THE_CORE[language].views[View(finding.values["view"])]
        case Code.CAMERA_PICTURE:
            return WORDS_OF_THE_CORE[language].flaws[Flaw(finding.values["flaw"])]
        case code:
            words = WORDS[language].findings[code]
            values = {name: retold(value, language) for name, value in finding.values.items()}
            return Advice(words.what.format_map(values), words.act.format_map(values))
