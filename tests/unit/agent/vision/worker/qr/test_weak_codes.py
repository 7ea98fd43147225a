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


MODEL_1 = {
    1: [(26, 7), (26, 10), (26, 13), (26, 17)],
    2: [(46, 10), (46, 16), (46, 22), (46, 30)],
    3: [(72, 15), (72, 28), (72, 36), (72, 48)],
    4: [(100, 20), (100, 40), (100, 50), (100, 66)],
    5: [(134, 26), (134, 52), (134, 66), (67, 44)],
    6: [(170, 34), (85, 32), (85, 42), (85, 56)],
    7: [(212, 42), (106, 40), (106, 52), (70, 46)],
    8: [(128, 24), (128, 48), (128, 64), (85, 56)],
    9: [(153, 30), (153, 60), (102, 50), (102, 68)],
    10: [(179, 34), (179, 68), (119, 58), (89, 58)],
    11: [(208, 40), (104, 40), (104, 52), (83, 54)],
    12: [(238, 46), (119, 46), (119, 58), (95, 62)],
    13: [(180, 36), (135, 52), (135, 66), (90, 58)],
    14: [(203, 40), (152, 60), (122, 60), (101, 66)],
}
"""By version, at the levels L, M, Q, H: codewords of a block in all and of error correction (ISO 18004:2000, M.4)."""


@pytest.mark.parametrize("version", MODEL_1)
def test_symbols_of_model_1_prove_no_less_than_is_told_of_them(version: int) -> None:
    for letter, (codewords, checks) in zip("LMQH", MODEL_1[version], strict=True):
        bits = 8 * (checks - checks // 2) - float(np.log2(float(_ways(codewords, checks // 2))))

        assert proof_bits(version, letter, 0.0) <= bits + 0.1


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
