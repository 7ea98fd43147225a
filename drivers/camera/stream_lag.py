"""How far behind a stream's frames are, by their own time stamps: a decoder that is too slow shows the past."""

from __future__ import annotations

_DRIFT = 2e-4
_LONGEST_S = 30.0
_SLACK_S = 0.1


class Lag:
    """Measure the frames of one connection.

    The frame that came soonest after its stamp was not late, and the others are measured against it. The two clocks may
    drift apart by 0.2 ms a second. Stamps that leap, stand still or leave more than 30 s behind begin again: those are
    no delay, which grows no faster than time, nor does any socket hold so much.
    """

    def __init__(self) -> None:
        self._least_s: float | None = None
        self._delay_s = self._stamp_s = self._at = 0.0

    def behind_s(self, stamp_s: float, at: float) -> float:
        """How late the frame is that has this stamp and came at this monotonic time, in seconds; 0 while not known."""
        delay_s = at - stamp_s
        passed_s = at - self._at
        grew_s = delay_s - self._delay_s
        leapt = stamp_s <= self._stamp_s or grew_s > passed_s + _SLACK_S
        self._delay_s, self._stamp_s, self._at = delay_s, stamp_s, at
        if self._least_s is None or leapt:
            self._least_s = delay_s
            return 0.0
        self._least_s = min(self._least_s + _DRIFT * passed_s, delay_s)
        if delay_s - self._least_s > _LONGEST_S:
            self._least_s = delay_s
        return delay_s - self._least_s
