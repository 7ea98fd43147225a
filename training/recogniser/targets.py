"""What the network should say at each column of a view, known because the view was drawn.

A column in the middle of a character has that character, one far from any has the blank, and one between is left to the
network. Columns learn in minutes what CTC alone needs hours for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from agent.core.plates import ALPHABET
from agent.vision.worker.plate.rectify import VIEW_WIDTH_PX

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS: Final = 36
BLANK: Final = 0
UNSURE: Final = 255
CLASSES: Final = {character: index + 1 for index, character in enumerate(ALPHABET)}
CLASS_COUNT: Final = len(ALPHABET) + 1
MOST_CHARACTERS: Final = 11

_STEP_PX: Final = VIEW_WIDTH_PX / COLUMNS
_CENTRES_PX: Final = np.arange(COLUMNS, dtype=np.float32) * np.float32(_STEP_PX) + np.float32(_STEP_PX / 2)
_CORE: Final = 0.55
_LEAST_CORE_PX: Final = 2.01
"""Half a column and a little: every character has a column of its own."""


def column_targets(text: str, spans: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The class of each of the 36 columns, UNSURE where it may be either. `spans`: as in `views.View`."""
    middles = spans.mean(axis=1)
    halves = np.maximum((spans[:, 1] - spans[:, 0]) / 2, 3.0)
    distances = np.abs(_CENTRES_PX[None] - middles[:, None])
    targets = np.full(COLUMNS, BLANK, np.uint8)
    targets[(distances < halves[:, None]).any(axis=0)] = UNSURE
    for character, distance, half in zip(text, distances, halves, strict=True):
        targets[distance < max(half * _CORE, _LEAST_CORE_PX)] = CLASSES[character]
    return targets
