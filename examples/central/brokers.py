"""Where messages come from: MQTT 5 (any broker) or AMQP 0-9-1 (RabbitMQ). One thread, one connection.

Both brokers keep a message until it is settled, and hand out again what was not when the connection ended.
"""

import math
import ssl
from argparse import Namespace
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
import pika
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

BATCH, BATCH_S, READY_S, SESSION_S = 200, 0.05, 10.0, 7 * 86_400


class Message(NamedTuple):
    """`tag` is how its connection names it; on the next connection the same tag is another message."""

    topic: str
    payload: bytes
    tag: int


class Mqtt:
    """MQTT 5, with a session that the broker keeps while this worker is away. Raises OSError."""

    def __init__(self, url: str, options: Namespace) -> None:
        parts, secure = urlsplit(url), url.startswith("mqtts:")
        self.inbox: list[Message] = []
        self._options, self._ready = options, False
        # manual_ack: else paho acknowledges before anything is stored.
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"central-{options.name}", protocol=mqtt.MQTTv5, manual_ack=True
        )
        self._client.on_connect, self._client.on_subscribe = self._connected, self._subscribed
        self._client.on_message, self._client.on_publish = self._take, self._published
        self._client.username = unquote(parts.username or "") or None
        self._client.password = unquote(parts.password or "") or None
        if secure:
            self._client.tls_set_context(tls(options))
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        # A member of a group must leave it when it dies: mosquitto goes on dealing to a session that it keeps, and what is
        # sent again can go there every time. What a dead member held is sent again by the gates.
        session.SessionExpiryInterval = 0 if options.share else SESSION_S
        session.ReceiveMaximum = 5 * BATCH  # brokers' own limits (mosquitto: 20 messages) are less than a batch
        port = parts.port or (8883 if secure else 1883)
        self._client.connect(parts.hostname or "", port, 15, clean_start=False, properties=session)
        until = monotonic() + READY_S
        while not self._ready:
            if monotonic() > until:
                raise OSError("the broker does not answer")
            self.serve(1.0)

    def serve(self, timeout_s: float) -> None:
        """Let the network work for at most so long."""
        if (code := self._client.loop(timeout_s)) != mqtt.MQTT_ERR_SUCCESS:
            raise OSError(mqtt.error_string(code))

    def settle(self, messages: list[Message]) -> None:
        """These need not come again."""
        for message in messages:
            self._client.ack(message.tag, 1)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish a watermark."""
        self._client.publish(topic, payload, qos=1, retain=True)

    def close(self) -> None:
        """End the connection; what is not settled stays at the broker."""
        self._client.disconnect()

    def _connected(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            raise OSError(f"the broker refuses: {reason}")
        share = self._options.share
        if share and not getattr(properties, "SharedSubscriptionAvailable", 1):
            raise OSError("this broker has no shared subscriptions (RabbitMQ: use amqp://)")
        prefix = f"$share/{self._options.queue}/" if share else ""
        client.subscribe([(f"{prefix}gate/v1/{gate}/event/#", 1) for gate in self._options.gates])

    def _subscribed(self, _client: Any, _data: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            raise OSError(f"the broker refuses the subscription: {reasons}")
        self._ready = True

    def _published(self, _client: Any, _data: Any, _mid: int, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            raise OSError(f"the broker refuses a watermark: {reason}")

    def _take(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self.inbox.append(Message(message.topic, bytes(message.payload), message.mid))


class Amqp:
    """One quorum queue behind the exchange where RabbitMQ puts MQTT messages; workers compete. Raises AMQPError."""

    def __init__(self, url: str, options: Namespace) -> None:
        self.inbox: list[Message] = []
        settings = pika.URLParameters(url)
        settings.heartbeat, settings.blocked_connection_timeout = 15, 30
        if url.startswith("amqps:"):
            settings.ssl_options = pika.SSLOptions(tls(options), settings.host)
        self._connection = pika.BlockingConnection(settings)
        self._channel = self._connection.channel()
        try:  # it may be there, with limits of the cluster's operator
            self._channel.queue_declare(options.queue, passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            self._channel = self._connection.channel()
            # Without a limit: RabbitMQ 4 throws away what came back 20 times, which a bad hour of the database can do.
            kind = {"x-queue-type": "quorum", "x-delivery-limit": -1}
            self._channel.queue_declare(options.queue, durable=True, arguments=kind)
        for gate in options.gates:
            self._channel.queue_bind(options.queue, "amq.topic", key_of(f"gate/v1/{gate}/event/#"))
        self._channel.basic_qos(prefetch_count=5 * BATCH)
        self._channel.basic_consume(options.queue, self._take)

    def serve(self, timeout_s: float) -> None:
        """Let the network work for at most so long."""
        self._connection.process_data_events(timeout_s)

    def settle(self, messages: list[Message]) -> None:
        """These, and all that came before them, need not come again."""
        self._channel.basic_ack(messages[-1].tag, multiple=True)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish a watermark. Persistent makes it QoS 1; RabbitMQ retains nothing that comes in by AMQP."""
        self._channel.basic_publish("amq.topic", key_of(topic), payload, pika.BasicProperties(delivery_mode=2))

    def close(self) -> None:
        """End the connection; what is not settled goes back into the queue."""
        if self._connection.is_open:
            self._connection.close()

    def _take(self, _channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        self.inbox.append(Message(topic_of(method.routing_key), body, method.delivery_tag))


def batch_of(broker: Mqtt | Amqp) -> list[Message]:
    """At least one message, as soon as there are BATCH, or BATCH_S after the first."""
    until = math.inf
    while len(broker.inbox) < BATCH:
        if broker.inbox:
            until = min(until, monotonic() + BATCH_S)
        if (left := until - monotonic()) <= 0:
            break
        broker.serve(min(left, 1.0))
    taken, broker.inbox = broker.inbox[:BATCH], broker.inbox[BATCH:]
    return taken


def key_of(topic: str) -> str:
    """The AMQP routing key of an MQTT topic or filter."""
    return topic.replace("/", ".").replace("+", "*")


def topic_of(key: str) -> str:
    """The MQTT topic of an event's routing key: in `gate.v1.{gate}.event.{type}` only the type holds dots."""
    return "/".join(key.split(".", 4))


def tls(options: Namespace) -> ssl.SSLContext:
    """Trust the given CA, and show our certificate where there is one."""
    context = ssl.create_default_context(cafile=options.ca)
    if options.certificate:
        context.load_cert_chain(options.certificate, options.key)
    return context
