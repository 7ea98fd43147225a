"""Where in what was read of a line a VIN may stand."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.worker.vin.print_recogniser import BORDER, ReadLine
from agent.vision.worker.vin.vin_span import vin_span

VIN = "LSVAA49J132047371"
COLUMNS = 120


def read(text: str, pitch: int = 2, gaps: dict[int, int] | None = None) -> ReadLine:
    """A line whose characters stand `pitch` columns apart; `gaps`: more columns before some of them."""
    places, at = [], 1
    for place in range(len(text)):
        at += (gaps or {}).get(place, 0)
        places.append(at)
        at += pitch
    return ReadLine(np.zeros((COLUMNS, 78)), text, tuple(places))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        (VIN, 0, 16),
        (f"1{VIN}", 1, 17),
        (f"V1N{BORDER}{VIN}", 4, 20),
        (f"V1N{VIN}", 3, 19),
        (f"V1NC0DE{VIN}", 7, 23),
        (f"{BORDER}{VIN}{BORDER}", 1, 17),
        (f"M1{BORDER}{VIN}{BORDER}2026", 3, 19),
        (VIN[1:], 0, 15),
        (f"{VIN}{BORDER}{VIN[2:]}", 0, 16),
        (f"{VIN[2:]}{BORDER}{VIN}", 16, 32),
    ],
)
def test_a_word_of_17_characters_or_nearly_is_one(text: str, first: int, last: int) -> None:
    line = read(text)
    span = vin_span(line)
    assert span is not None
    assert (span.first, span.last, span.count) == (line.places[first], line.places[last], COLUMNS)
    assert span.start <= span.first <= span.last < span.end


@pytest.mark.parametrize(
    "text", ["", BORDER, VIN[3:], f"{VIN}123", f"{VIN}{VIN}", f"{VIN[:8]}{BORDER}{VIN[8:]}", "1855KG", BORDER * 30]
)
def test_nothing_else_is(text: str) -> None:
    assert vin_span(read(text)) is None


def test_a_wide_gap_is_a_border_too() -> None:
    line = read(f"4081{VIN}", gaps={4: 8})
    span = vin_span(line)
    assert span is not None
    assert (span.first, span.last) == (line.places[4], line.places[20])
    assert line.places[3] < span.start <= line.places[4]


def test_alone_in_its_line_it_reaches_from_end_to_end_of_the_view() -> None:
    span = vin_span(read(VIN))
    assert span is not None
    assert (span.start, span.end) == (0, COLUMNS)
    assert span.share == pytest.approx(33 / COLUMNS)
    assert (span.pitch, span.length) == (2.0, 17)
