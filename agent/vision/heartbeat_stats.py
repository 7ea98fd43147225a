"""How well a worker keeps up with its camera, by its heartbeats: figures of a minute, and whether it is overloaded."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from agent.vision.worker.protocol import Heartbeat

WINDOW_S: Final = 60.0
MOST_HEARTBEATS: Final = 4000
"""A minute of the fastest heartbeats that the protocol allows, and a little."""
_SHARE: Final = 0.95
LOAD_WINDOW_S: Final = 10.0
_LEAST_FRAMES: Final = 50
_TOO_MUCH: Final = 0.5
_LITTLE: Final = 0.25
_TOO_LATE_S: Final = 0.5


class HeartbeatStats:
    """The heartbeats of one worker, as far as they are a minute old.

    `add_heartbeat` is for one thread, the rest for all.
    """

    def __init__(self) -> None:
        self._heartbeats: deque[Heartbeat] = deque(maxlen=MOST_HEARTBEATS)
        self._begun_at: float | None = None
        self._loses = self._overloaded = False

    def add_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Add the newest heartbeat."""
        while self._heartbeats and heartbeat.at - self._heartbeats[0].at > WINDOW_S:
            self._heartbeats.popleft()
        self._heartbeats.append(heartbeat)
        if self._begun_at is None:
            self._begun_at = heartbeat.at
        self._overloaded = self._is_overloaded(heartbeat, self._begun_at)

    @property
    def overloaded(self) -> bool:
        """Whether the machine does not keep up with the camera.

        It does not when more than half of the frames are lost in which something changes, or when all frames come more
        than 0.5 s late. It does again with less than a quarter lost, and the first that is in time. Fewer than 50
        frames in a time of change, some seconds, say nothing of it, nor does a window that is not full yet of late
        ones.
        """
        return self._overloaded

    def _is_overloaded(self, newest: Heartbeat, begun_at: float) -> bool:
        heartbeats = [one for one in self._heartbeats if newest.at - one.at <= LOAD_WINDOW_S]
        dropped = newest.dropped - heartbeats[0].dropped
        frames = newest.read - heartbeats[0].read + dropped
        if self._loses:
            self._loses = dropped > _LITTLE * frames
        else:
            self._loses = frames >= _LEAST_FRAMES and dropped > _TOO_MUCH * frames
        full = newest.at - begun_at > LOAD_WINDOW_S
        return self._loses or (full and all(one.behind_s > _TOO_LATE_S for one in heartbeats))

    @property
    def health(self) -> float | None:
        """Share of the frames in a time of change that were read; 1: nothing changed, None before two heartbeats."""
        heartbeats = tuple(self._heartbeats)
        if len(heartbeats) < 2:  # noqa: PLR2004 - a difference needs two
            return None
        read, dropped = heartbeats[-1].read - heartbeats[0].read, heartbeats[-1].dropped - heartbeats[0].dropped
        return 1.0 if read + dropped <= 0 else read / (read + dropped)

    @property
    def rate_hz(self) -> float | None:
        """Frames that came a second; None before two heartbeats."""
        heartbeats = tuple(self._heartbeats)
        if len(heartbeats) < 2 or heartbeats[-1].at <= heartbeats[0].at:  # noqa: PLR2004 - a difference needs two
            return None
        return (heartbeats[-1].captured - heartbeats[0].captured) / (heartbeats[-1].at - heartbeats[0].at)

    @property
    def age_p95_s(self) -> float | None:
        """What the age of the newest frame stayed below in 95 of 100 heartbeats; None where no frame came."""
        ages = sorted(
            heartbeat.at - heartbeat.captured_at
            for heartbeat in tuple(self._heartbeats)
            if heartbeat.captured_at is not None
        )
        return ages[min(len(ages) - 1, int(_SHARE * len(ages)))] if ages else None
