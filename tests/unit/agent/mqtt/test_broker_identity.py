"""The shipped configuration of mosquitto: nobody takes the session of another, and what ships works
beside what runs.
"""

import json
import threading
from contextlib import contextmanager

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.properties import Properties
from typer.testing import CliRunner

from agent.broker.addresses import BrokerAddress
from agent.broker.tls import TlsFiles
from agent.cli import exit_codes
from agent.cli.command import app as command_app
from agent.cli.events import app as events_app
from agent.clock.clock import Clock
from agent.core.commands.check import CommandKey
from agent.core.commands.command import CommandAnswer, Result
from agent.core.crypto.keys import SigningKey
from agent.core.events.chain import ClockReading
from agent.core.model import CommandName
from agent.devices.port_supervisor import PortState
from agent.doctor.collectors import remote
from agent.doctor.collectors.remote import Links, brokers
from agent.mqtt.central_link import CentralLink
from agent.mqtt.command_processor import CommandProcessor, CommandRules
from agent.mqtt.delivery_settings import DeliverySettings
from agent.mqtt.messages import Outgoing
from agent.mqtt.one_shot_client import OneShotClientError
from agent.mqtt.presence import GateIdentity
from agent.recording.recorder import Recorder
from agent.settings.configuration_loading import load_configuration
from tests.support.gate.gate_site import GateSite
from tests.support.lists.central import CentralLists
from tests.support.mqtt.certified_client import certified_client
from tests.support.mqtt.clients import leave
from tests.support.mqtt.linking import GATE, journal_at, quick, record
from tests.support.mqtt.mosquitto import SampleBroker, needs_mosquitto
from tests.support.waiting import PATIENCE_S, eventually, scaled

pytestmark = needs_mosquitto
ROGUE = "gate-666"
QUIET_S = 0.5
LANE = """
[lanes.exit-1.relay]
kind = "simulated"
name = "doctor"

[[lanes.exit-1.cameras]]
id = "front"
kind = "simulated"
frame_rate_hz = 4
"""
EVENT = f"gate/v1/{GATE}/event/gate.started"


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with SampleBroker(tmp_path_factory.mktemp("broker"), GATE, ROGUE) as running:
        yield running


class Consumer:
    """Central's consumer with a session that outlives its absence, as the reference consumer has.

    `fresh`: without what waits for it. `ended`: how often it was thrown out.
    """

    def __init__(self, broker, client_id="central", *, fresh=True):
        self.heard = []
        self.ended = 0
        self._subscribed = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
        self._client.tls_set(*map(str, broker.files("central")))
        self._client.on_connect = lambda client, *_: client.subscribe("gate/v1/+/event/+", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _client, _data, message: self.heard.append(message.payload)
        self._client.on_disconnect = self._on_disconnect
        properties = Properties(mqtt.CONNECT >> 4)
        properties.SessionExpiryInterval = 3600
        port = broker.port_of("central")
        self._client.connect("localhost", port, clean_start=fresh, properties=properties)

    def _on_disconnect(self, _client, _data, _flags, code, _properties):
        self.ended += bool(code.is_failure)

    def __enter__(self):
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_S)
        return self

    def __exit__(self, *_):
        leave(self._client)


@contextmanager
def running_gate(broker, journal, *, keys=None):
    """A gate's link, with a command processor that only reports each command as done."""
    settings = quick(BrokerAddress("localhost", broker.port_of(GATE), tls=True), tls=TlsFiles(*broker.files(GATE)))
    processor = None
    link = CentralLink(
        settings,
        DeliverySettings(),
        GateIdentity(GATE, "0", "b1", {}),
        journal,
        now,
        extra=lambda: {} if processor is None else {"challenge": processor.challenge},
    )
    processor = CommandProcessor(
        link.client,
        CommandRules(GATE, keys or {}, frozenset({"in-1"}), 120),
        journal,
        Recorder(journal, lambda: now().utc),
        now,
        dict.fromkeys(CommandName, lambda _command: CommandAnswer(Result.DONE, "as ordered")),
    )
    processor.start()
    link.start()
    try:
        eventually(lambda: link.client.view.state is PortState.UP, what="the gate's link")
        yield link
    finally:
        assert processor.stop(scaled(5))
        assert link.stop(scaled(6))


def now():
    return ClockReading(Clock().now().utc, synced=True, error_ms=3)


@pytest.mark.parametrize("client_id", ["central", "central-events"])
def test_a_gate_that_calls_itself_central_does_not_end_centrals_connection(broker, client_id):
    with Consumer(broker, client_id) as central, certified_client(broker, GATE) as gate:
        with certified_client(broker, ROGUE, client_id=client_id) as rogue:
            rogue.publish(Outgoing(f"gate/v1/{ROGUE}/health", b"{}"))
        assert gate.publish(Outgoing(EVENT, b"after it")).taken
        eventually(lambda: b"after it" in central.heard, what="the event at central")
        assert central.ended == 0


def test_a_gate_that_calls_itself_central_does_not_clear_what_waits_for_central(broker):
    with Consumer(broker) as central:
        with certified_client(broker, GATE) as gate:
            gate.publish(Outgoing(EVENT, b"before"))
        eventually(lambda: b"before" in central.heard)
    with certified_client(broker, GATE) as gate:
        assert gate.publish(Outgoing(EVENT, b"while central is away")).taken
    with certified_client(broker, ROGUE, client_id="central") as rogue:
        assert not list(rogue.messages(QUIET_S))
    with Consumer(broker, fresh=False) as central:
        eventually(lambda: b"while central is away" in central.heard, what="what waited for central")


