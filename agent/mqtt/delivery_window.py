"""Decides which events to send and when: the window, the resends and the watermark. Pure.

The window sends an event once. If the broker does not confirm it, the window sends it again on the next connection.
Only the watermark proves that central has an event.

If the watermark stops for longer than central usually takes (agent.mqtt.resend_timer), the window sends only the oldest
event again. If the watermark then moves only as far as that event, the window sends twice as many, and so on. It sends
them at once if central answered promptly. Otherwise it waits again for as long as central takes. If the watermark moves
further, the hole is filled, or there was none. So the gate fills a hole without sending everything again. A slow or
dead central costs one event at a time, with growing pauses. More duplicates would make a slow central slower.

A broker may lose events that it confirmed. To send all of them at every reconnect would cause thousands of duplicates.
To wait for the full time would leave central without events for half a minute. So a new connection starts with the
unconfirmed events, or else with the oldest event. Central answers duplicates too, so it then reports its watermark. A
broker keeps the order, so central first gets what the broker still has.

The watermark may then stop below the events of an earlier connection, for `settle_s` or for as long as central takes.
If central has answered by then, there is a hole, and the window sends again at once, with its full size. If the broker
says that it has no subscriber, the window sends one event every few seconds.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from agent.mqtt.delivery_settings import AckMode
from agent.mqtt.resend_timer import ResendTimer
from agent.mqtt.unanswered_events import UnansweredEvents

if TYPE_CHECKING:
    from agent.mqtt.delivery_settings import DeliverySettings

RESERVE = 4
REFILL_FRACTION = 4


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
        self._resent_at = float("-inf")
        self._doubt_upto = 0
        self._heard = False
        self._nobody = False
        self._asked_at = 0.0
        self._timer = ResendTimer(settings)
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
        return self._timer.still_s(now) if self._watermark < self._cursor else 0.0

    @property
    def patience_s(self) -> float:
        """How long central may take before it is asked again, by how long it takes."""
        return self._timer.patience_s

    @property
    def answer_s(self) -> float | None:
        """How long central takes for an event, smoothed; None before the first measurement."""
        return self._timer.answer_s

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
        self._timer.connected(now)

    def disconnected(self, now: float) -> int | None:
        """Stop sending. Returns the event that goes into quarantine by this, if one does."""
        self._window = 0
        quarantined = self._poison_detector.ended(self._under_way, now)
        self._under_way.clear()
        return quarantined

    def sent(self, seq: int, now: float) -> None:
        """An event was handed to the network."""
        if seq > self._cursor and self._watermark == self._cursor:
            self._timer.begun(now)
        self._timer.sent(seq, now, again=seq <= self._cursor)
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
        if not taken:
            self._timer.forget(seq)
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
        """Begin to send the oldest again when the watermark has stood still for too long.

        Returns how many events are to be looked at again, 0 for none.
        """
        busy = self._again or self._resend_next <= self._resend_end
        if busy or self._window == 0 or self._watermark == self._cursor:
            return 0
        if self._resend_target and self._watermark == self._resend_end and self._timer.settled(now):
            return self._widen_resend(now)
        hole = self._heard and self._doubt_upto > self._watermark
        if not (self._timer.settled(now) if hole else self._timer.due(now)):
            self._probe_central(now)
            return 0
        # Once: what is still missing then has to wait like everything else, or a central in trouble would be flooded.
        self._doubt_upto = 0
        self._timer.restarted(now)
        left_out = {seq for seq in self.quarantine if seq > self._watermark}
        self._poison_detector.release()
        if left_out:  # each is tried once more, not only the oldest: nothing else would bring them
            self._again = deque(sorted(left_out | {self._watermark + 1}))
        self._resend_target = self._cursor
        return self._resend(self._window if hole else 1, now)

    def _widen_resend(self, now: float) -> int:
        """Go on behind what was sent again and brought the watermark to its end: as wide a hole again is likely."""
        return self._resend(min(2 * self._resend_part, self._settings.ahead_limit), now)

    def _resend(self, part: int, now: float) -> int:
        """Send so many events again from the watermark on; returns how many are to be looked at."""
        self._resend_part, self._resent_at = part, now
        self._resend_next = self._watermark + 1
        self._resend_end = min(self._watermark + part, self._resend_target)
        return self._resend_end - self._watermark

    def _probe_central(self, now: float) -> None:
        """With the oldest event, when the broker had nobody for the last one: central may be there by now."""
        if self._nobody and now >= self._asked_at + self._settings.ask_s:
            self._asked_at = self._resent_at = now
            self._again.append(self._watermark + 1)

    def _doubt(self, upto: int) -> None:
        """Wonder whether the broker still has what it took up to here, until central is heard."""
        self._doubt_upto = upto
        self._heard = False

    def _raise_to(self, seq: int, now: float) -> None:
        self._watermark = seq
        self._cursor = max(self._cursor, seq)
        promptly = self._timer.is_prompt(self._resent_at, now)
        self._timer.acknowledged(seq, now, promptly=promptly)
        self._poison_detector.release(seq)
        self._unsure = {each for each in self._unsure if each > seq}
        while self._again and self._again[0] <= seq:
            self._again.popleft()
        while self._taken and next(iter(self._taken)) <= seq:
            self._taken.popitem(last=False)
        if seq >= self._resend_target or (seq >= self._resend_next and not promptly):
            self._stop_resending()
        elif seq >= self._resend_next:
            # A hole is filled, and what lay behind it came on. There may be another, as where every second event went
            # to somebody who is gone: `ticked` goes on where the watermark stands still again.
            self._resend_next, self._resend_end = seq + 1, seq
        elif seq == self._resend_end and promptly:
            # One that comes later may answer the first sending, of a central that is slow: `ticked` waits for that.
            self._widen_resend(now)

    def _stop_resending(self) -> None:
        self._resend_next, self._resend_end, self._resend_target = 1, 0, 0
