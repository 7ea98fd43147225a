"""A driver is told each message in every language, on signs of every size, and never in question marks."""

import pytest

from agent.core.lane import NO_ORACLE, message_for_reason
from agent.core.model import DriverMessage
from agent.i18n import Language
from agent.i18n.driver_texts import choose_language, moving_line, of_central, sentence, sign_lines, spoken, told
from agent.i18n.sign_columns import columns, fits_gbk

EN, ZH, RU, KK = Language
COMMON_SIGNS = [(8, 1), (16, 1), (16, 2), (8, 4), (20, 4)]
MOVING_AT_8 = {
    RU: {
        DriverMessage.WELCOME,
        DriverMessage.HOLD_CODE_STILL,
        DriverMessage.CHECKING,
        DriverMessage.CODE_NOT_VALID,
        DriverMessage.CODE_EXPIRED,
        DriverMessage.OTHER_LANE,
        DriverMessage.TURN_BACK,
        DriverMessage.BARRIER_OPENS,
        DriverMessage.DRIVE_ON,
        DriverMessage.KEEP_DRIVING,
        DriverMessage.KEEP_CLEAR,
        DriverMessage.BARRIER_STAYS_OPEN,
        DriverMessage.FROM_CENTRAL,
    },
    KK: {
        DriverMessage.WELCOME,
        DriverMessage.STARTING,
        DriverMessage.HOLD_CODE_STILL,
        DriverMessage.CHECKING,
        DriverMessage.WAIT,
        DriverMessage.WAIT_FOR_OFFICER,
        DriverMessage.CODE_NOT_VALID,
        DriverMessage.CODE_EXPIRED,
        DriverMessage.OTHER_LANE,
        DriverMessage.LANE_BUSY,
        DriverMessage.LANE_CLOSED,
        DriverMessage.TURN_BACK,
        DriverMessage.BARRIER_OPENS,
        DriverMessage.DRIVE_ON,
        DriverMessage.KEEP_CLEAR,
        DriverMessage.FROM_CENTRAL,
    },
}
"""What four letters cannot say: it moves through a sign of 8 columns, or another language stands there."""
STOPS = {
    DriverMessage.STOP_BARRIER_CLOSES,
    DriverMessage.STOP_FOR_OFFICER,
    DriverMessage.STOP_OTHER_SIDE,
}


@pytest.mark.parametrize("message", DriverMessage)
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("width", "lines"), COMMON_SIGNS)
def test_what_is_given_to_a_sign_fits_it(message, language, width, lines):
    shown = sign_lines(message, language, width, lines)
    if shown is None:
        assert width == 8
        assert message in MOVING_AT_8.get(language, set())
    else:
        assert 1 <= len(shown) <= lines
        assert all(line == line.strip() and 0 < columns(line) <= width for line in shown)


@pytest.mark.parametrize("language", Language)
def test_only_known_messages_move_through_a_sign_of_8_columns(language):
    moving = {message for message in DriverMessage if sign_lines(message, language, 8, 1) is None}
    assert moving == MOVING_AT_8.get(language, set())
    assert all(columns(moving_line(message, language)) > 8 for message in moving)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("message", sorted(STOPS))
def test_who_must_stop_reads_it_at_a_glance_on_the_smallest_sign(message, language):
    shown = sign_lines(message, language, 8, 1)
    assert shown in {("STOP",), ("请停车",), ("СТОП",)}


def test_a_sign_says_as_much_as_it_has_room_for():
    said = [sign_lines(DriverMessage.SHOW_CODE, EN, *size) for size in [(4, 1), (8, 1), (16, 1), (16, 2), (8, 4)]]
    assert said == [
        None,
        ("SHOW QR",),
        ("SHOW QR CODE",),
        ("PLEASE SHOW", "YOUR QR CODE"),
        ("PLEASE", "SHOW", "YOUR QR", "CODE"),
    ]
    assert sign_lines(DriverMessage.SHOW_CODE, EN, 20, 4) == ("Please show your QR", "code")
    assert sign_lines(DriverMessage.WAIT_FOR_OFFICER, ZH, 8, 4) == ("请等候", "工作人员")
    assert sign_lines(DriverMessage.SHOW_CODE, RU, 16, 2) == ("ПОКАЖИТЕ", "QR-КОД")


