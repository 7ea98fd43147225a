"""The gate's own retained status, read again at every connect, from a real broker."""

import json

import pytest

from agent.broker import Topics
from agent.mqtt.client import MqttClient
from agent.mqtt.messages import Incoming
from agent.mqtt.status_witness import INBOX_LIMIT, StatusWitness, head_in
from agent.store.errors import JournalUnavailableError
from tests.support.mqtt.linking import GATE, Observer, quick
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto, publish, stored
from tests.support.waiting import eventually, scaled

TOPIC = f"gate/v1/{GATE}/status"


class Card:
    """What the gate says of itself now."""

    def birth(self):
        return b"{}"

    def status(self, state, broker):
        return json.dumps({"state": state, "broker": broker, "head": "now"}).encode()


class Watched:
    """A client with its witness; `taken`: the heads that it handed on."""

    def __init__(self, port, **settings):
        self.taken, self.observer = [], Observer()
        self.client = MqttClient(quick(port, status_every_s=1, **settings), Card(), observe=self.observer)
        self.witness = StatusWitness(self.client, Topics(GATE), self.take)
        self.fails = None

    def take(self, head):
        self.taken.append(head)
        if self.fails is not None:
            raise self.fails

    def __enter__(self):
        self.witness.start()
        self.client.start()
        eventually(self.observer.is_up, what="the link")
        return self

    def __exit__(self, *_):
        assert self.client.stop(scaled(5))
        assert self.witness.stop(scaled(5))


def await_kept(broker):
    """Wait until the broker keeps what the gate says now: a connection may end before that is written to it."""
    eventually(lambda: "now" in str(stored(broker.port, TOPIC)), what="the status at the broker")


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


@needs_mosquitto
def test_what_the_broker_kept_is_handed_on_before_what_is_said_now(broker):
    publish(broker.port, TOPIC, json.dumps({"state": "lost", "head": "before"}), "-r")
    with Watched(broker.port) as gate:
        eventually(lambda: gate.taken, what="the head")
        eventually(lambda: len(gate.observer.views) >= 1)
        assert gate.taken == ["before"]


@needs_mosquitto
def test_it_is_looked_at_once_a_connection_and_again_on_the_next(broker):
    with Watched(broker.port) as gate:
        await_kept(broker)
        for count in (1, 2):
            gate.observer.views.clear()
            gate.client.reconnect("a test")
            eventually(lambda: len(gate.taken) == count, what="the status of the connection before")  # noqa: B023
        assert gate.taken == ["now", "now"]


@needs_mosquitto
def test_a_journal_that_cannot_be_read_costs_nothing_but_this_look(broker):
    with Watched(broker.port) as gate:
        gate.fails = JournalUnavailableError("the disk")
        await_kept(broker)
        for count in (1, 2):
            gate.client.reconnect("a test")
            eventually(lambda: len(gate.taken) >= count, what="the next look")  # noqa: B023
        assert gate.witness.worker.runs


@needs_mosquitto
def test_a_status_without_a_head_says_nothing(broker):
    publish(broker.port, TOPIC, json.dumps({"state": "lost"}), "-r")
    with Watched(broker.port) as gate:
        await_kept(broker)
        gate.client.reconnect("a test")
        eventually(lambda: gate.taken, what="the head of the next connection")
        assert set(gate.taken) == {"now"}


def test_a_broker_that_sends_one_after_another_fills_no_memory():
    class Deaf:
        def subscribe(self, subscription):
            self.handle = subscription.handle

        def listen(self, listener):
            pass

    client = Deaf()
    witness = StatusWitness(client, Topics(GATE), [].append)
    for _ in range(10 * INBOX_LIMIT):
        client.handle(Incoming(TOPIC, b"{}", 0, retained=True))
    assert witness._inbox.qsize() == INBOX_LIMIT


@pytest.mark.parametrize(
    "payload", [b"", b"\xff", b"[]", b"{", b'{"head": 7}', b'{"head": null}', b'{"head": ["a"]}', b"[" * 100_000]
)
def test_no_bytes_are_too_strange(payload):
    assert head_in(payload) == ""
