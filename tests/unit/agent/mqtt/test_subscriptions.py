"""Subscriptions that come and go while the client is connected."""

import pytest

from agent.mqtt.messages import Subscription
from agent.mqtt.subscriptions import Subscriptions
from tests.support.mqtt.linking import quick
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto, publish
from tests.support.mqtt.rough_broker import RoughBroker
from tests.support.waiting import eventually
from tests.unit.agent.mqtt.test_client import Running


@pytest.mark.parametrize(
    ("topic_filter", "fits", "does_not"),
    [
        ("a/b", ["a/b"], ["a", "a/b/c", "a/x", "A/b"]),
        ("a/#", ["a", "a/b", "a/b/c"], ["b", "ab", "b/a"]),
        ("a/+", ["a/b", "a/"], ["a", "a/b/c", "b/b"]),
        ("a/+/c", ["a/b/c"], ["a/b", "a/b/c/d", "a/c"]),
        ("a/+/#", ["a/b", "a/b/c/d"], ["a", "b/b"]),
        ("#", ["a", "a/b"], []),
    ],
)
def test_a_filter_fits_what_the_standard_says(topic_filter, fits, does_not):
    book = Subscriptions([Subscription(topic_filter, print)])
    assert [topic for topic in fits if not book.wanting(topic)] == []
    assert [topic for topic in does_not if book.wanting(topic)] == []


def test_one_filter_is_there_once_and_the_last_one_counts():
    first, last = Subscription("a", print), Subscription("a", print, qos=1)
    book = Subscriptions([first])
    book.add(last)
    assert book.all() == (last,)
    assert book.remove("a")
    assert not book.remove("a")
    assert book.all() == ()


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


@needs_mosquitto
def test_a_filter_taken_up_while_connected_brings_what_is_stored_and_what_comes(broker):
    publish(broker.port, "lists/1", "stored", "-r")
    came = []
    with Running(quick(broker.port)).wait_up() as running:
        running.client.subscribe(Subscription("lists/+", came.append, qos=1, stored=True))
        eventually(lambda: came)
        publish(broker.port, "lists/2", "live")
        eventually(lambda: len(came) == 2)
    assert [(one.topic, one.payload) for one in came] == [("lists/1", b"stored"), ("lists/2", b"live")]


@needs_mosquitto
def test_subscribing_again_brings_what_is_stored_again(broker):
    publish(broker.port, "lists/1", "stored", "-r")
    came = []
    wanted = Subscription("lists/1", came.append, qos=1, stored=True)
    with Running(quick(broker.port), wanted).wait_up() as running:
        eventually(lambda: came)
        running.client.subscribe(wanted)
        eventually(lambda: len(came) == 2)


@needs_mosquitto
def test_a_filter_that_is_dropped_brings_nothing_any_more_also_not_after_a_reconnect(broker):
    came, kept = [], []
    with Running(quick(broker.port), Subscription("kept", kept.append, qos=1)).wait_up() as running:
        running.client.subscribe(Subscription("a", came.append, qos=1), Subscription("b", came.append, qos=1))
        eventually(lambda: broker.says("\tb (QoS 1)"), what="the broker's word that it is subscribed to")
        publish(broker.port, "a", "1")
        eventually(lambda: came)
        running.client.unsubscribe("a", "never subscribed to")
        running.client.reconnect("for the test")
        eventually(lambda: len(running.ups()) == 2)
        publish(broker.port, "a", "2")
        publish(broker.port, "b", "3")
        publish(broker.port, "kept", "4")
        eventually(lambda: len(came) == 2)
        eventually(lambda: kept)
    assert [one.payload for one in came] == [b"1", b"3"]


@needs_mosquitto
def test_what_is_taken_up_while_the_link_is_down_is_there_when_it_is_up(broker):
    came = []
    broker.kill()
    with Running(quick(broker.port)) as running:
        eventually(lambda: running.observer.views)
        running.client.subscribe(Subscription("a", came.append, qos=1, stored=True))
        broker.start()
        publish(broker.port, "a", "stored", "-r")
        eventually(lambda: came)


def test_a_broker_that_refuses_a_filter_is_told_with_the_filter():
    with RoughBroker(granted=0x87) as rough, Running(quick(rough.port)).wait_up() as running:
        running.client.subscribe(Subscription("site/v1/17/lists/trust", print))
        eventually(lambda: "site/v1/17/lists/trust" in running.observer.details())
        assert "not authorized" in running.observer.details()
