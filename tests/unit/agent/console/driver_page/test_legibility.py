"""Letter heights and reading distances, by hand-made figures of real screens, and what the docs promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.console.driver_page.legibility import (
    EASY_RATIO,
    HAN,
    READABLE_RATIO,
    ScreenSize,
    letter_height_mm,
    needed_font_px,
    needed_height_mm,
    reading_distance_m,
)

DESK = ScreenSize(24, 1920, 1080)


@pytest.mark.parametrize(
    ("screen", "pitch_mm"),
    [(DESK, 0.2767), (ScreenSize(21.5, 1920, 1080), 0.2479), (ScreenSize(15.6, 1920, 1080), 0.1799),
     (ScreenSize(10.1, 1280, 800), 0.1700), (ScreenSize(24, 800, 1280), 0.4039)],
)  # fmt: skip
def test_the_pitch_of_a_screen_follows_from_its_diagonal_and_its_pixels(screen, pitch_mm):
    assert screen.pitch_mm == pytest.approx(pitch_mm, abs=1e-4)


@pytest.mark.parametrize(("ratio", "height_mm"), [(EASY_RATIO, 25.0), (READABLE_RATIO, 16.67)])
def test_five_metres_need_letters_of_25_mm_and_of_17_to_be_read_at_all(ratio, height_mm):
    assert needed_height_mm(5.0, ratio) == pytest.approx(height_mm, abs=0.01)


def test_a_letter_is_as_high_as_its_share_of_the_font_and_a_han_character_is_higher():
    assert letter_height_mm(100, DESK) == pytest.approx(19.37, abs=0.01)
    assert letter_height_mm(100, DESK, HAN) == pytest.approx(24.35, abs=0.01)


@pytest.mark.parametrize(("ratio", "font_px"), [(EASY_RATIO, 129.1), (READABLE_RATIO, 86.0)])
def test_the_least_font_on_a_screen_of_24_inches_is_known(ratio, font_px):
    assert needed_font_px(DESK, 5.0, ratio) == pytest.approx(font_px, abs=0.1)


@pytest.mark.parametrize("distance_m", [0.5, 2.0, 5.0, 12.0])
def test_the_least_font_for_a_distance_is_read_from_that_distance(distance_m):
    assert reading_distance_m(needed_font_px(DESK, distance_m), DESK) == pytest.approx(distance_m)


@pytest.mark.parametrize("sizes", [(0, 1920, 1080), (24, 0, 1080), (24, 1920, -1)])
def test_a_screen_of_no_size_is_refused(sizes):
    with pytest.raises(ValueError, match="expected a screen with a size"):
        ScreenSize(*sizes)


def table():
    """The rows of the page on reading distances."""
    page = (Path(__file__).parents[5] / "docs" / "driver-page.md").read_text(encoding="utf-8")
    figure = r" ([\d.]+) \|"
    row = re.compile(rf"^\| ([\d.]+) \w+ \| (\d+) x (\d+) \|{figure}{figure}{figure} [\d.]+ \|$", re.MULTILINE)
    return [tuple(map(float, cells)) for cells in row.findall(page)]


def test_the_docs_have_the_distances_that_follow_from_the_fonts_that_were_measured():
    rows = table()
    assert len(rows) == 7
    for diagonal, width, height, font_px, letter_mm, read_m in rows:
        screen = ScreenSize(diagonal, int(width), int(height))
        assert letter_height_mm(font_px, screen) == pytest.approx(letter_mm, abs=0.06)
        assert reading_distance_m(font_px, screen) == pytest.approx(read_m, abs=0.06)
