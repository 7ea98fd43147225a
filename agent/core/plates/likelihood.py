"""How likely a picture is if a given number stands on the plate: exact, for any number, from the recogniser's columns.

CTC (Graves et al., 2006): the likelihood of a text is the sum over all ways to lay it, with blanks and repeats, over
the columns.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from agent.core.plates.columns import ALPHABET, BLANK, Columns
from agent.core.plates.formats import FORMATS, TWO_LINES, Grammar, PlateFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONE_LINE: Final = Grammar(FORMATS)
_TWO_LINES: Final = Grammar(TWO_LINES)
_LEAST: Final = 1e-300
_IRRELEVANT: Final = 1e-15


def log_likelihood(columns: Columns, number: str, *, two_lines: bool = False) -> float:
    """Natural logarithm of the likelihood of a plate with this number, printed in the likeliest way it can be."""
    return max(_log_of(columns, printed) for printed, _ in printed_forms(number, two_lines=two_lines))


def around(columns: Columns, number: str, *, two_lines: bool = False) -> dict[str, float]:
    """The log likelihood of `number`, and of the numbers that differ from it in one character and have a format.

    Only characters that the columns list; any other is as good as impossible.
    """
    found: dict[str, float] = {}
    for printed, plate in printed_forms(number, two_lines=two_lines):
        possible = _allowed(printed, two_lines)[: len(number)]  # the mark behind it stays
        for other, likelihood in _substitutions(columns, printed, possible):
            name = plate.number(other) if plate else other
            found[name] = max(found.get(name, -math.inf), math.log(max(likelihood, _LEAST)))
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
    return math.log(max(last[-1] + last[-2], _LEAST))


def _forward(columns: Columns, text: str) -> list[list[float]]:
    """The forward variables: at each column, of blank and character in turn, of all that was laid up to there."""
    size = 2 * len(text) + 1
    row = [1.0] + [0.0] * (size - 1)  # before the first column, as if a blank stood there
    rows = []
    lowest = highest = 0  # the states between are worth the work: all others are next to nothing
    for shares, rest in zip(columns.shares, columns.rest, strict=True):
        empty = shares.get(BLANK, rest)
        after = [0.0] * size
        after[0] = row[0] * empty
        for place in range(max(0, lowest // 2 - 1), min(len(text), (highest + 3) // 2)):
            at = 2 * place + 1
            entering = row[at] + row[at - 1]
            if place and text[place] != text[place - 1]:
                entering += row[at - 2]
            after[at] = entering * shares.get(text[place], rest)
            after[at + 1] = (row[at + 1] + row[at]) * empty
        least = max(after) * _IRRELEVANT
        while after[lowest] < least:
            lowest += 1
        highest = min(size - 1, highest + 2)
        while after[highest] < least:
            highest -= 1
        rows.append(after)
        row = after
    return rows


def _substitutions(columns: Columns, text: str, allowed: tuple[frozenset[str], ...]) -> Iterator[tuple[str, float]]:
    """The text and each text with one character replaced, with their likelihoods.

    What lies left and right of a replaced character is summed only once.
    """
    size = 2 * len(text) + 1
    before = [[1.0] + [0.0] * (size - 1), *_forward(columns, text)]
    mirrored = Columns(columns.shares[::-1], columns.rest[::-1])
    # What follows the last column is laid in the last character or in the blank behind it.
    behind = [*(row[::-1] for row in reversed(_forward(mirrored, text[::-1]))), [0.0] * (size - 1) + [1.0]]
    yield text, before[-1][-1] + before[-1][-2]
    for character in columns.characters:
        strips = [(at, shares[character]) for at, shares in enumerate(columns.shares) if character in shares]
        for place, possible in enumerate(allowed):
            if character in possible and character != text[place]:
                doubles = (text[place - 1 : place] == character, text[place + 1 : place + 2] == character)
                likelihood = _laid(strips, 2 * place + 1, doubles, before, behind)
                yield text[:place] + character + text[place + 1 :], likelihood


def _laid(
    strips: list[tuple[int, float]],
    state: int,
    doubles: tuple[bool, bool],
    before: list[list[float]],
    behind: list[list[float]],
) -> float:
    """The likelihood with another character in one state: over all runs of columns that it could take.

    `doubles`: whether it equals the character before, and the one behind; between two alike a blank must stand.
    """
    total = occupied = 0.0
    last = -2
    for at, share in strips:
        entering = before[at][state - 1] + (0.0 if doubles[0] or state == 1 else before[at][state - 2])
        occupied = ((occupied if at == last + 1 else 0.0) + entering) * share
        following = behind[at + 1]
        leaving = following[state + 1]
        if state + 2 < len(following) and not doubles[1]:
            leaving += following[state + 2]
        total += occupied * leaving
        last = at
    return total
