"""Exact intervals for a share that was counted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval (Clopper and Pearson, 1934) for the share behind `successes` of `trials`."""
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else _root(lambda share: 1 - _at_most(successes - 1, trials, share) - tail)
    high = 1.0 if successes == trials else _root(lambda share: tail - _at_most(successes, trials, share))
    return low, high


def _root(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


def _at_most(successes: int, trials: int, share: float) -> float:
    """Probability of at most so many successes; summed on the side with fewer terms."""
    if share in {0.0, 1.0}:
        return 1.0 if share == 0 or successes >= trials else 0.0
    if successes > trials / 2:
        return 1 - _at_most(trials - successes - 1, trials, 1 - share)
    logs = (
        math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        + k * math.log(share) + (trials - k) * math.log1p(-share)
        for k in range(successes + 1)
    )  # fmt: skip
    return min(1.0, sum(map(math.exp, logs)))
