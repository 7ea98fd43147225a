"""The version that a symbol tells of itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from agent.vision.worker.qr.finder import darker, finders, trios
from agent.vision.worker.qr.finder_pose import FinderPose, poses_of
from agent.vision.worker.qr.tones import tones_of
from agent.vision.worker.qr.version_block import version_told, version_word
from tests.support.vision.bent_codes import on_cylinder
from tests.support.vision.drawn_codes import on_grey, symbol


@pytest.mark.parametrize(("version", "word"), [(7, 0x07C94), (8, 0x085BC), (21, 0x15683), (40, 0x28C69)])
def test_the_word_of_a_version_is_the_standards(version: int, word: int) -> None:
    assert version_word(version) == word


def test_any_two_words_differ_by_eight_bits_and_more() -> None:
    words = [version_word(version) for version in range(7, 41)]

    assert min((a ^ b).bit_count() for a, b in itertools.combinations(words, 2)) == 8


@pytest.mark.parametrize("arc_deg", [1, 60])
@pytest.mark.parametrize(("version", "told"), [(3, None), (6, None), (7, 7), (10, 10), (14, 14)])
def test_a_symbol_of_version_seven_and_more_tells_its_version(version: int, told: int | None, arc_deg: int) -> None:
    card = symbol("7WB2K", scale=5, version=version, error="m")
    picture = on_grey(card, 60, 60, (card.shape[0] + 120,) * 2)
    picture = on_cylinder(picture, (60 + card.shape[0] / 2,) * 2, card.shape[0] - 40, arc_deg=arc_deg)
    tones = tones_of(picture, 5.0)

    assert version_told(tones, poses_of(tones, trios(finders(darker(picture, 51)))[0])) == told


def test_an_empty_picture_tells_none() -> None:
    pose = FinderPose(np.array([50.0, 50.0]), np.eye(2) * 4, 1.0)

    assert version_told(np.zeros((100, 100), np.float32), (pose, pose, pose)) is None
