"""A set of formats as an automaton over prefixes, which a search follows character by character."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.core.plates.plate_format import PlateFormat


class Grammar:
    """A set of formats as an automaton over prefixes: a state is the bit set of the formats that are still possible.

    The mark of a format is part of the text here, because it is printed on the plate and read like any character.
    """

    def __init__(self, formats: Sequence[PlateFormat]) -> None:
        self.formats = tuple(formats)
        self.start = (1 << len(self.formats)) - 1
        printed = [(*plate.places, *plate.mark) for plate in self.formats]
        self.length = max(len(places) for places in printed)
        self._steps: list[dict[str, int]] = [{} for _ in range(self.length)]
        self._complete = [0] * (self.length + 1)
        for bit, places in enumerate(printed):
            self._complete[len(places)] |= 1 << bit
            for place, allowed in enumerate(places):
                for character in allowed:
                    self._steps[place][character] = self._steps[place].get(character, 0) | 1 << bit
        self._fulfilled: dict[int, tuple[PlateFormat, ...]] = {}

    def step(self, state: int, place: int, character: str) -> int:
        """The state after `character` at `place`; 0 when no format allows it."""
        return state & self._steps[place].get(character, 0) if place < self.length else 0

    def complete(self, state: int, length: int) -> tuple[PlateFormat, ...]:
        """The formats that a prefix of this state and length fulfils, the likeliest first."""
        return self._of_bits(state & self._complete[length])

    def _of_bits(self, bits: int) -> tuple[PlateFormat, ...]:
        """The formats of a bit set, the likeliest first; kept, because a search asks for few sets again and again."""
        found = self._fulfilled.get(bits)
        if found is None:
            fulfilled = [plate for bit, plate in enumerate(self.formats) if bits >> bit & 1]
            found = self._fulfilled[bits] = tuple(sorted(fulfilled, key=lambda plate: -plate.prior))
        return found

    def follow(self, text: str) -> int:
        """The state after the whole text; 0 when no format allows it."""
        state = self.start
        for place, character in enumerate(text):
            state = self.step(state, place, character)
        return state

    def prior(self, text: str) -> float:
        """The highest prior of the formats that the printed text fulfils; 0 when none does."""
        if len(text) > self.length:
            return 0.0
        fulfilled = self.complete(self.follow(text), len(text))
        return fulfilled[0].prior if fulfilled else 0.0

    def alternatives(self, text: str, place: int) -> frozenset[str]:
        """The characters that some format of this text's length allows at `place`, the others staying as they are."""
        return frozenset(self.priors_at(text, place))

    def priors_at(self, text: str, place: int) -> Mapping[str, float]:
        """Those characters, each with the highest prior of the formats that the text has with it."""
        if len(text) > self.length:
            return {}
        others = self._complete[len(text)]
        for index, character in enumerate(text):
            if index != place:
                others &= self._steps[index].get(character, 0)
        return {
            character: self._of_bits(bits & others)[0].prior
            for character, bits in self._steps[place].items()
            if bits & others
        }
