"""How large a packet is, before the broker says that it is too large."""

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.mqtt.messages import Outgoing
from agent.mqtt.packets import fits, packet_bytes, publish_properties

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
MESSAGES = st.builds(
    Outgoing,
    topic=st.text("abc/é漢🚚", min_size=1, max_size=60),
    payload=st.one_of(st.binary(max_size=300), st.integers(0, 40_000).map(bytes)),
    qos=st.sampled_from([0, 1]),
    retain=st.booleans(),
    expiry_s=st.none() | st.integers(0, 2**32 - 1),
    content_type=st.none() | TEXT,
    response_topic=st.none() | st.text("abc/é", min_size=1, max_size=20),
    correlation=st.none() | st.binary(max_size=50),
    user_properties=st.lists(st.tuples(TEXT, TEXT), max_size=5).map(tuple),
)


def as_paho_packs_it(message):
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    with socket.socket() as sock:
        client._sock = sock
        # As in a callback of its own: the packet stays in the queue.
        with client._in_callback_mutex:
            properties = publish_properties(message)
            client._send_publish(
                1, message.topic.encode(), message.payload, message.qos, message.retain, properties=properties
            )
        client._sock = None
    return len(client._out_packet[0]["packet"])


@settings(max_examples=50)
@given(MESSAGES)
def test_a_packet_has_as_many_bytes_as_is_said(message):
    assert packet_bytes(message) == as_paho_packs_it(message)


@settings(max_examples=50)
@given(MESSAGES, st.integers(-3, 3))
def test_a_packet_fits_up_to_its_very_size(message, more):
    assert fits(message, packet_bytes(message) + more) is (more >= 0)


@pytest.mark.parametrize("size", [0, 10_000_000])
def test_without_a_limit_everything_fits(size):
    assert fits(Outgoing("t", bytes(size)), None)
