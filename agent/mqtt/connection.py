"""One connection to one broker: the only place where paho is used.

A new paho client is made for every attempt, and its network loop is turned by the session's own thread. So nothing of
an old connection is ever resent by paho (which ignores the broker's Receive Maximum when it does), its thread cannot
die unseen from an exception, stopping never waits for a frozen broker, and its reconnect timer without jitter is out of
the way. Callbacks only put values into a queue that the session empties after each turn.
"""

from __future__ import annotations

import logging
import socket
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes

from agent.broker import alert_words, make_context
from agent.mqtt import reason_codes
from agent.mqtt.packets import connect_properties, incoming, limits, publish_properties, subscribe_options
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from agent.broker import BrokerAddress, TlsFiles
    from agent.mqtt.messages import Incoming, Limits, Outgoing, Subscription

USER_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class ConnectOptions:
    """How to present oneself to a broker. `packet_bytes`: the broker sends nothing larger. A tool has no will."""

    client_id: str
    user: str | None
    password: str | None
    tls: TlsFiles
    keepalive_s: int
    connect_timeout_s: float
    session_expiry_s: int
    packet_bytes: int
    will: Outgoing | None = None
    will_delay_s: int = 0


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker's answer to CONNECT."""

    code: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The broker's answer to the SUBSCRIBE of this message id, one code a filter."""

    mid: int
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """The broker's answer to the publish of this message id."""

    mid: int
    code: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message came in; None for one that could not be understood."""

    message: Incoming | None


ConnectionEvent = Connected | Subscribed | Answered | Arrived


class Connection:
    """A connection from its first packet to its end.

    `open`, `turn` and `close` belong to one thread; all else to any.
    """

    def __init__(self, address: BrokerAddress, options: ConnectOptions) -> None:
        self._address = address
        self._events: deque[ConnectionEvent] = deque()
        self._ended: str | None = None
        self._last_error: str | None = None
        self._client = self._make_client(options)
        self._options = options

    @property
    def ended(self) -> str | None:
        """Why the connection ended, in words; None while it lives."""
        return self._ended

    def open(self) -> None:
        """Connect, shake hands, send CONNECT.

        Raises TlsFilesError for the gate's files, OSError (ssl.SSLError, socket.gaierror among them) for the network,
        UnicodeError for a bad host name. Blocks for the resolver's time plus twice the connect timeout at most.
        """
        options = self._options
        if self._address.tls:
            self._client.tls_set_context(make_context(options.tls))
        self._client.connect(
            self._address.host,
            self._address.port,
            keepalive=options.keepalive_s,
            clean_start=True,
            properties=connect_properties(options.session_expiry_s, options.packet_bytes),
        )

    def turn(self, timeout_s: float) -> Sequence[ConnectionEvent]:
        """Read, write and keep alive, for at most about `timeout_s`, and return what happened."""
        code = self._client.loop(timeout_s)
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._end(self._why(code))
        happened: list[ConnectionEvent] = []
        while self._events:
            happened.append(self._events.popleft())
        return happened

    def publish(self, message: Outgoing) -> int | None:
        """Hand a message to the network; its message id, or None when it could not be taken.

        Raises ValueError for a topic with wildcards.
        """
        info = self._client.publish(
            message.topic,
            message.payload,
            qos=message.qos,
            retain=message.retain,
            properties=publish_properties(message),
        )
        return info.mid if info.rc is MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def subscribe(self, subscriptions: Sequence[Subscription]) -> int | None:
        """Ask for all filters in one packet; its message id, or None when it could not be taken."""
        _code, mid = self._client.subscribe([(each.topic_filter, subscribe_options(each)) for each in subscriptions])
        return mid

    def unsubscribe(self, topic_filters: Sequence[str]) -> None:
        """Want nothing of these filters any more."""
        self._client.unsubscribe(list(topic_filters))

    def disconnect(self) -> None:
        """Ask for an orderly end: the broker will not publish the will."""
        self._client.disconnect()

    def close(self) -> None:
        """Let everything go at once. The connection is of no use afterwards."""
        self._end(Text("closed"))
        client = self._client
        # paho's client and its callbacks hold each other: cut, so that its sockets close now and not at some
        # collection.
        client.on_connect = client.on_disconnect = client.on_subscribe = client.on_publish = client.on_message = None
        client.on_socket_open = client.on_socket_register_write = None
        client.disable_logger()
        sock = client.socket()
        if sock is not None:
            sock.close()

    # ----------------------------------------------------------------------------------------------------- set-up

    def _make_client(self, options: ConnectOptions) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=options.client_id, protocol=MQTTProtocolVersion.MQTTv5)
        client.connect_timeout = options.connect_timeout_s
        # The session keeps to the broker's Receive Maximum; paho cannot change its own limit once it knows it.
        client.max_inflight_messages = 0
        if options.user is not None:
            client.username_pw_set(options.user, options.password)
        if options.will is not None:
            _set_will(client, options.will, options.will_delay_s)
        client.on_socket_open = _tune_socket
        # With this set, publish() only queues: without it, it would write to the socket from the caller's thread.
        client.on_socket_register_write = _leave_to_the_loop
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.suppress_exceptions = False
        # A logger of its own, so that it holds what paho says of this connection and nothing else.
        logger = logging.Logger("paho", logging.ERROR)  # noqa: LOG001 - must not be shared between connections
        logger.addFilter(self._on_log)
        client.enable_logger(logger)
        return client

    # -------------------------------------------------------------------------------------------------- callbacks

    def _on_connect(
        self, _client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        if reason_codes.refused(code.value):
            self._end(Text("refused: {words}", words=reason_codes.words(code.value)))
        self._events.append(Connected(code.value, limits(properties)))

    def _on_disconnect(
        self, _client: Client, _data: Any, flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        # Comes twice on a keepalive timeout: the first word counts.
        if flags.is_disconnect_packet_from_server:
            self._end(Text("closed by the broker: {words}", words=reason_codes.words(code.value)))

    def _on_subscribe(
        self, _client: Client, _data: Any, mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self._events.append(Subscribed(mid, tuple(code.value for code in codes)))

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self._events.append(Answered(mid, code.value))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            self._events.append(Arrived(incoming(message)))
        except (UnicodeError, ValueError, TypeError, AttributeError):
            # Whatever the broker sends must not end the link: counted by the session.
            self._events.append(Arrived(None))

    def _on_log(self, record: logging.LogRecord) -> bool:
        # The only place where paho tells why a connection broke.
        self._last_error = record.getMessage()
        return False

    # --------------------------------------------------------------------------------------------------- the end

    def _end(self, cause: str) -> None:
        if self._ended is None:
            self._ended = cause

    def _why(self, code: MQTTErrorCode) -> str:
        told = self._last_error
        if told is not None:
            return alert_words(told) or told
        if code is MQTTErrorCode.MQTT_ERR_PROTOCOL:
            return Text("the other side does not speak MQTT 5 properly")
        if code is MQTTErrorCode.MQTT_ERR_CONN_LOST:
            return Text("the connection broke: closed by the other side, or no answer to the keepalive")
        return Text("the connection broke: {name}", name=code.name)


def _set_will(client: Client, will: Outgoing, delay_s: int) -> None:
    properties = publish_properties(will, PacketTypes.WILLMESSAGE)
    properties.WillDelayInterval = delay_s
    client.will_set(will.topic, will.payload, will.qos, will.retain, properties)


def _leave_to_the_loop(_client: Client, _data: Any, _sock: Any) -> None:
    pass


def _tune_socket(_client: Client, _data: Any, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A dead link with data under way is noticed after this time and not after twice the keepalive.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(USER_TIMEOUT_S * 1000))
