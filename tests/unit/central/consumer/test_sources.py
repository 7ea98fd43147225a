"""The consumer's two ways to a broker: MQTT with a real mosquitto, AMQP at the seam of its library."""

from types import SimpleNamespace

import pika
import pytest

from agent.broker import BrokerAddress
from central.consumer import AmqpSource, Answer, BrokerOptions, Message, MqttSource
from tests.support.mqtt.clients import open_sockets
from tests.support.mqtt.linking import local
from tests.support.mqtt.mosquitto import Broker, free_port, needs_mosquitto, publish, stored
from tests.support.waiting import PATIENCE_S

TOPIC = "gate/v1/khorgos-03/event/gate.started"
OPTIONS = BrokerOptions("central-test-1")

# -------------------------------------------------------------------------------------------------------------- MQTT


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


@needs_mosquitto
def test_what_was_not_settled_comes_again_and_what_came_while_it_was_away_is_kept(broker):
    first = MqttSource(local(broker.port), OPTIONS)
    publish(broker.port, TOPIC, "1")
    [message] = first.next_batch(PATIENCE_S)
    assert (message.topic, message.payload) == (TOPIC, b"1")
    first.close()
    publish(broker.port, TOPIC, "2")
    second = MqttSource(local(broker.port), OPTIONS)
    came = second.next_batch(PATIENCE_S)
    while len(came) < 2:
        came += second.next_batch(PATIENCE_S)
    assert [one.payload for one in came] == [b"1", b"2"]
    second.settle(came, [Answer("gate/v1/khorgos-03/ack", b"{}")])
    second.next_batch(0.2)
    second.close()
    assert stored(broker.port, "gate/v1/khorgos-03/ack")["payload"] == "{}"
    third = MqttSource(local(broker.port), OPTIONS)
    assert third.next_batch(0.2) == []
    third.close()


@needs_mosquitto
def test_what_gates_say_of_themselves_comes_too_and_only_of_those_that_are_wanted(broker):
    source = MqttSource(local(broker.port), BrokerOptions("central-some", gates=("a-1",)))
    for gate in ("b-1", "a-1"):
        for kind in ("status", "birth", "health"):
            publish(broker.port, f"gate/v1/{gate}/{kind}", "x")
    came = []
    while len(came) < 3:
        came += source.next_batch(PATIENCE_S)
    assert [one.topic for one in came] == [f"gate/v1/a-1/{kind}" for kind in ("status", "birth", "health")]
    source.close()


@needs_mosquitto
def test_a_broker_that_goes_is_an_error_and_leaves_no_socket_to_the_garbage_collection(broker):
    before = open_sockets()
    source = MqttSource(local(broker.port), OPTIONS)
    broker.kill()
    with pytest.raises(OSError, match=r"connection"):
        source.next_batch(PATIENCE_S)
    source.close()
    assert open_sockets() <= before


@needs_mosquitto
def test_a_broker_that_refuses_is_an_error_and_leaves_no_socket_to_the_garbage_collection(tmp_path):
    with Broker(tmp_path, listener=("allow_anonymous false",)) as broker:
        before = open_sockets()
        with pytest.raises(OSError, match="refuses the connection") as refused:
            MqttSource(local(broker.port), OPTIONS)
        assert open_sockets() <= before
        assert refused.value


def test_a_broker_that_is_not_there_is_an_error():
    with pytest.raises(OSError, match="refused"):
        MqttSource(BrokerAddress("127.0.0.1", free_port(), tls=False), OPTIONS)


@needs_mosquitto
def test_what_comes_beside_an_event_comes_with_it_also_after_the_source_was_away(broker):
    MqttSource(local(broker.port), OPTIONS).close()
    beside = ("disclosures", "a~b", "replay", "true")
    options = [("-D", "publish", "user-property", *beside[place : place + 2]) for place in (0, 2)]
    publish(broker.port, TOPIC, "1", *options[0], *options[1])
    source = MqttSource(local(broker.port), OPTIONS)
    (message,) = source.next_batch(PATIENCE_S)
    assert message.properties == {"disclosures": ["a~b"], "replay": ["true"]}
    source.close()


