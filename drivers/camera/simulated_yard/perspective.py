"""Put flat things into a picture in perspective."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Quad = npt.NDArray[np.float32]
"""Four corners, clockwise from the top left, pixels."""


def rectangle(width: float, height: float) -> Quad:
    """The corners of an upright rectangle at the origin."""
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def place(pixels: Pixels, card: Pixels, corners: Quad) -> cv2.typing.MatLike:
    """Put a card where its corners are to be, in `pixels`; return how points of the card become points of the picture.

    `card`: BGR, shape (height, width, 3). `corners`: shape (4, 2).
    """
    matrix = cv2.getPerspectiveTransform(rectangle(card.shape[1], card.shape[0]), corners)
    _paste(pixels, card, matrix)
    return matrix


def _paste(pixels: Pixels, card: Pixels, matrix: cv2.typing.MatLike) -> None:
    size = (pixels.shape[1], pixels.shape[0])
    # Shrinking by much needs a blur first, or the modules alias.
    shrink = 1 / max(1e-6, float(np.sqrt(abs(np.linalg.det(matrix[:2, :2])))))
    if shrink > 1:
        card = cv2.GaussianBlur(card, (0, 0), shrink * 0.45).astype(np.uint8)
    warped = cv2.warpPerspective(card, matrix, size, flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(np.full(card.shape[:2], 255, np.uint8), matrix, size)
    alpha = mask[..., None].astype(np.float32) / 255
    pixels[:] = (pixels * (1 - alpha) + warped * alpha).astype(np.uint8)
