"""How likely a picture is if a given number stands on the plate: exact, for any number, from the recogniser's columns.

CTC (Graves et al., 2006): the likelihood of a text is the sum over all ways to lay it, with blanks and repeats, over
the columns.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from agent.core.plates.columns import ALPHABET, BLANK, Columns
from agent.core.plates.formats import FORMATS, TWO_LINES, Grammar, PlateFormat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Rows: TypeAlias = "list[list[float]]"
"""Of each column, the states: blank and character in turn."""
Strips: TypeAlias = "list[tuple[int, float]]"
"""Places of columns, with the share of one character there."""

_ONE_LINE: Final = Grammar(FORMATS)
_TWO_LINES: Final = Grammar(TWO_LINES)
_LEAST: Final = 1e-300
_LOG_LEAST: Final = math.log(_LEAST)
_IRRELEVANT: Final = 1e-15


def log_likelihood(columns: Columns, number: str, *, two_lines: bool = False) -> float:
    """Natural logarithm of the likelihood of a plate with this number, printed in the likeliest way it can be."""
    return max(_log_of(columns, printed) for printed, _ in printed_forms(number, two_lines=two_lines))


def around(columns: Columns, number: str, *, two_lines: bool = False) -> dict[str, float]:
    """The log likelihood of `number`, and of the numbers that differ from it in one character and have a format.

    Only characters that the columns list; any other is as good as impossible.
    """
    found: dict[str, float] = {}
    strips = _strips(columns)
    for printed, plate in printed_forms(number, two_lines=two_lines):
        possible = _allowed(printed, two_lines)[: len(number)]  # the mark behind it stays
        before, behind = _both_ways(columns, printed)
        found[number] = max(found.get(number, -math.inf), _log(before[-1][-1] + before[-1][-2]))
        for place, allowed in enumerate(possible):
            at = plate.printed_order.index(place) if plate else place
            head, tail = number[:at], number[at + 1 :]
            for other, likelihood in _replaced(strips, printed, place, allowed, before, behind):
                name = head + other + tail
                found[name] = max(found.get(name, -math.inf), _log(likelihood))
    return found


@lru_cache(maxsize=1024)
def printed_forms(number: str, *, two_lines: bool) -> tuple[tuple[str, PlateFormat | None], ...]:
    """The texts that a plate with this number may bear, its mark included; the number itself when it has no format."""
    forms: dict[str, PlateFormat | None] = {}
    for plate in TWO_LINES if two_lines else FORMATS:
        if len(plate.places) != len(number):
            continue
        order = sorted(range(len(number)), key=plate.printed_order.__getitem__)
        printed = "".join(number[place] for place in order)
        if plate.fits(printed) and plate.mark in {"", *ALPHABET}:
            forms.setdefault(printed + plate.mark, plate)
    return tuple(forms.items()) or ((number, None),)


@lru_cache(maxsize=1024)
def _allowed(printed: str, two_lines: bool) -> tuple[frozenset[str], ...]:
    """For each place the characters that could stand there."""
    grammar = _TWO_LINES if two_lines else _ONE_LINE
    return tuple(grammar.alternatives(printed, place) for place in range(len(printed)))


def _log_of(columns: Columns, text: str) -> float:
    last = _forward(columns, text)[-1]
    return _log(last[-1] + last[-2])


def _log(likelihood: float) -> float:
    return math.log(likelihood) if likelihood > _LEAST else _LOG_LEAST


def _both_ways(columns: Columns, text: str) -> tuple[Rows, Rows]:
    """The forward variables from before each column on, what is laid there, and the backward ones, what is laid after."""
    empty = [0.0] * (2 * len(text))
    mirrored = Columns(columns.shares[::-1], columns.rest[::-1])
    # What follows the last column is laid in the last character or in the blank behind it.
    behind = [row[::-1] for row in reversed(_forward(mirrored, text[::-1]))]
    return [[1.0, *empty], *_forward(columns, text)], [*behind, [*empty, 1.0]]


def _forward(columns: Columns, text: str) -> Rows:
    """The forward variables: at each column, of blank and character in turn, of all that was laid up to there."""
    size = 2 * len(text) + 1
    row = [1.0] + [0.0] * (size - 1)  # before the first column, as if a blank stood there
    rows = []
    joins = [place > 0 and text[place] != text[place - 1] for place in range(len(text))]
    lowest = highest = 0  # the states between are worth the work: all others are next to nothing
    for shares, rest in zip(columns.shares, columns.rest, strict=True):
        share_of = shares.get
        empty = share_of(BLANK, rest)
        after = [0.0] * size
        after[0] = row[0] * empty
        for place in range(max(0, lowest // 2 - 1), min(len(text), (highest + 3) // 2)):
            at = 2 * place + 1
            itself = row[at]
            entering = itself + row[at - 1]
            if joins[place]:
                entering += row[at - 2]
            after[at] = entering * share_of(text[place], rest)
            after[at + 1] = (row[at + 1] + itself) * empty
        least = max(after) * _IRRELEVANT
        while after[lowest] < least:
            lowest += 1
        highest = min(size - 1, highest + 2)
        while after[highest] < least:
            highest -= 1
        rows.append(after)
        row = after
    return rows


def _strips(columns: Columns) -> dict[str, Strips]:
    """For each character that is listed somewhere, where it is, and with what share."""
    found: dict[str, Strips] = {}
    for at, shares in enumerate(columns.shares):
        for character, share in shares.items():
            found.setdefault(character, []).append((at, share))
    found.pop(BLANK, None)
    return found


def _replaced(
    strips: Mapping[str, Strips], text: str, place: int, allowed: frozenset[str], before: Rows, behind: Rows
) -> Iterator[tuple[str, float]]:
    """Each character that could stand at one place instead, with the likelihood of that text."""
    state = 2 * place + 1
    rows_before, rows_behind = before[:-1], behind[1:]
    blank_before = [row[state - 1] for row in rows_before]
    blank_behind = [row[state + 1] for row in rows_behind]
    entering, leaving = blank_before, blank_behind
    if place:
        entering = [blank + row[state - 2] for blank, row in zip(blank_before, rows_before, strict=True)]
    if place + 1 < len(text):
        leaving = [blank + row[state + 2] for blank, row in zip(blank_behind, rows_behind, strict=True)]
    for character in allowed & strips.keys() - {text[place]}:
        # Between two alike a blank must stand.
        ways_in = blank_before if text[place - 1 : place] == character else entering
        ways_out = blank_behind if text[place + 1 : place + 2] == character else leaving
        yield character, _laid(strips[character], ways_in, ways_out)


def _laid(strips: Strips, entering: Sequence[float], leaving: Sequence[float]) -> float:
    """The likelihood with a character in one state: over all runs of columns that it could take."""
    total = occupied = 0.0
    last = -2
    for at, share in strips:
        occupied = ((occupied if at == last + 1 else 0.0) + entering[at]) * share
        total += occupied * leaving[at]
        last = at
    return total
