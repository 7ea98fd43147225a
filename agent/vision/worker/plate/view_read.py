"""What the network gave for one flat view of a plate, and what follows from it: text, doubt, posterior, country."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from agent.core.plates import (
    ALPHABET,
    FORMATS,
    TWO_LINES,
    Country,
    Doubt,
    Grammar,
    PlateKind,
    Sight,
    as_seen,
    country_of,
    doubt_of,
    shares,
    weighed,
)
from agent.vision.worker.plate import ctc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.core.model import Position

_ONE_LINE: Final = Grammar(FORMATS)
_TWO_LINES: Final = Grammar(TWO_LINES)
_EMBLEM_BEHIND: Final = frozenset({Country.UZBEKISTAN})
"""Countries whose plates have a flag and the country's letters behind the number, as high as a character."""
_ONE_LINE_EMBLEM: Final = Grammar([plate for plate in FORMATS if country_of(plate.kind) in _EMBLEM_BEHIND])
_HAN: Final = np.array([False, *(not character.isascii() for character in ALPHABET)])
_WEAK: Final = 0.5
_LIKELY: Final = 1e-3
_MOST_CHARACTERS: Final = 6
_LONGER: Final = 0.05
"""A longer text that contains the reading puts it in doubt if it has at least this share of its likelihood."""
_EDGE_COLUMNS: Final = 1
_FLAG_COLUMNS: Final = 3
"""A character in so many of the first or last columns may be cut by the outline's edge; in so many of the first where a
plate of its kind has a flag and its country's letters before the number."""
_FLAGGED: Final = frozenset({Country.KAZAKHSTAN, Country.TAJIKISTAN, Country.TURKMENISTAN, Country.BELARUS})
_NOT_FLAGGED: Final = frozenset({PlateKind.KAZAKHSTAN_1993, PlateKind.KAZAKHSTAN_DIPLOMATIC})


@dataclass(frozen=True, slots=True)
class ViewRead:
    """What one view gave: its columns and the hypotheses that they allow with twins, one at least, best first.

    `view`: grey, (40, 144). `columns`: shape (36, classes). `sight`: how the plate looks, by which `grammar` weighs.
    """

    view: NDArray[np.uint8]
    columns: NDArray[np.float64]
    hypotheses: list[ctc.Hypothesis]
    sight: Sight

    @property
    def best(self) -> ctc.Hypothesis:
        """The likeliest text."""
        return self.hypotheses[0]

    @property
    def worth(self) -> float:
        """That of the best text."""
        return self.best.worth

    @property
    def is_weak(self) -> bool:
        """Whether it is little likely, or of no form that says how many characters there are."""
        return self.best.probability < _WEAK or self.best.format.kind is PlateKind.LATIN

    @property
    def doubt(self) -> Doubt:
        """What the view itself says against the best text."""
        likely = [other.number for other in self.hypotheses[1:] if other.worth >= _LONGER * self.worth]
        return doubt_of(self.best.number, at_edge=self._is_at_edge, others=likely, sight=self.sight)

    @property
    def _is_at_edge(self) -> bool:
        written = np.flatnonzero(self.columns.argmax(axis=1))
        kind = self.best.format.kind
        flagged = country_of(kind) in _FLAGGED and kind not in _NOT_FLAGGED and not self.sight.two_lines
        first = _FLAG_COLUMNS if flagged else _EDGE_COLUMNS
        return bool(written.size) and (written[0] < first or written[-1] >= len(self.columns) - _EDGE_COLUMNS)

    @property
    def kind(self) -> PlateKind:
        """The likeliest kind that the best text may be of."""
        kinds = weighed(self.best.formats)
        return max(kinds, key=lambda one: kinds[one])

    @property
    def countries(self) -> tuple[tuple[Country, float], ...]:
        """The probability of each country, over all possible texts and all formats of each."""
        kinds: dict[PlateKind, float] = {}
        for hypothesis in self.hypotheses:
            for kind, weight in weighed(hypothesis.formats, hypothesis.probability).items():
                kinds[kind] = kinds.get(kind, 0.0) + weight
        return shares(kinds)

    def posterior(self) -> tuple[tuple[Position, ...], float]:
        """The positions of the number and the probability of the whole.

        Two lines may bear two numbers: 011 over 01 ABC is 011 ABC 01 of Kazakhstan, and 01 101 over ABC is Uzbek.
        """
        found = ctc.posterior(ctc.with_twins(self.columns), self.hypotheses, grammar(self.sight))
        best = self.best
        positions = tuple(_position(found.places[place]) for place in best.format.printed_order)
        same = sum(plate.prior for plate in best.formats if plate.number(best.printed) == best.number)
        return positions, found.whole * same / sum(plate.prior for plate in best.formats)


def read_view(view: NDArray[np.uint8], columns: NDArray[np.float64], sight: Sight) -> ViewRead | None:
    """What the columns of a view say; None where no format allows anything that they show.

    A flag behind the number looks to the network like one of the characters that end some Chinese numbers. So what
    ends like that is also read as a plate with a flag, and the likelier of both stays.
    """
    hypotheses = ctc.search(ctc.with_twins(columns), grammar(sight))
    cleared = None if sight.two_lines else _without_emblem(columns)
    if cleared is not None:
        flagged = ctc.search(ctc.with_twins(cleared), _flagged_grammar(sight))
        texts = {one.printed for one in flagged}
        others = [one for one in hypotheses if one.printed not in texts]
        hypotheses = sorted([*flagged, *others], key=lambda one: -one.worth)
        columns = cleared if hypotheses and hypotheses[0].printed in texts else columns
    return ViewRead(view, columns, hypotheses, sight) if hypotheses else None


def _without_emblem(columns: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The columns with a blank for every Chinese character after the last letter or digit; None where none is there."""
    best = columns.argmax(axis=1)
    han = _HAN[best]
    written = np.flatnonzero((best > 0) & ~han)
    if not written.size or not han[written[-1] + 1 :].any():
        return None
    cleared = columns.copy()
    behind = cleared[written[-1] + 1 :]
    behind[:, 0] += behind[:, _HAN].sum(axis=1)
    behind[:, _HAN] = 0.0
    return cleared


@lru_cache(maxsize=128)
def grammar(sight: Sight) -> Grammar:
    """What a plate that looks so may bear, each format as likely as the look makes it. Kept: there are few sights."""
    whole = _TWO_LINES if sight.two_lines else _ONE_LINE
    return whole.reweighed(as_seen(whole.formats, sight))


@lru_cache(maxsize=128)
def _flagged_grammar(sight: Sight) -> Grammar:
    """The part of `grammar` that plates with a flag behind the number may bear."""
    return _ONE_LINE_EMBLEM.reweighed(as_seen(_ONE_LINE_EMBLEM.formats, sight))


def _position(place: NDArray[np.float64]) -> Position:
    order = np.argsort(place)[::-1][:_MOST_CHARACTERS]
    likely = [index for index in order if place[index] >= _LIKELY]
    return tuple((ALPHABET[index - 1], float(place[index])) for index in likely)
