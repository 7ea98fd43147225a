"""A whole gate, run as a service runs it: whatever it says on any topic is within the published contract."""

import json
import subprocess
from contextlib import contextmanager

import pytest

from agent.clock.clock import Clock
from agent.core.crypto import jws
from agent.core.crypto.keys import Algorithm, PublicKey
from agent.core.events.checkpoint import Checkpoint, opened
from agent.core.model import CommandName
from tests.support.gate.altered_agent import draining_agent
from tests.support.gate.gate_site import GATE, GateSite, plain_broker
from tests.support.mqtt.central import Central
from tests.support.mqtt.commanding import KEY, KID, body, signed
from tests.support.mqtt.contract_check import assert_valid
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto, publish
from tests.support.waiting import eventually, scaled

pytestmark = needs_mosquitto
ROOT = f"gate/v1/{GATE}"
LANE = """
[lanes.exit-1.relay]
kind = "simulated"
name = "contract"

[lanes.exit-1.timing]
blind_passage_s = 1
"""
COMMANDS = f"""
[commands]
keys = [{{ id = "{KID}", public_key = "{KEY.public.raw.hex()}", may = {json.dumps(list(CommandName))} }}]
"""
STOP_S = scaled(20)


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


@contextmanager
def gate(configuration):
    """`gate-agent run`, stopped as the service manager does; it must end well."""
    log = configuration.with_suffix(".log")
    with log.open("wb") as out, subprocess.Popen(draining_agent(configuration), stdout=out, stderr=out) as process:
        try:
            yield
            process.terminate()
            assert process.wait(STOP_S) == 0, log.read_text()
        finally:
            process.kill()


class World:
    """What a listener heard of the gate, and what central sends it."""

    def __init__(self, broker, heard):
        self._port = broker.port
        self._heard = heard
        self._counter = 0

    def said(self, path):
        """The messages on a topic below the gate's root, or on all below it, as JSON values."""
        return [json.loads(message["payload"]) for message in self._heard.on(f"{ROOT}/{path}")]

    def wait(self, path, matching=lambda _message: True):
        return eventually(lambda: next(filter(matching, self.said(path)), None), what=path)

    def order(self, name, **changes):
        """Sign and publish a command that is right at this moment, and return its result."""
        self._counter += 1
        now = int(Clock().now().utc)
        right = {"gate": GATE, "challenge": self.said("status")[-1]["challenge"], "counter": self._counter}
        fields = body(name, **(right | {"iat": now, "exp": now + 120} | changes))
        if "lane" in fields:
            fields["lane"] = "exit-1"
        payload = signed(fields)
        assert_valid(f"{ROOT}/cmd/{name}", payload)
        publish(self._port, f"{ROOT}/cmd/{name}", payload)
        return self.wait(f"res/{name}", lambda result: result["command"] == fields["id"])


def test_all_that_a_gate_says_from_its_start_to_its_end_is_within_the_contract(broker, tmp_path):
    configuration = GateSite(tmp_path).configure(LANE, mqtt=plain_broker(broker.port), more=COMMANDS)
    with Listener(broker.port, f"{ROOT}/#") as heard:
        world = World(broker, heard)
        with gate(configuration):
            birth = world.wait("birth")
            status = world.wait("status", lambda one: one["lanes"] == {"exit-1": "idle"})
            world.wait("event/device.changed", lambda one: one["data"]["state"] == "up" and one["lane"] == "exit-1")
            stream = birth["stream"]
            assert world.order("open")["result"] == "done"
            assert world.order("lock")["result"] == "done"
            assert world.order("replay", arguments={"stream": stream, "first": 1, "last": 3})["result"] == "done"
            assert world.order("set_log_level", arguments={"level": "debug", "for_s": 60})["result"] == "done"
            assert world.order("open", challenge="another")["code"] == "CHALLENGE_WRONG"
            publish(broker.port, f"{ROOT}/ack", json.dumps({"stream": stream, "seq": 1_000_000}))
            world.wait("event/acknowledgement.refused")
            world.wait("event/command.refused")
            world.wait("event/transaction.closed")
            assert status["acks_signed"] is False
        world.wait("status", lambda one: one["state"] == "offline")

    for message in heard.messages:
        if message["topic"] != f"{ROOT}/ack" and not message["topic"].startswith(f"{ROOT}/cmd/"):
            assert_valid(message["topic"], message["payload"])
    kinds = {event["type"] for event in world.said("event/")}
    assert kinds >= {
        "gate.started", "gate.stopping", "device.changed", "chain.checkpoint", "vehicle.present", "access.granted",
        "barrier.pulsed", "transaction.closed", "lane.ordered", "command.accepted", "command.executed",
    }  # fmt: skip
    assert kinds <= set(birth["types"])
    offer = {"names": list(CommandName), "keys": [KID], "max_life_s": 120}
    assert birth["commands"] == offer | {"optional": ["traceparent", "tracestate"]}
    key = PublicKey(Algorithm.ED25519, bytes.fromhex(birth["key"]["public"]))
    assert birth["key"]["kid"] == jws.kid_of(key)
    assert opened(status["checkpoint"], key, Checkpoint).stream == stream


def test_a_gate_that_knows_central_s_key_believes_nothing_else_and_says_so(broker, tmp_path):
    ack_keys = f'\nheartbeat_s = 5\n[[mqtt.ack_keys]]\nid = "central"\npublic_key = "{KEY.public.raw.hex()}"\n'
    configuration = GateSite(tmp_path).configure(LANE, mqtt=plain_broker(broker.port) + ack_keys)
    with Listener(broker.port, f"{ROOT}/#") as heard, gate(configuration):
        world = World(broker, heard)
        started = world.wait("event/gate.started")
        publish(broker.port, f"{ROOT}/ack", json.dumps({"stream": started["stream"], "seq": 1}))
        refused = world.wait("event/acknowledgement.refused")
        assert (refused["data"]["code"], refused["data"]["key"]) == ("unsigned", None)
        status = world.wait("status", lambda one: one["acks"].get("unsigned"))
        assert (status["acks_signed"], status["seq_acked"], status["status_every_s"]) == (True, 0, 5)
        with Central(broker.port, GATE, key=KEY):
            status = world.wait("status", lambda one: one["seq_acked"] >= refused["seq"])
            assert status["acks"]["taken"] > 0
