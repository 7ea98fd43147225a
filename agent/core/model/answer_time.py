"""Measures how long a peer takes to answer, smooths it, and gives the time to wait. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_MEAN_GAIN: Final = 0.125
_VARIATION_GAIN: Final = 0.25
_VARIATIONS: Final = 4.0


@dataclass(frozen=True, slots=True)
class AnswerTime:
    """A smoothed mean and a smoothed variation of answer times, in seconds.

    `mean_s`: None before the first measurement. Source: RFC 6298, section 2, with its gains of 1/8 and 1/4 and its
    mean + 4 variations. The caller leaves out what was sent more than once (section 3, Karn): nobody knows which of
    them was answered.
    """

    mean_s: float | None = None
    variation_s: float = 0.0

    def measured(self, answer_s: float) -> AnswerTime:
        """The estimate with one more measurement. Raises ValueError for a time below 0 or one that is no number."""
        if not answer_s >= 0.0 or answer_s == float("inf"):
            message = f"not an answer time: {answer_s} s"
            raise ValueError(message)
        if self.mean_s is None:
            return AnswerTime(answer_s, answer_s / 2.0)
        variation_s = self.variation_s + _VARIATION_GAIN * (abs(answer_s - self.mean_s) - self.variation_s)
        return AnswerTime(self.mean_s + _MEAN_GAIN * (answer_s - self.mean_s), variation_s)

    def wait_s(self, start_s: float, least_s: float, most_s: float) -> float:
        """How long to wait for an answer before one asks again, in seconds.

        `start_s`: the answer while nothing was measured. Afterwards mean + 4 variations, not below `least_s` and not
        above `most_s`. Raises ValueError when `least_s` is not positive or above `most_s`.
        """
        if not 0.0 < least_s <= most_s:
            message = f"not bounds of a wait: from {least_s} s to {most_s} s"
            raise ValueError(message)
        if self.mean_s is None:
            return start_s
        return min(most_s, max(least_s, self.mean_s + _VARIATIONS * self.variation_s))
