"""Finder patterns are found to lie as they were drawn."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.worker.qr.finder import Finder, Trio
from agent.vision.worker.qr.finder_pose import poses_of
from agent.vision.worker.qr.tones import tones_of
from tests.support.vision.drawn_codes import PERMIT, put, symbol

CARD = symbol(PERMIT, error="m", version=5)
SIDE = 37 + 8


def drawn_under(axes: np.ndarray, first: tuple[float, float]) -> np.ndarray:
    """The card with these steps of a module to the right and down, its top left corner at `first`."""
    picture = np.full((480, 640), 110, np.uint8)
    corners = np.array([(0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE)]) @ axes + first
    put(picture, CARD, [tuple(each) for each in corners])
    return picture


@pytest.mark.parametrize(
    "axes",
    [
        pytest.param([(6, 0), (0, 6)], id="upright"),
        pytest.param([(5, 2.4), (-2.4, 5)], id="turned"),
        pytest.param([(3.6, 0.5), (0.8, 6.5)], id="narrow and aslant"),
    ],
)
def test_the_steps_of_a_module_are_those_drawn(axes: list[tuple[float, float]]) -> None:
    steps, first = np.array(axes, float), (200.0, 60.0)
    picture = drawn_under(steps, first)
    middles = [np.array([4 + x, 4 + y]) @ steps + first for x, y in ((3.5, 3.5), (33.5, 3.5), (3.5, 33.5))]
    # What the search by runs gives: the middle is off, and the module is between that of rows and of columns.
    rough = [Finder(float(x) + 1.5, float(y) - 1.5, float(np.abs(steps).max(axis=0).mean()), 1.0) for x, y in middles]
    found = poses_of(tones_of(picture, 6.0), Trio(*rough, 1.0))

    for pose, middle in zip(found, middles, strict=True):
        assert pose.seen > 0.35
        assert np.allclose(pose.middle, middle - 0.5, atol=0.8)
        assert np.allclose(pose.axes, steps, atol=0.35)


def test_where_no_pattern_is_none_is_seen() -> None:
    noise = np.random.default_rng(2).integers(0, 256, (200, 200), dtype=np.uint8)
    rough = [Finder(x, y, 5.0, 1.0) for x, y in ((50.0, 50.0), (150.0, 50.0), (50.0, 150.0))]

    assert all(pose.seen < 0.25 for pose in poses_of(tones_of(noise, 5.0), Trio(*rough, 1.0)))


def test_three_patterns_at_one_place_break_nothing() -> None:
    same = Finder(50.0, 50.0, 3.0, 1.0)
    found = poses_of(tones_of(np.full((100, 100), 90, np.uint8), 3.0), Trio(same, same, same, 1.0))

    assert all(np.isfinite(pose.axes).all() for pose in found)
