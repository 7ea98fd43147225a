"""One MQTT connection on an asyncio loop, by paho: the link's values in, callbacks out. Thousands fit into one process.

The link's own connection waits in select(), which knows no file above the 1024th; here the loop of asyncio watches.
See docs/adr/0027-own-code-beside-a-library.md.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes

from agent.mqtt import connect_properties, incoming, limits, publish_properties, subscribe_options
from agent.mqtt import reason_codes as reasons

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from agent.broker import BrokerAddress
    from agent.mqtt import BrokerLimits, Incoming, Outgoing, Subscription

PACKET_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class WireOptions:
    """How to present oneself to a broker. `clean_start` False: take up the session of before, where there is one.

    `burst`: how many messages to read in one turn of the loop, before all others have theirs.
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    keepalive_s: int = 30
    connect_timeout_s: float = 10.0
    session_expiry_s: int = 0
    clean_start: bool = True
    will: Outgoing | None = None
    will_delay_s: int = 0
    burst: int = 1


class Owner(Protocol):
    """Whom a wire tells, on the loop."""

    def connected(self, limits: BrokerLimits) -> None:
        """The broker took the connection."""
        ...

    def subscribed(self, codes: tuple[int, ...]) -> None:
        """The broker answered the subscription."""
        ...

    def answered(self, mid: int, code: int) -> None:
        """The broker answered a publish."""
        ...

    def arrived(self, message: Incoming) -> None:
        """A message came."""
        ...

    def ended(self, cause: str) -> None:
        """The connection is over; heard once. Nothing more comes of it."""
        ...


class Wire:
    """A connection from CONNECT to its end. All but the dialling itself happens on the loop."""

    def __init__(self, owner: Owner, client_id: str, options: WireOptions) -> None:
        self._owner = owner
        self._options = options
        self._over = False
        self._heard = 0
        self._dialling = False
        self._attached: socket.socket | None = None
        self._watched: int | None = None
        self._loop = asyncio.get_running_loop()
        self._client = client = Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5
        )
        client.max_inflight_messages = 0
        if options.user is not None:
            client.username_pw_set(options.user, options.password)
        if (will := options.will) is not None:
            properties = publish_properties(will, PacketTypes.WILLMESSAGE)
            properties.WillDelayInterval = options.will_delay_s
            client.will_set(will.topic, will.payload, will.qos, will.retain, properties)
        client.on_socket_register_write = self._on_wants_to_write
        client.on_socket_unregister_write = self._on_has_written
        client.on_socket_close = self._on_close
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    async def open(self, address: BrokerAddress, context: ssl.SSLContext | None, dialler: Executor) -> None:
        """Connect, shake hands, send CONNECT. Raises OSError. The waiting is done by a thread of `dialler`."""
        client = self._client
        client.connect_timeout = self._options.connect_timeout_s
        if context is not None:
            client.tls_set_context(context)
        self._dialling = True
        try:
            await self._loop.run_in_executor(dialler, self._dial, address)
        finally:
            self._dialling = False
        sock = client.socket()
        if self._over or not isinstance(sock, socket.socket):
            self._release()
            raise ConnectionError("the connection ended while it was made")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._attached = sock
        self._watched = sock.fileno()
        self._loop.add_reader(self._watched, self._read)
        if client.want_write():
            self._loop.add_writer(self._watched, self._write)

    def publish(self, message: Outgoing) -> int | None:
        """Hand a message to the network; its message id, or None when it could not be taken."""
        # Paho's properties cost as much as all the rest: none where there are none.
        bare = message.content_type is None and message.expiry_s is None and not message.user_properties
        properties = None if bare else publish_properties(message)
        info = self._client.publish(message.topic, message.payload, message.qos, message.retain, properties)
        return info.mid if info.rc is MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """Ask for all filters in one packet."""
        self._client.subscribe([(each.topic_filter, subscribe_options(each)) for each in subscriptions])

    def tend(self) -> None:
        """Keep alive; to be called about once a second."""
        if self._attached is not None and self._client.loop_misc() is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            self.end("no answer to the keepalive")

    def leave(self) -> None:
        """Disconnect, and end."""
        if self._attached is not None:
            self._client.disconnect()
            self._write()
        self.end("left")

    def end(self, cause: str) -> None:
        """Let everything go at once; the owner hears why, unless it has heard before."""
        if self._over:
            return
        self._over = True
        self._release()
        self._owner.ended(cause)

    # ------------------------------------------------------------------------------------------------------ the socket

    def _dial(self, address: BrokerAddress) -> None:
        self._client.connect(
            address.host,
            address.port,
            keepalive=self._options.keepalive_s,
            clean_start=self._options.clean_start,
            properties=connect_properties(self._options.session_expiry_s, PACKET_BYTES),
        )

    def _read(self) -> None:
        sock = self._attached
        left = self._options.burst
        while sock is not None and not self._over:
            before = self._heard
            code = self._client.loop_read()
            left -= 1
            if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                self.end(f"the connection broke: {code.name}")
            # What TLS has decrypted already, no selector tells of.
            elif not getattr(sock, "pending", int)() and (left <= 0 or self._heard == before):
                return

    def _write(self) -> None:
        code = self._client.loop_write()
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            self.end(f"the connection broke: {code.name}")

    def _on_wants_to_write(self, _client: Client, _data: Any, _sock: Any) -> None:
        # From the dialling thread too, before the socket is attached: `open` looks after it then.
        if self._watched is not None:
            self._loop.add_writer(self._watched, self._write)

    def _on_has_written(self, _client: Client, _data: Any, _sock: Any) -> None:
        if self._watched is not None:
            self._loop.remove_writer(self._watched)

    def _on_close(self, _client: Client, _data: Any, _sock: Any) -> None:
        # Before the socket is closed, while its number is still its own.
        self._unwatch()

    def _unwatch(self) -> None:
        watched, self._watched = self._watched, None
        if watched is not None:
            self._loop.remove_reader(watched)
            self._loop.remove_writer(watched)

    def _release(self) -> None:
        self._unwatch()
        self._attached = None
        if self._dialling:
            return
        client = self._client
        # The client and its callbacks hold each other: cut, so that its sockets close now and not at some collection.
        client.on_connect = client.on_disconnect = client.on_subscribe = client.on_publish = client.on_message = None
        client.on_socket_register_write = client.on_socket_unregister_write = client.on_socket_close = None
        own = client.socket()
        if own is not None:
            own.close()

    # ------------------------------------------------------------------------------------------------------- callbacks

    def _on_connect(
        self, _client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        if reasons.refused(code.value):
            self.end(f"refused: {reasons.words(code.value)}")
        else:
            self._owner.connected(limits(properties))

    def _on_disconnect(
        self, _client: Client, _data: Any, flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self.end(f"closed by the broker: {reasons.words(code.value)}")

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self._owner.subscribed(tuple(code.value for code in codes))

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self._owner.answered(mid, code.value)

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._heard += 1
        self._owner.arrived(incoming(message))
