"""Which events to send when: the window, the resends and the watermark. Pure.

An event is sent once, and once more on the next connection if the broker did not say that it took it. What was taken is
proved only by the watermark. While the watermark does not move for a time although something was sent, the oldest
window alone is sent again; when that brings the watermark to its end, twice as many follow at once, and so on. A
watermark that jumps further than what was sent again has filled the hole. So a hole at the broker or at central is
filled without sending everything again, and a dead central costs one window a time, ever more rarely.

A broker may have died with what it took. To send all of that again at every reconnect would be thousands of duplicates
for a hiccup; to wait the whole patience would leave central without its events for half a minute. So a new connection
begins with what has no answer, or else with the oldest event: either makes central say where it stands, because it
answers duplicates too. A broker hands on in order: what it still holds from before comes to central first. When central
was heard and the watermark then stands still for `settle_s`, below what an earlier connection had sent, there is a
hole, and sending again begins at once. A broker that says that nobody subscribes is asked every few seconds with one
event.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from agent.mqtt.unanswered_events import UnansweredEvents

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
class DeliverySettings:
    """How to send.

    `resend_s`: how long the watermark may stand still before the oldest window is sent again; `settle_s`: the same
    while it is in doubt whether the broker kept what it took. `ask_s`: between questions whether central is there
    again, when the broker had nobody to give an event to. `ahead_limit`: how many events may be sent beyond the
    watermark, so that the broker's queues have an end. `window_limit`: how many the broker may owe an answer.
    `puback_timeout_s`: for how long it may owe one before the connection counts as broken; in a fleet that reconnects
    at once, answers can take many seconds. `stall_s`: for how long events may not get through over a standing link
    before an alarm says so. `silent_s`: for how long central may stay silent before the gate reconnects, in
    case its subscription is lost.
    """

    ack_mode: AckMode = AckMode.WATERMARK
    resend_s: float = 30.0
    settle_s: float = 1.0
    ask_s: float = 5.0
    ahead_limit: int = 5_000
    window_limit: int = WINDOW_LIMIT
    puback_timeout_s: float = 30.0
    stall_s: float = 600.0
    silent_s: float = 90.0


@dataclass(frozen=True, slots=True)
class SendPlan:
    """Fetch at most `limit` events after `after`, none beyond `upto` (None: no bound)."""

    after: int
    limit: int
    upto: int | None


class DeliveryWindow(UnansweredEvents):
    """The state of sending. Times are monotonic seconds and come in with the calls.

    `head`: the last event recorded when the sending begins; what was sent before that moment is not known.
    """

    def __init__(self, settings: DeliverySettings, watermark: int, head: int = 0) -> None:
        super().__init__()
        self._settings = settings
        self._watermark = watermark
        self._cursor = watermark
        self._handed = max(watermark, head)
        self._window = 0
        self._unsure: set[int] = set()
        self._again: deque[int] = deque()
        self._taken: OrderedDict[int, bool] = OrderedDict()
        self._resend_next = 1
        self._resend_end = 0
        self._resend_target = 0
        self._resend_part = 0
        self._doubt_upto = 0
        self._heard = False
        self._nobody = False
        self._asked_at = 0.0
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
        """All up to here was handed to a broker since the start, or needs no sending."""
        return self._cursor

    @property
    def handed(self) -> int:
        """The last event that a broker may ever have been given."""
        return self._handed

    @property
    def window(self) -> int:
        """How many the broker may owe an answer for; 0 without a connection."""
        return min(self._window, 1) if self.cautious else self._window

    @property
    def resent(self) -> int:
        """How many were sent again, in all."""
        return self._resent

    @property
    def quarantine(self) -> frozenset[int]:
        """Events over which the broker ended the connection again and again."""
        return self._poison_detector.quarantine

    def still_s(self, now: float) -> float:
        """For how long the watermark has stood still although something was sent; 0 when all sent is acknowledged."""
        return now - self._progress_at if self._watermark < self._cursor else 0.0

    @property
    def nobody(self) -> bool:
        """Whether the broker had nobody to give the last event to."""
        return self._nobody

    def needs(self, seq: int) -> bool:
        """Whether an event within reach is to be sent now."""
        return (
            seq > self._watermark
            and seq not in self._under_way
            and seq not in self._poison_detector
            and not self._taken.get(seq, False)
        )

    def want(self, reserved: int = 0) -> SendPlan | None:
        """What to fetch and send next, leaving `reserved` places of the window free.

        None when nothing may be sent now.
        """
        window = self.window - reserved
        room = window - len(self._under_way)
        if room < max(1, window // REFILL_FRACTION):
            return None
        if self._again:
            return self._first_again(room)
        if self._resend_next <= self._resend_end:
            return SendPlan(self._resend_next - 1, room, self._resend_end)
        ahead = self._settings.ahead_limit - (self._cursor - self._watermark)
        return SendPlan(self._cursor, min(room, ahead), None) if ahead > 0 else None

    def _first_again(self, room: int) -> SendPlan:
        """The first unbroken row of what the connection before left without an answer."""
        first = last = self._again[0]
        for seq in islice(self._again, 1, room):
            if seq != last + 1:
                break
            last = seq
        return SendPlan(first - 1, room, last)

    # --------------------------------------------------------------------------------------------------- what happens

    def connected(self, receive_maximum: int, now: float) -> None:
        """Begin with what the last connection left open, in a window that the broker can take and that leaves room."""
        self._window = max(1, min(receive_maximum - RESERVE, self._settings.window_limit))
        self._again = deque(sorted(self._unsure))
        if self._watermark < self._cursor and self._settings.ack_mode is AckMode.WATERMARK:
            self._doubt(self._cursor)
            if not self._again:
                self._again.append(self._watermark + 1)
        self._stop_resending()
        self._patience = 1.0
        self._waited_from = self._progress_at = now

    def disconnected(self, now: float) -> int | None:
        """Stop sending. Returns the event that goes into quarantine by this, if one does."""
        self._window = 0
        quarantined = self._poison_detector.ended(self._under_way, now)
        self._under_way.clear()
        return quarantined

    def sent(self, seq: int, now: float) -> None:
        """An event was handed to the network."""
        if seq > self._cursor and self._watermark == self._cursor:
            self._waited_from = self._progress_at = now
        self._under_way[seq] = now
        self._unsure.add(seq)
        self._handed = max(self._handed, seq)
        if self._settings.ack_mode is AckMode.PUBACK:
            self._taken.setdefault(seq, False)
        self._resent += seq <= self._cursor
        self.passed(seq)

    def passed(self, seq: int) -> None:
        """All up to this event were looked at: sent, or in no need of it."""
        while self._again and self._again[0] <= seq:
            self._again.popleft()
        if seq <= self._cursor:
            self._resend_next = max(self._resend_next, seq + 1)
        else:
            self._cursor = seq

    def answered(self, seq: int, now: float, *, taken: bool, refused: bool = False) -> None:
        """The broker answered for an event. Neither taken nor refused: it had nobody to give it to."""
        self._under_way.pop(seq, None)
        self._poison_detector.answered(seq)
        self._nobody = not taken and not refused
        if taken:
            self._unsure.discard(seq)
        elif not refused and seq > self._watermark:
            self._doubt(max(self._doubt_upto, seq))
        if self._settings.ack_mode is AckMode.PUBACK and taken and seq in self._taken:
            self._taken[seq] = True
            top = self._watermark
            while self._taken and next(iter(self._taken.items()))[1]:
                top, _ = self._taken.popitem(last=False)
            if top > self._watermark:
                self._raise_to(top, now)

    def acknowledged(self, seq: int, now: float) -> bool:
        """Central says that all up to `seq` is stored; whether that is news."""
        self._heard = True
        if seq <= self._watermark:
            return False
        self._raise_to(seq, now)
        return True

    def ticked(self, now: float) -> int:
        """Begin to send the oldest window again when the watermark has stood still for too long.

        Returns how many events are to be looked at again, 0 for none.
        """
        busy = self._again or self._resend_next <= self._resend_end
        if busy or self._window == 0 or self._watermark == self._cursor:
            return 0
        if now < self._waited_from + self._wait_s():
            self._probe_central(now)
            return 0
        # Once: what is still missing then has to wait like everything else, or a central in trouble would be flooded.
        self._doubt_upto = 0
        self._patience = min(self._patience * 2.0, PATIENCE_LIMIT)
        self._waited_from = now
        self._poison_detector.release()
        self._resend_target = self._cursor
        self._resend_next = self._watermark + 1
        self._resend_part = self._window
        self._resend_end = min(self._watermark + self._resend_part, self._cursor)
        return self._resend_end - self._watermark

    def _wait_s(self) -> float:
        if self._heard and self._doubt_upto > self._watermark:
            return self._settings.settle_s
        return self._settings.resend_s * self._patience

    def _probe_central(self, now: float) -> None:
        """With the oldest event, when the broker had nobody for the last one: central may be there by now."""
        if self._nobody and now >= self._asked_at + self._settings.ask_s:
            self._asked_at = now
            self._again.append(self._watermark + 1)

    def _doubt(self, upto: int) -> None:
        """Wonder whether the broker still has what it took up to here, until central is heard."""
        self._doubt_upto = upto
        self._heard = False

    def _raise_to(self, seq: int, now: float) -> None:
        self._watermark = seq
        self._cursor = max(self._cursor, seq)
        self._waited_from = self._progress_at = now
        self._patience = 1.0
        self._poison_detector.release(seq)
        self._unsure = {each for each in self._unsure if each > seq}
        while self._again and self._again[0] <= seq:
            self._again.popleft()
        while self._taken and next(iter(self._taken)) <= seq:
            self._taken.popitem(last=False)
        if seq < min(self._resend_target, self._resend_next):
            if seq == self._resend_end:
                # As wide a hole again is likely; what is sent too much is no more than what was missing.
                self._resend_part = min(2 * self._resend_part, self._settings.ahead_limit)
            self._resend_end = min(max(self._resend_end, seq + self._resend_part), self._resend_target)
        else:
            self._stop_resending()

    def _stop_resending(self) -> None:
        self._resend_next, self._resend_end, self._resend_target = 1, 0, 0
