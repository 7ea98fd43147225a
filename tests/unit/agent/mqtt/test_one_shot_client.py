"""The client for tools at the central side, against a real broker."""

import threading
from itertools import islice

import pytest

from agent.broker.addresses import BrokerAddress
from agent.broker.tls import TlsFiles
from agent.mqtt.messages import Outgoing
from agent.mqtt.one_shot_client import OneShotClient, OneShotClientError
from tests.support.mqtt.clients import open_sockets
from tests.support.mqtt.linking import heard_upto, local
from tests.support.mqtt.mosquitto import (
    Broker,
    Listener,
    SampleBroker,
    free_port,
    needs_mosquitto,
    needs_word_on_takeover,
    publish,
    stored,
)
from tests.support.mqtt.rough_broker import RoughBroker
from tests.support.pki.certificates import Authority
from tests.support.waiting import PATIENCE_S, eventually

pytestmark = needs_mosquitto


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


def test_what_is_published_arrives_with_all_its_properties(broker):
    message = Outgoing(
        "cmd/open",
        b"\x00body",
        expiry_s=10,
        content_type="application/jose",
        response_topic="res/open",
        correlation=b"\x01\x02",
        user_properties=(("a", "b"),),
    )
    with OneShotClient(local(broker.port)) as hearing, OneShotClient(local(broker.port)) as speaking:
        hearing.subscribe("cmd/#")
        assert speaking.publish(message).taken
        arrived = next(hearing.messages(PATIENCE_S))
    assert (arrived.topic, arrived.payload, arrived.qos, arrived.retained) == ("cmd/open", b"\x00body", 1, False)
    assert (arrived.response_topic, arrived.correlation) == ("res/open", b"\x01\x02")
    assert (arrived.content_type, arrived.expiry_s) == ("application/jose", 10)
    assert arrived.user_properties == (("a", "b"),)


def test_it_hears_what_is_stored_only_where_it_wants_to(broker):
    publish(broker.port, "status", "here", "-r")
    with OneShotClient(local(broker.port)) as client:
        client.subscribe("status", stored=False)
        publish(broker.port, "status", "live")
        live = next(client.messages(PATIENCE_S))
        assert (live.payload, live.retained) == (b"live", False)
        client.subscribe("status")
        stored_one = next(client.messages(PATIENCE_S))
        assert (stored_one.payload, stored_one.retained) == (b"here", True)
        publish(broker.port, "status", "last")
        assert heard_upto(client, b"last") == []


def test_messages_keep_their_order_and_end_when_nothing_comes(broker):
    with OneShotClient(local(broker.port)) as client:
        client.subscribe("n/#")
        with OneShotClient(local(broker.port)) as other:
            for number in range(50):
                other.publish(Outgoing(f"n/{number}", b"%d" % number))
        assert [int(message.payload) for message in islice(client.messages(PATIENCE_S), 50)] == list(range(50))
        assert list(client.messages(0.1)) == []


def test_a_message_without_acknowledgement_is_sent_too(broker):
    with Listener(broker.port, "t") as listener, OneShotClient(local(broker.port)) as client:
        client.publish(Outgoing("t", b"x", qos=0))
        client.publish(Outgoing("t", b"y", qos=1))
        eventually(lambda: len(listener.messages) == 2)
    assert [message["payload"] for message in listener.messages] == ["x", "y"]


