"""The life of one connection.

From CONNECT over the subscriptions to its end, with everything that is under way on it.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Protocol, assert_never

from agent.mqtt import reason_codes
from agent.mqtt.connection import Answered, Arrived, Connected, Subscribed
from agent.mqtt.messages import Limits, Outgoing, Receipt
from agent.mqtt.packets import fits
from agent.service.listeners import tell
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.mqtt.connection import ConnectionEvent
    from agent.mqtt.messages import Incoming, Subscription
    from agent.mqtt.subscriptions import Subscriptions

log = logging.getLogger(__name__)

TURN_S = 0.1
FAREWELL_S = 1.5


class ConnectionProtocol(Protocol):
    """What a lifetime needs of a connection (agent.mqtt.connection.Connection)."""

    @property
    def ended(self) -> str | None:
        """Why it ended; None while it lives."""
        ...

    def turn(self, timeout_s: float) -> Sequence[ConnectionEvent]:
        """Let the network work and return what happened."""
        ...

    def publish(self, message: Outgoing) -> int | None:
        """Hand over a message; its id, or None."""
        ...

    def subscribe(self, subscriptions: Sequence[Subscription]) -> int | None:
        """Ask for filters; the id of the packet, or None."""
        ...

    def unsubscribe(self, topic_filters: Sequence[str]) -> None:
        """Want nothing of these filters any more."""
        ...

    def disconnect(self) -> None:
        """Ask for an orderly end."""
        ...


class SessionOwner(Protocol):
    """Whom a lifetime tells, on its own thread."""

    def greet(self) -> Sequence[Outgoing]:
        """What to publish as soon as the connection stands: birth and status."""
        ...

    def status(self) -> Sequence[Outgoing]:
        """The status of now; nothing where the session tells none."""
        ...

    def farewell(self) -> Sequence[Outgoing]:
        """What to publish before an orderly end."""
        ...

    def stood(self, limits: Limits) -> None:
        """The connection stands."""
        ...

    def worked(self) -> bool:
        """Called at every turn; whether to go on (False: stop in order)."""
        ...

    def complain(self, problem: str) -> None:
        """The broker refuses something that the gate needs."""
        ...


class _Phase(StrEnum):
    CONNECTING = "connecting"
    SUBSCRIBING = "subscribing"
    UP = "up"


class ConnectionSession:
    """Run one connection. `run` belongs to the network thread; all other methods to any."""

    def __init__(
        self,
        wire: ConnectionProtocol,
        owner: SessionOwner,
        subscriptions: Subscriptions,
        *,
        timeout_s: float,
        status_every_s: float,
    ) -> None:
        self._wire = wire
        self._owner = owner
        self._subscriptions = subscriptions
        self._asked: dict[int, tuple[str, ...]] = {}
        self._timeout_s = timeout_s
        self._status_every_s = status_every_s
        self._phase = _Phase.CONNECTING
        self._limits = Limits()
        self._lock = threading.Lock()
        self._pending: dict[int, Callable[[Receipt], None] | None] = {}
        self._over = False
        self._end_cause: str | None = None
        self._status_due_at = 0.0
        self.stood_at: float | None = None
        self.not_understood = 0

    # ------------------------------------------------------------------------------------------------ for all threads

    def publish(self, message: Outgoing, done: Callable[[Receipt], None] | None = None) -> bool:
        """Publish; False when the link is not up or as many as the broker takes are under way.

        `done` hears of a QoS 1 message exactly once, on the network thread. What is larger than the broker takes is not
        sent, because the broker would end the connection over it: `done` hears of that at once, on the caller's thread.
        """
        with self._lock:
            if self._over or self._phase is not _Phase.UP:
                return False
            fitting = fits(message, self._limits.packet_bytes)
            if fitting and not self._hand_over(message, done):
                return False
        if not fitting:
            _tell(done, Receipt(reason_codes.TOO_LARGE))
        return True

    def _hand_over(self, message: Outgoing, done: Callable[[Receipt], None] | None) -> bool:
        if message.qos > 0 and len(self._pending) >= self._limits.receive_maximum:
            return False
        mid = self._wire.publish(message if self._limits.retain else replace(message, retain=False))
        if mid is None:
            return False
        if message.qos > 0:
            self._pending[mid] = done
        return True

    def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """Ask for filters that the session has taken up since; those that it had, `run` asks for."""
        with self._lock:
            if self._over or self._phase is _Phase.CONNECTING:
                return
            self._ask_for(subscriptions)

    def unsubscribe(self, topic_filters: Sequence[str]) -> None:
        """Want nothing of these filters any more."""
        with self._lock:
            if not self._over and self._phase is not _Phase.CONNECTING:
                self._wire.unsubscribe(topic_filters)

    def _ask_for(self, subscriptions: Sequence[Subscription]) -> None:
        mid = self._wire.subscribe(subscriptions)
        if mid is not None:
            self._asked[mid] = tuple(each.topic_filter for each in subscriptions)

    def end(self, cause: str) -> None:
        """End the connection at the next turn."""
        self._end_cause = cause

    def announce(self) -> None:
        """Publish the status at the next turn."""
        self._status_due_at = 0.0

    # -------------------------------------------------------------------------------------------- the network thread

    def run(self) -> str:
        """Live until the end and return its cause. Everything under way has its receipt when this returns."""
        try:
            return self._run()
        finally:
            self._settle()

    def _run(self) -> str:
        started_at = time.monotonic()
        while self._owner.worked():
            self._turn(TURN_S)
            cause = self._wire.ended or self._end_cause
            if cause is not None:
                return cause
            now = time.monotonic()
            if self._phase is not _Phase.UP and now - started_at > self._timeout_s:
                return Text(
                    "no answer of an MQTT broker within {timeout_s} s, although the connection stands",
                    timeout_s=f"{self._timeout_s:g}",
                )
            if self._phase is _Phase.UP and now >= self._status_due_at:
                self._publish_own(self._owner.status())
                self._status_due_at = now + self._status_every_s
        self._part()
        return Text("stopped")

    def _turn(self, timeout_s: float) -> None:
        for connection_event in self._wire.turn(timeout_s):
            match connection_event:
                case Connected(code, limits):
                    self._connected(code, limits)
                case Subscribed(mid, codes):
                    self._subscribed(mid, codes)
                case Answered(mid, code):
                    self._answered(mid, code)
                case Arrived(message):
                    self._arrived(message)
                case _:
                    assert_never(connection_event)

    def _connected(self, code: int, limits: Limits) -> None:
        if reason_codes.refused(code):
            return
        self._limits = limits
        if limits.maximum_qos < 1:
            self.end(Text("the broker does not do QoS 1: enable it there"))
        elif not self._subscribe_all():
            self._stand()

    def _subscribe_all(self) -> bool:
        with self._lock:
            self._phase = _Phase.SUBSCRIBING
            subscriptions = self._subscriptions.all()
            if subscriptions:
                self._ask_for(subscriptions)
        return bool(subscriptions)

    def _subscribed(self, mid: int, codes: tuple[int, ...]) -> None:
        if self._phase is _Phase.SUBSCRIBING:
            self._stand()
        with self._lock:
            topic_filters = self._asked.pop(mid, ())
        for topic_filter, code in zip(topic_filters, codes, strict=False):
            if reason_codes.refused(code):
                self._owner.complain(
                    Text(
                        "subscribing to {topic_filter}: {words}",
                        topic_filter=topic_filter,
                        words=reason_codes.words(code),
                    )
                )

    def _stand(self) -> None:
        now = time.monotonic()
        self.stood_at = now
        self._status_due_at = now + self._status_every_s
        with self._lock:
            self._phase = _Phase.UP
        self._publish_own(self._owner.greet())
        self._owner.stood(self._limits)

    def _publish_own(self, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            if not self.publish(message, partial(self._complain_of, message.topic)):
                log.warning("%s could not be published now: as much as the broker takes is under way", message.topic)

    def _complain_of(self, topic: str, receipt: Receipt) -> None:
        if receipt.refused:
            self._owner.complain(Text("publishing {topic}: {words}", topic=topic, words=receipt.words))

    def _answered(self, mid: int, code: int) -> None:
        with self._lock:
            done = self._pending.pop(mid, None)
        _tell(done, Receipt(code))

    def _arrived(self, message: Incoming | None) -> None:
        if message is None:
            self.not_understood += 1
            return
        for subscription in self._subscriptions.wanting(message.topic):
            # A message that brings a fault to light must not end the connection: it would come again, and end the next.
            tell([subscription.handle], message, f"a message to {message.topic} could not be handled")

    def _part(self) -> None:
        """Say goodbye, for a bounded time: a frozen broker gets no more than that."""
        if self._phase is not _Phase.UP:
            return
        said = threading.Event()
        deadline = time.monotonic() + FAREWELL_S
        for message in self._owner.farewell():
            if not self.publish(message, lambda _receipt: said.set()):
                break
            while not said.is_set() and self._wire.ended is None and time.monotonic() < deadline:
                self._turn(0.05)
        self._wire.disconnect()
        while self._wire.ended is None and time.monotonic() < deadline:
            self._turn(0.05)

    def _settle(self) -> None:
        with self._lock:
            self._over = True
            pending, self._pending = self._pending, {}
        for done in pending.values():
            _tell(done, Receipt(None))


def _tell(done: Callable[[Receipt], None] | None, receipt: Receipt) -> None:
    if done is not None:
        tell([done], receipt, "a receipt could not be handled")
