"""Where bars and full squares are found in a picture, and how they are laid out for the engine."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from agent.core.model import VinSource
from agent.vision.worker.vin.bars import bar_groups, strip_of
from agent.vision.worker.vin.squares import squares
from agent.vision.worker.vin.texture import CELL_PX, texture_of
from bench.vin_labels import symbol, vin_of

BARS = (300, 60)
"""Across and along, pixels."""


def ground() -> np.ndarray:
    return np.full((480, 640), 120, np.uint8)


def bars_at(x: float, y: float, turn_deg: float, picture: np.ndarray) -> np.ndarray:
    """Stripes of 4 pixels, 300 across and 60 along, turned about their middle."""
    stripes = np.tile(np.repeat(np.array([30, 220], np.uint8), 4), (BARS[1], BARS[0] // 8 + 1))[:, : BARS[0]]
    turn = cv2.getRotationMatrix2D((BARS[0] / 2, BARS[1] / 2), -turn_deg, 1.0)
    turn[:, 2] += (x - BARS[0] / 2, y - BARS[1] / 2)
    size = (picture.shape[1], picture.shape[0])
    mask = cv2.warpAffine(np.full_like(stripes, 255), turn, size)
    return np.where(mask > 127, cv2.warpAffine(stripes, turn, size, flags=cv2.INTER_LINEAR), picture)


@pytest.mark.parametrize("turn_deg", range(-90, 90, 15))
def test_bars_are_found_where_they_stand_and_how_they_are_turned(turn_deg: int) -> None:
    (group, *_) = bar_groups(texture_of(bars_at(320, 240, turn_deg, ground())))

    assert math.dist((group.x, group.y), (320, 240)) < 2 * CELL_PX
    assert abs(math.remainder(math.degrees(group.angle) - turn_deg, 180)) < 2
    assert abs(group.length - BARS[0]) < 5 * CELL_PX
    assert abs(group.height - BARS[1]) < 5 * CELL_PX


def test_edges_beside_the_bars_do_not_make_one_group_of_all() -> None:
    picture = ground()
    for left in range(40, 640, 90):
        picture[:, left : left + 45] = 140
    (group, *_) = bar_groups(texture_of(bars_at(320, 240, 0, picture)))

    assert math.dist((group.x, group.y), (320, 240)) < 2 * CELL_PX
    assert group.height < 2 * BARS[1]


@pytest.mark.parametrize(
    "picture",
    [
        ground(),
        np.random.default_rng(1).integers(0, 256, (480, 640), dtype=np.uint8),
        bars_at(20, 20, 0, ground())[:40],
    ],
    ids=["flat", "noise", "too few"],
)
def test_where_no_bars_are_none_are_found(picture: np.ndarray) -> None:
    assert [group for group in bar_groups(texture_of(picture)) if group.length > BARS[0]] == []


@pytest.mark.parametrize("turn_deg", [-70, 0, 33, 88])
def test_a_strip_has_its_bars_upright_and_knows_where_it_came_from(turn_deg: int) -> None:
    picture = bars_at(320, 240, turn_deg, ground())
    (group, *_) = bar_groups(texture_of(picture))
    strip = strip_of(picture, group)
    height, width = strip.pixels.shape
    ((x, y),) = strip.in_picture(((width / 2, height / 2),))
    inner = strip.pixels[height // 3 : 2 * height // 3, width // 4 : 3 * width // 4].astype(np.float32)

    assert strip.scale == 3.0
    assert math.dist((x, y), (group.x, group.y)) < 2
    assert inner.std(axis=0).mean() < 25, "along the bars hardly anything changes"
    assert inner.std(axis=1).mean() > 50, "across them everything does"


def test_the_mean_along_the_bars_takes_noise_away_and_leaves_the_bars() -> None:
    noisy = bars_at(320, 240, 0, ground()).astype(np.float32) + np.random.default_rng(2).normal(0, 30, (480, 640))
    picture = np.clip(noisy, 0, 255).astype(np.uint8)
    (group, *_) = bar_groups(texture_of(picture))
    strip = strip_of(picture, group)

    def noise(pixels: np.ndarray) -> float:
        height, width = pixels.shape
        middle = pixels[height // 3 : 2 * height // 3, width // 4 : 3 * width // 4].astype(np.float32)
        return float(middle.std(axis=0).mean())

    assert noise(strip.averaged(7.0)) < noise(strip.averaged(0.0)) / 2
    assert strip.averaged(13.0).std() > 0.7 * strip.pixels.std()
    assert strip.sharpened(13.0).std() > strip.averaged(13.0).std()


@pytest.mark.parametrize("module_px", [2, 3, 5])
def test_a_data_matrix_lies_in_one_of_the_squares_and_is_placed_back(module_px: int) -> None:
    matrix = np.kron(symbol(VinSource.DATA_MATRIX, vin_of(1)), np.ones((module_px, module_px), np.uint8))
    height, width = matrix.shape
    picture = ground()
    picture[200 : 200 + height, 400 : 400 + width] = matrix
    inside = []
    for square in squares(picture, texture_of(picture)):
        (corner,) = square.in_picture(((-0.5, -0.5),))
        (end,) = square.in_picture(((square.pixels.shape[1] - 0.5, square.pixels.shape[0] - 0.5),))
        assert corner == pytest.approx((square.left - 0.5, square.top - 0.5))
        inside.append(corner[0] <= 402 and corner[1] <= 202 and end[0] >= 398 + width and end[1] >= 198 + height)
    assert any(inside)


def test_no_more_squares_are_cut_out_than_there_is_time_for() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (720, 1280), dtype=np.uint8)
    assert 0 < len(squares(noise, texture_of(noise))) <= 12
    assert squares(ground(), texture_of(ground())) == []
