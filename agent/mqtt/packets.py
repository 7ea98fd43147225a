"""Between the link's values and paho's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.mqtt.messages import BrokerLimits, Incoming

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage

    from agent.mqtt.messages import Outgoing, Subscription


def _make(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call] # paho leaves it untyped


def connect_properties(session_expiry_s: int, packet_bytes: int) -> Properties:
    """The properties of a CONNECT."""
    properties = _make(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = session_expiry_s
    properties.MaximumPacketSize = packet_bytes
    return properties


def publish_properties(message: Outgoing, packet: int = PacketTypes.PUBLISH) -> Properties:
    """The MQTT properties of a message, for a PUBLISH or a will."""
    properties = _make(packet)
    if message.expiry_s is not None:
        properties.MessageExpiryInterval = message.expiry_s
    if message.content_type is not None:
        properties.ContentType = message.content_type
    if message.response_topic is not None:
        properties.ResponseTopic = message.response_topic
    if message.correlation is not None:
        properties.CorrelationData = message.correlation
    if message.user_properties:
        properties.UserProperty = list(message.user_properties)
    return properties


def packet_bytes(message: Outgoing) -> int:
    """How many bytes a PUBLISH packet with this message has (MQTT 5.0, section 3.3)."""
    properties: bytes = publish_properties(message).pack()  # type: ignore[no-untyped-call] # paho leaves it untyped
    message_id = 2 if message.qos > 0 else 0
    rest = 2 + len(message.topic.encode()) + message_id + len(properties) + len(message.payload)
    # The length itself takes a byte for every 7 bits of it.
    return 1 + max(1, -(-rest.bit_length() // 7)) + rest


def fits(message: Outgoing, limit: int | None) -> bool:
    """Whether a broker takes a packet with this message. `limit`: its Maximum Packet Size, None for none."""
    if limit is None:
        return True
    texts = (message.topic, message.content_type or "", message.response_topic or "")
    # At most four bytes a character and a few for each length: nearly always enough to know, and much the cheaper.
    characters = sum(map(len, texts)) + sum(len(name) + len(value) for name, value in message.user_properties)
    overhead = 64 + 5 * len(message.user_properties) + len(message.correlation or b"")
    if len(message.payload) + 4 * characters + overhead <= limit:
        return True
    return packet_bytes(message) <= limit


def subscribe_options(subscription: Subscription) -> SubscribeOptions:
    """The options of a subscription. A message published with the retain flag keeps it, also when it comes live."""
    return SubscribeOptions(
        qos=subscription.qos,
        noLocal=True,
        retainAsPublished=True,
        retainHandling=SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE
        if subscription.stored
        else SubscribeOptions.RETAIN_DO_NOT_SEND,
    )


def limits(properties: Properties | None) -> BrokerLimits:
    """What the properties of a CONNACK say; absent ones have the values of MQTT 5.0, section 3.2.2.3."""
    return BrokerLimits(
        receive_maximum=getattr(properties, "ReceiveMaximum", 65_535),
        packet_bytes=getattr(properties, "MaximumPacketSize", None),
        retain=bool(getattr(properties, "RetainAvailable", 1)),
        maximum_qos=getattr(properties, "MaximumQoS", 2),
    )


def incoming(message: MQTTMessage) -> Incoming:
    """A message as paho gives it. Raises UnicodeError for a topic that is no UTF-8."""
    properties = message.properties
    return Incoming(
        topic=message.topic,
        payload=bytes(message.payload),
        qos=message.qos,
        retained=message.retain,
        expiry_s=getattr(properties, "MessageExpiryInterval", None),
        content_type=getattr(properties, "ContentType", None),
        response_topic=getattr(properties, "ResponseTopic", None),
        correlation=getattr(properties, "CorrelationData", None),
        user_properties=tuple(tuple(pair) for pair in getattr(properties, "UserProperty", ())),
    )
