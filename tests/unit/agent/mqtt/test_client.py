"""The client against a real broker."""

import json
import subprocess
import threading
from dataclasses import replace
from random import Random

import pytest

from agent.devices.port_supervisor import PortState
from agent.mqtt import connection_loop
from agent.mqtt.client import MqttClient
from agent.mqtt.messages import LinkDown, LinkUp, Outgoing, Subscription
from tests.support.mqtt.linking import GATE, Observer, local, quick
from tests.support.mqtt.mosquitto import (
    Broker,
    Listener,
    free_port,
    needs_mosquitto,
    needs_word_on_takeover,
    publish,
    stored,
)
from tests.support.mqtt.rough_broker import RoughBroker
from tests.support.waiting import PATIENCE_S, eventually, scaled

pytestmark = needs_mosquitto
ROOT = f"gate/v1/{GATE}"


class Card:
    """What the gate says of itself, for tests."""

    def birth(self):
        return b'{"born":1}'

    def status(self, state, broker):
        return json.dumps({"state": state, "broker": broker}).encode()


class LongestPauses(Random):
    """Jitter that makes no pause shorter."""

    def random(self):
        return 1.0


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


class Running:
    """A client that runs, with what it told."""

    def __init__(self, settings, *subscriptions, card=None):
        self.observer = Observer()
        self.events = []
        self._started = False
        self.client = MqttClient(settings, card or Card(), observe=self.observer)
        self.client.listen(self.events.append)
        for subscription in subscriptions:
            self.client.subscribe(subscription)

    def __enter__(self):
        if not self._started:
            self._started = True
            self.client.start()
        return self

    def __exit__(self, *_):
        assert self.client.stop(scaled(5)), "the client did not stop in time"

    def wait_up(self):
        """Start, and wait for the connection."""
        self.__enter__()
        eventually(self.observer.is_up, what="the link")
        return self

    def ups(self):
        return [event for event in list(self.events) if isinstance(event, LinkUp)]

    def downs(self):
        return [event for event in list(self.events) if isinstance(event, LinkDown)]

    def course(self):
        """What it told, in order: each with the number of its connection."""
        return [(type(event), event.number) for event in list(self.events)]


def state_of(message):
    return (
        message["payload"]["state"] if isinstance(message["payload"], dict) else json.loads(message["payload"])["state"]
    )


def test_birth_and_status_are_retained_and_the_status_expires(broker):
    with Running(quick(broker.port, status_every_s=20)).wait_up():
        status = eventually(lambda: stored(broker.port, f"{ROOT}/status"))
        birth = stored(broker.port, f"{ROOT}/birth")
    assert state_of(status) == "online"
    assert 0 < status["properties"]["message-expiry-interval"] <= 60
    assert birth["retain"] == 1
    assert "message-expiry-interval" not in birth["properties"]


def test_an_orderly_stop_leaves_a_status_of_offline_and_no_will(broker, monkeypatch):
    monkeypatch.setattr(connection_loop, "FAREWELL_S", scaled(1.5))
    with Listener(broker.port, f"{ROOT}/status") as listener:
        with Running(quick(broker.port, status_every_s=3600)).wait_up():
            eventually(lambda: listener.on(f"{ROOT}/status"))
        eventually(lambda: len(listener.on(f"{ROOT}/status")) == 2)
    assert [state_of(m) for m in listener.messages] == ["online", "offline"]
    assert "message-expiry-interval" not in stored(broker.port, f"{ROOT}/status")["properties"]


