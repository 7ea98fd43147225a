"""One connection to one broker: the only place in the agent that uses paho's client.

Simulated fleets and the demo's central system use paho in their own ways (docs/adr/0027-own-code-beside-a-library.md).

Each attempt creates a new paho client, and the owner's thread runs its network loop. So paho never resends anything of
an old connection, which would ignore the broker's Receive Maximum. There is no thread of paho that could die unnoticed
from an exception. Stopping never waits for a frozen broker, and paho's reconnect timer without jitter is not used.
Paho's callbacks only queue their data, and the owner handles it after each turn.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from typing_extensions import override

from agent.broker import alert_words, make_context
from agent.mqtt import reason_codes
from agent.mqtt.messages import BrokerLimits
from agent.mqtt.packets import connect_properties, fits, incoming, limits, publish_properties, subscribe_options
from agent.mqtt.receipt import Receipt
from agent.service.listeners import notify_listeners
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from agent.broker import BrokerAddress, TlsFiles
    from agent.mqtt.messages import Incoming, Outgoing, Subscription

log = logging.getLogger(__name__)

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


class _BoundedClient(Client):
    """paho's client, but for what would fill the memory.

    paho takes a packet of any size, whatever CONNECT has said, and keeps each message of QoS 2 until the broker
    releases it. Nobody here subscribes with QoS 2. `packet_bytes`: as in ConnectOptions.
    """

    packet_bytes: int = 0

    @override
    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > self.packet_bytes:
            message = f"the broker sends a packet of {bufsize} bytes, more than the {self.packet_bytes} that are taken"
            raise ConnectionAbortedError(message)
        return super()._sock_recv(bufsize)

    @override
    def _send_pubrec(self, mid: int) -> MQTTErrorCode:
        return MQTTErrorCode.MQTT_ERR_PROTOCOL


class BrokerConnection:
    """A connection from its first packet to its end.

    `received` gets every message that comes, and the `done` of a publish or a subscribe its answer: on the thread of
    `turn`, which `open` and `close` belong to as well. All else may be called from any thread.
    """

    def __init__(self, address: BrokerAddress, options: ConnectOptions, received: Callable[[Incoming], None]) -> None:
        self._address = address
        self._options = options
        self._received = received
        self._events: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._under_way: dict[int, Callable[[Receipt], None] | None] = {}
        self._subscribing: dict[int, Callable[[Sequence[int] | None], None]] = {}
        self._closed = False
        self._ended: str | None = None
        self._last_error: str | None = None
        self._connected = False
        self._limits = BrokerLimits()
        self._client = self._make_client(options)

    @property
    def ended(self) -> str | None:
        """Why the connection ended, in words; None while it lives."""
        return self._ended

    @property
    def connected(self) -> bool:
        """Whether the broker has taken the connection."""
        return self._connected

    @property
    def limits(self) -> BrokerLimits:
        """What the broker can take; known once it has taken the connection."""
        return self._limits

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

    def turn(self, timeout_s: float) -> None:
        """Read, write and keep alive, for at most about `timeout_s`, and pass on what came."""
        code = self._client.loop(timeout_s)
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            self.end(self._cause_of(code))
        while self._events:
            self._events.popleft()()

    def publish(self, message: Outgoing, done: Callable[[Receipt], None] | None = None) -> bool:
        """Publish; False when the connection has ended, or as much as the broker takes is under way.

        `done` hears once what became of the message. What is larger than the broker takes is not sent, because the
        broker would end the connection over it: `done` hears of that at once, on the caller's thread. The retain flag
        is left out where the broker keeps nothing. Raises ValueError for a topic with wildcards.
        """
        if not fits(message, self._limits.packet_bytes):
            _hand_out(done, Receipt(reason_codes.TOO_LARGE))
            return True
        with self._lock:
            if self._closed or (message.qos > 0 and len(self._under_way) >= self._limits.receive_maximum):
                return False
            info = self._client.publish(
                message.topic,
                message.payload,
                qos=message.qos,
                retain=message.retain and self._limits.retain,
                properties=publish_properties(message),
            )
            if info.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                return False
            if message.qos > 0 or done is not None:
                self._under_way[info.mid] = done
        return True

    def subscribe(self, subscriptions: Sequence[Subscription], done: Callable[[Sequence[int] | None], None]) -> bool:
        """Ask for all filters in one packet; False when the connection has ended.

        `done` hears the broker's reason codes, one a filter; None where the connection ended without an answer.
        """
        with self._lock:
            if self._closed:
                return False
            filters = [(each.topic_filter, subscribe_options(each)) for each in subscriptions]
            _code, mid = self._client.subscribe(filters)
            if mid is None:
                return False
            self._subscribing[mid] = done
        return True

    def unsubscribe(self, topic_filters: Sequence[str]) -> None:
        """Want nothing of these filters any more."""
        with self._lock:
            if not self._closed:
                self._client.unsubscribe(list(topic_filters))

    def disconnect(self) -> None:
        """Ask for an orderly end: the broker will not publish the will."""
        self._client.disconnect()

    def end(self, cause: str) -> None:
        """Let the connection count as ended, for this cause unless there is one already."""
        if self._ended is None:
            self._ended = cause

    def close(self) -> None:
        """Let everything go at once: what is under way counts as lost. The connection is of no use afterwards."""
        self.end(Text("the connection is closed"))
        with self._lock:
            self._closed = True
            under_way, self._under_way = self._under_way, {}
            subscribing, self._subscribing = self._subscribing, {}
        for receipt_done in under_way.values():
            _hand_out(receipt_done, Receipt(None))
        for codes_done in subscribing.values():
            codes_done(None)
        # paho keeps the sockets that wake its loop until the client is collected, and the client and its callbacks hold
        # each other: this closes all of them now.
        self._client.reinitialise()

    # ----------------------------------------------------------------------------------------------------- set-up

    def _make_client(self, options: ConnectOptions) -> Client:
        client = _BoundedClient(
            CallbackAPIVersion.VERSION2, client_id=options.client_id, protocol=MQTTProtocolVersion.MQTTv5
        )
        client.packet_bytes = options.packet_bytes
        client.connect_timeout = options.connect_timeout_s
        # `publish` keeps to the broker's Receive Maximum; paho cannot change its own limit once it knows it.
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
            self.end(Text("refused: {words}", words=reason_codes.words(code.value)))
        else:
            self._limits = limits(properties)
            self._connected = True

    def _on_disconnect(
        self, _client: Client, _data: Any, flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        # Comes twice on a keepalive timeout: the first cause counts.
        if flags.is_disconnect_packet_from_server:
            self.end(Text("closed by the broker: {words}", words=reason_codes.words(code.value)))

    def _on_subscribe(
        self, _client: Client, _data: Any, mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self._events.append(partial(self._subscribed, mid, [code.value for code in codes]))

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self._events.append(partial(self._published, mid, Receipt(code.value)))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            self._events.append(partial(self._received, incoming(message)))
        except (UnicodeError, ValueError, TypeError, AttributeError) as error:
            # Whatever the broker sends must not end the link.
            log.debug("a message of the broker cannot be parsed: %r", error)

    def _on_log(self, record: logging.LogRecord) -> bool:
        # The only place where paho tells why a connection broke.
        self._last_error = record.getMessage()
        return False

    # --------------------------------------------------------------------------------------------------- answers

    def _subscribed(self, mid: int, codes: Sequence[int]) -> None:
        with self._lock:
            done = self._subscribing.pop(mid, None)
        if done is not None:
            done(codes)

    def _published(self, mid: int, receipt: Receipt) -> None:
        with self._lock:
            done = self._under_way.pop(mid, None)
        _hand_out(done, receipt)

    def _cause_of(self, code: MQTTErrorCode) -> str:
        told = self._last_error
        if told is not None:
            return alert_words(told) or told
        if code is MQTTErrorCode.MQTT_ERR_PROTOCOL:
            return Text("the other side does not use MQTT 5 correctly")
        if code is MQTTErrorCode.MQTT_ERR_CONN_LOST:
            return Text("the connection broke: closed by the other side, or no answer to the keepalive")
        return Text("the connection broke: {name}", name=code.name)


def _hand_out(done: Callable[[Receipt], None] | None, receipt: Receipt) -> None:
    if done is not None:
        notify_listeners([done], receipt, "a receipt could not be handled")


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
