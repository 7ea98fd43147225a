"""How well an eye keeps up with its camera over the last minute: one figure for the frames, one for their age."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from agent.vision.worker.protocol import Heartbeat

WINDOW_S: Final = 60.0
MOST_BEATS: Final = 4000
"""A minute of the fastest beats that the protocol allows, and a little."""
_SHARE: Final = 0.95


class DetectionStats:
    """The beats of one life of an eye, as far as they are a minute old. `heard` is for one thread, the rest for all."""

    def __init__(self) -> None:
        self._beats: deque[Heartbeat] = deque(maxlen=MOST_BEATS)

    def add_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Take a beat."""
        while self._beats and heartbeat.at - self._beats[0].at > WINDOW_S:
            self._beats.popleft()
        self._beats.append(heartbeat)

    @property
    def health(self) -> float | None:
        """Share of the frames in a time of change that were read; 1 where nothing changed, None before two beats."""
        heartbeats = tuple(self._beats)
        if len(heartbeats) < 2:  # noqa: PLR2004 - a difference needs two
            return None
        read, dropped = heartbeats[-1].read - heartbeats[0].read, heartbeats[-1].dropped - heartbeats[0].dropped
        return 1.0 if read + dropped <= 0 else read / (read + dropped)

    @property
    def rate_hz(self) -> float | None:
        """Frames that came a second; None before two beats."""
        heartbeats = tuple(self._beats)
        if len(heartbeats) < 2 or heartbeats[-1].at <= heartbeats[0].at:  # noqa: PLR2004 - a difference needs two
            return None
        return (heartbeats[-1].captured - heartbeats[0].captured) / (heartbeats[-1].at - heartbeats[0].at)

    @property
    def age_p95_s(self) -> float | None:
        """What the age of the newest frame stayed below in 95 of 100 beats; None where no frame came."""
        ages = sorted(
            heartbeat.at - heartbeat.captured_at
            for heartbeat in tuple(self._beats)
            if heartbeat.captured_at is not None
        )
        return ages[min(len(ages) - 1, int(_SHARE * len(ages)))] if ages else None