def test_a_gate_that_vanishes_is_told_by_its_will_and_one_that_comes_back_in_time_is_not(broker):
    delay_s = max(1, round(scaled(1)))
    settings = quick(broker.port, status_every_s=3600, will_delay_s=delay_s, session_expiry_s=2 * delay_s)
    with Listener(broker.port, f"{ROOT}/status") as listener:
        with Running(settings).wait_up() as running:
            running.client.reconnect("for the test")
            eventually(lambda: len(running.ups()) == 2)
            eventually(lambda: len(listener.messages) == 2)
            assert [state_of(m) for m in listener.messages] == ["online", "online"]
        eventually(lambda: len(listener.messages) == 3)
        # The connection ends without a DISCONNECT: its socket is cut under it, and it may not come back.
        away = replace(settings, first_retry_s=3600.0, retry_cap_s=3600.0)
        dying = MqttClient(away, Card(), random=LongestPauses())
        dying.start()
        eventually(lambda: dying.view.state is PortState.UP)
        dying.reconnect("cut")
        eventually(lambda: "lost" in [state_of(m) for m in listener.messages], what="the will")
        assert dying.stop(scaled(5))


def test_the_status_is_published_again_and_again(broker):
    with (
        Listener(broker.port, f"{ROOT}/status") as listener,
        Running(quick(broker.port, status_every_s=0.3)).wait_up(),
    ):
        eventually(lambda: len(listener.messages) >= 3)


def test_a_change_in_the_status_is_published_at_once(broker):
    with (
        Listener(broker.port, f"{ROOT}/status") as listener,
        Running(quick(broker.port, status_every_s=3600)).wait_up() as running,
    ):
        eventually(lambda: len(listener.messages) == 1)
        running.client.announce()
        eventually(lambda: len(listener.messages) == 2)


def test_a_change_while_the_status_is_being_published_is_published_too(broker):
    class Changing(Card):
        """Its second status is out of date as soon as it is written."""

        states = iter(("as it was", "old", "new"))

        def status(self, state, broker):
            said = next(self.states, state) if state == "online" else state
            if said == "old":
                running.client.announce()
            return super().status(said, broker)

    running = Running(quick(broker.port, status_every_s=3600), card=Changing())
    with Listener(broker.port, f"{ROOT}/status") as listener, running.wait_up():
        eventually(lambda: len(listener.messages) == 1)
        running.client.announce()
        eventually(lambda: [state_of(m) for m in listener.messages][-2:] == ["old", "new"])


def test_after_a_broker_restart_birth_and_status_are_there_again(broker):
    with Running(quick(broker.port)).wait_up() as running:
        broker.kill()
        eventually(running.downs)
        broker.start()
        eventually(lambda: len(running.ups()) == 2)
        eventually(lambda: stored(broker.port, f"{ROOT}/status"))
        assert stored(broker.port, f"{ROOT}/birth")
    assert running.observer.states == [PortState.UP, PortState.LOST, PortState.UP]
    assert [event.number for event in running.ups()] == [1, 2]


def test_the_next_broker_of_the_list_is_taken_when_one_is_down(tmp_path):
    with Broker(tmp_path) as one, Broker(tmp_path) as two, Running(quick(one.port, two.port)).wait_up() as running:
        first = running.client.view
        (one if str(one.port) in first.url else two).kill()
        eventually(lambda: len(running.ups()) == 2)
        assert running.client.view.url != first.url
        assert running.client.view.broker != first.broker


def test_messages_come_in_with_their_properties_and_a_stored_one_only_where_it_is_wanted(broker):
    publish(broker.port, f"{ROOT}/cmd/open", "old", "-r")
    publish(broker.port, f"{ROOT}/ack", "stored", "-r")
    commands, acks = [], []
    with Running(
        quick(broker.port),
        Subscription(f"{ROOT}/cmd/#", commands.append, qos=1),
        Subscription(f"{ROOT}/ack", acks.append, stored=True),
    ).wait_up():
        eventually(lambda: acks)
        publish(
            broker.port, f"{ROOT}/cmd/open", "live", "-r",
            "-D", "publish", "response-topic", "back", "-D", "publish", "correlation-data", "c1",
            "-D", "publish", "message-expiry-interval", "30", "-D", "publish", "user-property", "k", "v",
        )  # fmt: skip
        eventually(lambda: commands)
    (command,) = commands
    assert (command.payload, command.retained, command.qos) == (b"live", True, 1)
    assert (command.response_topic, command.correlation, command.expiry_s) == ("back", b"c1", 30)
    assert command.user_properties == (("k", "v"),)
    assert (acks[0].payload, acks[0].retained) == (b"stored", True)


