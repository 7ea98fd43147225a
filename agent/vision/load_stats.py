"""Whether the machine keeps up with a camera, judged by the beats of its eye."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.vision.worker.protocol import Heartbeat

WINDOW_S = 10.0
_LEAST_FRAMES = 50
_TOO_MUCH = 0.5
_LITTLE = 0.25
_TOO_LATE_S = 0.5
_MOST_BEATS = 1000


class LoadStats:
    """Follow one life of an eye over its beats of the last WINDOW_S.

    The machine does not keep up when more than half of the frames are lost in which something changes, or when all
    frames come more than 0.5 s late. It does again with less than a quarter lost, and the first that is in time. Fewer
    than 50 frames in a time of change, some seconds, say nothing of it, nor does a window that is not full yet of late
    ones.
    """

    def __init__(self) -> None:
        self._beats: deque[Heartbeat] = deque(maxlen=_MOST_BEATS)
        self._begun_at: float | None = None
        self._loses = False

    def behind(self, heartbeat: Heartbeat) -> bool:
        """Whether the machine does not keep up, after this beat."""
        heartbeats = self._beats
        heartbeats.append(heartbeat)
        if self._begun_at is None:
            self._begun_at = heartbeat.at
        full = heartbeat.at - self._begun_at > WINDOW_S
        while heartbeat.at - heartbeats[0].at > WINDOW_S:
            heartbeats.popleft()
        first = heartbeats[0]
        dropped = heartbeat.dropped - first.dropped
        frames = heartbeat.read - first.read + dropped
        if self._loses:
            self._loses = dropped > _LITTLE * frames
        else:
            self._loses = frames >= _LEAST_FRAMES and dropped > _TOO_MUCH * frames
        return self._loses or (full and all(one.behind_s > _TOO_LATE_S for one in heartbeats))
