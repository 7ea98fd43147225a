"""Where lines of print are found in a picture, and how they are laid level."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from agent.vision.worker.vin.lines import TextLine, text_lines

TEXT = "LSVAA49J132047371"


def ground(value: int = 120) -> np.ndarray:
    return np.full((480, 640), value, np.uint8)


def printed_at(x: float, y: float, height_px: int, turn_deg: float, picture: np.ndarray, ink: int = 20) -> np.ndarray:
    """A line of 17 characters turned about its middle."""
    scale = height_px / 21
    (width, _), base = cv2.getTextSize(TEXT, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    mask = np.zeros((height_px + 2 * base, width), np.uint8)
    thickness = max(1, round(height_px / 9))
    cv2.putText(mask, TEXT, (0, height_px + base), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thickness, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((width / 2, base + height_px / 2), -turn_deg, 1.0)
    turn[:, 2] += (x - width / 2, y - base - height_px / 2)
    share = cv2.warpAffine(mask, turn, picture.shape[::-1]).astype(np.float32) / 255
    return (picture * (1 - share) + ink * share).astype(np.uint8)


def nearest(lines: list[TextLine], x: float, y: float) -> TextLine:
    return min(lines, key=lambda line: math.dist((line.x, line.y), (x, y)))


@pytest.mark.parametrize("ink", [20, 230], ids=["dark", "light"])
@pytest.mark.parametrize("turn_deg", [-20, -8, 0, 5, 20])
@pytest.mark.parametrize("height_px", [10, 14, 30])
def test_a_line_of_17_characters_is_found_where_it_stands(height_px: int, turn_deg: int, ink: int) -> None:
    picture = printed_at(320, 240, height_px, turn_deg, ground(), ink)
    line = nearest(text_lines(picture), 320, 240)

    assert math.dist((line.x, line.y), (320, 240)) < height_px
    assert abs(math.degrees(line.angle) - turn_deg) < 3
    assert 0.7 * height_px < line.height < 1.7 * height_px
    assert 10 * height_px < line.length < 17 * height_px


def test_lines_close_under_one_another_are_told_apart() -> None:
    picture = ground()
    for row in range(4):
        picture = printed_at(320, 160 + row * 20, 12, 0, picture)
    found = text_lines(picture)
    for row in range(4):
        line = nearest(found, 320, 160 + row * 20)
        assert abs(line.y - (160 + row * 20)) < 5
        assert line.height < 19


def test_each_line_comes_before_a_second_find_of_any() -> None:
    picture = ground()
    for row in range(4):
        picture = printed_at(320, 120 + row * 60, 14, 0, picture)
    found = text_lines(picture)
    assert {round((line.y - 120) / 60) for line in found[:4]} == {0, 1, 2, 3}


def test_laid_level_the_line_fills_the_view_and_keeps_its_ends() -> None:
    level = printed_at(320, 240, 16, 0, ground())
    turned = printed_at(320, 240, 16, 15, ground())
    (straight, skewed) = (
        nearest(text_lines(picture), 320, 240).flattened(picture, (448, 48)) for picture in (level, turned)
    )
    assert straight.shape == skewed.shape == (48, 448)
    for view in (straight, skewed):
        inked = np.nonzero(view.min(axis=0) < 90)[0]
        assert 2 < inked[0] < 60
        assert 388 < inked[-1] < 446
        rows = np.nonzero(view.min(axis=1) < 90)[0]
        assert rows[0] > 1
        assert rows[-1] < 46


def test_a_part_of_a_line_is_what_stands_between_two_shares_of_its_view() -> None:
    line = TextLine(320.0, 240.0, math.radians(10), 200.0, 14.0)
    whole = line.part(0.0, 1.0)
    assert (whole.x, whole.y, whole.length, whole.height) == pytest.approx((320.0, 240.0, 200.0, 14.0))
    right = line.part(0.5, 1.0)
    assert right.x > 360
    assert right.y == pytest.approx(240 + (right.x - 320) * math.tan(math.radians(10)))
    assert right.length < 100


def test_the_outline_stands_in_the_picture_as_the_line_does() -> None:
    corners = TextLine(100.0, 50.0, math.radians(90), 40.0, 10.0).corners
    assert [(round(x), round(y)) for x, y in corners] == [(105, 30), (105, 70), (95, 70), (95, 30)]


def test_no_more_lines_are_told_than_there_is_time_for() -> None:
    page = np.full((720, 1280), 250, np.uint8)
    for row in range(40):
        for column in range(4):
            page = printed_at(170 + column * 310, 12 + row * 17, 10, 0, page)
    assert len(text_lines(page)) == 24


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (700, 3), (40, 40), (4000, 61)])
def test_a_picture_of_any_size_is_borne(size: tuple[int, int]) -> None:
    stripes = np.zeros(size, np.uint8)
    stripes[:, ::2] = 255
    assert isinstance(text_lines(stripes), list)
    assert text_lines(np.full(size, 128, np.uint8)) == []
