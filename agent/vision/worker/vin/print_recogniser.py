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
    from numpy.typing import NDArray

FOLDER: Final = Path(__file__).parent / "models"
VIEW_PX: Final = (448, 48)
"""Width and height of what the network gets: whatever the shape of a line, it fills it. 56 columns come of it."""
BORDER: Final = " "
"""What is printed and cannot be in a VIN, a blank or a sign."""

_ALSO: Final = {"0": "OoQ", "1": "Iil|"}
"""How characters of a VIN are printed or read too. ISO 3779 leaves out I, O and Q because nobody tells them apart."""
_NO_SMALL: Final = frozenset("L")
"""Whose small letter is one of another."""
_BLANK: Final = 0
_SPACE: Final = " "


@dataclass(frozen=True, slots=True)
class ReadLine:
    """What the network saw. `columns`: shape (56, 78), the share of each class of the recogniser of plates.

    They are those classes because every text that is read by columns is kept in one form; what can stand in no VIN has
    no share, so a row may sum to less than 1. `text`: the likeliest character of each run of columns, BORDER for one
    that no VIN has; `places`: the column in which each is likeliest.
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
        self._places = _places_of(self._printed)
        self._folded = {place: character for character, places in self._places.items() for place in places}

    def read(self, view: NDArray[np.uint8]) -> ReadLine:
        """Read a view, grey, shape (48, 448), 8 bit."""
        pixels = cv2.cvtColor(view, cv2.COLOR_GRAY2BGR).transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
        shares: NDArray[np.float32] = self._session.run(None, {self._input: pixels[None]})[0][0]
        columns = np.zeros((len(shares), len(ALPHABET) + 1))
        columns[:, 0] = shares[:, _BLANK] + shares[:, len(self._printed) - 1]
        for character, places in self._places.items():
            columns[:, ALPHABET.index(character) + 1] = shares[:, places].sum(axis=1)
        return ReadLine(columns, *self._spelt(shares))

    def _spelt(self, shares: NDArray[np.float32]) -> tuple[str, tuple[int, ...]]:
        text, places = list[str](), list[int]()
        best, before = shares.argmax(axis=1), _BLANK
        for column, place in enumerate(best.tolist()):
            if place not in {_BLANK, before}:
                text.append(self._folded.get(place, BORDER))
                places.append(column)
            elif place == before and places and shares[column, place] > shares[places[-1], place]:
                places[-1] = column
            before = place
        return "".join(text), tuple(places)


def _places_of(printed: tuple[str, ...]) -> dict[str, list[int]]:
    """For each character of a VIN the classes that stand for it."""
    index = {character: place for place, character in enumerate(printed)}
    found = {}
    for character in sorted(vins.CHARACTERS):
        small = "" if character in _NO_SMALL else character.lower()
        forms = dict.fromkeys((character, *small, *_ALSO.get(character, "")))
        found[character] = [index[form] for form in forms if form in index]
    return found
