"""Which events to send when: the window, the resends and the watermark. Pure.

An event is sent once a connection. What was sent is proved only by the watermark. While the watermark does not move
for a time although something was sent, the oldest window alone is sent again; when that brings the watermark on, the
next window follows at once, up to the last event sent. So a hole at the broker or at central is filled without sending
everything again, and a dead central costs one window a time, ever more rarely.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

from agent.link.suspicion import Suspicion

WINDOW_LIMIT = 100
RESERVE = 4
REFILL_FRACTION = 4
PATIENCE_LIMIT = 10.0


class AckMode(StrEnum):
    """What counts as delivered.

    WATERMARK: what central says that it has stored. PUBACK: what the broker has taken; for brokers without such a
    consumer, and no proof that anybody has the event.
    """

    WATERMARK = "watermark"
    PUBACK = "puback"


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """How to send.

    `resend_s`: how long the watermark may stand still before the oldest window is sent again. `ahead_limit`: how many
    events may be sent beyond the watermark, so that the broker's queues have an end and a reconnect repeats a bounded
    number. `window_limit`: how many the broker may owe an answer. `puback_timeout_s`: for how long it may owe one
    before the connection counts as broken; in a fleet that reconnects at once, answers can take many seconds.
    """

    ack_mode: AckMode = AckMode.WATERMARK
    resend_s: float = 30.0
    ahead_limit: int = 5_000
    window_limit: int = WINDOW_LIMIT
    puback_timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Want:
    """Fetch at most `limit` events after `after`, none beyond `upto` (None: no bound)."""

    after: int
    limit: int
    upto: int | None


class Flow:
    """The state of sending. Times are monotonic seconds and come in with the calls."""

    def __init__(self, settings: FlowSettings, watermark: int) -> None:
        self._settings = settings
        self._watermark = watermark
        self._cursor = watermark
        self._window = 0
        self._under_way: dict[int, float] = {}
        self._taken: OrderedDict[int, bool] = OrderedDict()
        self._suspicion = Suspicion()
        self._resend_next = 1
        self._resend_end = 0
        self._resend_target = 0
        self._patience = 1.0
        self._waited_from = 0.0
        self._progress_at = 0.0
        self._resent = 0

    # ---------------------------------------------------------------------------------------------------------- views

    @property
    def watermark(self) -> int:
        """All up to here is acknowledged."""
        return self._watermark

    @property
    def cursor(self) -> int:
        """All up to here was sent on this connection, or needs no sending."""
        return self._cursor

    @property
    def under_way(self) -> int:
        """How many the broker owes an answer for."""
        return len(self._under_way)

    @property
    def resent(self) -> int:
        """How many were sent again on the same connection, in all."""
        return self._resent

    @property
    def quarantine(self) -> frozenset[int]:
        """Events over which the broker ended the connection again and again."""
        return self._suspicion.quarantine

    def owed_s(self, now: float) -> float:
        """For how long the broker has owed its oldest answer; 0 when it owes none."""
        return now - next(iter(self._under_way.values())) if self._under_way else 0.0

    def still_s(self, now: float) -> float:
        """For how long the watermark has stood still although something was sent; 0 when all sent is acknowledged."""
        return now - self._progress_at if self._watermark < self._cursor else 0.0

    def needs(self, seq: int) -> bool:
        """Whether an event within reach is to be sent now."""
        return (
            seq > self._watermark
            and seq not in self._under_way
            and seq not in self._suspicion
            and not self._taken.get(seq, False)
        )

    def want(self) -> Want | None:
        """What to fetch and send next; None when nothing may be sent now."""
        window = 1 if self._suspicion.cautious else self._window
        room = min(window, self._window) - len(self._under_way)
        if room < max(1, window // REFILL_FRACTION):
            return None
        if self._resend_next <= self._resend_end:
            return Want(self._resend_next - 1, room, self._resend_end)
        ahead = self._settings.ahead_limit - (self._cursor - self._watermark)
        return Want(self._cursor, min(room, ahead), None) if ahead > 0 else None

    # --------------------------------------------------------------------------------------------------- what happens

    def connected(self, receive_maximum: int, now: float) -> None:
        """Begin anew above the watermark, in a window that the broker can take and that leaves room for others."""
        self._window = max(1, min(receive_maximum - RESERVE, self._settings.window_limit))
        self._cursor = self._watermark
        self._under_way.clear()
        self._stop_resending()
        self._patience = 1.0
        self._waited_from = self._progress_at = now

    def disconnected(self, now: float) -> int | None:
        """Stop sending. Returns the event that goes into quarantine by this, if one does."""
        self._window = 0
        guilty = self._suspicion.ended(self._under_way, now)
        self._under_way.clear()
        return guilty

    def sent(self, seq: int, now: float) -> None:
        """An event was handed to the network."""
        if seq > self._cursor and self._watermark == self._cursor:
            self._waited_from = self._progress_at = now
        self._under_way[seq] = now
        if self._settings.ack_mode is AckMode.PUBACK:
            self._taken.setdefault(seq, False)
        self._resent += seq <= self._cursor
        self.passed(seq)

    def passed(self, seq: int) -> None:
        """All up to this event were looked at: sent, or in no need of it."""
        if seq <= self._cursor:
            self._resend_next = max(self._resend_next, seq + 1)
        else:
            self._cursor = seq

    def answered(self, seq: int, now: float, *, taken: bool) -> None:
        """The broker answered for an event."""
        self._under_way.pop(seq, None)
        self._suspicion.answered(seq)
        if self._settings.ack_mode is AckMode.PUBACK and taken and seq in self._taken:
            self._taken[seq] = True
            top = self._watermark
            while self._taken and next(iter(self._taken.items()))[1]:
                top, _ = self._taken.popitem(last=False)
            if top > self._watermark:
                self._raise_to(top, now)

    def acknowledged(self, seq: int, now: float) -> bool:
        """Central says that all up to `seq` is stored; whether that is news."""
        if seq <= self._watermark:
            return False
        self._raise_to(seq, now)
        return True

    def ticked(self, now: float) -> int:
        """Begin to send the oldest window again when the watermark has stood still for too long.

        Returns how many events are to be looked at again, 0 for none.
        """
        waits = self._window > 0 and self._watermark < self._cursor and self._resend_next > self._resend_end
        if not waits or now - self._waited_from < self._settings.resend_s * self._patience:
            return 0
        self._patience = min(self._patience * 2.0, PATIENCE_LIMIT)
        self._waited_from = now
        self._suspicion.release()
        self._resend_target = self._cursor
        self._resend_next = self._watermark + 1
        self._resend_end = min(self._watermark + self._window, self._cursor)
        return self._resend_end - self._watermark

    def _raise_to(self, seq: int, now: float) -> None:
        self._watermark = seq
        self._cursor = max(self._cursor, seq)
        self._waited_from = self._progress_at = now
        self._patience = 1.0
        self._suspicion.release(seq)
        while self._taken and next(iter(self._taken)) <= seq:
            self._taken.popitem(last=False)
        if seq < self._resend_target:
            self._resend_next = max(self._resend_next, seq + 1)
            self._resend_end = min(seq + self._window, self._resend_target)
        else:
            self._stop_resending()

    def _stop_resending(self) -> None:
        self._resend_next, self._resend_end, self._resend_target = 1, 0, 0