def test_a_message_is_refused_while_the_link_is_down():
    client = MqttClient(quick(free_port()), Card())
    assert not client.publish(Outgoing("t", b"x"))


def test_nobody_at_the_port_is_told_in_words_and_tried_for_ever():
    with Running(quick(free_port())) as running:
        eventually(lambda: running.observer.views)
        assert running.observer.states == [PortState.LOST]
        assert "nothing listens at port" in running.observer.details()


def test_the_view_says_which_attempt_led_to_the_connection_that_stands(broker):
    with Running(quick(broker.port)).wait_up() as running:
        client = running.client
        assert client.view.attempt == client.attempts == 1
        broker.kill()
        eventually(lambda: client.attempts >= 3)
        assert client.view.attempt == 1
        broker.start()
        eventually(lambda: client.view.connections == 2)
        assert client.view.attempt == client.attempts


def test_wrong_password_is_told_in_words_and_works_once_it_is_right(tmp_path):
    passwords, right, wrong = tmp_path / "passwords", "right-one", "wrong-one"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, GATE, right], check=True)
    passwords.chmod(0o644)
    listener = ("allow_anonymous false", f"password_file {passwords}")
    with Broker(tmp_path, listener=listener) as broker:
        with Running(quick(broker.port, user=GATE, password=wrong)) as running:
            eventually(lambda: any(words in running.observer.details() for words in ("not authorized", "wrong user")))
        with Running(quick(broker.port, user=GATE, password=right)).wait_up():
            pass
    assert right not in repr(quick(1, password=right))


@needs_word_on_takeover
def test_a_gate_with_the_same_id_is_named_as_the_cause(broker):
    with Running(quick(broker.port)).wait_up() as running, Running(quick(broker.port)).wait_up():
        eventually(lambda: "two gates have the same id" in running.observer.details())


# ------------------------------------------------------------------------------------------------- traps of the library


def test_an_exception_in_a_handler_or_listener_does_not_end_the_link(broker):
    heard = threading.Event()

    def handle(message):
        if message.payload == b"bad":
            raise RuntimeError("for the test")
        heard.set()

    running = Running(quick(broker.port), Subscription(f"{ROOT}/cmd/#", handle, qos=1))
    running.client.listen(handle)
    with running.wait_up():
        publish(broker.port, f"{ROOT}/cmd/x", "bad")
        publish(broker.port, f"{ROOT}/cmd/x", "good")
        assert heard.wait(PATIENCE_S)
        assert running.downs() == []


def test_a_presence_that_fails_does_not_keep_the_gate_offline(broker):
    class Broken(Card):
        def birth(self):
            raise RuntimeError("for the test")

        def status(self, state, broker):
            raise RuntimeError("for the test")

    with Running(quick(broker.port), card=Broken()).wait_up():
        assert state_of(eventually(lambda: stored(broker.port, f"{ROOT}/status"))) == "online"


@pytest.mark.parametrize("host", ["bad..name", "a" * 70])
def test_a_bad_host_name_costs_one_attempt_and_not_the_thread(broker, host):
    with Running(quick(local(1883, host=host), broker.port)).wait_up():
        pass


def test_stopping_does_not_wait_for_a_frozen_broker(broker):
    with Running(quick(broker.port, status_every_s=0.2)).wait_up():
        broker.freeze()
    broker.thaw()


def test_no_answer_to_the_keepalive_ends_the_connection_once(tmp_path):
    with (
        RoughBroker(pings=False, pubacks=False) as rough,
        Running(quick(rough.port, keepalive_s=1)).wait_up() as running,
    ):
        eventually(lambda: len(running.ups()) >= 2)
        assert running.course()[:3] == [(LinkUp, 1), (LinkDown, 1), (LinkUp, 2)]
        assert "no answer to the keepalive" in running.observer.details()


