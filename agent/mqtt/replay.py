"""Sending ranges of events again because central asked for them. Pure.

Replays are forgotten when the agent stops: who asked finds out by what does not come, and asks again. They go on after
a reconnect. An event that the broker refuses is counted and passed over; nothing of it touches the watermark.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from agent.mqtt.unanswered_events import UnansweredEvents
from drivers.text import Text

RANGES_LIMIT = 16


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What will be sent again: `events` events from `first` to `last`, both included.

    `gone`: the first and last of what was asked for but is not kept any more; None when all is kept.
    """

    first: int
    last: int
    events: int
    gone: tuple[int, int] | None = None


def plan(first: int, last: int, *, tail: int, head: int) -> ReplayPlan:
    """What of a range can be sent again, when events up to `tail` are gone and `head` is the last recorded.

    Raises ValueError in words when there is nothing.
    """
    if not 1 <= first <= last:
        message = Text("{first} to {last} is not a range of events", first=first, last=last)
        raise ValueError(message)
    if first > head:
        message = Text("there is no event {first} yet: the last one is {head}", first=first, head=head)
        raise ValueError(message)
    last = min(last, head)
    if last <= tail:
        message = Text(
            "events {first} to {last} are not kept any more: the first that is kept is {tail}",
            first=first,
            last=last,
            tail=tail + 1,
        )
        raise ValueError(message)
    kept = max(first, tail + 1)
    return ReplayPlan(kept, last, last - kept + 1, (first, tail) if first <= tail else None)


class Replays(UnansweredEvents):
    """The ranges that wait, in the order of asking, and what is under way of them. Times are monotonic seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._ranges: deque[tuple[int, int]] = deque()
        self._again: deque[int] = deque()
        self._sent = 0

    @property
    def waiting(self) -> int:
        """How many ranges are not sent to their end."""
        return len(self._ranges)

    @property
    def active(self) -> bool:
        """Whether anything is still to be sent."""
        return bool(self._ranges or self._again)

    @property
    def sent_events(self) -> int:
        """How many were sent, in all."""
        return self._sent

    def add(self, first: int, last: int) -> None:
        """Take a range."""
        # Who asks again gives what was left out another chance.
        self._poison_detector.release()
        self._ranges.append((first, last))

    def want(self, room: int) -> tuple[int, int] | None:
        """The first and last event to send next, `room` at most; None when there is nothing."""
        if room < 1:
            return None
        if self._again:
            return self._again[0], self._again[0]
        if not self._ranges:
            return None
        first, last = self._ranges[0]
        return first, min(last, first + room - 1)

    def needs(self, seq: int) -> bool:
        """Whether an event is to be sent now: not when it is under way for another range, or kept out."""
        return seq not in self._under_way and seq not in self._poison_detector

    def sent(self, seq: int, now: float) -> None:
        """An event was handed to the network."""
        self._under_way[seq] = now
        self._sent += 1
        self.passed(seq)

    def passed(self, upto: int) -> None:
        """All that was wanted up to this event was looked at."""
        if self._again:
            self._again.popleft()
            return
        first, last = self._ranges[0]
        if upto >= last:
            self._ranges.popleft()
        else:
            self._ranges[0] = max(first, upto + 1), last

    def answered(self, seq: int) -> None:
        """The broker answered for an event."""
        self._under_way.pop(seq, None)
        self._poison_detector.answered(seq)

    def disconnected(self, now: float) -> int | None:
        """What has no answer is sent again first. Returns the event that is left out from now on, if one is."""
        quarantined = self._poison_detector.ended(self._under_way, now)
        self._again.extendleft(sorted(self._under_way, reverse=True))
        self._under_way.clear()
        return quarantined