# -------------------------------------------------------------------------------------------------------------- AMQP


class Rabbit:
    """What the library calls back, and what it is asked. `waiting`: (queue, key, payload) that are delivered."""

    properties = None

    def __init__(self, *waiting):
        self.asked, self._waiting, self._takers = [], list(waiting), {}

    def channel(self):
        return self

    def close(self):
        self.asked.append("closed")

    def queue_declare(self, queue, **how):
        self.asked.append(("declare", queue, how.get("durable", False)))
        return SimpleNamespace(method=SimpleNamespace(queue=queue or "amq.gen-1"))

    def queue_bind(self, queue, exchange, key):
        self.asked.append((queue, exchange, key))

    def basic_qos(self, **_):
        pass

    def basic_consume(self, queue, take, **_):
        self._takers[queue] = take

    def process_data_events(self, _timeout_s):
        if not self._waiting:
            raise pika.exceptions.StreamLostError("gone")
        for tag, (queue, key, payload) in enumerate(self._waiting, 1):
            self._takers[queue](self, SimpleNamespace(routing_key=key, delivery_tag=tag), self.properties, payload)
        self._waiting = []

    def basic_ack(self, tag, *, multiple):
        self.asked.append((tag, multiple))

    def basic_publish(self, exchange, key, body, properties):
        self.asked.append((exchange, key, body, properties.delivery_mode))


@pytest.fixture
def rabbit(mocker):
    """Gives a function that makes a source of what waits, and what its library was asked."""

    def made(*waiting, options=OPTIONS):
        connection = Rabbit(*waiting)
        mocker.patch("pika.BlockingConnection", return_value=connection)
        mocker.patch("central.consumer.amqp_source.BATCH", max(1, len(waiting)))
        return AmqpSource("amqp://localhost", options), connection.asked

    return made


def test_workers_compete_for_the_queue_of_events_and_presence_has_a_queue_of_its_own(rabbit):
    _, asked = rabbit()
    assert asked == [
        ("declare", "events", True),
        ("events", "amq.topic", "gate.v1.*.event.#"),
        ("declare", "", False),
        *[("amq.gen-1", "amq.topic", f"gate.v1.*.{kind}") for kind in ("status", "birth", "health")],
    ]


def test_dots_become_slashes_but_for_those_of_a_type_and_all_are_settled_with_the_answers_after(rabbit):
    source, asked = rabbit(
        ("events", "gate.v1.khorgos-03.event.gate.started", b"1"), ("amq.gen-1", "gate.v1.khorgos-03.status", b"2")
    )
    batch = source.next_batch(PATIENCE_S)
    assert batch == [Message(TOPIC, b"1", 1), Message("gate/v1/khorgos-03/status", b"2", 2)]
    del asked[:]
    source.settle(batch, [Answer("gate/v1/khorgos-03/ack", b"{}")])
    assert asked == [(2, True), ("amq.topic", "gate.v1.khorgos-03.ack", b"{}", 2)]


def test_what_comes_beside_an_event_comes_in_the_headers(rabbit, mocker):
    headers = {"disclosures": "a~b", "replay": "true", "x-delivery-count": 3}
    mocker.patch.object(Rabbit, "properties", pika.BasicProperties(headers=headers))
    source, _ = rabbit(("events", "gate.v1.khorgos-03.event.gate.started", b"1"))
    (message,) = source.next_batch(PATIENCE_S)
    assert message.properties == {"disclosures": ["a~b"], "replay": ["true"]}


def test_a_connection_that_goes_is_an_oserror_and_closing_it_raises_nothing(rabbit):
    source, asked = rabbit()
    with pytest.raises(OSError, match="StreamLostError gone"):
        source.next_batch(PATIENCE_S)
    source.close()
    assert asked[-1] == "closed"
