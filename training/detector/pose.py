"""Where a flat thing stands in a picture: its outline as a pinhole camera sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Quad = NDArray[np.float32]

_YAW_DEVIATION: Final = 20.0
_MOST_YAW: Final = 62.0
_PITCH: Final = (-12.0, 36.0)
_ROLL_DEVIATION: Final = 6.0
_MOST_ROLL: Final = 38.0
_ASIDE: Final = 0.35
_LEANING: Final = 0.2
"""How many are seen from any side, and lean by any angle, in place of mostly from the front and upright."""
_SHRINK_BLUR: Final = 0.42


def rectangle(width: float, height: float) -> Quad:
    """The corners of an upright rectangle, clockwise from the top left, shape (4, 2)."""
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def projected(rng: np.random.Generator, width_px: float, aspect: float) -> Quad:
    """A rectangle turned in space as a camera at a gate sees plates: about the origin, `width_px` wide before that."""
    pitch = rng.uniform(*_PITCH)
    yaw = _angle(rng, _ASIDE, _YAW_DEVIATION, _MOST_YAW)
    roll = _angle(rng, _LEANING, _ROLL_DEVIATION, _MOST_ROLL)
    (sin_y, sin_p, sin_r), (cos_y, cos_p, cos_r) = (
        np.sin(np.deg2rad([yaw, pitch, roll])),
        np.cos(np.deg2rad([yaw, pitch, roll])),
    )
    turn_yaw = np.array([[cos_y, 0, sin_y], [0, 1, 0], [-sin_y, 0, cos_y]])
    turn_pitch = np.array([[1, 0, 0], [0, cos_p, -sin_p], [0, sin_p, cos_p]])
    turn_roll = np.array([[cos_r, -sin_r, 0], [sin_r, cos_r, 0], [0, 0, 1]])
    flat = np.zeros((4, 3))
    flat[:, :2] = rectangle(1.0, 1 / aspect) - np.array([0.5, 0.5 / aspect])
    turned = flat @ (turn_roll @ turn_pitch @ turn_yaw).T
    distance = rng.uniform(4, 15)
    seen = turned[:, :2] / (1 + turned[:, 2:] / distance)
    return np.asarray(seen * width_px, np.float32)


def _angle(rng: np.random.Generator, even: float, deviation: float, most: float) -> float:
    """In degrees: about 0, or in `even` of all cases anything up to `most`."""
    if rng.random() < even:
        return float(rng.uniform(-most, most))
    return float(np.clip(rng.normal(0, deviation), -most, most))


def paste(pixels: Pixels, card: Pixels, matrix: cv2.typing.MatLike, mask: Pixels | None = None) -> None:
    """Put a flat picture into another by a homography from the card's pixels to the picture's; changes `pixels`.

    `mask`: the card's opacity, 0 to 255, shape (height, width); opaque where None.
    """
    height, width = card.shape[:2]
    outline = cv2.perspectiveTransform(rectangle(width, height)[None], matrix)[0]
    limits = np.array([pixels.shape[1], pixels.shape[0]])
    left, top = np.clip(np.floor(outline.min(axis=0)).astype(int) - 1, 0, limits)
    right, bottom = np.clip(np.ceil(outline.max(axis=0)).astype(int) + 1, 0, limits)
    if right <= left or bottom <= top:
        return
    # A card shrunk by much aliases unless it is blurred first.
    shrink = width * height / max(1.0, abs(cv2.contourArea(outline)))
    if shrink > 1:
        card = cv2.GaussianBlur(card, (0, 0), _SHRINK_BLUR * float(np.sqrt(shrink))).astype(np.uint8, copy=False)
    opacity = np.full((height, width), 255, np.uint8) if mask is None else mask
    shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], np.float64)
    size = (int(right - left), int(bottom - top))
    warped = cv2.warpPerspective(card, shift @ matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = (
        cv2.warpPerspective(opacity, shift @ matrix, size, flags=cv2.INTER_LINEAR)[..., None].astype(np.float32) / 255
    )
    place = pixels[top:bottom, left:right]
    place[:] = (place * (1 - alpha) + warped * alpha).astype(np.uint8)
