"""The network that reads a line of print, reduced to what may stand in a VIN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.core.permit import vin as vins
from agent.core.plates import ALPHABET
from agent.vision.worker.plate import weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FOLDER: Final = Path(__file__).parent / "models"
VIEW_PX: Final = (448, 48)
"""Width and height of what the network gets: whatever the shape of a line, it fills it. 56 columns come of it."""
BORDER: Final = " "
"""What is printed and cannot be in a VIN, a blank or a sign."""

OTHER: Final = "Q"
"""A class of the recogniser of plates that no VIN has: so no VIN competes by it."""
_BAR: Final = {"1": 0.8, "J": 0.1, "T": 0.05, "L": 0.05}
_RING: Final = {"0": 0.97, "D": 0.02, "C": 0.01}
_READ_FOR: Final = {
    **dict.fromkeys("Iil|", _BAR),
    **dict.fromkeys("Oo", _RING),
    "Q": {"0": 0.85, "D": 0.05, "C": 0.05, "G": 0.05},
}
"""What stands in no VIN, and what may have been printed where the network reads it.

ISO 3779 leaves out I, O and Q because they are taken for 1 and 0. But a J without its hook is read as I too, and
surely: so who reads I knows less of the 1 than who reads 1. The shares are set with care, not measured.
"""
_OWN_CLASSES: Final = {character: place for place, character in enumerate(("", *ALPHABET))}
_BLANK: Final = 0
_SPACE: Final = " "


@dataclass(frozen=True, slots=True)
class ReadLine:
    """What the network saw. `columns`: shape (56, 78), the share of each class of the recogniser of plates.

    They are those classes because every text that is read by columns is kept in one form; all that can stand in no VIN
    has its share under OTHER, so that a row sums to 1. `text`: the likeliest character of each run of columns, BORDER
    for one that no VIN has; `places`: the column in which each is likeliest.
    """

    columns: NDArray[np.float64]
    text: str
    places: tuple[int, ...]


class PrintRecogniser:
    """Views of lines in, shares of characters out. Holds one network; one thread owns it."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Load the network. Raises WeightsError when its file is missing or wrong."""
        self._session = weights.session("line_recogniser", folder)
        self._input = self._session.get_inputs()[0].name
        # As its makers count: the blank of CTC first, then its characters, then a space.
        listed = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._printed = ("", *listed, _SPACE)
        read_as = _read_as(self._printed)
        self._classes = np.array(sorted(read_as))
        self._folding = np.zeros((len(read_as), len(ALPHABET) + 1))
        for row, place in zip(self._folding, sorted(read_as), strict=True):
            for character, share in read_as[place].items():
                row[_OWN_CLASSES[character]] = share
        self._spelling = {
            place: max(shares, key=lambda one: shares[one]) for place, shares in read_as.items() if "" not in shares
        }

    def read(self, view: NDArray[np.uint8]) -> ReadLine:
        """Read a view, grey, shape (48, 448), 8 bit."""
        pixels = cv2.cvtColor(view, cv2.COLOR_GRAY2BGR).transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
        shares: NDArray[np.float32] = self._session.run(None, {self._input: pixels[None]})[0][0]
        columns: NDArray[np.float64] = shares[:, self._classes].astype(np.float64) @ self._folding
        columns[:, _OWN_CLASSES[OTHER]] = np.maximum(0.0, 1 - columns.sum(axis=1))
        return ReadLine(columns, *_spelt(shares, self._spelling))


def _spelt(shares: NDArray[np.float32], spelling: Mapping[int, str]) -> tuple[str, tuple[int, ...]]:
    """The likeliest character of each run of columns, and the column of the run in which it is likeliest."""
    text, places = list[str](), list[int]()
    before = _BLANK
    for column, place in enumerate(shares.argmax(axis=1).tolist()):
        if place not in {_BLANK, before}:
            text.append(spelling.get(place, BORDER))
            places.append(column)
        elif place != _BLANK and shares[column, place] > shares[places[-1], place]:
            places[-1] = column
        before = place
    return "".join(text), tuple(places)


def _read_as(printed: tuple[str, ...]) -> dict[int, Mapping[str, float]]:
    """For each class of the network that counts, what it is read as, with shares; "" is the blank.

    Small letters are those of VINs. A space is nothing printed: no more than the blank.
    """
    found: dict[int, Mapping[str, float]] = {_BLANK: {"": 1.0}}
    for place, character in enumerate(printed):
        capital = character.upper()
        if character == _SPACE:
            found[place] = {"": 1.0}
        elif character in _READ_FOR:
            found[place] = _READ_FOR[character]
        elif len(character) == 1 and character.isascii() and capital in vins.CHARACTERS:
            found[place] = {capital: 1.0}
    return found
