"""The output of the recogniser by columns: small enough to send, exact enough for the likelihood of any text.

One column is the network's output for one strip of the rectified plate: the share of every character and of the blank.
Almost all shares are close to zero, so only the others are kept, as logarithms in steps of 1/8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from agent.core.plates.chinese_formats import PROVINCES
from agent.core.plates.foreign_formats import CYRILLIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agent.core.model import Position

ALPHABET: Final = PROVINCES + "警学领挂港澳使临" + "0123456789" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + "试超" + CYRILLIC
"""The network's classes in order, after class 0, which is the blank. New ones are added behind: stored columns name
classes by number."""
BLANK: Final = ""
MOST_COLUMNS: Final = 64
MOST_LISTED: Final = 16
MOST_BYTES: Final = MOST_COLUMNS * (1 + 2 * MOST_LISTED)

_CLASSES: Final = (BLANK, *ALPHABET)
_NEGLIGIBLE: Final = 1e-4
_STEPS_A_NAT: Final = 8
_SMALLEST_STEP: Final = 255
_SHARES: Final = tuple(math.exp(-step / _STEPS_A_NAT) for step in range(_SMALLEST_STEP + 1))
_FLOOR: Final = 1e-7
"""Below this the network's shares are noise; no character is ever impossible."""


class ColumnsError(ValueError):
    """Bytes that are no columns."""


@dataclass(frozen=True, slots=True)
class Columns:
    """`shares[i]`: the characters worth keeping at column i, BLANK among them, with their shares.

    `rest[i]`: any other's.
    """

    shares: tuple[Mapping[str, float], ...]
    rest: tuple[float, ...]

    @property
    def characters(self) -> frozenset[str]:
        """Every character that is listed somewhere."""
        return frozenset[str]().union(*self.shares) - {BLANK}


def encode(rows: Iterable[Sequence[float]]) -> bytes:
    """The columns as bytes, about 200 for a plate. `rows`: for each column the share of each class, summing to 1.

    A column is a count, then that many pairs of class and share, the share as -8 ln. Raises ColumnsError for more
    columns or classes than there can be.
    """
    encoded = bytearray()
    for count, row in enumerate(rows, start=1):
        if count > MOST_COLUMNS or len(row) != len(_CLASSES):
            raise ColumnsError(
                f"column {count} with {len(row)} classes; wanted {MOST_COLUMNS} of {len(_CLASSES)} at most"
            )
        listed = sorted(
            (index for index, share in enumerate(row) if share > _NEGLIGIBLE), key=lambda index: -row[index]
        )
        listed = listed[:MOST_LISTED]
        encoded.append(len(listed))
        for index in listed:
            encoded += bytes((index, min(_SMALLEST_STEP, max(0, round(-_STEPS_A_NAT * math.log(row[index]))))))
    return bytes(encoded)


@lru_cache(maxsize=64)
def decode(data: bytes) -> Columns:
    """The columns that `encode` wrote. Raises ColumnsError for anything else."""
    shares: list[dict[str, float]] = []
    at = 0
    while at < len(data):
        end = at + 1 + 2 * data[at]
        if data[at] > MOST_LISTED or end > len(data) or len(shares) == MOST_COLUMNS:
            raise ColumnsError(f"byte {at} of {len(data)}: no column starts there")
        classes, steps = data[at + 1 : end : 2], data[at + 2 : end : 2]
        if len(set(classes)) < len(classes) or max(classes, default=0) >= len(_CLASSES):
            raise ColumnsError(f"byte {at} of {len(data)}: a class twice, or one that is not there")
        listed = {_CLASSES[index]: _SHARES[step] for index, step in zip(classes, steps, strict=True)}
        if len(listed) < MOST_LISTED:  # what is not listed is next to nothing: a sum beside 1 is from the rounding
            total = sum(listed.values())
            listed = {character: share / total for character, share in listed.items()}
        shares.append(listed)
        at = end
    return Columns(tuple(shares), tuple(_rest(listed) for listed in shares))


def of_positions(positions: Sequence[Position]) -> Columns:
    """Columns for a reading that came with the shares of its characters alone: one a character, blanks between.

    They tell texts of the reading's own length apart; every other length is next to impossible.
    """
    shares: list[Mapping[str, float]] = []
    for position in positions:
        shares += [dict(position), {BLANK: 1.0}]
    return Columns(tuple(shares), tuple(_rest(listed) for listed in shares))


def _rest(listed: Mapping[str, float]) -> float:
    left = max(0.0, 1 - sum(listed.values())) / (len(_CLASSES) - len(listed))
    return max(_FLOOR, min(_NEGLIGIBLE, left))
