"""Other plates that the picture may show instead of the declared one: those worth a search in the declarations."""

from __future__ import annotations

from string import ascii_uppercase, digits
from typing import TYPE_CHECKING, Final

from agent.core.plates.formats import STRICT_TABLE, PlateKind, kinds_of, normalise
from agent.core.plates.frame_evidence import evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.core.plates.vote import PlateVote

MOST_RIVALS: Final = 400
_SERIES: Final = 3
"""How many plates before and after the declared one: a fleet's vehicles get theirs one after the other."""
_LIKELY: Final = 12.0
"""Nats below the likeliest text, down to which a text is worth a look."""
_LETTERS: Final = ascii_uppercase.replace("I", "").replace("O", "")


def rivals(vote: PlateVote | None, declared: str) -> tuple[str, ...]:
    """Normalised plates that are not the declared one, at most MOST_RIVALS; none without a vote.

    First the neighbours of the declared plate in the series, then what the frames read and every single-character
    alternative that the frames give a real share, the likeliest first.
    """
    wanted = normalise(declared)
    if vote is None or not wanted:
        return ()
    seen = evidence(vote, wanted)
    ranked = seen.ranked()
    least = seen.likelihoods[ranked[0]] - _LIKELY
    likely = (normalise(text) for text in ranked if seen.likelihoods[text] >= least)
    found = dict.fromkeys(text for text in (*series(wanted), *likely) if text != wanted)
    return tuple(found)[:MOST_RIVALS]


def series(plate: str, reach: int = _SERIES) -> Iterator[str]:
    """The plates up to `reach` before and after a normalised one, nearest first.

    A number counts with all digits of its last group, 9 to 10 and back; a last letter counts in the alphabet of plates.
    The last letter of a large new energy vehicle is no part of the series. On plates that begin with no Chinese
    character the longest group of digits counts, which is never the region.
    """
    tail = _counting(plate)
    if tail is None:
        return
    for away in range(1, reach + 1):
        for step in (away, -away):
            for other in _stepped(plate, tail, step):
                if other != plate and kinds_of(other):
                    yield other


def _counting(plate: str) -> int | None:
    """The place of the last character of what counts; None where nothing does."""
    if plate.isascii() or plate[0] in digits:
        return _counting_abroad(plate)
    last = len(plate) - (PlateKind.NEW_ENERGY_LARGE in kinds_of(plate))
    return next((at for at in reversed(range(last)) if plate[at] in digits or plate[at] in _LETTERS), None)


def _counting_abroad(plate: str) -> int | None:
    """The last digit of the longest group of digits, the region left aside; of groups as long the first."""
    region = _region(plate)
    counting = "".join(c if c in digits and at not in region else " " for at, c in enumerate(plate))
    groups = counting.split()
    longest = max(groups, key=len, default="")
    return counting.index(longest) + len(longest) - 1 if longest else None


def _region(plate: str) -> tuple[int, ...]:
    """The places of the region, by the first format that the plate has."""
    return next((one.region for one in STRICT_TABLE.fitting(plate)), ())


def _stepped(plate: str, tail: int, step: int) -> Iterator[str]:
    if plate[tail] in _LETTERS:
        at = _LETTERS.index(plate[tail]) + step
        if 0 <= at < len(_LETTERS):
            yield plate[:tail] + _LETTERS[at] + plate[tail + 1 :]
        return
    start, region = tail, _region(plate)
    while start and plate[start - 1] in digits and start - 1 not in region:
        start -= 1
    width = tail + 1 - start
    number = (int(plate[start : tail + 1]) + step) % 10**width
    yield f"{plate[:start]}{number:0{width}}{plate[tail + 1 :]}"
