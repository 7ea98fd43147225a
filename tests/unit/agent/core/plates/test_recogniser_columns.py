"""The recogniser's columns as bytes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.plates.recogniser_columns import (
    ALPHABET,
    BLANK,
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_LISTED,
    ColumnsError,
    decode,
    encode,
    of_positions,
)

CLASSES = (BLANK, *ALPHABET)


def row(**shares: float) -> list[float]:
    """One column; `blank` is the blank, what the shares leave is spread over all classes."""
    left = (1 - sum(shares.values())) / len(CLASSES)
    return [left + shares.get("blank" if character == BLANK else character, 0.0) for character in CLASSES]


def test_a_column_keeps_what_is_likely_and_spreads_the_rest() -> None:
    columns = decode(encode([row(A=0.9, B=0.0999), row(blank=1.0)]))

    first, second = columns.shares
    assert set(first) == {"A", "B"}
    assert first["A"] == pytest.approx(0.9, rel=0.07)
    assert first["B"] == pytest.approx(0.0999, rel=0.07)
    assert 0 < columns.rest[0] <= 1e-4
    assert dict(second) == {BLANK: 1.0}
    assert columns.characters == {"A", "B"}


def test_a_plate_is_small_on_the_wire() -> None:
    sharp = [row(blank=0.9995), row(A=0.9995), row(blank=0.9995)] * 12

    assert len(encode(sharp)) == 36 * 3


def test_only_the_likeliest_characters_of_a_column_are_kept() -> None:
    (shares,) = decode(encode([[1 / len(CLASSES)] * len(CLASSES)])).shares

    assert len(shares) == MOST_LISTED


def test_columns_that_no_recogniser_writes_are_refused() -> None:
    with pytest.raises(ColumnsError, match="column 65"):
        encode([row(A=1.0)] * (MOST_COLUMNS + 1))
    with pytest.raises(ColumnsError, match="3 classes"):
        encode([[0.5, 0.25, 0.25]])


@pytest.mark.parametrize(
    "data",
    [
        bytes((1, 0)),
        bytes((2, 3, 0)),
        bytes((1, len(CLASSES), 0)),
        bytes((2, 3, 0, 3, 9)),
        bytes((MOST_LISTED + 1, *range(2 * MOST_LISTED + 2))),
        bytes((0,) * (MOST_COLUMNS + 1)),
    ],
    ids=["cut", "cut pair", "unknown class", "class twice", "too many classes", "too many columns"],
)
def test_bytes_that_are_no_columns_are_refused(data: bytes) -> None:
    with pytest.raises(ColumnsError, match="byte"):
        decode(data)


@given(st.binary(max_size=MOST_BYTES))
def test_any_bytes_are_columns_or_refused_as_such(data: bytes) -> None:
    try:
        columns = decode(data)
    except ColumnsError:
        return
    assert len(columns.shares) == len(columns.rest) <= MOST_COLUMNS
    assert all(0 < share <= 1 for shares in columns.shares for share in shares.values())
    assert all(0 < rest <= 1e-4 for rest in columns.rest)


@given(st.lists(st.lists(st.floats(0, 1), min_size=len(CLASSES), max_size=len(CLASSES)), max_size=5))
def test_what_is_written_is_read_back(rows: list[list[float]]) -> None:
    distributions = [[share / sum(row) for share in row] for row in rows if sum(row) > 1e-3]
    columns = decode(encode(distributions))

    assert len(columns.shares) == len(distributions)
    for shares, wanted in zip(columns.shares, distributions, strict=True):
        for character, share in shares.items():
            assert abs(math.log(share / wanted[CLASSES.index(character)])) <= 1 / 8 + 1e-9


def test_positions_become_columns_with_blanks_between() -> None:
    columns = of_positions(((("A", 0.9), ("4", 0.1)), (("A", 1.0),)))

    assert [dict(shares) for shares in columns.shares] == [{"A": 0.9, "4": 0.1}, {BLANK: 1.0}, {"A": 1.0}, {BLANK: 1.0}]
