"""Commands from central to the installed agent: what they do outside, what is recorded, what outlives a kill."""

import hashlib
import json
import uuid

import pytest

from agent.broker.addresses import BrokerAddress
from agent.clock.clock import Clock
from agent.core.crypto import JwsType, jws
from agent.core.crypto.keys import SigningKey
from agent.mqtt.messages import Outgoing
from agent.mqtt.one_shot_client import OneShotClient
from tests.support.gate.gate_site import GATE, GateSite, plain_broker
from tests.support.gate.lanes import BlindLane
from tests.support.gate.subscriber import Hearing
from tests.support.mqtt.central import Central
from tests.support.mqtt.mosquitto import needs_mosquitto
from tests.support.waiting import PATIENCE_S

pytestmark = needs_mosquitto

LANE = "exit-1"
KEY = SigningKey.from_seed(bytes(range(32)))
MORE = f"""
[[commands.keys]]
id = "room"
public_key = "{KEY.public.raw.hex()}"

[[lanes.exit-1.cameras]]
id = "front"
kind = "simulated"
frame_rate_hz = 4
"""


class ControlRoom:
    """Signs and sends commands as central does, and waits for their results. `pictures`: what came, by topic."""

    def __init__(self, client):
        self._client = client
        self._counter = Clock().now().utc * 1000 // 1
        self._status = {}
        self._boot = None
        self.results = []
        self.pictures = {}
        client.subscribe(f"gate/v1/{GATE}/status")
        client.subscribe(f"gate/v1/{GATE}/res/#")
        client.subscribe(f"gate/v1/{GATE}/evidence/#")

    def believe_only(self, boot):
        """Believe no status of another start: such ones may still be on their way."""
        self._boot = boot

    def challenge(self):
        """The gate's challenge of now."""
        self.listen(lambda: self._status.get("challenge") and self._boot in {None, self._status["boot"]})
        return self._status["challenge"]

    def order(self, name, lane=LANE, **arguments):
        """Sign and send a command; its bytes and the result."""
        self._counter += 1
        now = int(Clock().now().utc)
        body = {
            "id": str(uuid.uuid4()),
            "gate": GATE,
            "name": name,
            "lane": lane,
            "operator": "officer 7",
            "cause": "test",
            "challenge": self.challenge(),
            "counter": int(self._counter),
            "iat": now,
            "exp": now + 60,
            "arguments": arguments,
        }
        text = jws.sign(json.dumps(body).encode(), KEY, "room", JwsType.COMMAND).encode()
        return text, self.send(name, text, body["id"])

    def send(self, name, text, command):
        """Send these bytes; the result of this command."""
        self._client.publish(Outgoing(f"gate/v1/{GATE}/cmd/{name}", text, expiry_s=60))
        found = []

        def answered():
            found.extend(result for result in self.results if result["command"] == command)
            return bool(found)

        self.results = []
        self.listen(answered)
        return found[0]

    def listen(self, until):
        """Take in what comes until then."""
        while not until():
            message = next(self._client.messages(60), None)
            assert message is not None, "the gate is silent"
            kind, _, name = message.topic.removeprefix(f"gate/v1/{GATE}/").partition("/")
            match kind:
                case "status":
                    self._status = json.loads(message.payload)
                case "evidence":
                    self.pictures[name] = message.payload
                case "res":
                    self.results.append(json.loads(message.payload))


@pytest.fixture
def room(broker):
    with OneShotClient(BrokerAddress("127.0.0.1", broker.port, False), timeout_s=PATIENCE_S) as client:
        yield ControlRoom(client)


class Gate:
    """The running agent with its lane and central; `started` is where its start stands in the stream."""

    def __init__(self, agent, lane, central):
        self.agent, self.lane, self.central = agent, lane, central
        self.hearing = Hearing(lambda: central.events, agent.until)
        self.started = self.hearing.wait("device.changed", family="relay", state="up")["seq"]
        self.hearing.wait("device.changed", family="camera", state="streaming")


@pytest.fixture
def gate(installed, broker, tmp_path):
    site = GateSite(tmp_path)
    with (
        BlindLane(tmp_path) as lane,
        Central(broker.port, GATE) as central,
        installed.agent(site.configure(lane.toml + MORE, mqtt=plain_broker(broker.port))) as agent,
    ):
        yield Gate(agent, lane, central)


def test_an_order_is_done_once_recorded_and_answered_the_same_again(gate, room):
    text, result = room.order("open")
    assert result["result"] == "done"
    assert gate.hearing.wait("access.granted", gate.started)["data"]["operator"] == "officer 7"
    gate.hearing.wait("transaction.closed", gate.started)
    assert room.send("open", text, result["command"]) == result
    assert room.order("open", lane="exit-2")[1]["code"] == "LANE_UNKNOWN"
    gate.hearing.wait("command.refused", gate.started)  # central has heard all that was before it
    gate.agent.stop()
    assert gate.lane.pulses == 1
    assert [event["data"]["name"] for event in gate.hearing.all("command.accepted")] == ["open"]
    assert [event["data"]["result"] for event in gate.hearing.all("command.executed")] == ["done"]
    assert [event["data"]["code"] for event in gate.hearing.all("command.refused")] == ["LANE_UNKNOWN"]


def test_a_lock_outlives_a_kill_and_so_does_the_answer_to_what_was_ordered(gate, room):
    text, first = room.order("lock")
    gate.agent.kill()
    gate.agent.start()
    again = gate.hearing.wait("gate.started", gate.hearing.wait("lane.ordered", order="locked")["seq"])
    gate.hearing.wait("device.changed", again["seq"], family="relay", state="up")
    room.believe_only(again["boot"])
    refused = room.order("open")[1]
    assert refused["result"] == "not_done"
    assert "officer 7" in refused["detail"]
    assert room.send("lock", text, first["command"])["detail"] == first["detail"]
    assert room.order("unlock")[1]["result"] == "done"
    assert room.order("open")[1]["result"] == "done"
    gate.agent.until(lambda: gate.lane.pulses == 1, "the one pulse")


def test_pictures_and_past_events_come_when_central_asks_for_them(gate, room):
    picture = room.order("snapshot", camera="front")[1]["data"]["picture"]
    room.listen(lambda: picture in room.pictures)
    assert hashlib.sha256(room.pictures[picture]).hexdigest() == picture
    gate.hearing.wait("evidence.sent", gate.started, picture=picture)
    stream, before = gate.hearing.events[1]["stream"], gate.central.arrivals.count(3)
    replayed = room.order("replay", lane=None, stream=stream, first=1, last=5)[1]
    assert replayed["data"]["events"] == 5
    gate.agent.until(lambda: gate.central.arrivals.count(3) > before, "the replay")
