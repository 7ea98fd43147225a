"""From the network's columns to a text: a beam search that a grammar guides, and the posterior of every character.

CTC (Graves et al., 2006): the probability of a text is the sum over all ways to lay it, with blanks and repeats,
over the columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from agent.core.plates import ALPHABET, TWIN_SHARE, TWINS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.core.plates import Grammar, PlateFormat

_WIDTH: Final = 12
_NEGLIGIBLE: Final = 1e-4
_FLOOR: Final = 1e-7  # below this the network's probabilities are noise
CLASSES: Final = {character: index + 1 for index, character in enumerate(ALPHABET)}


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A text that formats allow, the likeliest of them first. `probability`: that of the text as printed."""

    printed: str
    formats: tuple[PlateFormat, ...]
    probability: float

    @property
    def format(self) -> PlateFormat:
        """The likeliest format."""
        return self.formats[0]

    @property
    def worth(self) -> float:
        """The probability, weighed by how usual the format is."""
        return self.probability * self.format.prior

    @property
    def number(self) -> str:
        """The number of the plate: without the mark of its kind, its groups in their order."""
        return self.format.number(self.printed)


@dataclass(slots=True)
class _Prefix:
    """A beam: probability that it ends in a blank, or in its last character; state of the grammar."""

    state: int
    blank: float = 0.0
    last: float = 0.0

    @property
    def total(self) -> float:
        return self.blank + self.last


