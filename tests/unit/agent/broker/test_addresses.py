"""Topics, broker addresses, their order, and reasons in words."""

from random import Random

import pytest

from agent.broker.addresses import BrokerAddress, shuffled
from agent.broker.topics import Topics
from agent.mqtt import reason_codes
from agent.mqtt.broker_selector import BrokerSelector
from agent.mqtt.client_settings import ClientSettings
from agent.mqtt.event_messages import event_message
from agent.mqtt.receipt import Receipt
from agent.store.journal.recorded_event import Recorded

BROKERS = [BrokerAddress(f"b{i}", 1883, tls=False) for i in range(3)]


@pytest.mark.parametrize("gate", ["khorgos-03", "A", "0_1", "a-b", "x" * 64])
def test_a_gate_id_that_is_one_level_of_a_topic_is_taken(gate):
    assert Topics(gate).status == f"gate/v1/{gate}/status"


@pytest.mark.parametrize(
    "gate", ["", "a/b", "+", "a#", "a\0", ".a", "a.b", " a", "a ", "é", "-a", "_a", "x" * 65, "$SYS", "a\n", "%u"]
)
def test_a_gate_id_that_could_reach_other_topics_is_refused(gate):
    with pytest.raises(ValueError, match="gate id"):
        Topics(gate)


def test_the_topics_of_a_gate():
    topics = Topics("g1")
    assert topics.event("access.decided") == "gate/v1/g1/event/access.decided"
    assert (topics.birth, topics.ack, topics.commands) == ("gate/v1/g1/birth", "gate/v1/g1/ack", "gate/v1/g1/cmd/#")
    assert (topics.command("open"), topics.result("open")) == ("gate/v1/g1/cmd/open", "gate/v1/g1/res/open")


@pytest.mark.parametrize("event_type", ["", "a/b", "a.#", "A.b", "a..b", ".a", "+"])
def test_an_event_type_that_is_no_type_has_no_topic(event_type):
    with pytest.raises(ValueError, match="event type"):
        Topics("g1").event(event_type)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker", BrokerAddress("broker", 1883, tls=False)),
        ("mqtts://broker", BrokerAddress("broker", 8883, tls=True)),
        ("mqtts://10.0.0.1:8884/", BrokerAddress("10.0.0.1", 8884, tls=True)),
        ("mqtt://[::1]:1884", BrokerAddress("::1", 1884, tls=False)),
    ],
)
def test_a_broker_address_is_read_and_written(url, address):
    assert BrokerAddress.parse(url) == address
    assert BrokerAddress.parse(address.url) == address


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("broker:1883", "must begin with"),
        ("http://broker", "must begin with"),
        ("mqtt://", "has no host name"),
        ("mqtt://user:pass@broker", "in their own keys"),
        ("mqtt://broker:0", "1 to 65535"),
        ("mqtt://broker:70000", "1 to 65535"),
        ("mqtt://broker:x", "1 to 65535"),
        ("mqtt://broker/topic", "after the port"),
        ("mqtt://bad..name", "cannot be a host name"),
    ],
)
def test_a_wrong_broker_address_says_what_to_fix(url, hint):
    with pytest.raises(ValueError, match=hint):
        BrokerAddress.parse(url)


def test_each_gate_has_an_order_of_its_own():
    orders = {shuffled(BROKERS, Random(seed)) for seed in range(50)}  # noqa: S311 - an order, no secret
    assert len(orders) == 6
    assert all(sorted(order, key=lambda b: b.host) == BROKERS for order in orders)


def test_pauses_grow_only_when_all_brokers_have_failed_and_shrink_only_after_a_lasting_connection():
    broker_selector = BrokerSelector(BROKERS, 2.0, 60.0)
    hosts = []
    pauses = []
    broker_selector.ended(lasted=True, draw=1.0, at=0.0)
    for _ in range(17):
        hosts.append(broker_selector.address.host)
        pauses.append(broker_selector.ended(lasted=False, draw=1.0, at=1000.0))
    assert hosts == (["b1", "b2", "b0"] * 6)[:17]
    assert pauses == [2.0] * 2 + [4.0] * 3 + [8.0] * 3 + [16.0] * 3 + [32.0] * 3 + [60.0] * 3
    assert broker_selector.ended(lasted=True, draw=1.0, at=2000.0) == 2.0
    assert broker_selector.ended(lasted=False, draw=0.25, at=3000.0) == 0.5


def test_no_pause_is_longer_than_the_outage():
    broker_selector = BrokerSelector(BROKERS[:1], 2.0, 60.0)
    pauses = [broker_selector.ended(lasted=False, draw=1.0, at=at) for at in (7.0, 7.0, 8.0, 9.0, 10.0, 17.0, 47.0)]
    assert pauses == [2.0, 2.0, 2.0, 2.0, 3.0, 10.0, 40.0]
    assert broker_selector.ended(lasted=True, draw=1.0, at=100.0) == 2.0
    assert broker_selector.ended(lasted=False, draw=1.0, at=103.0) == 3.0


def test_without_a_broker_there_is_no_session():
    with pytest.raises(ValueError, match="at least one broker"):
        ClientSettings("g1", ())
    with pytest.raises(ValueError, match="will would come early"):
        ClientSettings("g1", tuple(BROKERS), will_delay_s=20, session_expiry_s=10)


def test_a_receipt_is_taken_only_for_what_the_broker_gave_on():
    assert Receipt(0).taken
    assert not Receipt(0x10).taken
    assert not Receipt(0x10).refused
    assert Receipt(0x87).refused
    assert not Receipt(0x87).taken
    assert Receipt(None).lost
    assert not Receipt(None).refused


def test_reason_codes_are_told_in_words_with_their_number():
    assert "two gates have the same id" in reason_codes.words(0x8E)
    assert reason_codes.words(0x42).endswith("(0x42)")


@pytest.mark.parametrize("payload", [b"\xff", b"[]", b"1", b""])
def test_a_payload_that_is_no_object_is_sent_all_the_same(payload):
    message = event_message(Topics("g1"), Recorded(1, "id", "gate.started", payload, ""))
    assert (message.payload, message.user_properties) == (payload, ())
