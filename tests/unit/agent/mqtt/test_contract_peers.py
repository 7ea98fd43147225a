"""The contract without our code on the other side: mosquitto's clients, the npm client, the AsyncAPI initiative's
parser.
"""

import json
import subprocess

import pytest

from agent.core.contract import examples
from agent.core.contract.asyncapi import SESSION_EXPIRY_S, WILL_DELAY_S, asyncapi
from agent.core.contract.channels import BIRTH, EVIDENCE, RESULT_EXPIRY_S, STATUS, event_channel
from agent.core.contract.schemas import EVENTS, written
from agent.core.crypto.keys import SigningKey
from agent.core.events.acknowledgement import AckPolicy
from agent.core.events.event_types import Draft
from agent.mqtt import command_results, evidence_upload
from agent.mqtt.client_settings import ClientSettings
from agent.mqtt.delivery_settings import DeliverySettings
from agent.mqtt.presence import STATUS_LIFE_FACTOR
from tests.support.mqtt.command_site import CommandSite
from tests.support.mqtt.commanding import GATE as COMMANDED
from tests.support.mqtt.contract_check import assert_valid
from tests.support.mqtt.linking import GATE, journal_at, linked, local, quick
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto, stored
from tests.support.mqtt.npm_central import NpmCentral
from tests.support.mqtt.peers_node import peer
from tests.support.waiting import eventually, scaled

ROOT = f"gate/v1/{GATE}"
PRESENCE = ("devices", "lanes", "challenge", "checkpoint", "key", "commands")


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def journal(tmp_path):
    """A journal with one event of every type, at least."""
    with journal_at(tmp_path / "journal.sqlite") as opened:
        for one in examples.chain():
            event = json.loads(one.payload)
            body = EVENTS[one.type].model_validate_json(json.dumps(event["data"]))
            opened.record([Draft(body, event.get("lane"), event.get("transaction"), one.utc_ms / 1000)])
        yield opened


def presence():
    """What the app tells beside the link's own fields."""
    birth = json.loads(examples.birth_example())
    return {name: birth[name] for name in PRESENCE} | {"journal_failing": False}


def stored_events(journal):
    return {event.seq: event.payload for event in journal.range(1, journal.head)}


def by_seq(messages, payload=lambda message: message["payload"].encode()):
    return {json.loads(payload(message))["seq"]: payload(message) for message in messages}


# ------------------------------------------------------------------------------------------------- mosquitto's clients


@needs_mosquitto
@pytest.mark.parametrize("version", ["mqttv5", "mqttv311"])
def test_every_event_and_message_that_mosquitto_sub_hears_is_within_the_published_contract(broker, journal, version):
    with (
        Listener(broker.port, f"{ROOT}/#", options=("-V", version)) as heard,
        linked(journal, quick(broker.port), extra=presence),
    ):
        eventually(lambda: len(by_seq(heard.on(f"{ROOT}/event/"))) == journal.head)
        eventually(lambda: heard.on(f"{ROOT}/status") and heard.on(f"{ROOT}/birth"))
    for message in heard.messages:
        assert_valid(message["topic"], message["payload"])
    assert by_seq(heard.on(f"{ROOT}/event/")) == stored_events(journal)
    kinds = {message["topic"].removeprefix(f"{ROOT}/event/") for message in heard.on(f"{ROOT}/event/")}
    assert kinds == set(EVENTS)
    (birth,) = heard.on(f"{ROOT}/birth")
    assert set(json.loads(birth["payload"])["types"]) == set(EVENTS)


def test_what_the_contract_says_of_times_is_what_a_gate_does_by_default():
    settings = ClientSettings(gate=GATE, brokers=(local(1883),))
    assert settings.will_delay_s == WILL_DELAY_S
    assert settings.session_expiry_s == SESSION_EXPIRY_S
    assert settings.status_every_s * STATUS_LIFE_FACTOR == STATUS.expiry_s
    assert (EVIDENCE.content_type, RESULT_EXPIRY_S) == (evidence_upload.CONTENT_TYPE, command_results.EXPIRY_S)


@needs_mosquitto
def test_messages_are_published_as_the_contract_says(broker, journal):
    # A subscriber that asks for it hears the flag as it was published (MQTT 5, 3.8.3.1, Retain As Published).
    options = ("--retain-as-published",)
    with (
        Listener(broker.port, f"{ROOT}/#", options=options) as heard,
        linked(journal, quick(broker.port, status_every_s=30.0), extra=presence),
    ):
        eventually(lambda: len(by_seq(heard.on(f"{ROOT}/event/"))) == journal.head)
        eventually(lambda: heard.on(f"{ROOT}/status") and heard.on(f"{ROOT}/birth"))
        before = list(heard.messages)
    channels = {ROOT + "/" + one.path: one for one in (STATUS, BIRTH, *map(event_channel, EVENTS))}
    for message in before:
        channel, properties = channels[message["topic"]], message["properties"]
        assert (message["qos"], bool(message["retain"])) == (channel.qos, channel.retain)
        assert properties["content-type"] == channel.content_type
        expiry_s = properties.get("message-expiry-interval")
        assert (expiry_s is None) == (channel.expiry_s is None)
        assert expiry_s is None or channel.expiry_s - 10 <= expiry_s <= channel.expiry_s
        assert set(channel.user_properties) == set(properties.get("user-properties", {}))


