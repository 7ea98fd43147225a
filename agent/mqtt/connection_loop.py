"""Tries the brokers in turn, one connection after another, on the network thread, until it must stop."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import closing
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from agent.broker import TlsFilesError, explain
from agent.mqtt import reason_codes
from agent.mqtt.paho_connection import BrokerConnection, ConnectOptions
from agent.service.listeners import notify_listeners
from agent.service.worker import OnFailure, Worker
from drivers.text import Text, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.mqtt.broker_selector import BrokerSelector
    from agent.mqtt.client_settings import ClientSettings
    from agent.mqtt.messages import BrokerLimits, Incoming, Outgoing, Subscription
    from agent.mqtt.presence import PresenceMessages
    from agent.mqtt.receipt import Receipt
    from agent.mqtt.subscriptions import Subscriptions

log = logging.getLogger(__name__)

TURN_S = 0.1
FAREWELL_S = 1.5
FAREWELL_TURN_S = 0.05


class _ConnectionPhase(StrEnum):
    CONNECTING = "connecting"
    SUBSCRIBING = "subscribing"
    UP = "up"


class ConnectionLoop:
    """The loop of one network thread. The client's watchdog puts another in its place when it hangs or dies.

    It tells, on itself, of an attempt that begins (`begins`), of a connection that stands (`went_up`), of the end of a
    connection or an attempt (`went_down`), and of what the broker refuses although the connection stands (`refused`).
    `draw`: uniform in 0..1.
    """

    def __init__(  # noqa: PLR0913 - what all network threads of one client share
        self,
        settings: ClientSettings,
        broker_selector: BrokerSelector,
        presence: PresenceMessages,
        subscriptions: Subscriptions,
        draw: Callable[[], float],
        *,
        begins: Callable[[ConnectionLoop], None],
        went_up: Callable[[ConnectionLoop, BrokerLimits], None],
        went_down: Callable[[ConnectionLoop, str], None],
        refused: Callable[[ConnectionLoop, str], None],
    ) -> None:
        self._settings = settings
        self._broker_selector = broker_selector
        self._presence = presence
        self._subscriptions = subscriptions
        self._draw = draw
        self._begins = begins
        self._went_up = went_up
        self._went_down = went_down
        self._refused = refused
        self._lock = threading.Lock()
        self._phase = _ConnectionPhase.CONNECTING
        self._connection: BrokerConnection | None = None
        self._stood_at: float | None = None
        self._status_due_at = 0.0
        self._birth_due = False
        # Not watched for progress here: the client looks at it, and puts another in its place.
        self.worker = Worker("link-network", self._run, limit_s=None, on_failure=OnFailure.GIVE_UP)

    # ------------------------------------------------------------------------------------------------ for all threads

    @property
    def connection(self) -> BrokerConnection | None:
        """The connection of now, also while it does not stand yet."""
        return self._connection

    def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """Ask for filters that were added since the connection stands; all others are asked for when it does."""
        with self._lock:
            if self._connection is not None and self._phase is not _ConnectionPhase.CONNECTING:
                self._request(self._connection, subscriptions)

    def unsubscribe(self, topic_filters: Sequence[str]) -> None:
        """Want nothing of these filters any more."""
        with self._lock:
            if self._connection is not None and self._phase is not _ConnectionPhase.CONNECTING:
                self._connection.unsubscribe(topic_filters)

    def announce(self, *, birth: bool = False) -> None:
        """Publish the status at the next turn; with `birth` what is published on a connect."""
        self._birth_due = self._birth_due or birth
        self._status_due_at = 0.0

    # ------------------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        self._pause(self._draw() * self._settings.start_spread_s)
        while not self.worker.stopping:
            self._stood_at = None
            self._went_down(self, self._attempt())
            lasted, now = self._lasted(), time.monotonic()
            self._pause(self._broker_selector.ended(lasted=lasted, draw=self._draw(), at=now))

    def _lasted(self) -> bool:
        if self._stood_at is None:
            return False
        return time.monotonic() - self._stood_at >= self._settings.stable_after_s

    def _pause(self, pause_s: float) -> None:
        until = time.monotonic() + pause_s
        while self._goes_on() and (left_s := until - time.monotonic()) > 0:
            self.worker.wait(min(left_s, 1.0))

    def _goes_on(self) -> bool:
        self.worker.touch()
        return not self.worker.stopping

    def _attempt(self) -> str:
        """Connect to the broker whose turn it is and stay there; why it ended."""
        address = self._broker_selector.address
        self._begins(self)
        try:
            with closing(BrokerConnection(address, self._options(), self._received)) as connection:
                connection.open()
                cause: str = joined([address.url, self._stay(connection)], ": ")
        except (OSError, UnicodeError, TlsFilesError) as error:
            cause = explain(error, address)
        except Exception as error:
            # Whatever goes wrong with one connection, the gate tries the next.
            log.exception("the connection to %s ended with an unexpected error", address.url)
            cause = explain(error, address)
        self._hold(None)
        return cause

    def _hold(self, connection: BrokerConnection | None) -> None:
        with self._lock:
            self._phase, self._connection = _ConnectionPhase.CONNECTING, connection

    def _options(self) -> ConnectOptions:
        settings = self._settings
        return ConnectOptions(
            client_id=settings.client_id or settings.gate,
            user=settings.user,
            password=settings.password,
            tls=settings.tls,
            keepalive_s=settings.keepalive_s,
            connect_timeout_s=settings.connect_timeout_s,
            session_expiry_s=settings.session_expiry_s,
            will=self._presence.will(self._broker_selector.index),
            will_delay_s=settings.will_delay_s,
            packet_bytes=settings.packet_bytes,
        )

    # ------------------------------------------------------------------------------------------------- one connection

    def _stay(self, connection: BrokerConnection) -> str:
        """Subscribe, and work until the connection ends or the thread is to stop; why it ended."""
        self._hold(connection)
        started_at = time.monotonic()
        while self._goes_on():
            connection.turn(TURN_S)
            if self._phase is _ConnectionPhase.CONNECTING and connection.connected:
                self._begin(connection)
            if connection.ended is not None:
                return connection.ended
            now = time.monotonic()
            if self._phase is not _ConnectionPhase.UP and now - started_at > self._settings.answer_timeout_s:
                return Text(
                    "no answer from an MQTT broker within {timeout_s} s, although the connection is open",
                    timeout_s=f"{self._settings.answer_timeout_s:g}",
                )
            if self._phase is _ConnectionPhase.UP and now >= self._status_due_at:
                self._status_due_at = now + self._settings.status_every_s  # first: it may be due at once again
                self._publish_own(connection, self._due())
        self._part(connection)
        return Text("stopped")

    def _due(self) -> list[Outgoing]:
        index, birth = self._broker_selector.index, self._birth_due
        self._birth_due = False
        return self._presence.greeting(index) if birth else self._presence.online(index)

    def _begin(self, connection: BrokerConnection) -> None:
        if connection.limits.maximum_qos < 1:
            connection.end(Text("the broker does not support QoS 1: enable it there"))
            return
        with self._lock:
            self._phase = _ConnectionPhase.SUBSCRIBING
            subscriptions = self._subscriptions.all()
            if subscriptions:
                self._request(connection, subscriptions)
        if not subscriptions:
            self._stand(connection)

    def _request(self, connection: BrokerConnection, subscriptions: Sequence[Subscription]) -> None:
        topic_filters = [each.topic_filter for each in subscriptions]
        connection.subscribe(subscriptions, partial(self._subscribed, connection, topic_filters))

    def _subscribed(
        self, connection: BrokerConnection, topic_filters: Sequence[str], codes: Sequence[int] | None
    ) -> None:
        if codes is None:
            return
        if self._phase is _ConnectionPhase.SUBSCRIBING:
            self._stand(connection)
        for topic_filter, code in zip(topic_filters, codes, strict=False):
            if reason_codes.refused(code):
                words = reason_codes.words(code)
                self._refused(
                    self, Text("subscribing to {topic_filter}: {words}", topic_filter=topic_filter, words=words)
                )

    def _stand(self, connection: BrokerConnection) -> None:
        now = self._stood_at = time.monotonic()
        self._status_due_at = now + self._settings.status_every_s
        with self._lock:
            self._phase = _ConnectionPhase.UP
        self._publish_own(connection, self._presence.greeting(self._broker_selector.index))
        self._went_up(self, connection.limits)

    def _publish_own(self, connection: BrokerConnection, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            if not connection.publish(message, partial(self._published_own, message.topic)):
                log.warning("%s could not be published now: the broker accepts no more messages at once", message.topic)

    def _published_own(self, topic: str, receipt: Receipt) -> None:
        if receipt.refused:
            self._refused(self, Text("publishing {topic}: {words}", topic=topic, words=receipt.words))

    def _received(self, message: Incoming) -> None:
        for subscription in self._subscriptions.wanting(message.topic):
            # A message that brings a fault to light must not end the connection: it would come again, and end the next.
            notify_listeners([subscription.handle], message, f"a message to {message.topic} could not be handled")

    def _part(self, connection: BrokerConnection) -> None:
        """Part in order, for a bounded time: a frozen broker gets no more than that."""
        if self._phase is not _ConnectionPhase.UP:
            return
        answered = threading.Event()
        deadline = time.monotonic() + FAREWELL_S
        for message in self._presence.offline(self._broker_selector.index):
            if not connection.publish(message, lambda _receipt: answered.set()):
                break
            while not answered.is_set() and connection.ended is None and time.monotonic() < deadline:
                connection.turn(FAREWELL_TURN_S)
        connection.disconnect()
        while connection.ended is None and time.monotonic() < deadline:
            connection.turn(FAREWELL_TURN_S)