def with_twins(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The columns where each character has part of its twin's share too (agent.core.plates.lookalike_characters)."""
    shared = columns.copy()
    for character, twin in TWINS.items():
        shared[:, CLASSES[twin]] += TWIN_SHARE * columns[:, CLASSES[character]]
    return shared


def search(columns: NDArray[np.float64], grammar: Grammar) -> list[Hypothesis]:
    """The texts that the grammar allows, best first by probability times prior. `columns`: shape (36, classes)."""
    beams: _Beams = {(): _Prefix(grammar.start, blank=1.0)}
    for column in columns:
        beams = _advanced(beams, column, grammar)
    found = []
    for prefix, beam in beams.items():
        printed = "".join(ALPHABET[index - 1] for index in prefix)
        complete = grammar.complete(beam.state, len(printed))
        if complete:
            found.append(Hypothesis(printed, complete, beam.total))
    return sorted(found, key=lambda hypothesis: -hypothesis.worth)


_Beams = dict[tuple[int, ...], _Prefix]


def _advanced(beams: _Beams, column: NDArray[np.float64], grammar: Grammar) -> _Beams:
    """The best prefixes after one more column."""
    values = column.tolist()
    after = _stayed(beams, values)
    # A longer prefix that is worth less than this many shorter ones is not among the best: of what is no plate, whose
    # columns leave every character possible, that is nearly every one.
    least = _least_of_best(after, grammar)
    parents = {prefix[:-1] for prefix in beams if prefix}
    kept = np.flatnonzero(column > _NEGLIGIBLE).tolist()
    likely = sorted(((values[index], index) for index in kept if index), reverse=True)
    if not likely:
        return after
    for prefix, beam in beams.items():
        most = beam.total * grammar.best_prior(beam.state)
        for value, index in likely:
            if most * value < least:
                if prefix not in parents:
                    break
                if (*prefix, index) not in beams:
                    continue
            state = grammar.step(beam.state, len(prefix), ALPHABET[index - 1])
            if state:
                longer = after.setdefault((*prefix, index), _Prefix(state))
                # The same character again needs a blank between.
                longer.last += value * (beam.blank if prefix and prefix[-1] == index else beam.total)
    best = sorted(after.items(), key=lambda item: -item[1].total * grammar.best_prior(item[1].state))[:_WIDTH]
    return dict(best)


def _stayed(beams: _Beams, values: list[float]) -> _Beams:
    """The prefixes after a blank, or the last character once more."""
    blank = max(values[0], _FLOOR)
    return {
        prefix: _Prefix(beam.state, beam.total * blank, beam.last * values[prefix[-1]] if prefix else 0.0)
        for prefix, beam in beams.items()
    }


def _least_of_best(beams: _Beams, grammar: Grammar) -> float:
    """What the last of the best is worth; 0 while there are fewer than are kept."""
    worths = sorted((beam.total * grammar.best_prior(beam.state) for beam in beams.values()), reverse=True)
    return worths[_WIDTH - 1] if len(worths) >= _WIDTH else 0.0


@dataclass(frozen=True, slots=True)
class Posterior:
    """How sure a text is. `places[i]`: probability of each class at printed place i, the others staying as they are.

    `whole`: probability of the whole text against all texts that differ in one place and all other texts of the search.
    Each text counts by how usual its format is.
    """

    places: NDArray[np.float64]
    whole: float


def posterior(columns: NDArray[np.float64], hypotheses: list[Hypothesis], grammar: Grammar) -> Posterior:
    """The posterior of the first hypothesis; the grammar says which characters could stand at a place at all."""
    text = hypotheses[0].printed
    joint = substitutions(columns, text)
    for place in range(len(text)):
        weights = np.zeros(joint.shape[1])
        for character, prior in grammar.priors_at(text, place).items():
            weights[CLASSES[character]] = prior
        joint[place] *= weights
    own = joint[0, CLASSES[text[0]]]
    neighbours = joint.sum() - len(text) * own
    farther = sum(other.worth for other in hypotheses[1:] if _distance(other.printed, text) != 1)
    return Posterior(joint / joint.sum(axis=1, keepdims=True), float(own / (own + neighbours + farther)))


def _distance(a: str, b: str) -> int:
    """Places that differ; 2 for texts of different length, which no single substitution explains."""
    return sum(x != y for x, y in zip(a, b, strict=True)) if len(a) == len(b) else 2


def substitutions(columns: NDArray[np.float64], text: str) -> NDArray[np.float64]:
    """The probability of the text with the character at one place replaced: shape (len(text), classes).

    Entry [i, CLASSES[text[i]]] is that of the text itself, the same for every i. The sums over all alignments are
    shared: everything left of the place comes from one forward pass, everything right of it from one backward pass.
    """
    emission = np.maximum(columns, _FLOOR)
    classes = np.array([CLASSES[character] for character in text])
    enter, leave = _around(emission, classes)
    steps, size = emission.shape
    occupied = np.zeros((len(text), size))
    total = np.zeros((len(text), size))
    before = np.concatenate([[0], classes[:-1]])  # a character equal to its neighbour needs a blank between
    after = np.concatenate([classes[1:], [0]])
    from_character = np.arange(size)[None, :] != before[:, None]
    to_character = np.arange(size)[None, :] != after[:, None]
    for step in range(steps):
        entering = enter[0][step][:, None] + enter[1][step][:, None] * from_character
        occupied = (occupied + entering) * emission[step][None, :]
        total += occupied * (leave[0][step][:, None] + leave[1][step][:, None] * to_character)
    return total


_Pair = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


def _around(emission: NDArray[np.float64], classes: NDArray[np.int_]) -> tuple[_Pair, _Pair]:
    """What flows into each character at each column, and what follows it: each from or to a blank and a character.

    Arrays have shape (columns, characters).
    """
    steps, count = emission.shape[0], len(classes)
    extended = np.zeros(2 * count + 1, dtype=np.int_)
    extended[1::2] = classes
    laid = emission[:, extended]
    skip = np.zeros(2 * count + 1, dtype=bool)
    skip[3::2] = classes[1:] != classes[:-1]
    forward = _forward(laid, skip)
    # Backward is forward over the mirrored text; skips mirror to the place they lead from.
    mirrored = np.zeros_like(skip)
    mirrored[3::2] = (classes[1:] != classes[:-1])[::-1]
    backward = _forward(laid[::-1, ::-1], mirrored)[::-1, ::-1]
    enter_blank, enter_character = np.zeros((steps, count)), np.zeros((steps, count))
    enter_blank[0, 0] = 1.0
    enter_blank[1:] = forward[:-1, 0:-1:2]
    enter_character[1:, 1:] = forward[:-1, 1:-2:2]
    leave_blank, leave_character = np.zeros((steps, count)), np.zeros((steps, count))
    leave_blank[-1, -1] = 1.0
    leave_blank[:-1] = backward[1:, 2::2]
    leave_character[:-1, :-1] = backward[1:, 3::2]
    return (enter_blank, enter_character), (leave_blank, leave_character)


def _forward(laid: NDArray[np.float64], skip: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The forward variables of CTC: shape (columns, 2 * characters + 1)."""
    alpha = np.zeros_like(laid)
    alpha[0, :2] = laid[0, :2]
    for step in range(1, len(laid)):
        here = alpha[step - 1].copy()
        here[1:] += alpha[step - 1, :-1]
        here[2:] += np.where(skip[2:], alpha[step - 1, :-2], 0.0)
        alpha[step] = here * laid[step]
    return alpha
