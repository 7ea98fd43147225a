"""Reads the QR codes of one picture. It returns only texts that were in a symbol, and never guesses one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from agent.vision.worker.qr.stream_reader import Cascade

if TYPE_CHECKING:
    from collections import Counter

    import numpy as np
    from numpy.typing import NDArray

    from agent.vision.worker.qr.code import Code

THOROUGH_MS: Final = 350.0
"""Of one core: on a machine with nothing else to do, the time on the clock."""


class QrReader:
    """Reads QR codes of pictures that have nothing to do with one another; frames of a camera are for Cascade."""

    def __init__(self, thorough_ms: float = THOROUGH_MS) -> None:
        """Make the reader. `thorough_ms`: how long a core may work at a thorough read; one more step may follow."""
        # Nobody waits at a barrier for it: a loaded machine must not make it find less.
        self._cascade = Cascade(exhaustive=True, clock=time.thread_time)
        self._thorough_ms = thorough_ms

    @property
    def failures(self) -> Counter[str]:
        """By engine, the pictures on which it raised an error."""
        return self._cascade.failures

    @property
    def missing(self) -> dict[str, str]:
        """Why an engine is not there."""
        return self._cascade.missing

    def read(self, pixels: NDArray[np.uint8], *, thorough: bool = False) -> list[Code]:
        """The codes in a picture, grey (height, width) or BGR (height, width, 3), 8 bit; each once.

        The cheap steps of the cascade; `thorough` makes all its steps, within its time.
        """
        self._cascade.forget()
        return self._cascade.read_codes(pixels, 0.0, hint=True, budget_ms=self._thorough_ms if thorough else 0.0)
