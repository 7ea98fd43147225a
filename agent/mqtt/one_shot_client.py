"""A short-lived client for tools at the central side.

It subscribes, listens, publishes, and tells in words what failed.
"""

from __future__ import annotations

import queue
import secrets
import threading
import time
from typing import TYPE_CHECKING, Self, TypeVar

from agent.broker import TlsFiles, TlsFilesError, explain
from agent.mqtt import reason_codes
from agent.mqtt.messages import Subscription
from agent.mqtt.paho_connection import BrokerConnection, ConnectOptions
from agent.mqtt.receipt import Receipt
from agent.service.cleanup import on_failure
from agent.service.parallel import Job
from drivers.text import Text, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.broker import BrokerAddress
    from agent.mqtt.messages import Incoming, Outgoing

TURN_S = 0.1
LEAVE_SLACK_S = 5.0
KEEPALIVE_S = 15
PACKET_BYTES = 16 * 1_048_576
NO_FILES = TlsFiles()

T = TypeVar("T")


class OneShotClientError(OSError):
    """The broker cannot be reached, does not answer, or refuses; says which and why."""


class OneShotClient:
    """One connection with a clean session, to be used as a context manager; it does not reconnect.

    `client_id`: when None, `central-` and a random part: config/rabbitmq allows central no others. `timeout_s`: the
    patience with the broker, for every single answer. All methods may be called from any thread and raise
    OneShotClientError; what it publishes itself does not come back to it.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        tls: TlsFiles = NO_FILES,
        user: str | None = None,
        password: str | None = None,
        client_id: str | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._options = ConnectOptions(
            client_id=f"central-{secrets.token_hex(6)}" if client_id is None else client_id,
            user=user,
            password=password,
            tls=tls,
            keepalive_s=KEEPALIVE_S,
            connect_timeout_s=timeout_s,
            session_expiry_s=0,
            packet_bytes=PACKET_BYTES,
        )
        self._messages: queue.SimpleQueue[Incoming | None] = queue.SimpleQueue()
        self._connection = BrokerConnection(address, self._options, self._messages.put)
        self._connecting = threading.Event()
        self._leaving = threading.Event()
        self._job: Job[None] | None = None

    def __enter__(self) -> Self:
        """Connect. Raises OneShotClientError when that does not succeed in time."""
        try:
            self._connection.open()
        except (OSError, UnicodeError, TlsFilesError) as error:
            self._connection.close()
            raise OneShotClientError(explain(error, self._address)) from error
        with on_failure(self._connection.close):
            self._job = Job("mqtt-one-shot", self._run)
        with on_failure(self._leave):
            if not self._connecting.wait(self._timeout_s):
                raise self._late(Text("to the connection"))
            if not self._connection.connected:
                raise self._gone()
        return self

    def __exit__(self, *_: object) -> None:
        """Part from the broker in order."""
        self._leave()

    def subscribe(self, topic_filter: str, *, qos: int = 1, stored: bool = True) -> None:
        """Subscribe. `stored`: whether messages retained at the broker are wanted."""
        answers: queue.SimpleQueue[Sequence[int] | None] = queue.SimpleQueue()
        if not self._connection.subscribe([Subscription(topic_filter, self._messages.put, qos, stored)], answers.put):
            raise self._gone()
        codes = self._wait_for(answers, Text("to subscribing to {topic_filter}", topic_filter=topic_filter))
        if codes is None:
            raise self._gone()
        if any(reason_codes.refused(code) for code in codes):
            raise self._error(
                Text(
                    "the broker refuses {topic_filter}: {words}",
                    topic_filter=topic_filter,
                    words=reason_codes.words(codes[0]),
                )
            )

    def messages(self, timeout_s: float) -> Iterator[Incoming]:
        """What came, in order, waiting for more; ends when nothing came for `timeout_s`.

        Messages that came before are kept, so one may subscribe first, publish, and then listen.
        """
        while True:
            try:
                message = self._messages.get(timeout=timeout_s)
            except queue.Empty:
                return
            if message is None:
                self._messages.put(None)  # for those who ask again
                raise self._gone()
            yield message

    def publish(self, message: Outgoing) -> Receipt:
        """Publish and wait for the broker's answer, which may be a refusal. QoS 0 has none: it is sent, no more."""
        if message.retain and not self._connection.limits.retain:
            return Receipt(reason_codes.NO_RETAIN)
        receipts: queue.SimpleQueue[Receipt] = queue.SimpleQueue()
        try:
            accepted = self._connection.publish(message, receipts.put)
        except ValueError as error:
            text = Text("{topic} cannot be published to: {error}", topic=repr(message.topic), error=error)
            raise self._error(text) from error
        if not accepted:
            raise self._error(
                self._connection.ended
                or Text(
                    "{topic} could not be published: the broker's limit of messages in transit is reached",
                    topic=message.topic,
                )
            )
        receipt = self._wait_for(receipts, Text("to publishing {topic}", topic=message.topic))
        if receipt.lost:
            raise self._gone()
        return receipt

    # ----------------------------------------------------------------------------------------------- for the callers

    def _wait_for(self, answers: queue.SimpleQueue[T], what: str) -> T:
        try:
            return answers.get(timeout=self._timeout_s)
        except queue.Empty:
            raise self._late(what) from None

    def _late(self, what: str) -> OneShotClientError:
        return self._error(Text("no answer {what} within {timeout_s} s", what=what, timeout_s=f"{self._timeout_s:g}"))

    def _gone(self) -> OneShotClientError:
        return self._error(self._connection.ended or Text("the connection is closed"))

    def _error(self, cause: str) -> OneShotClientError:
        return OneShotClientError(joined([self._address.url, cause], ": "))

    def _leave(self) -> None:
        self._leaving.set()
        if self._job is not None:
            self._job.ended(self._timeout_s + LEAVE_SLACK_S)

    # ------------------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        deadline = None
        try:
            while self._connection.ended is None:
                if self._leaving.is_set() and deadline is None:
                    self._connection.disconnect()
                    deadline = time.monotonic() + self._timeout_s / 10
                if deadline is not None and time.monotonic() > deadline:
                    break
                self._connection.turn(TURN_S)
                if self._connection.connected:
                    self._connecting.set()
        finally:
            self._connection.close()
            self._connecting.set()
            self._messages.put(None)
