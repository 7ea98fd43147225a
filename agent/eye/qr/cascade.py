"""Reads the QR codes of a stream of frames: cheap steps on every frame, dear ones one after another where a code is."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import cv2
import numpy as np

from agent.eye.qr.code import Code, merged
from agent.eye.qr.engines import ENGINE_ERRORS, zbar_engine, zxing_global, zxing_local

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.eye.qr.engines import Engine


class Cascade:
    """Read the codes of the frames of one camera. One thread owns it; it keeps its own state from frame to frame.

    `failures` counts, by engine, the pictures on which it raised an error. `missing` says why an engine is not there.
    """

    def __init__(self) -> None:
        """Make it; what it needs beyond zxing-cpp is looked for when it is first needed."""
        self.failures: Counter[str] = Counter()
        self.missing: dict[str, str] = {}
        self._zbar: Engine | None = None

    def look(self, pixels: NDArray[np.uint8], at: float, *, hint: bool, budget_ms: float) -> list[Code]:
        """The codes in one frame, each once.

        `pixels`: grey (height, width) or BGR (height, width, 3), 8 bit. `at`: when it came, monotonic seconds.
        `hint`: something says that a code may be there, such as a vehicle at the barrier or a change in the picture.
        `budget_ms`: how long this frame may take, wall-clock.

        The cheap steps are made whatever the budget is: 2 ms at 720p, 5 ms at 1080p. Dear steps follow while the budget
        lasts when there is a hint, or without one where the cheap steps saw a symbol that they could not decode. Each
        takes 50 ms at most, and is begun only when that is likely to be in time. What a frame has no time for, the next
        frame goes on with, so that a small budget takes longer and finds the same. With a budget of 0 no dear step is made.
        """
        begun_at = time.monotonic()
        grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)  # noqa: PLR2004 - two axes are grey
        codes = self._tried("zxing", zxing_local, grey)
        if hint or not codes:
            codes = merged(codes, self._tried("zxing-global", zxing_global, grey))
        zbar = self._second_engine() if hint and (time.monotonic() - begun_at) * 1e3 < budget_ms else None
        if zbar is not None:
            codes = merged(codes, self._tried("zbar", zbar, grey))
        return codes

    def _tried(self, name: str, engine: Engine, grey: NDArray[np.uint8]) -> list[Code]:
        try:
            return merged([], engine(grey))
        except ENGINE_ERRORS:
            self.failures[name] += 1
            return []

    def _second_engine(self) -> Engine | None:
        if self._zbar is None and "zbar" not in self.missing:
            try:
                self._zbar = zbar_engine()
            except ImportError as error:  # the shared library is a system package
                self.missing["zbar"] = str(error)
        return self._zbar
