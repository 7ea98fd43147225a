"""Puts together what a screen shows only in turns."""

from __future__ import annotations

from collections import deque
from functools import reduce
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_FRAMES: Final = 4
_MEMORY_S: Final = 1.0
_LONGEST_PX: Final = 1280


class FrameMerger:
    """The brightest of the last frames, pixel by pixel.

    A screen that refreshes while the camera looks is dark in one band of each frame, and no frame shows the symbol
    whole. What is bright in any of a few frames is bright on the screen; a phone in a hand moves little meanwhile.
    """

    def __init__(self) -> None:
        """No frame was seen yet."""
        self._frames: deque[tuple[float, Pixels]] = deque(maxlen=_FRAMES)

    def with_frame(self, grey: Pixels, at: float) -> tuple[Pixels, float] | None:
        """Add a frame, grey, at monotonic seconds: the brightest, and how many of its pixels make one of the frame.

        At most 1280 pixels long. None where no other frame of the same size came within the last second.
        """
        scale = min(1.0, _LONGEST_PX / max(grey.shape))
        if scale < 1:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        recent = [seen for when, seen in self._frames if at - when <= _MEMORY_S and seen.shape == grey.shape]
        self._frames.append((at, grey))
        return (reduce(np.maximum, recent, grey), scale) if recent else None
