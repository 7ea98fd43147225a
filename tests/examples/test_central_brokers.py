"""The ways of the reference consumer to a broker, MQTT and AMQP, and its command line."""

import json
from types import SimpleNamespace

import pytest
from paho.mqtt.client import MQTT_ERR_CONN_LOST
from reference_consumer import BATCH, amqp, batch_of, options_of, run

from tests.support.consumer.events import chain, devices, put

# --------------------------------------------------------------------------------------------- the two ways to a broker


class Channel:
    """What pika calls back, and what it is asked; an event waits in it, with its headers."""

    def __init__(self, key, payload, headers):
        self.asked, self._key, self._payload, self._take = [], key, payload, None
        self._properties = SimpleNamespace(headers=headers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.asked.append("closed")

    def channel(self):
        return self

    def queue_declare(self, queue, **_):
        pass

    def queue_bind(self, queue, exchange, key):
        self.asked.append((queue, exchange, key))

    def basic_qos(self, **_):
        pass

    def basic_consume(self, _queue, take):
        self._take = take

    def process_data_events(self, _timeout_s):
        self._take(self, SimpleNamespace(routing_key=self._key, delivery_tag=7), self._properties, self._payload)

    def basic_ack(self, tag, *, multiple):
        self.asked.append((tag, multiple))

    def basic_publish(self, _exchange, key, body, properties):
        self.asked.append((key, json.loads(body), properties.delivery_mode))


def rabbit(mocker, key, payload, *options, headers=None):
    """The way to RabbitMQ, where pika has one kind of message, and what pika is asked."""
    channel = Channel(key, payload, headers)
    mocker.patch("pika.BlockingConnection", return_value=channel)
    mocker.patch("reference_consumer.BATCH", 1)
    arguments = ["--broker", "amqp://localhost", "--database", "sqlite:x", *options]
    return amqp("amqp://localhost", options_of(arguments)), channel.asked


@pytest.mark.parametrize(("key", "topic"), [
    ("gate.v1.khorgos-03.event.gate.stopping", "gate/v1/khorgos-03/event/gate.stopping"),
    ("gate.v1.g.event.one", "gate/v1/g/event/one"),
    ("gate.v1.g.event.a.b.c", "gate/v1/g/event/a.b.c"),
])  # fmt: skip
def test_a_routing_key_becomes_the_topic_of_the_event(mocker, key, topic):
    broker, _ = rabbit(mocker, key, b"payload")
    assert next(broker) == [(topic, b"payload", 7, {})]


def test_what_stands_beside_an_event_comes_with_it(mocker):
    beside = {"disclosures": "WyJzYWx0Il0"}
    broker, _ = rabbit(mocker, "gate.v1.g.event.one", b"payload", headers=beside)
    assert next(broker) == [("gate/v1/g/event/one", b"payload", 7, beside)]


def test_a_queue_gets_the_events_of_all_gates_or_of_those_that_were_named(mocker):
    for options, gates in (((), ["*"]), (("--gates", "a", "--gates", "b"), ["a", "b"])):
        broker, asked = rabbit(mocker, "", b"", *options)
        next(broker)
        assert asked == [("events", "amq.topic", f"gate.v1.{gate}.event.#") for gate in gates]


@pytest.mark.parametrize("key", ["", ".", "gate.v1", "gate.v1.a.b.event.x"])
def test_a_foreign_routing_key_becomes_no_topic_of_an_event(mocker, key, store):
    (event,) = chain(*devices(1))
    broker, _ = rabbit(mocker, key, event.payload)
    [(topic, payload, *_)] = next(broker)
    assert put(store, [(topic, payload)]) == []
    assert store.rows("SELECT COUNT(*) FROM rejected") == [(1,)]


def test_at_rabbitmq_a_batch_is_settled_and_told_only_when_it_is_stored(mocker):
    broker, asked = rabbit(mocker, "gate.v1.g.event.x", b"payload")
    next(broker)
    del asked[:]
    broker.send([("gate/v1/g/ack", b'{"stream": "s", "seq": 3}')])
    assert asked == [(7, True), ("gate.v1.g.ack", {"stream": "s", "seq": 3}, 2)]
    broker.close()
    assert asked[2:] == ["closed"]


def test_a_batch_is_full_or_old_and_leaves_the_rest():
    inbox = [("topic", b"payload", tag) for tag in range(BATCH + 5)]
    assert [tag for *_, tag in batch_of(inbox, lambda _: None)] == list(range(BATCH))
    assert [tag for *_, tag in batch_of(inbox, lambda _: None)] == list(range(BATCH, BATCH + 5))


def test_a_connection_that_ended_is_told_in_words():
    with pytest.raises(OSError, match="connection was lost"):
        batch_of([], lambda _: MQTT_ERR_CONN_LOST)


# ----------------------------------------------------------------------------------------------------- the command line


class Recorder:
    """A broker with one batch and a store, that only say in which order they were asked."""

    def __init__(self, mocker, failing=False):
        self.order, self._failing = [], failing
        mocker.patch("reference_consumer.Store", return_value=self)
        mocker.patch("reference_consumer.mqtt", return_value=self)
        mocker.patch("time.sleep", side_effect=KeyboardInterrupt)

    def __next__(self):
        return [("topic", b"payload", 7)]

    def store(self, messages):
        self.order.append(("store", messages))
        if self._failing:
            raise OSError("the database is away")
        return [("ack", b"3")]

    def send(self, answers):
        self.order.append(("settle and tell", answers))
        raise KeyboardInterrupt

    def close(self):
        self.order.append("close")


def test_a_batch_is_stored_and_then_settled_and_told(mocker):
    seen = Recorder(mocker)
    with pytest.raises(KeyboardInterrupt):
        run(options_of(["--broker", "mqtt://localhost", "--database", "sqlite:x"]))
    assert seen.order == [
        ("store", [("topic", b"payload", 7)]),
        ("settle and tell", [("ack", b"3")]),
        "close",
        "close",
    ]


def test_what_could_not_be_stored_is_neither_settled_nor_told(mocker, caplog):
    seen = Recorder(mocker, failing=True)
    with pytest.raises(KeyboardInterrupt):
        run(options_of(["--broker", "mqtt://localhost", "--database", "sqlite:x"]))
    assert seen.order == [("store", [("topic", b"payload", 7)]), "close", "close"]
    assert "the database is away" in caplog.text
    assert "Traceback" not in caplog.text


def test_not_even_a_bug_ends_it(mocker, caplog):
    mocker.patch("reference_consumer.Store", side_effect=[ZeroDivisionError("a bug"), KeyboardInterrupt])
    with pytest.raises(KeyboardInterrupt):
        run(options_of(["--broker", "mqtt://localhost", "--database", "sqlite:x"]))
    assert "a bug" in caplog.text
    assert "Traceback" in caplog.text
    assert "tries again" in caplog.text


def test_run_is_what_is_done_without_a_command():
    options = options_of(["--broker", "mqtt://a", "--broker", "amqps://u:p@b", "--database", "sqlite:x"])
    assert (options.command, options.broker, options.gates) == ("run", ["mqtt://a", "amqps://u:p@b"], None)


def test_brokers_may_stand_in_the_environment(monkeypatch):
    monkeypatch.setenv("CENTRAL_BROKER", "amqp://u:secret@a amqp://u:secret@b")
    assert options_of(["--database", "sqlite:x"]).broker == ["amqp://u:secret@a", "amqp://u:secret@b"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "--database", "sqlite:x"],
        ["--database", "sqlite:x", "--broker", "x"],
        ["--database", "sqlite:x", "--broker", "mqtt://a", "--ack-key", "/nowhere/ack.pem"],
        ["--database", "sqlite:x", "--broker", "mqtt://a", "--ack-key", __file__],
    ],
)
def test_a_command_line_that_cannot_work_is_refused(arguments):
    with pytest.raises(SystemExit) as ended:
        options_of(arguments)
    assert ended.value.code == 2
