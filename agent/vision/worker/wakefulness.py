"""Whether each picture of a camera is worth decoding, or one now and then will do. Times are monotonic s. Pure."""

from __future__ import annotations

import math
from typing import Final

LOOKED_AT_S: Final = 2.0
"""For so long at least, pictures are made for who asks for one."""
SUSPECTED_S: Final = 12.0
"""For so long each picture is decoded to find out what is wrong with them; after that it is known."""

STIRRED_S: Final = 2.0
"""For so long it is looked into what seems to move."""
FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 60.0


class Wakefulness:
    """What is known of the wants of one camera's lookers."""

    def __init__(self) -> None:
        self._looked_until = -math.inf
        self._suspected_at: float | None = None
        self._stirred_until = self._stir_after = -math.inf
        self._pause_s = FIRST_PAUSE_S

    def note_look(self, at: float, for_s: float) -> None:
        """Note that somebody looks at the pictures from now on, for so long."""
        self._looked_until = max(self._looked_until, at + max(for_s, LOOKED_AT_S))

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

    def awake(self, at: float, *, vehicle: bool, changing: bool, suspicious: bool) -> bool:
        """Whether each picture is wanted.

        `vehicle`: one is there whose code is awaited. `changing`: something moves, or has just moved. `suspicious`: the
        pictures may stand still, or show nothing.
        """
        if not suspicious:
            self._suspected_at = None
        elif self._suspected_at is None:
            self._suspected_at = at
        if changing:
            self._pause_s, self._stir_after = FIRST_PAUSE_S, -math.inf
        suspected = self._suspected_at is not None and at - self._suspected_at < SUSPECTED_S
        return vehicle or changing or suspected or at < max(self._looked_until, self._stirred_until)
