"""From the cells of the detector network to plates: peaks of the heat, and the corners that the cells around agree on.

Source: Zhou et al., Objects as Points, 2019, with corners in place of sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRIDE_PX: Final = 8
OFFSET_PX: Final = 32
_AGREEING: Final = 0.5
"""A cell beside a peak has a say where it is at least this share as hot."""
_AROUND: Final = np.array([(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)])


def peaks(cells: NDArray[np.float32], threshold: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scores, shape (n,), and corners, shape (n, 4, 2) in pixels of the network's picture, hottest first.

    `cells`: shape (9, rows, columns): the logit of the heat, then the offsets of four corners, x and y, from the middle
    of the cell, in OFFSET_PX. `threshold`: least heat, between 0 and 1.
    """
    logits = np.ascontiguousarray(cells[0])
    highest = cv2.dilate(logits, np.ones((3, 3), np.uint8))
    places = np.argwhere((logits >= np.log(threshold / (1 - threshold))) & (logits >= highest))
    heat = _share(logits[tuple(places.T)])
    order = np.argsort(-heat)
    return heat[order], _corners(cells, places[order], heat[order])


def _corners(cells: NDArray[np.float32], places: NDArray[np.intp], heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over each peak and the hot cells beside it, weighted by heat: their errors partly cancel."""
    around = places[:, None] + _AROUND
    last = np.array(cells.shape[1:]) - 1
    there = ((around >= 0) & (around <= last)).all(axis=-1)
    row, column = np.moveaxis(np.clip(around, 0, last), -1, 0)
    say = _share(cells[0, row, column]) * there
    say[say < _AGREEING * heat[:, None]] = 0
    middles = (np.stack([column, row], axis=-1) + 0.5) * STRIDE_PX
    corners = cells[1:, row, column].transpose(1, 2, 0).reshape(-1, 9, 4, 2) * OFFSET_PX + middles[:, :, None]
    total = (corners * say[..., None, None]).sum(axis=1)
    mean: NDArray[np.float32] = (total / say.sum(axis=1)[:, None, None]).astype(np.float32)
    return mean


def _share(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shares: NDArray[np.float32] = (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)
    return shares
