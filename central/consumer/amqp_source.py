"""Events over AMQP at RabbitMQ: workers compete for one quorum queue; what gates say of themselves comes beside it."""

from __future__ import annotations

import ssl
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker

from agent.broker import make_context
from central.consumer.source_interface import BATCH, BATCH_S, Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from central.consumer.broker_options import BrokerOptions
    from central.consumer.source_interface import Answer

EXCHANGE: Final = "amq.topic"
PRESENCE: Final = ("status", "birth", "health")
# Without the limit of 20 returns, RabbitMQ 4 throws away an event that a struggling database sent back too often.
QUORUM: Final = {"x-queue-type": "quorum", "x-delivery-limit": -1}
# What gates said of themselves a minute ago is out of date.
PRESENCE_QUEUE: Final = {"x-max-length": 50_000, "x-message-ttl": 60_000}


class AmqpSource:
    """One connection. Raises OSError when the broker is away, refuses, or goes."""

    def __init__(self, url: str, options: BrokerOptions) -> None:
        settings = pika.URLParameters(url)
        settings.heartbeat, settings.blocked_connection_timeout = 15, 30
        if options.user is not None:
            settings.credentials = pika.PlainCredentials(options.user, options.password or "")
        if url.startswith("amqps:"):
            context = make_context(options.tls)
            # The library's handshake never blocks, and ours closes the socket when one would: the standard's is right.
            context.sslsocket_class = ssl.SSLSocket
            settings.ssl_options = pika.SSLOptions(context, settings.host)
        self._inbox: list[Message] = []
        with _as_os_error():
            self._connection = pika.BlockingConnection(settings)
            self._channel = self._opened(options)

    def _opened(self, options: BrokerOptions) -> Any:
        with suppress(ChannelClosedByBroker):  # it is there, with limits of the cluster's operator
            self._connection.channel().queue_declare(options.queue, durable=True, arguments=QUORUM)
        channel = self._connection.channel()
        roots = [f"gate.v1.{gate}" for gate in options.gates or ("*",)]
        for root in roots:
            channel.queue_bind(options.queue, EXCHANGE, f"{root}.event.#")
        channel.basic_qos(prefetch_count=5 * BATCH)
        channel.basic_consume(options.queue, self._take)
        if options.presence:
            own = channel.queue_declare("", exclusive=True, arguments=PRESENCE_QUEUE).method.queue
            for topic in (f"{root}.{kind}" for root in roots for kind in PRESENCE):
                channel.queue_bind(own, EXCHANGE, topic)
            channel.basic_consume(own, self._take, auto_ack=False)
        return channel

    def next_batch(self, wait_s: float) -> list[Message]:
        """What came; see `Source`."""
        with _as_os_error():
            until = time.monotonic() + wait_s
            while not self._inbox and time.monotonic() < until:
                self._connection.process_data_events(BATCH_S)
            until = time.monotonic() + BATCH_S
            while self._inbox and len(self._inbox) < BATCH and time.monotonic() < until:
                self._connection.process_data_events(BATCH_S)
        batch, self._inbox[:] = self._inbox[:BATCH], self._inbox[BATCH:]
        return batch

    def settle(self, batch: Sequence[Message], answers: Sequence[Answer]) -> None:
        """Acknowledge to the broker, and publish; see `Source`. RabbitMQ retains nothing that comes by AMQP."""
        with _as_os_error():
            if batch:
                self._channel.basic_ack(batch[-1].tag, multiple=True)
            for answer in answers:
                key = answer.topic.replace("/", ".")
                self._channel.basic_publish(EXCHANGE, key, answer.payload, pika.BasicProperties(delivery_mode=2))

    def close(self) -> None:
        """Part from the broker; see `Source`."""
        with suppress(AMQPError, OSError):
            self._connection.close()

    def _take(self, _channel: object, how: Any, properties: Any, body: bytes) -> None:
        # In gate.v1.{gate}.event.{type} only the type holds dots: gate ids have none at RabbitMQ. It makes headers of
        # MQTT's user properties.
        told = getattr(properties, "headers", None) or {}
        headers = {name: [value] for name, value in told.items() if isinstance(value, str)}
        self._inbox.append(Message("/".join(how.routing_key.split(".", 4)), body, how.delivery_tag, headers))


class _as_os_error:  # noqa: N801 - it reads as a statement
    """Tells the library's errors as OSError, which the service knows."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise OSError for an error of the library."""
        if isinstance(error, AMQPError):
            raise OSError(f"AMQP: {type(error).__name__} {error}") from error
