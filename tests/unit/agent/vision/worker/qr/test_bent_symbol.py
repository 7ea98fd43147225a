"""Symbols on bent carriers are sampled, in the version that they have; what is no symbol gives none."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.worker.qr.bent_symbol import sample_bent, sample_crumpled
from agent.vision.worker.qr.finder import Finder, Trio, darker, finders, trios
from tests.support.vision.bent_codes import crumpled, on_cylinder
from tests.support.vision.drawn_codes import on_grey, symbol

BOTH = pytest.mark.parametrize("sampled_by", [sample_bent, sample_crumpled])


def shown(version: int, scale: int = 6) -> tuple[np.ndarray, tuple[float, float], int]:
    """A symbol in the middle of a picture, where its middle is, and its side."""
    card = symbol("7WB2K", scale=scale, version=version, error="m")
    length = card.shape[0]
    return on_grey(card, 60, 60, (length + 120,) * 2), (60 + length / 2,) * 2, length - 8 * scale


def best_trio(picture: np.ndarray) -> Trio:
    return trios(finders(darker(picture, 51)))[0]


@pytest.mark.parametrize("version", [2, 4, 7, 10])
def test_the_version_that_a_bent_symbol_has_comes_first(version: int) -> None:
    bent = on_cylinder(*shown(version), arc_deg=70)
    creased = crumpled(*shown(version), depth=0.006)

    assert next(sample_bent(bent, best_trio(bent))).version == version
    assert next(sample_crumpled(creased, best_trio(creased))).version == version


@BOTH
def test_a_symbol_too_large_to_be_followed_is_left_alone(sampled_by) -> None:
    picture, _, _ = shown(17, 4)

    assert list(sampled_by(picture, best_trio(picture))) == []


@BOTH
def test_where_no_finder_patterns_are_nothing_is_sampled(sampled_by) -> None:
    rng = np.random.default_rng(4)
    picture = rng.integers(0, 256, (160, 160), dtype=np.uint8)
    for places in rng.uniform((0, 0, 0.5), (160, 160, 20), (10, 3, 3)):
        spots = [Finder(float(x), float(y), float(module), 1.0) for x, y, module in places]
        assert list(sampled_by(picture, Trio(*spots, 1.0))) == []
