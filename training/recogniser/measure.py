"""Measures networks: what they read of photographed and of drawn plates, by kind, and whether their word is honest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import onnxruntime

from agent.core.plates import ALPHABET, FORMATS, TWO_LINES, Grammar, normalise
from agent.vision.worker.plate import ctc
from agent.vision.worker.plate.rectify import VIEW_HEIGHT_PX, VIEW_WIDTH_PX, flatten
from training.drawing import DrawnKind, Glyphs, Light, draw
from training.recogniser.views import view

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from training.recogniser.photographs import PhotographedPlate

_ONE_LINE: Final = Grammar(FORMATS)
_TWO_LINES: Final = Grammar(TWO_LINES)
_BATCH: Final = 64
_BINS: Final = 15


@dataclass(slots=True)
class Score:
    """Counts of what was read right: by taking the likeliest class a column, and by the search with the grammar.

    `sure`: for each text of the search, the probability said and whether it was right; `characters` the same of each
    character of a text of the right length.
    """

    of: int = 0
    greedy: int = 0
    exact: int = 0
    sure: list[tuple[float, bool]] = field(default_factory=list)
    characters: list[tuple[float, bool]] = field(default_factory=list)
    wrong: list[tuple[str, str, float]] = field(default_factory=list)


class Network:
    """An ONNX file; classes that it does not know are never said."""

    def __init__(self, path: Path) -> None:
        """Open the file."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def probabilities(self, views: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Shape (views, 36, classes)."""
        rows = []
        for start in range(0, len(views), _BATCH):
            batch = views[start : start + _BATCH, None].astype(np.float32)
            logits = self._session.run(None, {"x": batch})[0].astype(np.float64)
            exponentials = np.exp(logits - logits.max(axis=2, keepdims=True))
            rows.append(exponentials / exponentials.sum(axis=2, keepdims=True))
        found = np.concatenate(rows)
        missing = len(ALPHABET) + 1 - found.shape[2]
        return np.pad(found, ((0, 0), (0, 0), (0, missing)))


def score(columns: Iterable[NDArray[np.float64]], texts: Sequence[str], *, two_lines: bool = False) -> Score:
    """What is read of each view, against what is printed on it."""
    found = Score()
    grammar = _TWO_LINES if two_lines else _ONE_LINE
    for rows, text in zip(columns, texts, strict=True):
        found.of += 1
        found.greedy += _greedy(rows) == text
        _add_search(found, rows, text, grammar)
    return found


def _greedy(columns: NDArray[np.float64]) -> str:
    best = columns.argmax(axis=1)
    kept = best[np.flatnonzero((best != 0) & (best != np.concatenate([[0], best[:-1]])))]
    return "".join(ALPHABET[index - 1] for index in kept)


def _add_search(found: Score, columns: NDArray[np.float64], text: str, grammar: Grammar) -> None:
    shared = ctc.with_twins(columns)
    hypotheses = ctc.search(shared, grammar)
    if not hypotheses:
        found.wrong.append((text, "", 0.0))
        return
    printed = hypotheses[0].printed
    right = printed == text or normalise(printed) == normalise(text)
    found.exact += right
    posterior = ctc.posterior(shared, hypotheses, grammar)
    found.sure.append((posterior.whole, right))
    if not right:
        found.wrong.append((text, printed, posterior.whole))
    if len(printed) == len(text):
        places = (posterior.places[place, ctc.CLASSES[character]] for place, character in enumerate(printed))
        found.characters += [(float(said), a == b) for said, a, b in zip(places, printed, text, strict=True)]


def of_photographs(network: Network, plates: Sequence[PhotographedPlate]) -> Score:
    """The plates as the reader flattens them."""
    size = (VIEW_WIDTH_PX, VIEW_HEIGHT_PX)
    views = np.stack([flatten(plate.grey.astype(np.uint8), plate.corners, size) for plate in plates])
    return score(network.probabilities(views), [plate.text for plate in plates])


@dataclass(frozen=True, slots=True)
class Drawing:
    """Drawn plates to read: their texts, views of shape (n, 40, 144), and which have two lines."""

    texts: list[str]
    views: NDArray[np.uint8]
    two_lines: list[bool]


def drawing(glyphs: Glyphs, seed: tuple[int, ...], count: int, kind: DrawnKind, light: Light = Light.ANY) -> Drawing:
    """So many views of a kind; many of them are hardly readable on purpose."""
    rng = np.random.default_rng(seed)
    plates = [draw(rng, glyphs, kind) for _ in range(count)]
    views = np.stack([view(rng, plate, light).pixels for plate in plates])
    return Drawing([plate.text for plate in plates], views, [plate.two_lines for plate in plates])


def of_drawing(network: Network, shown: Drawing) -> Score:
    """What the network reads of the views, each by the grammar of its number of lines."""
    columns = network.probabilities(shown.views)
    parts = []
    for lines in (False, True):
        chosen = [index for index, two in enumerate(shown.two_lines) if two is lines]
        parts.append(score(columns[chosen], [shown.texts[index] for index in chosen], two_lines=lines))
    return joined(parts)


def joined(scores: Iterable[Score]) -> Score:
    """All of them as one."""
    whole = Score()
    for part in scores:
        whole.of += part.of
        whole.greedy += part.greedy
        whole.exact += part.exact
        whole.sure += part.sure
        whole.characters += part.characters
        whole.wrong += part.wrong
    return whole


def calibration_error(said: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error over 15 bins of equal width (Guo et al., 2017)."""
    if not said:
        return 0.0
    bins = np.minimum((np.array([p for p, _ in said]) * _BINS).astype(int), _BINS - 1)
    shares, right = np.array([p for p, _ in said]), np.array([float(ok) for _, ok in said])
    return float(
        sum(
            abs(shares[bins == index].mean() - right[bins == index].mean()) * (bins == index).mean()
            for index in range(_BINS)
            if (bins == index).any()
        )
    )
