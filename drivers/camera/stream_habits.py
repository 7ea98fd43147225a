"""What a stream does as a rule, and whether it can therefore be brought to rest. Pure; times are monotonic seconds."""

from __future__ import annotations

import math
from typing import Final

from drivers.camera.packet_size_motion import SizeWatch
from drivers.text import Text

RATE_HZ: Final = 90_000
"""Of the stamps of video in RTP."""
MOST_GAP_S: Final = 2.6
"""Key pictures that are further apart show too little: a stream with fewer is not brought to rest."""
RESTLESS_S: Final = 10.0
"""For so long a stream is not brought to rest after it was found not to suit."""
_STAMPS: Final = 1 << 32
_MOST_BACK: Final = 10 * RATE_HZ


class StreamHabits:
    """Follow the pictures of one connection."""

    def __init__(self) -> None:
        self._stamp: int | None = None
        self._key_at: float | None = None
        self.key_gap_s = math.inf
        """By how much the last two key pictures came apart."""
        self._reordered_at = self._unmarked_at = -math.inf
        self._sizes, self._key_sizes = SizeWatch(), SizeWatch()
        self._after_key = False

    def note_picture(self, at: float, *, stamp: int | None, key: bool, size_bytes: int) -> bool:
        """Note a picture that came at this time; whether the sizes of the pictures have leapt with it.

        `stamp`: its time in RTP. `key`: it needs no other before it.
        """
        if stamp is not None:
            back = 0 if self._stamp is None else (self._stamp - stamp) % _STAMPS
            self._reordered_at = at if 0 < back <= _MOST_BACK else self._reordered_at
            self._stamp = stamp
        # Where all are key pictures, what moves shows in their sizes too; among others they are of another kind.
        watch = (self._key_sizes if self._after_key else None) if key else self._sizes
        self._after_key = key
        if key:
            self.key_gap_s = math.inf if self._key_at is None else at - self._key_at
            self._key_at = at
        return watch is not None and watch.leaps(size_bytes, at)

    def note_unmarked(self, at: float) -> None:
        """Note a picture whose end the camera did not mark."""
        self._unmarked_at = at

    def confirm(self) -> None:
        """Note that something moved: the next leap of the sizes counts at once."""
        self._sizes.confirm()
        self._key_sizes.confirm()

    def suit(self, at: float) -> bool:
        """Whether key pictures alone can be decoded and show enough."""
        tidy = at - max(self._reordered_at, self._unmarked_at) >= RESTLESS_S
        return tidy and self.key_gap_s <= MOST_GAP_S and self._key_at is not None and at - self._key_at <= MOST_GAP_S

    def hindrance(self, at: float) -> str:
        """Why they cannot, for whoever sets up the camera; "" where they can."""
        if self.suit(at):
            return ""
        if at - self._reordered_at < RESTLESS_S:
            return Text("its pictures come out of order, so each picture is decoded; turn off B frames in the camera")
        if at - self._unmarked_at < RESTLESS_S:
            return Text("the ends of its pictures are not marked, so each picture is decoded")
        return Text(
            "its key frames are too far apart, so each picture is decoded; set the camera to one key frame per second"
        )
