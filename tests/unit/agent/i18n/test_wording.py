"""Every code has words in every language; the driver learns less than the officer; a sign has room for it."""

# ruff: noqa: RUF001 - these letters are meant

import re
import textwrap
import unicodedata

import pytest

from agent.core.events.event_types import Alarm
from agent.core.lane.state import LaneState
from agent.core.model import Outcome
from agent.core.model.camera_view import View
from agent.core.model.picture_quality import Flaw
from agent.core.model.reasons import Reason, Verdict
from agent.i18n import Language, translate
from agent.i18n.alarms import ALARMS, alarm_text
from agent.i18n.cameras import FLAWS, VIEWS, camera_view_text, flaw_text
from agent.i18n.reasons import REASONS, officer_text
from agent.i18n.sign import NO_ORACLE, PHRASES, STATES, Phrase, driver_text, phrase_for, sign_text
from agent.i18n.verdicts import OUTCOMES, VERDICTS, outcome_text, verdict_text

EN, ZH, RU, KK = Language
LINES, CELLS = 4, 20
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
        driver_text: Reason,
        sign_text: LaneState,
        verdict_text: Verdict,
        outcome_text: Outcome,
        alarm_text: Alarm,
        camera_view_text: View,
        flaw_text: Flaw,
    }
    return {(look.__name__, code): look(code, language) for look, codes in looked_up.items() for code in codes}


def width(text):
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def lines(text):
    """The text over lines of a sign_text: between words, and in Chinese anywhere."""
    if width(text) > len(text):
        return textwrap.wrap(text, CELLS // 2)
    return textwrap.wrap(text, CELLS, break_long_words=False)


@pytest.mark.parametrize("language", Language)
def test_every_code_has_words_that_are_no_placeholder(language):
    for code, text in words_of(language).items():
        assert text == text.strip(), code
        assert len(text) > 1, code
        assert not re.search(r"TODO|XXX|\?\?|[{}<>_%…]|\.\.", text), code
        assert not isinstance(code[1], Reason) or code[1] not in text, code


def test_the_tables_have_words_for_every_code_and_for_nothing_else():
    tables = (REASONS, PHRASES, STATES, VERDICTS, OUTCOMES, ALARMS, VIEWS, FLAWS)
    codes = (Reason, Phrase, LaneState, Verdict, Outcome, Alarm, View, Flaw)
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


# ------------------------------------------------------------------------------------------------------- the driver


@pytest.mark.parametrize("language", Language)
def test_what_a_driver_must_not_learn_is_said_in_the_same_words(language):
    heard = {driver_text(reason, language) for reason in NO_ORACLE}
    assert heard == {translate(PHRASES[Phrase.WAIT], language)}
    assert sign_text(LaneState.MANUAL, language) in heard


def test_that_covers_every_check_of_plate_vehicle_use_watch_list_and_chance():
    checks = list(Reason)
    for first, last in (
        (Reason.PLATE_UNREADABLE, Reason.SAMPLED),
        (Reason.DECLARATION_NOT_RELEASED, Reason.DECLARATION_MISMATCH),
    ):
        assert set(checks[checks.index(first) : checks.index(last) + 1]) <= NO_ORACLE


def test_a_code_that_is_refused_for_itself_is_not_valid_here_whatever_is_wrong_with_it():
    checks = list(Reason)
    of_the_code = checks[checks.index(Reason.PAYLOAD_TOO_LARGE) : checks.index(Reason.CLAIMS_INVALID) + 1]
    assert {phrase_for(reason) for reason in of_the_code} == {Phrase.NOT_VALID}
    assert driver_text(Reason.SIGNATURE_INVALID, EN) == "This code is not valid here"


@pytest.mark.parametrize(
    "reason", [Reason.CLOCK_UNTRUSTED, Reason.DATA_TOO_OLD, Reason.GATE_FAULT, Reason.INTERNAL_ERROR]
)
def test_what_is_wrong_with_the_gate_itself_is_nobodys_business(reason):
    assert phrase_for(reason) is Phrase.WAIT


@pytest.mark.parametrize("language", Language)
def test_a_sign_of_four_lines_has_room_for_everything_it_may_have_to_show(language):
    for word in (*LaneState, *Reason):
        shown = lines(sign_text(word, language))
        assert len(shown) <= LINES, (word, shown)
        assert all(width(line) <= CELLS for line in shown), (word, shown)


@pytest.mark.parametrize("language", Language)
def test_everything_that_a_lane_can_show_can_be_looked_up(language):
    assert sign_text("idle", language) == sign_text(LaneState.IDLE, language)
    assert sign_text("ALREADY_USED", language) == translate(PHRASES[Phrase.WAIT], language)
    with pytest.raises(ValueError, match="nonsense"):
        sign_text("nonsense", language)


def test_states_and_reasons_share_no_word():
    assert not {str(state) for state in LaneState} & {str(reason) for reason in Reason}
