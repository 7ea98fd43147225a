"""Events over MQTT 5: a session that the broker keeps, and messages that are settled after they are stored."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from paho.mqtt.client import Client, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.broker import make_context
from central.consumer.source_interface import BATCH, BATCH_S, Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.broker import BrokerAddress
    from central.consumer.broker_options import BrokerOptions
    from central.consumer.source_interface import Answer

KEEPALIVE_S: Final = 15
PRESENCE: Final = ("status", "birth", "health")
ANSWER_S: Final = 10.0


class MqttSource:
    """One connection. Raises OSError when the broker is away, refuses, or goes."""

    def __init__(self, address: BrokerAddress, options: BrokerOptions) -> None:
        self._inbox: list[Message] = []
        self._refused = ""
        self._subscribed = False
        self._client = client = Client(
            CallbackAPIVersion.VERSION2, options.client_id, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
        )
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = lambda _client, _data, got: self._inbox.append(
            Message(got.topic, bytes(got.payload), got.mid, _properties(got.properties))
        )
        if options.user is not None:
            client.username_pw_set(options.user, options.password)
        if address.tls:
            client.tls_set_context(make_context(options.tls))
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # the library has no types there
        session.SessionExpiryInterval = options.session_s
        session.ReceiveMaximum = 5 * BATCH  # brokers' own limits (mosquitto: 20 messages) are less than a batch
        with ExitStack() as closing:
            closing.callback(self.close)
            client.connect(address.host, address.port, KEEPALIVE_S, clean_start=False, properties=session)
            roots = [f"gate/v1/{gate}" for gate in options.gates or ("+",)]
            topics = ["event/#", *(PRESENCE if options.presence else ())]
            client.subscribe([(f"{root}/{topic}", 1) for root in roots for topic in topics])
            until = time.monotonic() + ANSWER_S
            while not self._subscribed:
                self._turn()
                if time.monotonic() > until:
                    raise OSError(f"{address.url} does not answer within {ANSWER_S:.0f} s")
            closing.pop_all()

    def next_batch(self, wait_s: float) -> list[Message]:
        """What came; see `Source`."""
        until = time.monotonic() + wait_s
        while not self._inbox and time.monotonic() < until:
            self._turn()
        until = time.monotonic() + BATCH_S
        while self._inbox and len(self._inbox) < BATCH and time.monotonic() < until:
            self._turn()
        batch, self._inbox[:] = self._inbox[:BATCH], self._inbox[BATCH:]
        return batch

    def settle(self, batch: Sequence[Message], answers: Sequence[Answer]) -> None:
        """Acknowledge to the broker, and publish; see `Source`."""
        for message in batch:
            if message.tag:  # 0: it came with QoS 0, and a broker hangs up over an answer to that
                self._client.ack(message.tag, 1)
        for answer in answers:
            self._client.publish(answer.topic, answer.payload, qos=1, retain=True)

    def close(self) -> None:
        """Part from the broker; see `Source`."""
        self._client.disconnect()
        self._client.reinitialise()  # its sockets would stay open until it is collected

    def _turn(self) -> None:
        code = self._client.loop(BATCH_S)
        if self._refused:
            raise OSError(self._refused)
        if code:
            raise OSError(error_string(code))

    def _on_connect(self, _client: Client, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        if reason.is_failure:
            self._refused = f"the broker refuses the connection: {reason}"

    def _on_subscribe(self, _client: Client, _data: object, _mid: int, reasons: list[Any], _properties: object) -> None:
        self._subscribed = True
        if bad := [reason for reason in reasons if reason.is_failure]:
            self._refused = f"the broker refuses a subscription: {bad[0]}. Is its access list that of config/?"

    def _on_publish(self, _client: Client, _data: object, _mid: int, reason: Any, _properties: object) -> None:
        if reason.is_failure:
            self._refused = f"the broker refuses an acknowledgement: {reason}. May this client write to ack?"


def _properties(properties: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in getattr(properties, "UserProperty", ()):
        found.setdefault(name, []).append(value)
    return found
