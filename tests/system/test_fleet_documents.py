"""Fleet documents at two real agents and a real broker: a good one is applied, one that cuts a gate off is undone."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.broker.addresses import BrokerAddress
from agent.clock.clock import Clock
from agent.mqtt.messages import Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from tests.support.fleet.documents import DAY_S, KEYS_TOML, signed
from tests.support.gate.gate_site import GATE, SITE, GateSite, plain_broker
from tests.support.gate.installed import AgentProcess
from tests.support.gate.subscriber import Hearing, Recorded
from tests.support.mqtt.mosquitto import needs_mosquitto

pytestmark = needs_mosquitto

HERE = Path(sys.executable).with_name("gate-agent")
LANE = """
[lanes.exit-1.relay]
kind = "simulated"
"""
FLEET = f"""
[fleet]
groups = ["{{group}}"]
{KEYS_TOML}
"""
PATIENCE_S = 120.0


class Gate:
    """An agent in a process of its own; its journal is what it tells."""

    def __init__(self, folder, name, group, port):
        folder.mkdir()
        site = GateSite(folder)
        path = site.configure(LANE, mqtt=plain_broker(port), more=FLEET.format(group=group))
        path.write_text(path.read_text().replace(f'id = "{GATE}"', f'id = "{name}"'))
        self.agent = AgentProcess(SimpleNamespace(command=HERE, scratch=folder), path)
        self.hearing = Hearing(Recorded(site.journal), self._until)

    def _until(self, condition, what):
        return self.agent.until(condition, what, PATIENCE_S)

    def told(self, state, after=0, **data):
        return self.hearing.wait("fleet.document", after, state=state, **data)


@pytest.fixture
def gates(tmp_path, broker):
    made = [
        Gate(tmp_path / name, name, group, broker.port) for name, group in (("gate-7", "north"), ("gate-8", "south"))
    ]
    with made[0].agent, made[1].agent:
        yield made


def told_in_birth(broker, gate, condition):
    """What the gate's retained birth says of its fleet documents, once it says what is waited for."""
    with OneShotClient(BrokerAddress.parse(f"mqtt://127.0.0.1:{broker.port}")) as client:
        client.subscribe(f"gate/v1/{gate}/birth")
        for message in client.messages(PATIENCE_S):
            documents = {one["audience"]: one for one in json.loads(message.payload)["fleet"]["documents"]}
            if condition(documents):
                return documents
    raise AssertionError(f"{gate} did not say it in time")


def publish(broker, topic, text, **changes):
    utc = int(Clock().now().utc)
    payload = signed(text, iat=utc - 60, exp=utc + DAY_S, **changes)
    with OneShotClient(BrokerAddress.parse(f"mqtt://127.0.0.1:{broker.port}")) as client:
        client.publish(Outgoing(f"site/v1/{SITE}/lists/fleet/{topic}", payload.encode(), retain=True))


def test_a_good_document_is_applied_and_one_that_cuts_a_gate_off_is_undone_by_the_gate_itself(gates, broker):
    north, south = gates
    publish(broker, "configuration/all", "[mqtt]\nheartbeat_s = 20\n", trial_s=100, steady_s=0)
    for gate in gates:
        applied = gate.told("applied", version=1)
        assert applied["data"]["code"] is None
        changed = gate.hearing.wait("configuration.applied", matching=lambda one: one["data"]["before"] != "")
        assert [one["key"] for one in changed["data"]["changes"]] == ["mqtt.heartbeat_s"]

    publish(
        broker,
        "configuration/group/north",
        "[mqtt]\nenabled = false\n",
        for_whom="group:north",
        trial_s=5,
        steady_s=0,
    )
    undone = north.told("undone", audience="group:north")
    assert undone["data"]["code"] == "not_connected"
    assert not south.hearing.all("fleet.document", audience="group:north")
    told = told_in_birth(broker, "gate-7", lambda documents: documents.get("group:north", {}).get("state") == "undone")
    assert (told["group:north"]["in_force"], told["all"]["in_force"], told["all"]["state"]) == (0, 1, "applied")

    publish(broker, "configuration/all", "[mqtt]\nheartbeat_s = 2\n", version=2)
    refused = north.told("refused", version=2)
    assert refused["data"]["code"] == "configuration_invalid"
    (problem,) = refused["data"]["problems"]
    assert (problem["source"], problem["line"], problem["key"]) == ("configuration/all", 2, "mqtt.heartbeat_s")
