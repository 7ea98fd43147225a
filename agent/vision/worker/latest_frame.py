"""The place between the camera and its readers: it contains only the newest frame."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from drivers.api import Frame

MOST_BEHIND_S: Final = 5.0
"""No frame is taken to be later than this: a stream whose own clock is slow looks as if its frames came ever later."""


@dataclass(frozen=True, slots=True)
class NumberedFrame:
    """A frame with its number, counted from 1 over the life of the worker.

    `changing`: something moves or has just moved in it, so that a thorough look is worth its time. `still_s`: for how
    long nothing has stood out from the background; 0 where something does. `since`: monotonic time from which on the
    picture has been this one, noise apart. `opened_at`: monotonic time at which its camera was open.
    """

    number: int
    frame: Frame
    changing: bool = True
    still_s: float = 0.0
    since: float = math.inf
    opened_at: float = -math.inf

    @property
    def taken_at(self) -> float:
        """Monotonic time at which it was taken, as far as that is known: not after it came, nor before `opened_at`."""
        behind_s = min(max(0.0, self.frame.behind_s), MOST_BEHIND_S)
        return min(self.frame.at, max(self.opened_at, self.frame.at - behind_s))

    @property
    def behind_s(self) -> float:
        """How much later it came than it was taken."""
        return self.frame.at - self.taken_at


class LatestFrame:
    """Hand over the newest frame; older ones that nobody took are dropped, so that a slow reader never falls behind."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._newest: NumberedFrame | None = None
        self._taken = True
        self._dropped = 0
        self._closed = False

    @property
    def dropped(self) -> int:
        """How many frames gave way to a newer one before any reader took them."""
        return self._dropped

    def set_frame(self, numbered: NumberedFrame) -> None:
        """Make this the newest frame and wake who waits."""
        with self._changed:
            self._dropped += not self._taken
            self._newest, self._taken = numbered, False
            self._changed.notify_all()

    def newer_than(self, number: int) -> NumberedFrame | None:
        """Block until there is a frame with a higher number, and take it; None once this is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or (self._newest is not None and self._newest.number > number))
            if self._closed:
                return None
            self._taken = True
            return self._newest

    def newest(self) -> NumberedFrame | None:
        """The newest frame at once, not taken from its readers, or None when there has been none."""
        with self._changed:
            return self._newest

    def close(self) -> None:
        """Wake all who wait, for good."""
        with self._changed:
            self._closed = True
            self._newest = None
            self._changed.notify_all()


class FrameThrottle:
    """Hand frames on to a reader that can wait: all in which something stands out, of the others one now and then.

    `latest_frame` is where that reader takes them. One thread offers.
    """

    def __init__(self) -> None:
        self.latest_frame = LatestFrame()
        self._handed_at = -math.inf

    def offer(self, numbered: NumberedFrame, still_every_s: float) -> None:
        """Hand the frame on, if it is its turn. `still_every_s`: how often one has it in which nothing stands out."""
        at = numbered.frame.at
        if numbered.still_s > 0 and at - self._handed_at < still_every_s:
            return
        self._handed_at = at
        self.latest_frame.set_frame(numbered)
