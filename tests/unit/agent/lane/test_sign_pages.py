"""What a sign shows for each message: in its own size, languages and letters, and nothing that it cannot show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.console.driver_page.message_tone import TONES, Tone
from agent.core.model import DriverMessage
from agent.core.plates import PlateKind
from agent.i18n import Language
from agent.i18n.driver_texts import spoken
from agent.i18n.sign_columns import columns
from agent.lane import sign_pages
from agent.lane.sign_pages import COLOURS, DARK_AFTER_S, central_programme, in_order, message_programme
from drivers import registry
from drivers.api import SignColour
from drivers.sign.page_check import check_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.devices import SignProgramme
    from drivers.api import SignPort

EN, ZH, RU, KK = Language
WAIT, STOP, DRIVE_ON = DriverMessage.WAIT, DriverMessage.STOP_FOR_OFFICER, DriverMessage.DRIVE_ON
SIZES = [(lines, width) for lines in (1, 2, 4) for width in (8, 16)]
CARDS: Mapping[str, Mapping[str, object]] = {
    "fk": {"port": "/dev/none", "speaks": True},
    "onbon": {"port": "/dev/none"},
    "aa55": {"port": "/dev/none", "recordings": ["12 请等候"]},
    "simulated": {},
}


def sign(kind: str = "fk", lines: int = 4, width: int = 8, **more: object) -> SignPort:
    return registry.sign(kind, CARDS[kind] | {"lines": lines, "columns": width} | more)


def texts(programme: SignProgramme) -> list[tuple[str, ...]]:
    return [tuple(line.text for line in one.page.lines if line.text) for one in programme.pages]


@pytest.mark.parametrize(("lines", "width"), SIZES)
@pytest.mark.parametrize("kind", CARDS)
def test_every_message_is_a_page_that_the_sign_takes_in_each_of_its_languages(
    kind: str, lines: int, width: int
) -> None:
    there = sign(kind, lines, width)
    for message in DriverMessage:
        for language in Language:
            programme = message_programme(there, message, [language], is_spoken=True)
            assert programme.is_complete
            assert programme.languages
            assert programme.languages[0] in {language, EN}
            for one in programme.pages:
                check_page(there, one.page)
                said = "".join(line.text for line in one.page.lines)
                assert said
                assert "?" not in said
                assert one.hold_s < one.page.dark_after_s


@pytest.mark.parametrize(("lines", "width"), SIZES)
def test_what_does_not_move_fits_its_line_and_goes_soon_by_itself(lines: int, width: int) -> None:
    for message in DriverMessage:
        for one in message_programme(sign("onbon", lines, width), message, list(Language), is_spoken=False).pages:
            is_moving = any(columns(line.text) > width for line in one.page.lines)
            assert one.page.dark_after_s == DARK_AFTER_S or is_moving


def test_a_moving_text_has_time_to_pass_twice_before_it_goes() -> None:
    (one,) = message_programme(sign("fk", 2, 8), DriverMessage.WELCOME, [RU], is_spoken=False).pages
    assert "".join(line.text for line in one.page.lines) == "ДОБРО ПОЖАЛОВАТЬ"
    assert one.hold_s == sign_pages.PART_S * 5
    assert one.page.dark_after_s == 25


def test_kazakh_on_a_chinese_font_is_another_of_the_signs_languages_and_never_question_marks() -> None:
    programme = message_programme(sign("onbon"), WAIT, [KK, ZH], is_spoken=False)
    assert (programme.languages, texts(programme)) == (("zh",), [("请在车内", "等候")])
    alone = message_programme(sign("onbon"), WAIT, [KK], is_spoken=False)
    assert (alone.languages, texts(alone)) == (("en",), [("PLEASE", "WAIT IN", "YOUR CAR")])
    assert message_programme(sign("simulated"), WAIT, [KK, ZH], is_spoken=False).languages == ("kk", "zh")


def test_kazakh_words_whose_letters_are_all_there_are_shown_and_no_shorter_ones_in_place_of_others() -> None:
    there = sign("onbon", 2, 16)
    valid = message_programme(there, DriverMessage.CODE_NOT_VALID, [KK], is_spoken=False)
    assert (valid.languages, texts(valid)) == (("kk",), [("КОД", "ЖАРАМСЫЗ")])
    assert message_programme(there, DriverMessage.SHOW_CODE, [KK, ZH], is_spoken=False).languages == ("zh",)


def test_what_can_neither_fit_nor_move_is_another_language() -> None:
    there = sign("aa55", 2, 8, scrolls=False)
    assert message_programme(there, DriverMessage.WELCOME, [RU, ZH], is_spoken=False).languages == ("zh",)


def test_languages_are_pages_in_their_order() -> None:
    programme = message_programme(sign("onbon", 2, 16), DRIVE_ON, [RU, ZH, EN], is_spoken=False)
    assert programme.languages == ("ru", "zh", "en")
    assert texts(programme)[0] == ("ПРОЕЗД", "ОТКРЫТ")


@pytest.mark.parametrize(
    ("own", "origin", "order"),
    [
        ((ZH, EN), None, (ZH, EN)),
        ((EN, RU, ZH), PlateKind.KAZAKHSTAN, (RU, EN, ZH)),
        ((ZH, EN, RU, KK), PlateKind.KAZAKHSTAN, (KK, RU, ZH, EN)),
        ((EN, ZH), PlateKind.LATIN, (EN, ZH)),
        ((RU,), PlateKind.LATIN, (RU,)),
    ],
)
def test_the_language_of_the_plates_country_comes_first_and_none_of_the_signs_is_lost(own, origin, order) -> None:
    assert in_order(own, origin) == order


def test_a_text_stands_in_the_middle_of_the_sign() -> None:
    (one,) = message_programme(sign("onbon", 4, 8), DRIVE_ON, [ZH], is_spoken=False).pages
    assert [line.text for line in one.page.lines] == ["", "请通行", "一路平安"]


@pytest.mark.parametrize("message", DriverMessage)
def test_the_colour_of_a_message_is_that_of_the_driver_page(message: DriverMessage) -> None:
    due = {Tone.GO: SignColour.GREEN, Tone.STOP: SignColour.RED}
    assert COLOURS[message] is due.get(TONES[message], SignColour.YELLOW)


def test_a_sign_that_speaks_says_the_first_language_that_it_can_and_others_say_nothing() -> None:
    speaks = message_programme(sign("fk"), STOP, [RU, ZH], is_spoken=True)
    assert [one.page.spoken for one in speaks.pages] == [spoken(STOP, ZH), ""]
    assert [one.page.spoken for one in message_programme(sign("fk"), STOP, [RU], is_spoken=True).pages] == [""]
    assert [one.page.spoken for one in message_programme(sign("fk"), STOP, [ZH], is_spoken=False).pages] == [""]
    mute = message_programme(sign("onbon"), STOP, [ZH], is_spoken=True)
    assert [one.page.spoken for one in mute.pages] == [""]


def test_what_central_says_is_shown_in_the_languages_of_the_driver() -> None:
    said = (("en", "Window 3"), ("zh", "请到3号窗口"), ("kk", "3-терезе"))
    programme = central_programme(sign("onbon", 2, 16), said, [ZH, EN])
    assert (programme.languages, programme.is_complete) == (("zh", "en"), True)
    assert texts(programme) == [("请到3号窗口",), ("Window 3",)]


def test_a_long_text_of_central_moves_through_the_sign_whole() -> None:
    text = "Please go to window 3 and show the papers of your car to the officer there"
    programme = central_programme(sign("onbon", 2, 8), (("en", text),), [EN])
    assert texts(programme) == [(text,)]
    check_page(sign("onbon", 2, 8), programme.pages[0].page)


def test_where_the_sign_can_show_none_of_what_central_says_it_says_wait_and_that_is_not_taken_for_shown() -> None:
    programme = central_programme(sign("onbon"), (("kk", "Үшінші терезе"),), [ZH])
    assert texts(programme) == [("请在车内", "等候")]
    assert not programme.is_complete