def test_a_gates_certificate_is_not_let_in_where_central_comes_in(broker):
    with pytest.raises(OneShotClientError), certified_client(broker, ROGUE, port=broker.port_of("central")) as rogue:
        rogue.publish(Outgoing(f"gate/v1/{ROGUE}/health", b"{}"))


def test_a_gate_that_calls_itself_by_the_name_of_another_does_not_end_its_connection(broker, tmp_path):
    with journal_at(tmp_path / "journal.db") as journal, running_gate(broker, journal) as link:
        with certified_client(broker, ROGUE, client_id=GATE) as rogue:
            rogue.publish(Outgoing(f"gate/v1/{ROGUE}/health", b"{}"))
            assert link.client.publish(Outgoing(f"gate/v1/{GATE}/health", b"{}"))
            assert not list(rogue.messages(QUIET_S))
        assert (link.client.view.state, link.client.view.connections) == (PortState.UP, 1)


# ------------------------------------------------------------------------------- what ships, beside what is connected


def to(broker):
    """The options with which central's commands find the broker and show central's certificate."""
    ca, certificate, key = broker.files("central")
    address = f"mqtts://localhost:{broker.port_of('central')}"
    return ["--broker", address, "--ca", str(ca), "--certificate", str(certificate), "--certificate-key", str(key)]


def test_the_commands_of_central_work_beside_a_running_central_and_a_running_gate(broker, tmp_path):
    key = tmp_path / "duty.pem"
    runner = CliRunner()
    assert runner.invoke(command_app, ["keygen", str(key)]).exit_code == exit_codes.OK
    keys = {"duty": CommandKey("duty", SigningKey.from_pem(key.read_bytes()).public, frozenset(CommandName))}
    central_lists = CentralLists(tmp_path)
    with (
        Consumer(broker) as central,
        journal_at(tmp_path / "journal.db") as journal,
        running_gate(broker, journal, keys=keys) as link,
    ):
        words = ["--key", str(key), "--kid", "duty", "--gate", GATE, "--lane", "in-1", "--operator", "A. Serik"]
        sent = runner.invoke(command_app, ["send", "open", *words, "--cause", "a test", *to(broker)])
        assert sent.exit_code == exit_codes.OK, sent.output
        central_lists.run(
            "publish", "--settle", f"{scaled(0.25):g}", "--declarations", central_lists.declarations, *to(broker)
        )
        verdict = verified(broker, journal)
        assert verdict.exit_code == exit_codes.OK, verdict.output
        eventually(lambda: len(central.heard) >= journal.head, what="all events at central")
        assert central.ended == 0
        assert (link.client.view.state, link.client.view.connections) == (PortState.UP, 1)
        assert {json.loads(payload)["type"] for payload in central.heard} >= {"command.accepted", "gate.stopping"}


@pytest.fixture
def patient_doctor(monkeypatch):
    """A doctor who waits for a broker as long as this machine may need."""
    for limit in ("ANSWER_S", "LIMIT_S"):
        monkeypatch.setattr(remote, limit, scaled(getattr(remote, limit)))


@pytest.mark.usefixtures("patient_doctor")
def test_the_doctor_of_a_running_gate_measures_over_its_own_connection(broker, tmp_path):
    settings = load_configuration(configured(broker, tmp_path)).settings
    with (
        Consumer(broker) as central,
        journal_at(tmp_path / "journal.db") as journal,
        running_gate(broker, journal) as link,
    ):
        (found,) = brokers(settings, lambda: b"{}", Links(link.client))
        assert (found.trouble, found.takes, found.gives) == ("", "", "")
        assert found.publish_ms > 0
        assert link.client.publish(Outgoing(f"gate/v1/{GATE}/health", b"{}"))
        record(journal)
        eventually(lambda: central.heard, what="an event at central")
        assert (link.client.view.state, link.client.view.connections) == (PortState.UP, 1)


@pytest.mark.usefixtures("patient_doctor")
def test_the_doctor_of_a_gate_that_does_not_run_goes_there_itself(broker, tmp_path):
    settings = load_configuration(configured(broker, tmp_path)).settings
    (found,) = brokers(settings, lambda: b"{}")
    assert (found.trouble, found.takes, found.gives) == ("", "", "")
    assert found.connect_ms > 0 < found.publish_ms


def configured(broker, folder):
    """The configuration of this gate at this broker."""
    ca, certificate, key = broker.files(GATE)
    address = f'brokers = ["mqtts://localhost:{broker.port_of(GATE)}"]'
    files = f'ca_file = "{ca}"\ncertificate_file = "{certificate}"\nkey_file = "{key}"'
    path = GateSite(folder).configure(LANE, mqtt=f"{address}\n{files}")
    path.write_text(path.read_text().replace('id = "gate-7"', f'id = "{GATE}"'))
    return path


def verified(broker, journal):
    """What `events verify` says of what the gate sends meanwhile."""
    over, verdicts = threading.Event(), []
    words = ["verify", "--gate", GATE, "--for", f"{PATIENCE_S:g}", "--count", "3", *to(broker)]
    listening = threading.Thread(target=lambda: (verdicts.append(CliRunner().invoke(events_app, words)), over.set()))
    listening.start()
    while not over.wait(0.1):
        record(journal)
    listening.join()
    return verdicts[0]
