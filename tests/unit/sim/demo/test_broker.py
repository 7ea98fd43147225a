"""The demo's own mosquitto, and the central system behind it."""

import json
import subprocess
from collections import Counter

import pytest

from agent.core.crypto import Algorithm, SigningKey
from agent.core.events.acknowledgement import AckPolicy, ReadAck, read_ack
from agent.core.events.chain import beginning, digest_of
from sim.demo.broker import Broker, BrokerError
from sim.demo.central import ACK_KID, Central
from tests.support.mqtt.linking import GATE
from tests.support.mqtt.mosquitto import free_port, needs_mosquitto, publish, stored
from tests.support.waiting import PATIENCE_S, eventually


@pytest.fixture
def broker(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.demo.broker.START_TIMEOUT_S", PATIENCE_S)
    broker = Broker(tmp_path)
    broker.port = free_port()  # one that no connection going out takes while it is down
    yield broker
    broker.stop()


@needs_mosquitto
def test_the_broker_keeps_its_port_over_a_restart_and_stops_twice(broker):
    port = broker.port
    for _ in range(2):
        broker.start()
        publish(broker.port, "here", "yes", "-r")
        said = eventually(lambda: stored(port, "here"))
        assert said["payload"] == "yes"
        broker.stop()
        broker.stop()


@needs_mosquitto
def test_a_broker_that_does_not_start_is_told_with_the_place_of_its_log(broker, tmp_path):
    broker._program = "/bin/false"
    with pytest.raises(BrokerError, match=r"mosquitto\.log"):
        broker.start()


def test_a_machine_without_mosquitto_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.demo.broker.shutil.which", lambda *_, **__: None)
    with pytest.raises(BrokerError, match="apt-get install mosquitto"):
        Broker(tmp_path)


@needs_mosquitto
def test_a_broker_that_does_not_stop_when_asked_is_killed(broker, monkeypatch):
    broker.start()
    process = broker._process
    monkeypatch.setattr("sim.demo.broker.STOP_TIMEOUT_S", 0.02)
    process.send_signal(19)
    broker.stop()
    assert process.poll() == -9
    assert isinstance(process, subprocess.Popen)


def event(seq, kind="device.changed", **data):
    return json.dumps({"seq": seq, "stream": "s1", "type": kind, "data": data})


@pytest.fixture
def central(broker):
    broker.start()
    told = []
    central = Central(broker.port, GATE, told.append)
    central.told = told
    central.start()

    def publish_ready(seq):
        publish(broker.port, f"gate/v1/{GATE}/event/ready", json.dumps({"seq": seq, "stream": "s1"}))

    eventually(lambda: publish_ready(-1) or -1 in central._stored)
    publish_ready(0)  # behind the last of those before: none of them comes late
    eventually(lambda: 0 in central._stored)
    yield central
    central.stop()


@needs_mosquitto
def test_central_stores_in_order_drops_duplicates_and_acknowledges_what_has_no_gap(broker, central):
    def send(seq):
        publish(broker.port, f"gate/v1/{GATE}/event/device.changed", event(seq))

    before = central.duplicates
    for seq in (2, 1, 1, 4):
        send(seq)
    assert central.wait_for(lambda one: one["seq"] == 2, PATIENCE_S)["seq"] == 2
    eventually(lambda: 4 in central.heard_at)
    assert [one["seq"] for one in central.events] == [one["seq"] for one in central.told] == [1, 2]
    assert (central.last, central.duplicates - before) == (2, 1)
    eventually(
        lambda: (
            (said := stored(broker.port, f"gate/v1/{GATE}/ack"))
            and json.loads(said["payload"]) == {"stream": "s1", "seq": 2}
        )
    )
    send(3)
    assert central.wait_for(lambda one: one["seq"] > 2, PATIENCE_S, after=3)["seq"] == 4
    assert central.lines_in_order[2:] == [event(seq).encode() for seq in (1, 2, 3, 4)]
    assert central.last == 4


@needs_mosquitto
def test_what_central_acknowledges_it_signs_with_the_hash_of_the_event(broker, tmp_path):
    broker.start()
    key = SigningKey.from_seed(bytes(range(32)))
    (tmp_path / "ack.pem").write_bytes(key.to_pem())
    policy = AckPolicy(GATE, {ACK_KID: key.public})
    central = Central(broker.port, GATE, lambda _event: None, tmp_path / "ack.pem")
    central.start()

    def told(seq):
        publish(broker.port, f"gate/v1/{GATE}/event/device.changed", event(seq))
        said = stored(broker.port, f"gate/v1/{GATE}/ack")
        return said and read_ack(said["payload"].encode(), policy)

    try:
        nothing = ReadAck("s1", 0, beginning("s1").digest, ACK_KID)
        eventually(lambda: told(2) == nothing)
        eventually(lambda: told(1) == ReadAck("s1", 2, digest_of(event(2).encode()), ACK_KID))
    finally:
        central.stop()


def test_only_an_ed25519_key_signs_what_central_acknowledges(tmp_path):
    (tmp_path / "ack.pem").write_bytes(SigningKey.from_seed(bytes(range(32)), Algorithm.ES256).to_pem())
    with pytest.raises(TypeError, match="no Ed25519 key"):
        Central(1, GATE, lambda _event: None, tmp_path / "ack.pem")


@needs_mosquitto
def test_central_waits_in_vain_only_for_so_long(central):
    assert central.wait_for(lambda _event: True, 0.01, after=10) is None


@needs_mosquitto
def test_central_comes_back_after_the_broker_was_away(broker, central):
    broker.stop()
    broker.start()
    topic = f"gate/v1/{GATE}/event/device.changed"
    eventually(lambda: publish(broker.port, topic, event(1)) or central.last == 1)
    eventually(lambda: central.told)
    assert Counter(one["seq"] for one in central.told) == {1: 1}
