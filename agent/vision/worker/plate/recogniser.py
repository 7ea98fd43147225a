"""The network that reads a flat view of a plate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agent.core.plates import ALPHABET
from agent.vision.worker.plate import weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class PlateRecogniser:
    """Grey views in, probabilities of every class at each of 36 columns out.

    Weights that were trained when the alphabet was shorter never say the characters that were added since.
    """

    def __init__(self, folder: Path = weights.FOLDER) -> None:
        """Load the network. Raises WeightsError."""
        self._session = weights.session("recogniser", folder)

    def probabilities(self, views: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Shape (views, 36, classes); each row sums to 1. Views are grey, (40, 144), 8 bit."""
        batch = np.stack(views)[:, None].astype(np.float32)
        logits: NDArray[np.float64] = self._session.run(None, {"x": batch})[0].astype(np.float64)
        logits -= logits.max(axis=2, keepdims=True)
        exponentials = np.exp(logits)
        shares: NDArray[np.float64] = exponentials / exponentials.sum(axis=2, keepdims=True)
        return np.pad(shares, ((0, 0), (0, 0), (0, len(ALPHABET) + 1 - shares.shape[2])))
