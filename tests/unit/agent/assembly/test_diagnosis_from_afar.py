"""A whole gate, run as a service runs it: birth again, a support bundle and a text, by commands to it and its group."""

import io
import json
import subprocess
import zipfile
from contextlib import contextmanager

import pytest

from agent.clock.clock import Clock
from tests.support.gate.altered_agent import draining_agent
from tests.support.gate.gate_site import GATE, GateSite, plain_broker
from tests.support.mqtt.central import Central
from tests.support.mqtt.commanding import KEY, KID, body, group_signed, signed
from tests.support.mqtt.contract_check import assert_valid
from tests.support.mqtt.group_sites import group_body
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto, publish
from tests.support.uploads.object_store import ObjectStore
from tests.support.waiting import eventually, scaled

pytestmark = needs_mosquitto
ROOT = f"gate/v1/{GATE}"
LANE = """
[lanes.exit-1.relay]
kind = "simulated"
name = "afar"
"""


def more(store):
    return f"""
[commands]
from_groups = true
keys = [{{ id = "{KID}", public_key = "{KEY.public.raw.hex()}" }}]

[fleet]
groups = ["north"]

[uploads]
hosts = ["{store.host}"]
"""


@contextmanager
def gate(configuration):
    log = configuration.with_suffix(".log")
    with log.open("wb") as out, subprocess.Popen(draining_agent(configuration), stdout=out, stderr=out) as process:
        try:
            yield
            process.terminate()
            assert process.wait(scaled(20)) == 0, log.read_text()
            assert "s3cret" not in log.read_text()
        finally:
            process.kill()


class Room:
    """Central's commands, and what a listener heard of the gate."""

    def __init__(self, broker, heard):
        self._port, self._heard = broker.port, heard
        self._counter = Clock().now().utc * 1000 // 1

    def said(self, path):
        return [json.loads(message["payload"]) for message in self._heard.on(f"{ROOT}/{path}")]

    def wait(self, path, matching=lambda _message: True):
        return eventually(lambda: next(filter(matching, self.said(path)), None), what=path)

    def order(self, name, **arguments):
        now = self._next()
        fields = body(name, gate=GATE, challenge=self.said("status")[-1]["challenge"], arguments=arguments, **now)
        return self._sent(f"{ROOT}/cmd/{name}", signed(fields), fields)

    def order_group(self, name, **arguments):
        now = self._next()
        fields = group_body("north", now["iat"], now["counter"], name, arguments=arguments)
        return self._sent(f"gate/v1/group/north/cmd/{name}", group_signed(fields), fields)

    def _next(self):
        self._counter += 1
        now = int(Clock().now().utc)
        return {"counter": int(self._counter), "iat": now, "exp": now + 100}

    def _sent(self, topic, payload, fields):
        publish(self._port, topic, payload)
        return self.wait(f"res/{fields['name']}", lambda result: result["command"] == fields["id"])


@pytest.fixture
def store():
    with ObjectStore().running() as running:
        yield running


def test_a_gate_is_diagnosed_from_afar(tmp_path, store):
    with (
        Broker(tmp_path) as broker,
        Listener(broker.port, f"{ROOT}/#") as heard,
        Central(broker.port, GATE),
    ):
        configuration = GateSite(tmp_path).configure(LANE, mqtt=plain_broker(broker.port), more=more(store))
        room = Room(broker, heard)
        with gate(configuration):
            room.wait("status", lambda one: one["lanes"] == {"exit-1": "idle"})
            room.wait("event/device.changed", lambda one: one["data"]["state"] == "up" and one["lane"] == "exit-1")

            tells_what_it_is_again(room)
            sends_a_bundle(room, store)
            obeys_its_group(room)
    said = [message for message in heard.messages if message["topic"].startswith(f"{ROOT}/")]
    for message in said:
        if "/cmd/" not in message["topic"] and not message["topic"].endswith("/ack"):
            assert_valid(message["topic"], message["payload"])


def tells_what_it_is_again(room):
    assert room.order("rebirth")["result"] == "done"
    birth = eventually(lambda: len(found := room.said("birth")) == 2 and found[-1])
    inventory = birth["inventory"]
    assert inventory["groups"] == ["north"]
    assert inventory["machine"].keys() >= {"model", "serial", "system", "kernel", "architecture", "time_zone"}
    assert [one["id"] for one in inventory["devices"] if one["kind"] == "relay"] == ["relay"]


def sends_a_bundle(room, store):
    assert room.order("send_bundle", url="https://evil.example/a")["data"] == {"code": "host_not_allowed"}
    made = room.order("send_bundle")
    name = made["data"]["bundle"]
    assert (made["result"], made["data"]["via"]) == ("done", "store")
    room.wait("status", lambda one: [each["sha256"] for each in one["uploads_wanted"]] == [name])
    granted = room.order("upload_grant", uploads=[{"sha256": name, "url": store.url(name)}], for_s=600)
    assert granted["data"] == {"granted": [name], "refused": {}}
    sent = room.wait("event/bundle.sent")
    assert (sent["data"]["bundle"], sent["data"]["host"]) == (name, store.host)
    with zipfile.ZipFile(io.BytesIO(store.taken(name))) as archive:
        assert {path.partition("/")[2] for path in archive.namelist()} >= {"doctor.json", "log.txt", "README.txt"}
        whole = b"".join(archive.read(path) for path in archive.namelist())
    assert b"s3cret" not in whole


def obeys_its_group(room):
    synced = room.said("status")[-1]["clock_synced"]
    answer = room.order_group("rebirth")
    if synced:
        assert answer["result"] == "done"
        assert room.order_group("display", message="wait", seconds=9)["result"] == "not_done"
    else:
        assert (answer["result"], answer["code"]) == ("refused", "CLOCK_UNSURE")