@pytest.mark.parametrize("width", range(1, 40))
@pytest.mark.parametrize("lines", [1, 2, 4])
def test_no_sign_of_any_size_is_given_more_than_it_has_room_for(width, lines):
    for message in DriverMessage:
        for language in Language:
            shown = sign_lines(message, language, width, lines) or ()
            assert len(shown) <= lines
            assert all(columns(line) <= width for line in shown), (message, language)


@pytest.mark.parametrize("message", DriverMessage)
def test_a_gbk_card_shows_chinese_english_and_russian_and_for_kazakh_another_language_of_the_lane(message):
    assert {choose_language(message, [one], fits_gbk) for one in (ZH, EN, RU)} == {ZH, EN, RU}
    assert choose_language(message, [KK, RU, EN], fits_gbk) in {KK, RU}
    shown = [one for one in Language if choose_language(message, [one], fits_gbk)]
    for language in shown:
        for width, lines in COMMON_SIGNS:
            text = "".join(sign_lines(message, language, width, lines) or moving_line(message, language))
            assert "?" not in text.encode("gbk").decode("gbk")


def test_a_language_that_a_sign_cannot_show_is_passed_over():
    assert choose_language(DriverMessage.DRIVE_ON, [KK, RU], fits_gbk) is RU
    assert choose_language(DriverMessage.DRIVE_ON, [KK], fits_gbk) is None
    assert choose_language(DriverMessage.DRIVE_ON, [KK, RU], lambda _text: True) is KK
    assert choose_language(DriverMessage.DRIVE_ON, [RU, ZH, EN], str.isascii) is EN
    assert choose_language(DriverMessage.DRIVE_ON, [], fits_gbk) is None


@pytest.mark.parametrize(
    ("languages", "shown"),
    [
        ([KK, RU, EN], [(RU, "Вам к окну 3"), (EN, "Go to window 3")]),
        ([ZH, EN], [(EN, "Go to window 3")]),
        ([ZH, KK], [(EN, "Go to window 3"), (RU, "Вам к окну 3")]),
        ([], [(EN, "Go to window 3"), (RU, "Вам к окну 3")]),
    ],
)
def test_a_text_of_central_is_shown_in_the_drivers_languages_or_as_it_was_sent(languages, shown):
    assert list(of_central((("en", "Go to window 3"), ("ru", "Вам к окну 3")), languages)) == shown


@pytest.mark.parametrize("language", Language)
def test_what_a_driver_must_not_learn_is_said_in_the_same_words_everywhere(language):
    for tell in (sentence, spoken, lambda *of: sign_lines(*of, 16, 2), lambda *of: sign_lines(*of, 8, 1), moving_line):
        assert len({tell(message_for_reason(reason), language) for reason in NO_ORACLE}) == 1


@pytest.mark.parametrize("language", Language)
def test_what_is_said_aloud_is_whole_sentences_short_enough_to_be_heard_out(language):
    for message in DriverMessage:
        said = spoken(message, language)
        assert said.endswith((".", "!", "。")), said
        assert len(said.split()) <= 12, said
        assert len(said) <= 80, said


def test_what_an_event_says_was_told_is_told_in_the_readers_language_also_by_a_later_agent():
    assert told("show_code", 2.4, EN) == "after 2 s: Please show your QR code"
    assert told("show_code", 2.4, ZH) == "2 秒后：请出示二维码"  # noqa: RUF001 - so it is written
    assert told("sing", 11.0, EN) == "after 11 s: sing"


@pytest.mark.parametrize("language", Language)
def test_no_two_messages_sound_or_read_alike(language):
    for tell in (sentence, spoken):
        assert len({tell(message, language) for message in DriverMessage}) == len(DriverMessage)


@pytest.mark.parametrize("language", Language)
def test_a_driver_page_has_four_lines_of_large_letters_for_every_sentence(language):
    for message in DriverMessage:
        assert columns(sentence(message, language)) <= (60 if language in {EN, ZH} else 100), message
