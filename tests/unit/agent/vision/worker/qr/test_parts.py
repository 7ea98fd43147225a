"""The parts of the cascade: fixed parts of symbols, finder patterns, sampled modules, proofs."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import segno
from segno import consts

from agent.vision.worker.qr.code import Code
from agent.vision.worker.qr.error_correction import ENOUGH_BITS, Confirmation, proof_bits
from agent.vision.worker.qr.finder import Finder, Trio, darker, finders, trios
from agent.vision.worker.qr.grid import outline_of, sample
from agent.vision.worker.qr.symbol import VERSIONS, fixed, modules
from tests.support.vision.drawn_codes import PERMIT, desk, symbol, wavy


@pytest.mark.parametrize("version", VERSIONS)
def test_the_fixed_parts_of_each_version_are_those_of_another_program(version: int) -> None:
    drawn = np.array([list(row) for row in segno.make("1", version=version, error="l").matrix]) > 0
    known = fixed(version)

    assert known.shape == drawn.shape
    assert ((known > 0) == drawn)[known != 0].all()


@pytest.mark.parametrize("turn", [0, 20, 45, 90, 160, 275])
def test_finder_patterns_are_found_at_any_turn_and_told_apart(turn: int) -> None:
    picture = desk(symbol(PERMIT), 150, 100)
    matrix = cv2.getRotationMatrix2D((150 + 111, 100 + 111), -turn, 1)
    turned = cv2.warpAffine(picture, matrix, (640, 480), borderValue=110)
    best = trios(finders(darker(turned, 41)))[0]

    spots = np.array([[150 + 24 + 21, 100 + 24 + 21], [150 + 24 + 6 * 25.5, 145], [195, 100 + 24 + 6 * 25.5]])
    expected = spots @ matrix[:, :2].T + matrix[:, 2]
    found = [(one.x, one.y) for one in (best.corner, best.right, best.below)]
    assert np.allclose(found, expected, atol=2)
    assert 6 * 0.9 < best.corner.module_px < 6 * 1.5


@pytest.mark.parametrize(("version", "depth_px"), [(1, 0), (2, 0), (5, 0), (9, 0), (1, 4), (2, 4)])
def test_modules_are_sampled_as_drawn_also_where_the_paper_bends(version: int, depth_px: int) -> None:
    made = segno.make("7WB2K", version=version, error="m")
    drawn = np.array([list(row) for row in made.matrix]) > 0
    picture = desk(symbol("7WB2K", version=version, error="m"), 60, 40, (520, 640))
    if depth_px:
        picture = wavy(picture, depth_px, 60)
    best = sample(picture, trios(finders(darker(picture, 51)))[0])[0]

    assert best.version == version
    assert ((best.tone > 0) == drawn).mean() > 0.97
    if not depth_px:
        left, top, side = 60 + 24, 40 + 24, 6 * modules(version)
        corners = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
        assert np.allclose(outline_of(best), corners, atol=3)


def test_no_three_places_break_the_sampling_though_no_symbol_is_there() -> None:
    rng = np.random.default_rng(4)
    picture = rng.integers(0, 256, (120, 120), dtype=np.uint8)
    for _ in range(30):
        spots = [
            Finder(float(x), float(y), float(m), 1.0) for x, y, m in rng.uniform((0, 0, 0.5), (120, 120, 30), (3, 3))
        ]
        assert all(np.isfinite(one.tone).all() for one in sample(picture, Trio(*spots, 1.0)))
    same = Finder(50.0, 50.0, 3.0, 1.0)
    assert sample(picture, Trio(same, same, same, 1.0)) == []


@pytest.mark.parametrize(
    ("version", "level", "unused", "bits"),
    [(1, "L", 1.0, 56), (1, "L", 1 - 2 / 7, 43.3), (1, "L", 1 - 6 / 7, 20.7), (1, "M", 0.0, 24.0), (2, "L", 0.0, 19.9)],
)
def test_a_short_symbol_proves_the_less_the_more_was_mended(
    version: int, level: str, unused: float, bits: float
) -> None:
    assert proof_bits(version, level, unused) == pytest.approx(bits, abs=0.1)


def test_every_other_version_and_level_proves_enough_however_much_was_mended() -> None:
    levels = {
        consts.ERROR_LEVEL_L: "L",
        consts.ERROR_LEVEL_M: "M",
        consts.ERROR_LEVEL_Q: "Q",
        consts.ERROR_LEVEL_H: "H",
    }
    least = 1e9
    for version in VERSIONS:
        for level, letter in levels.items():
            for block in consts.ECC[version][level]:
                checks = block.num_total - block.num_data
                errors = checks // 2
                bits = 8 * (checks - errors) - float(np.log2(float(_ways(block.num_total, errors))))
                told = proof_bits(version, letter, 0.0)
                assert told <= bits + 0.1
                least = min(least, bits) if told >= ENOUGH_BITS else least
    assert least >= ENOUGH_BITS


def _ways(total: int, chosen: int) -> int:
    ways = 1
    for step in range(chosen):
        ways = ways * (total - step) // (step + 1)
    return ways


def _code(bits: float, engine: str = "zxing+sharp") -> Code:
    return Code(b"9458", engine, ((0, 0), (9, 0), (9, 9), (0, 9)), "9458", 1.0, bits)


def test_a_text_that_proves_itself_passes_at_once() -> None:
    assert Confirmation().passes(_code(31), 0.0)


def test_a_text_that_proves_little_passes_when_a_second_step_gives_it_too() -> None:
    confirmation = Confirmation()

    assert not confirmation.passes(_code(20), 0.0)
    assert not confirmation.passes(_code(20), 0.0)
    assert confirmation.passes(_code(20, "zxing+grid"), 0.0)


def test_a_text_that_proves_little_passes_when_a_second_frame_gives_it_too_within_two_seconds() -> None:
    confirmation = Confirmation()

    assert not confirmation.passes(_code(20), 0.0)
    assert not confirmation.passes(_code(20), 3.0)
    assert confirmation.passes(_code(20), 3.5)
