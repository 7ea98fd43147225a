"""The texts that columns allow, the likeliest first."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from agent.core.plates import ALPHABET
from agent.vision.worker.vin.text_search import likely_texts

CLASSES = ["", *ALPHABET]


def columns(*rows: dict[str, float]) -> np.ndarray:
    """A row for each column, the shares of the characters that are named; "" is the blank."""
    found = np.zeros((len(rows), len(CLASSES)))
    for row, shares in zip(found, rows, strict=True):
        for character, share in shares.items():
            row[CLASSES.index(character)] = share
    return found


def by_hand(rows: np.ndarray) -> dict[str, float]:
    """The same by trying every way: the sum over all paths that collapse to a text."""
    found: dict[str, float] = {}
    used = [index for index in range(len(CLASSES)) if rows[:, index].any()]
    for path in product(used, repeat=len(rows)):
        text, before = "", 0
        for index in path:
            text += CLASSES[index] if index not in (0, before) else ""
            before = index
        share = float(np.prod([rows[column, index] for column, index in enumerate(path)]))
        found[text] = found.get(text, 0.0) + share
    return found


@pytest.mark.parametrize("seed", range(4))
def test_each_text_has_the_sum_of_all_ways_to_lay_it(seed: int) -> None:
    chance = np.random.default_rng(seed)
    rows = columns(*(dict(zip(("", "A", "7"), chance.dirichlet((1, 1, 1)), strict=True)) for _ in range(5)))
    expected, found = by_hand(rows), likely_texts(rows, 5)

    assert found[0][0] == max(expected, key=lambda text: expected[text])
    assert len(found) == 16
    for text, share in found[:3]:
        assert share == pytest.approx(expected[text], rel=0.02)
    assert [share for _, share in found] == sorted((share for _, share in found), reverse=True)


def test_a_character_twice_needs_a_blank_between() -> None:
    assert likely_texts(columns({"7": 1.0}, {"7": 1.0}), 9)[0] == ("7", pytest.approx(1.0))
    assert likely_texts(columns({"7": 1.0}, {"": 1.0}, {"7": 1.0}), 9)[0] == ("77", pytest.approx(1.0))


@pytest.mark.parametrize("count", [15, 16, 17, 18, 19])
def test_the_likeliest_text_is_as_long_as_the_line(count: int) -> None:
    printed = "LSVAA49J132047371XX"[:count]
    rows = [row for character in printed for row in ({character: 0.9, "": 0.1}, {"": 1.0})]
    assert likely_texts(columns(*rows), 19)[0][0] == printed


def test_no_text_is_longer_than_asked_for_and_none_has_what_no_column_shows() -> None:
    rows = columns(*({"A": 0.6, "B": 0.4}, {"": 1.0}) * 5)
    found = likely_texts(rows, 3)
    assert found
    assert max(len(text) for text, _ in found) == 3
    assert set("".join(text for text, _ in found)) == {"A", "B"}
    assert likely_texts(np.zeros((0, len(CLASSES))), 17) == [("", 1.0)]
