"""Short words for common draws: numpy's own take ten times as long for one number, and a plate needs a hundred."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

_T = TypeVar("_T")


def happens(rng: np.random.Generator, probability: float) -> bool:
    """True with this probability."""
    return bool(rng.random() < probability)


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Uniform from low to high."""
    return float(low + (high - low) * rng.random())


def log_between(rng: np.random.Generator, low: float, high: float) -> float:
    """From low to high, so that each doubling is as likely as the next."""
    return math.exp(between(rng, math.log(low), math.log(high)))


def pick(rng: np.random.Generator, choices: Sequence[_T]) -> _T:
    """One of the choices, all alike."""
    return choices[int(rng.random() * len(choices))]


def weighted(rng: np.random.Generator, weights: Sequence[float]) -> int:
    """The index of one of the weights, as likely as it is heavy."""
    left = rng.random() * sum(weights)
    for index, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return index
    return len(weights) - 1