def test_many_threads_may_publish_at_once(broker):
    with OneShotClient(local(broker.port)) as hearing, OneShotClient(local(broker.port)) as client:
        hearing.subscribe("t")
        taken = []
        threads = [
            threading.Thread(target=lambda: taken.extend(client.publish(Outgoing("t", b"x")).taken for _ in range(20)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert taken == [True] * 80
        client.publish(Outgoing("t", b"last"))
        assert heard_upto(hearing, b"last") == [b"x"] * 80


def test_nobody_listening_is_told_from_taken(broker):
    with OneShotClient(local(broker.port)) as client:
        assert "no one subscribes" in client.publish(Outgoing("nowhere", b"x")).words


def test_a_refusal_is_told_in_words(tmp_path):
    authority_broker = SampleBroker(tmp_path, "gate-a")
    with authority_broker:
        ca, certificate, key = authority_broker.files("gate-a")
        with OneShotClient(
            BrokerAddress("localhost", authority_broker.port, tls=True), tls=TlsFiles(ca, certificate, key)
        ) as it:
            receipt = it.publish(Outgoing("gate/v1/gate-b/status", b"forged"))
            assert receipt.refused
            assert "not authorized" in receipt.words


def test_a_refused_subscription_raises():
    refusal = pytest.raises(OneShotClientError, match="the broker refuses t: not authorized")
    with RoughBroker(granted=0x87) as broker, OneShotClient(local(broker.port)) as client, refusal:
        client.subscribe("t")


def test_a_topic_with_wildcards_cannot_be_published_to(broker):
    with OneShotClient(local(broker.port)) as client, pytest.raises(OneShotClientError, match="cannot be published to"):
        client.publish(Outgoing("a/#", b""))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (lambda _broker: local(free_port()), "nothing listens at port"),
        (lambda broker: local(broker.port, tls=True), "TLS"),
        (lambda _broker: local(1, host="no-such-host.invalid"), "cannot be resolved"),
    ],
)
def test_it_says_why_there_is_no_connection(broker, address, words):
    with pytest.raises(OneShotClientError, match=words), OneShotClient(address(broker), timeout_s=PATIENCE_S):
        pass


def test_it_says_that_the_broker_wants_another_certificate(tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("broker", hosts=("localhost",))
    lines = (f"cafile {authority.ca}", f"certfile {certificate}", f"keyfile {key}", "require_certificate true")
    with Broker(tmp_path, listener=("allow_anonymous true", *lines)) as broker:
        address = BrokerAddress("localhost", broker.port, tls=True)
        with pytest.raises(OneShotClientError, match="certificate"), OneShotClient(address, tls=TlsFiles(authority.ca)):
            pass


def test_it_says_that_the_broker_went_away(broker):
    with OneShotClient(local(broker.port)) as client:
        client.subscribe("t")
        broker.kill()
        with pytest.raises(OneShotClientError, match="the connection broke"):
            next(client.messages(PATIENCE_S))
        for use in (lambda: client.publish(Outgoing("t", b"")), lambda: client.subscribe("t")):
            with pytest.raises(OneShotClientError, match="the connection broke"):
                use()


def test_a_frozen_broker_costs_no_more_than_the_patience(broker):
    with OneShotClient(local(broker.port), timeout_s=PATIENCE_S) as client:
        client._timeout_s = 0.5  # from here on: to connect may take longer
        broker.freeze()
        with pytest.raises(OneShotClientError, match=r"no answer to publishing t within 0\.5 s"):
            client.publish(Outgoing("t", b""))
        broker.thaw()


@needs_word_on_takeover
def test_the_same_client_id_twice_ends_the_first(broker):
    with (
        OneShotClient(local(broker.port), client_id="twin") as first,
        OneShotClient(local(broker.port), client_id="twin"),
        pytest.raises(OneShotClientError, match="another client has connected"),
    ):
        next(first.messages(PATIENCE_S))


def test_it_parts_in_order(broker):
    with OneShotClient(local(broker.port), client_id="polite", timeout_s=PATIENCE_S) as client:
        client.publish(Outgoing("t", b"x"))
    assert stored(broker.port, "t") is None
    eventually(lambda: broker.says("Received DISCONNECT from polite"))


def test_it_leaves_no_socket_to_the_garbage_collection(broker):
    before = open_sockets()
    with OneShotClient(local(broker.port), timeout_s=PATIENCE_S) as client:
        assert open_sockets() - before
    assert open_sockets() <= before
    assert client is not None
