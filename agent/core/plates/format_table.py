"""Many formats at once: which of them a number has, by a look-up for each of its characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agent.core.plates.plate_format import PlateFormat


@dataclass(frozen=True, slots=True)
class _OfLength:
    """Formats of one length. `allowing[i]`: for each character, the bit set of those that allow it at place i."""

    formats: tuple[PlateFormat, ...]
    allowing: tuple[Mapping[str, int], ...]


class FormatTable:
    """Formats by their length, and by the characters that they allow at each place."""

    def __init__(self, formats: Iterable[PlateFormat]) -> None:
        by_length: dict[int, list[PlateFormat]] = {}
        for plate in formats:
            by_length.setdefault(len(plate.places), []).append(plate)
        self._of_length = {length: _OfLength(tuple(same), _allowing(same)) for length, same in by_length.items()}

    def fitting(self, number: Sequence[str]) -> tuple[PlateFormat, ...]:
        """The formats that the number has, in the order in which they were given: those whose `fits` says so.

        Where a place of it holds several characters, any of them will do.
        """
        found, bits = self._of_length.get(len(number)), self._bits(number)
        return () if found is None else tuple(plate for bit, plate in enumerate(found.formats) if bits >> bit & 1)

    def fits_any(self, number: Sequence[str]) -> bool:
        """Whether the number has one of them."""
        return self._bits(number) != 0

    def _bits(self, number: Sequence[str]) -> int:
        found = self._of_length.get(len(number))
        if found is None:
            return 0
        bits = (1 << len(found.formats)) - 1
        for characters, allowing in zip(number, found.allowing, strict=True):
            here = 0
            for character in characters:
                here |= allowing.get(character, 0)
            bits &= here
        return bits


def _allowing(formats: Sequence[PlateFormat]) -> tuple[Mapping[str, int], ...]:
    places: list[dict[str, int]] = [{} for _ in formats[0].places]
    for bit, plate in enumerate(formats):
        for place, characters in zip(places, plate.places, strict=True):
            for character in characters:
                place[character] = place.get(character, 0) | 1 << bit
    return tuple(places)
