"""The colour of a plate, where it tells the kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.core.plates.formats import PlateKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Hue in half degrees, as OpenCV counts it. Wide, for white balance at dusk and under sodium lamps.
_BLUE: Final = (95, 135)
_YELLOW: Final = (12, 38)
_COLOURED: Final = 80
_BRIGHT: Final = 40
_MAJORITY: Final = 0.6
_LEAST_SHARE: Final = 0.2


def refined(kind: PlateKind, flat: NDArray[np.uint8]) -> PlateKind:
    """CIVIL made CIVIL_BLUE or CIVIL_YELLOW where the flattened plate (BGR) plainly shows it; else `kind` as it is."""
    if kind is not PlateKind.CIVIL:
        return kind
    hue, saturation, value = cv2.split(cv2.cvtColor(flat, cv2.COLOR_BGR2HSV))
    coloured = hue[(saturation >= _COLOURED) & (value >= _BRIGHT)]
    if coloured.size < _LEAST_SHARE * hue.size:
        return kind
    shares = {
        PlateKind.CIVIL_BLUE: np.mean((coloured >= _BLUE[0]) & (coloured <= _BLUE[1])),
        PlateKind.CIVIL_YELLOW: np.mean((coloured >= _YELLOW[0]) & (coloured <= _YELLOW[1])),
    }
    likeliest = max(shares, key=lambda colour: shares[colour])
    return likeliest if shares[likeliest] >= _MAJORITY else kind
