"""Whether each picture of a camera is worth decoding, or one now and then will do. Times are monotonic s. Pure."""

from __future__ import annotations

import math
from typing import Final

LOOKED_AT_S: Final = 2.0
"""For so long each picture is decoded for who asks for one, or begins to watch."""
MOST_GAP_S: Final = 1.5
"""Pictures at rest that are further apart are too few for who watches."""
SUSPECTED_S: Final = 12.0
"""For so long each picture is decoded to find out what is wrong with them; after that it is known."""

STIRRED_S: Final = 2.0
"""For so long it is looked into what seems to move."""
FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 60.0


class Wakefulness:
    """What is known of the wants of one camera's lookers."""

    def __init__(self) -> None:
        self._looked_until = self._watched_until = -math.inf
        self._suspected_at: float | None = None
        self._stirred_until = self._stir_after = -math.inf
        self._pause_s = FIRST_PAUSE_S

    def note_look(self, at: float) -> None:
        """Note that somebody wants a picture of now."""
        self._looked_until = max(self._looked_until, at + LOOKED_AT_S)

    def note_watch(self, at: float, for_s: float, *, every_picture: bool) -> bool:
        """Note that somebody watches from now on, for so long; whether each picture is wanted now.

        It is at first, and for as long as `every_picture` asks for it. After that the pictures at rest will do: what
        moves ends the rest.
        """
        begins = at >= self._watched_until
        self._watched_until = max(self._watched_until, at + for_s)
        if every_picture:
            self._looked_until = max(self._looked_until, at + for_s)
        if begins:
            self.note_look(at)
        return begins or every_picture

    def note_stir(self, at: float) -> bool:
        """Note that something seems to move in the second stream; whether that is to be looked into.

        A stir that turns out to be none is followed by a pause, which doubles.
        """
        if at < self._stir_after:
            return False
        if at > self._stirred_until:
            self._stirred_until = at + STIRRED_S
            self._stir_after = self._stirred_until + self._pause_s
            self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)
        return True

    def awake(self, at: float, *, vehicle: bool, changing: bool, suspicious: bool, gap_s: float) -> bool:
        """Whether each picture is wanted.

        `vehicle`: one is there whose code is awaited. `changing`: something moves, or has just moved. `suspicious`: the
        pictures may stand still, or show nothing. `gap_s`: by how much the pictures at rest are apart.
        """
        if not suspicious:
            self._suspected_at = None
        elif self._suspected_at is None:
            self._suspected_at = at
        if changing:
            self._pause_s, self._stir_after = FIRST_PAUSE_S, -math.inf
        watched = at < self._watched_until and gap_s > MOST_GAP_S
        suspected = self._suspected_at is not None and at - self._suspected_at < SUSPECTED_S
        return vehicle or changing or suspected or watched or at < max(self._looked_until, self._stirred_until)
