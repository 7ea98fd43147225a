"""What a symbol's error correction proves of a text, and what else is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from segno import consts

from agent.vision.worker.qr.code import Code
from agent.vision.worker.qr.symbol import VERSIONS
from agent.vision.worker.qr.weak_codes import ENOUGH_BITS, Confirmation, proof_bits


@pytest.mark.parametrize(
    ("version", "level", "unused", "bits"),
    [(1, "L", 1.0, 56), (1, "L", 1 - 2 / 7, 43.3), (1, "L", 1 - 6 / 7, 20.7), (1, "M", 0.0, 24.0), (2, "L", 0.0, 19.6)],
)
def test_a_short_symbol_proves_the_less_the_more_was_corrected(
    version: int, level: str, unused: float, bits: float
) -> None:
    assert proof_bits(version, level, unused) == pytest.approx(bits, abs=0.1)


def test_every_other_version_and_level_proves_enough_however_much_was_corrected() -> None:
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
