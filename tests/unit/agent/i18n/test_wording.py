"""Every code has words in every language."""

# ruff: noqa: RUF001 - these letters are meant

import re

import pytest

from agent.core.events.event_types import Alarm
from agent.core.model import DriverMessage, Outcome
from agent.core.model.camera_view import View
from agent.core.model.picture_quality import Flaw
from agent.core.model.reasons import Reason, Verdict
from agent.i18n import Language
from agent.i18n.alarms import ALARMS, alarm_text
from agent.i18n.cameras import FLAWS, VIEWS, camera_view_text, flaw_text
from agent.i18n.driver_texts import sentence, spoken
from agent.i18n.driver_wording import WORDS
from agent.i18n.reasons import REASONS, officer_text
from agent.i18n.verdicts import OUTCOMES, VERDICTS, outcome_text, verdict_text

EN, ZH, RU, KK = Language
KAZAKH = frozenset("әғқңөұүһіӘҒҚҢӨҰҮҺІ")
LATIN_WORDS = re.compile(r"VIN|QR")
SCRIPTS = {
    EN: re.compile(r"[ -~]+"),
    ZH: re.compile(r"[\u4e00-\u9fff\uff0c\u3002\u3001\uff01]+"),
    RU: re.compile(r"[а-яёА-ЯЁ ,.:;!\-]+"),
    KK: re.compile(r"[а-яёА-ЯЁәғқңөұүһіӘҒҚҢӨҰҮҺІ ,.:;!\-]+"),
}


def words_of(language):
    """Everything that is said in a language, by what it is said of."""
    looked_up = {
        officer_text: Reason,
        sentence: DriverMessage,
        spoken: DriverMessage,
        verdict_text: Verdict,
        outcome_text: Outcome,
        alarm_text: Alarm,
        camera_view_text: View,
        flaw_text: Flaw,
    }
    return {(look.__name__, code): look(code, language) for look, codes in looked_up.items() for code in codes}


@pytest.mark.parametrize("language", Language)
def test_every_code_has_words_that_are_no_placeholder(language):
    for code, text in words_of(language).items():
        assert text == text.strip(), code
        assert len(text) > 1, code
        assert not re.search(r"TODO|XXX|\?\?|[{}<>_%…]|\.\.", text), code
        assert not isinstance(code[1], Reason) or code[1] not in text, code


def test_the_tables_have_words_for_every_code_and_for_nothing_else():
    tables = (REASONS, WORDS, VERDICTS, OUTCOMES, ALARMS, VIEWS, FLAWS)
    codes = (Reason, DriverMessage, Verdict, Outcome, Alarm, View, Flaw)
    assert [set(table) for table in tables] == [set(kind) for kind in codes]


@pytest.mark.parametrize("language", Language)
def test_the_words_are_written_in_the_letters_of_their_language(language):
    for code, text in words_of(language).items():
        rest = LATIN_WORDS.sub("", text) if language is not EN else text
        assert SCRIPTS[language].fullmatch(rest), (code, text)


@pytest.mark.parametrize("language", [ZH, RU, KK])
def test_no_words_are_those_of_another_language(language):
    mine = words_of(language)
    for other in set(Language) - {language}:
        same = [code for code, text in words_of(other).items() if text == mine[code]]
        assert same == []


def test_kazakh_is_written_in_kazakh_letters_too():
    texts = words_of(KK).values()
    assert sum(bool(KAZAKH & set(text)) for text in texts) > 0.95 * len(texts)


@pytest.mark.parametrize("language", Language)
def test_officers_hear_of_each_reason_in_other_words(language):
    texts = [officer_text(reason, language) for reason in Reason]
    assert len(set(texts)) == len(texts)
    assert all(text.endswith((".", "。")) for text in texts)
