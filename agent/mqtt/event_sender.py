"""Sends events from the journal to the client: those that the delivery window wants, or central requests."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.mqtt.event_messages import event_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.broker import Topics
    from agent.mqtt.client import MqttClient
    from agent.mqtt.delivery_window import DeliveryWindow
    from agent.mqtt.receipt import Receipt
    from agent.mqtt.replay import Replays
    from agent.store.journal import Journal, Recorded

REPLAY_FRACTION = 4


@dataclass(frozen=True, slots=True)
class EventReceipt:
    """What the broker said of an event. `replayed`: of one that was sent for a replay."""

    seq: int
    receipt: Receipt
    replayed: bool


class EventSender:
    """Sends on one connection at a time. Belongs to one thread; `answered` is called on the network's."""

    def __init__(
        self,
        client: MqttClient,
        outbox: Journal,
        topics: Topics,
        delivery: DeliveryWindow,
        replays: Replays,
        answered: Callable[[EventReceipt], None],
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._topics = topics
        self._delivery = delivery
        self._replays = replays
        self._answered = answered
        self._connection: int | None = None
        self._replay_turn = False
        self.sent_now = False

    @property
    def connected(self) -> bool:
        """Whether there is a connection to send on."""
        return self._connection is not None

    def begin(self, connection: int) -> None:
        """Send on the connection of this number from now on."""
        self._connection = connection
        self.sent_now = False

    def end(self) -> None:
        """Send nothing more: the connection is gone."""
        self._connection = None

    def send(self) -> bool:
        """Send a batch of events, and beside it, in its part of the window, one of a replay.

        Returns whether to call again at once. A replay has a quarter of the window for itself while it lasts, so that
        new events go first and yet it comes to its end; a window too small for that is for one and the other in turn.
        """
        replays, delivery = self._replays, self._delivery
        if not replays.active:
            return bool(self._send_events(replays.under_way))
        window = 1 if replays.cautious else delivery.window
        part = window // REPLAY_FRACTION or int(self._replay_turn)
        sent = self._send_events(delivery.window - window + max(part, replays.under_way))
        room = min(part or int(not sent), window - delivery.under_way) - replays.under_way
        replayed = 0 if delivery.cautious else self._send_replay(room)
        self._replay_turn = not replayed
        return bool(sent or replayed)

    def _send_events(self, reserved: int) -> int:
        """Send what may be sent; returns how many events were looked at, 0 when no more can be done now."""
        want = self._delivery.want(reserved)
        if want is None:
            return 0
        events = self._outbox.unacknowledged(want.after, want.limit)
        if want.upto is not None:
            events = [event for event in events if event.seq <= want.upto]
            if not events:
                self._delivery.passed(want.upto)
                return 1
        return len(events) if all(self._send_one(event) for event in events) else 0

    def _send_one(self, event: Recorded) -> bool:
        if not self._delivery.needs(event.seq):
            self._delivery.passed(event.seq)
        elif self._publish(event, replay=False):
            self._delivery.sent(event.seq, time.monotonic())
            self.sent_now = True
        else:
            return False
        return True

    def _send_replay(self, room: int) -> int:
        """Send at most `room` events of the oldest range; returns how many were looked at."""
        want = self._replays.want(room)
        if want is None:
            return 0
        first, last = want
        looked_at = 0
        # What was never sent comes anyway, as what it is.
        for event in self._outbox.range(first, min(last, self._delivery.cursor)):
            if not self._replays.needs(event.seq):
                self._replays.passed(event.seq)
            elif self._publish(event, replay=True):
                self._replays.sent(event.seq, time.monotonic())
            else:
                return looked_at
            looked_at += 1
        if not looked_at:
            self._replays.passed(last)
        return max(1, looked_at)

    def _publish(self, event: Recorded, *, replay: bool) -> bool:
        def answered(receipt: Receipt) -> None:
            self._answered(EventReceipt(event.seq, receipt, replay))

        message = event_message(self._topics, event, replay=replay, values=event.disclosures)
        return self._client.publish(message, answered, connection=self._connection)
