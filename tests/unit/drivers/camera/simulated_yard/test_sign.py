"""The drawn sign: letters for all that drivers are told, lit dots in their colour, nothing beyond its lines."""

import numpy as np
import pytest

from drivers.camera.simulated_yard.sign import LINE_DOTS, draw_sign, letters
from tools.sign_letters import characters

CASE_PX, PITCH_PX = 10, 6
LIT_LEVEL = 200
"""Of the brightest channel of a dot that is lit."""


def lit(picture):
    """Which dots are lit, boolean."""
    return picture[CASE_PX:-CASE_PX:PITCH_PX, CASE_PX:-CASE_PX:PITCH_PX].max(axis=2) > LIT_LEVEL


def test_the_sign_has_letters_for_all_that_drivers_are_told():
    missing = set(characters()) - letters().keys()
    assert not missing, "run: python tools/sign_letters.py"


def test_every_letter_but_the_space_has_lit_dots_and_its_own_width():
    for character, dots in letters().items():
        assert dots.shape == (LINE_DOTS, 8 if character.isascii() else 16)
        assert dots.any() == (character != " "), character


def test_letters_that_look_different_have_different_dots():
    shapes = {dots.tobytes() for character, dots in letters().items() if character.isascii()}
    assert len(shapes) == sum(character.isascii() for character in letters())


@pytest.mark.parametrize(("colour", "channel"), [("red", 2), ("green", 1)])
def test_a_text_is_lit_in_its_colour_and_in_its_line(colour, channel):
    picture = draw_sign([("", "red"), ("请通行", colour)], columns=16, count=2)
    assert picture.shape == (2 * LINE_DOTS * PITCH_PX + 2 * CASE_PX, 128 * PITCH_PX + 2 * CASE_PX, 3)
    dots = lit(picture)
    assert not dots[:LINE_DOTS].any()
    assert not dots[:, 3 * 16 :].any()
    assert np.array_equal(dots[LINE_DOTS:, :16], letters()["请"])
    assert picture.reshape(-1, 3).max(axis=0).argmax() == channel


def test_what_is_longer_than_a_line_or_more_than_the_lines_is_cut_off():
    short = draw_sign([("WAIT", "yellow")], columns=4, count=1)
    assert np.array_equal(draw_sign([("WAITING", "yellow"), ("MORE", "red")], columns=4, count=1), short)


def test_a_sign_without_texts_is_dark():
    assert not lit(draw_sign([], columns=16, count=2)).any()


@pytest.mark.parametrize(("character", "width"), [("\u0498", 16), ("~", 8), ("龘", 16)])
def test_a_character_without_a_letter_is_a_crossed_box(character, width, monkeypatch):
    monkeypatch.setattr("drivers.camera.simulated_yard.sign.letters", dict)
    dots = lit(draw_sign([(character, "red")], columns=4, count=1))
    assert dots[1, : width - 1].all()
    assert dots[LINE_DOTS - 2, : width - 1].all()
    assert not dots[:, width:].any()