# -------------------------------------------------------------------------------------------------------- npm's client


@needs_mosquitto
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_the_npm_client_reads_all_events_and_the_gate_takes_its_acknowledgements(broker, journal, version):
    with (
        NpmCentral(broker.port, GATE, version) as central,
        linked(journal, quick(broker.port), DeliverySettings(resend_s=3600), extra=presence),
    ):
        eventually(lambda: journal.watermark == journal.head)
        eventually(lambda: central.on(f"{ROOT}/status") and central.on(f"{ROOT}/birth"))
    for message in central.messages:
        assert_valid(message["topic"], message["payload"])
    events = central.on(f"{ROOT}/event/")
    assert by_seq(events, lambda message: message["payload"]) == stored_events(journal)
    if version == "5":
        assert {message["contentType"] for message in events} == {"application/cloudevents+json"}
        assert [message["userProperties"]["seq"] for message in events] == [str(seq) for seq in stored_events(journal)]


@needs_mosquitto
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_the_gate_believes_what_the_npm_client_signs(broker, journal, tmp_path, version):
    key = SigningKey.from_seed(bytes(range(32)))
    (tmp_path / "ack.pem").write_bytes(key.to_pem())
    policy = AckPolicy(GATE, {"central": key.public})
    with (
        NpmCentral(broker.port, GATE, version, tmp_path / "ack.pem"),
        linked(journal, quick(broker.port), acks=policy) as link,
    ):
        eventually(lambda: journal.watermark == journal.head)
        assert link.uplink.view.acks["taken"] > 0
    said = stored(broker.port, f"{ROOT}/ack")
    assert_valid(f"{ROOT}/ack", json.dumps(said["payload"]) if isinstance(said["payload"], dict) else said["payload"])


@needs_mosquitto
def test_a_command_by_the_npm_client_is_done_and_its_result_comes_back(broker, tmp_path):
    root = f"gate/v1/{COMMANDED}"
    site = CommandSite(broker.port, tmp_path / "journal.db")
    with NpmCentral(broker.port, COMMANDED) as central, site.running():
        command = site.command("lock")
        assert_valid(f"{root}/cmd/lock", command)
        mine = f"{root}/res/npm"
        properties = {"messageExpiryInterval": 20, "correlationData": "77", "responseTopic": mine}
        central.publish(f"{root}/cmd/lock", command.decode(), **properties)
        eventually(lambda: central.on(f"{root}/res/lock") and central.on(mine))
        (answer,) = central.on(f"{root}/res/lock")
        result = assert_valid(answer["topic"], answer["payload"])
        assert (result["result"], result["name"]) == ("done", "lock")
        assert answer["correlation"] == "77"
        assert RESULT_EXPIRY_S - 10 <= answer["expiry"] <= RESULT_EXPIRY_S
        assert (answer["qos"], answer["retain"], answer["contentType"]) == (1, False, "application/json")

        central.publish(f"{root}/cmd/open", "not a command", retain=True)
        refused = eventually(lambda: central.on(f"{root}/res/open"))[0]
        assert assert_valid(refused["topic"], refused["payload"])["code"] == "RETAINED"
    assert [command.name for command in site.executors.carried_out] == ["lock"]


# --------------------------------------------------------------------------------------------- the initiative's parser


@pytest.mark.long
def test_the_parser_of_the_asyncapi_initiative_finds_nothing_wrong(tmp_path):
    folder = peer("asyncapi")
    found = parsed(folder, tmp_path, asyncapi())
    assert (found["errors"], found["warnings"]) == ([], [])
    assert sorted(found["channels"]) == sorted(asyncapi()["channels"])
    assert sorted(found["operations"]) == sorted(asyncapi()["operations"])


@pytest.mark.long
def test_the_parser_of_the_asyncapi_initiative_is_able_to_find_something_wrong(tmp_path):
    document = asyncapi()
    document["operations"]["send.status"]["channel"]["$ref"] = "#/channels/state"
    assert parsed(peer("asyncapi"), tmp_path, document)["errors"]


def parsed(folder, tmp_path, document):
    file = tmp_path / "asyncapi.json"
    file.write_text(written(document), encoding="utf-8")
    done = subprocess.run(
        ["node", "parse.mjs", file], cwd=folder, check=True, capture_output=True, text=True, timeout=scaled(30)
    )
    return json.loads(done.stdout)