def test_a_broker_that_never_answers_the_connect_is_given_up(tmp_path):
    with RoughBroker(connack=False) as rough, Running(quick(rough.port, answer_timeout_s=0.3)) as running:
        eventually(lambda: "no answer from an MQTT broker" in running.observer.details())


@pytest.mark.parametrize("garbage", [b"\x00\x00", b"\xf0\xff\xff\xff\xff\xff", b"\x30\x02\x00\x09", b"\x40\x01\x00"])
def test_garbage_from_the_broker_ends_the_connection_and_not_the_session(garbage):
    with RoughBroker(garbage=garbage) as rough, Running(quick(rough.port, keepalive_s=1)) as running:
        eventually(lambda: len(rough.connections) >= 2)
        assert running.client._network.worker.runs


@pytest.mark.parametrize(
    ("sent", "cause"),
    [
        (b"\x30\xff\xff\xff\x7f", "268435455 bytes, more than the 1048576 that are taken"),
        (b"\x30\x81\x80\x40", "1048577 bytes, more than the 1048576 that are taken"),
        (b"\x34\x07\x00\x01t\x00\x01\x00x", "does not use MQTT 5 correctly"),
    ],
)
def test_what_would_fill_the_memory_ends_the_connection_before_it_does(sent, cause):
    """A packet larger than the client takes, by its first bytes; a message of QoS 2, which nobody has asked for."""
    with RoughBroker(garbage=sent) as rough, Running(quick(rough.port)) as running:
        eventually(lambda: cause in running.observer.details())
        eventually(lambda: len(rough.connections) >= 2)


def test_a_message_as_large_as_the_client_takes_comes_in():
    got, payload = [], b"x" * (1_048_576 - 4)
    message = b"\x30\x80\x80\x40\x00\x01t\x00" + payload
    subscription = Subscription("t", got.append)
    with RoughBroker(garbage=message) as rough, Running(quick(rough.port), subscription):
        eventually(lambda: got)
    assert got[0].payload == payload


def test_more_than_the_broker_takes_is_not_published():
    with RoughBroker(receive_maximum=5, pubacks=False) as rough, Running(quick(rough.port)).wait_up() as running:
        taken = [running.client.publish(Outgoing("t", b"x")) for _ in range(10)]
        assert sum(taken) == 3  # birth and status are under way too


def test_every_message_under_way_has_its_receipt_when_the_connection_ends():
    receipts = []
    with RoughBroker(pubacks=False) as rough, Running(quick(rough.port)).wait_up() as running:
        assert running.client.publish(Outgoing("t", b"x"), receipts.append)
        rough.drop_all()
        eventually(running.downs)
    assert [receipt.lost for receipt in receipts] == [True]


def test_the_watchdog_replaces_a_network_thread_that_hangs(broker):
    hang, release = threading.Event(), threading.Event()

    def handle(_message):
        hang.set()
        release.wait(scaled(30))

    settings = quick(broker.port, stall_s=scaled(0.6))
    with Running(settings, Subscription(f"{ROOT}/cmd/x", handle, qos=1)).wait_up() as running:
        publish(broker.port, f"{ROOT}/cmd/x", "hang")
        assert hang.wait(PATIENCE_S)
        eventually(lambda: len(running.ups()) >= 2)
        assert "hung" in running.observer.details()
        assert running.course() == [(LinkUp, 1), (LinkDown, 1), (LinkUp, 2)]
        release.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_watchdog_replaces_a_network_thread_that_died(broker, mocker):
    with Running(quick(broker.port, stall_s=scaled(2.0))).wait_up() as running:
        network = running.client._network
        mocker.patch.object(running.client._broker_selector, "ended", side_effect=[SystemExit, 0.01, 0.01, 0.01])
        running.client.reconnect("for the test")
        eventually(lambda: len(running.ups()) == 2)
        assert not network.worker.runs
        assert "the network thread failed" in running.observer.details()
