"""Whether the machine keeps up with a camera, judged by the beats of its eye."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.eye.protocol import Beat

WINDOW_S = 10.0
_LEAST_FRAMES = 50
_TOO_MUCH = 0.5
_LITTLE = 0.25
_MOST_BEATS = 1000


@dataclass(frozen=True, slots=True)
class _Count:
    at: float
    read: int
    dropped: int


class LoadWatch:
    """Follow one life of an eye.

    Of the frames in a time of change, so many are lost in WINDOW_S: more than half, and the machine does not keep up; it
    does again with less than a quarter. Fewer than 50 frames, some seconds of change, say nothing of it.
    """

    def __init__(self) -> None:
        self._counts: deque[_Count] = deque(maxlen=_MOST_BEATS)
        self._behind = False

    def behind(self, beat: Beat) -> bool:
        """Whether the machine does not keep up, after this beat."""
        self._counts.append(_Count(beat.at, beat.read, beat.dropped))
        while beat.at - self._counts[0].at > WINDOW_S:
            self._counts.popleft()
        dropped = beat.dropped - self._counts[0].dropped
        frames = beat.read - self._counts[0].read + dropped
        if self._behind:
            self._behind = dropped > _LITTLE * frames
        else:
            self._behind = frames >= _LEAST_FRAMES and dropped > _TOO_MUCH * frames
        return self._behind
