"""Decides when to send unacknowledged events again, by the measured answer time of central. Pure."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from agent.core.model import AnswerTime

if TYPE_CHECKING:
    from agent.mqtt.delivery_settings import DeliverySettings

_BACKOFF_LIMIT: Final = 10.0


class ResendTimer:
    """Runs while the watermark stands still although something was sent. Times are monotonic seconds.

    It measures from the sending of an event until the watermark passes it, and leaves out what was sent on an earlier
    connection. Of an event that was sent more than once nobody knows which sending was answered. Where the answer came
    promptly after the last sending, it measures nothing; else it counts from the first sending, rather too long than
    too short, or a central that is slower than the timer would never be measured. After each time that it ran out it
    waits twice as long, until there is another measurement. Source: RFC 6298, sections 3 and 5, and Karn's rule there.
    """

    def __init__(self, settings: DeliverySettings) -> None:
        self._start_s = settings.resend_s
        self._least_s = min(settings.resend_min_s, settings.resend_s)
        self._most_s = max(settings.resend_max_s, settings.resend_s)
        self._settle_s = settings.settle_s
        self._answer_time = AnswerTime()
        self._sent: OrderedDict[int, tuple[float, bool]] = OrderedDict()
        self._backoff = 1.0
        self._runs_from = 0.0
        self._progress_at = 0.0

    @property
    def answer_s(self) -> float | None:
        """How long central takes for an event, smoothed; None before the first measurement."""
        return self._answer_time.mean_s

    @property
    def patience_s(self) -> float:
        """How long central may take before it is asked again, were it the first time."""
        return self._answer_time.wait_s(self._start_s, self._least_s, self._most_s)

    def still_s(self, now: float) -> float:
        """Since when the watermark has stood still, as a length of time."""
        return now - self._progress_at

    def connected(self, now: float) -> None:
        """Begin again: what was sent before says nothing of how long central takes."""
        self._sent.clear()
        self._backoff = 1.0
        self._runs_from = self._progress_at = now

    def begun(self, now: float) -> None:
        """Something was sent while nothing was open: the waiting begins with it."""
        self._runs_from = self._progress_at = now

    def sent(self, seq: int, now: float, *, again: bool) -> None:
        """An event was sent; `again`: not for the first time."""
        if not again:
            self._sent[seq] = (now, False)
        elif seq in self._sent:
            self._sent[seq] = (self._sent[seq][0], True)

    def forget(self, seq: int) -> None:
        """The broker has not passed this event on: it measures nothing."""
        self._sent.pop(seq, None)

    def acknowledged(self, upto: int, now: float, *, promptly: bool) -> None:
        """The watermark has come on: measured by the oldest event that counts, one measurement a step.

        `promptly`: just after something was sent again. What a hole held back, and was let go by filling it, measures
        nothing either: it waited for the hole, not for central.
        """
        oldest_at: float | None = None
        held_back = False
        while self._sent and next(iter(self._sent)) <= upto:  # they are sent in their order
            _, (at, again) = self._sent.popitem(last=False)
            held_back = held_back or (again and promptly)
            if oldest_at is None and not held_back:
                oldest_at = at
        if oldest_at is not None:
            self._answer_time = self._answer_time.measured(min(self._most_s, max(0.0, now - oldest_at)))
            self._backoff = 1.0
        self._runs_from = self._progress_at = now

    def due(self, now: float) -> bool:
        """Whether it has run out."""
        return now >= self._runs_from + min(self._most_s, self.patience_s * self._backoff)

    def settled(self, now: float) -> bool:
        """Whether the watermark has stood still for so long that what it lacks is not on its way any more."""
        wait_s = self._answer_time.wait_s(self._settle_s, self._settle_s, max(self._settle_s, self._most_s))
        return now >= self._runs_from + wait_s

    def is_prompt(self, resent_at: float, now: float) -> bool:
        """Whether what central says now answers what was sent again at `resent_at`, and not the first sending."""
        return now - resent_at <= self._settle_s

    def restarted(self, now: float) -> None:
        """Run again from now on, for twice as long as before, at most ten times as long as at first."""
        self._backoff = min(self._backoff * 2.0, _BACKOFF_LIMIT)
        self._runs_from = now
