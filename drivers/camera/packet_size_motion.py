"""Notices by the sizes of compressed pictures that something moves, without decoding one. Pure.

A picture that differs from the one before takes more bytes. A cumulative sum (CUSUM, E. S. Page 1954) of how much more
than usual, in mean deviations, tells a leap from noise.
"""

from __future__ import annotations

from typing import Final

_FOLLOW: Final = 1 / 100
_LEARNT: Final = 25
"""So many pictures are looked at before any leaps."""
_LEAST_DEVIATION: Final = 0.1
"""Of the mean: encoders that hold their rate make sizes that hardly differ."""
_ALLOWED: Final = 1.5
_LEAP: Final = 8.0
_MOST_AT_ONCE: Final = 20.0
_FIRST_PAUSE_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 60.0


class SizeWatch:
    """Follow the sizes of the pictures of one stream that are not key pictures.

    A leap is followed by a pause, which doubles while nobody confirms that there was something.
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean = self._deviation = self._sum = 0.0
        self._next_at = 0.0
        self._pause_s = _FIRST_PAUSE_S

    def leaps(self, size_bytes: int, at: float) -> bool:
        """Whether the sizes have leapt with this picture, which came at this monotonic time."""
        self._count += 1
        follow = max(_FOLLOW, 1 / self._count)
        off = size_bytes - self._mean
        usual = max(self._deviation, _LEAST_DEVIATION * self._mean, 1.0)
        score = min(off / usual, _MOST_AT_ONCE) - _ALLOWED
        self._sum = max(0.0, self._sum + score) if self._count > _LEARNT else 0.0
        # A leap must not become the rule at a stroke.
        off = min(off, usual * _MOST_AT_ONCE) if self._count > _LEARNT else off
        self._mean += follow * off
        self._deviation += follow * (abs(off) - self._deviation)
        if self._sum < _LEAP or at < self._next_at:
            return False
        self._sum = 0.0
        self._next_at = at + self._pause_s
        self._pause_s = min(_LONGEST_PAUSE_S, 2 * self._pause_s)
        return True

    def confirm(self) -> None:
        """Note that there was something: the next leap counts at once."""
        self._next_at, self._pause_s = 0.0, _FIRST_PAUSE_S
