"""The health of a gate at a real broker: retained, as the contract says, and again after a loss."""

from __future__ import annotations

import json

import pytest

from agent.assembly.app import App
from agent.clock.clock import Clock
from agent.devices import PortState
from agent.doctor.codes import DiagnosticCheck, FindingCode
from agent.doctor.finding import DiagnosticReport, Finding
from agent.doctor.health_message import VALUE_CHARACTERS, health
from agent.mqtt import BrokerLinkView, HealthPublisher
from agent.service.systemd_notify import Notifier
from agent.settings.configuration_loading import load_configuration
from drivers.relay import simulated
from tests.support.gate.gate_site import GATE, GateSite
from tests.support.mqtt.contract_check import assert_valid
from tests.support.mqtt.mosquitto import Broker, Listener, needs_mosquitto
from tests.support.waiting import eventually
from tools.metrics_page import WHOLE

TOPIC = f"gate/v1/{GATE}/health"
LANE = """
[lanes.exit-1.relay]
kind = "simulated"
name = "health"

[[lanes.exit-1.cameras]]
id = "front"
kind = "simulated"
frame_rate_hz = 4
readers = ["qr"]
"""

pytestmark = needs_mosquitto


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as broker:
        yield broker


@pytest.fixture
def app(tmp_path, broker):
    lines = f'brokers = ["mqtt://127.0.0.1:{broker.port}"]\nstart_spread_s = 0'
    path = GateSite(tmp_path).configure(LANE, mqtt=lines)
    app = App(load_configuration(path), Clock(), Notifier(None), pytest.fail)
    app.start()
    yield app
    app.stop("end of the test")
    simulated.forget_boards()


def told(port):
    """The first that is heard of the gate's health: what the broker keeps, once it was told any."""
    with Listener(port, TOPIC) as listener:
        return eventually(lambda: listener.messages)[0]


def test_a_gate_tells_its_health_when_it_connects_and_the_broker_keeps_it(app, broker):
    told(broker.port)
    message = told(broker.port)
    health = assert_valid(TOPIC, message["payload"])
    assert message["retain"]
    assert health["boot"] == app.parts.boot
    assert set(health["cameras"]) == {"exit-1/front"}
    assert set(health["relays_ms"]) == {"simulated health"}


def test_what_was_found_is_told_after_the_next_connection(app, broker):
    told(broker.port)
    app.parts.diagnostics.health_monitor.examine()
    with Listener(broker.port, TOPIC) as listener:
        eventually(lambda: listener.messages)
        broker.kill()
        broker.start()
        eventually(lambda: app.parts.central.broker_link_view.connections >= 2, 40)
    health = json.loads(eventually(lambda: _with_findings(broker.port), 40)["payload"])
    assert {"LANE_BLIND", "BROKER_IN_CLEAR"} <= {one["code"] for one in health["findings"]}
    assert all(isinstance(one["values"], dict) for one in health["findings"])
    assert health["examined"] is not None


def _with_findings(port):
    message = told(port)
    return message if json.loads(message["payload"])["findings"] else None


class Link:
    """A link that stands, and what was published on it."""

    def __init__(self):
        self.view = BrokerLinkView(PortState.UP, "", 0, "mqtt://broker", 1, 0.0)
        self.published = []

    def publish(self, message):
        self.published.append(message.payload)
        return True


def test_a_problem_that_comes_or_goes_is_told_at_once_and_nothing_else_before_its_time(mocker):
    mocker.patch("agent.mqtt.health_publisher.LOOK_S", 0.01)
    link, problems = Link(), [frozenset()]
    publisher = HealthPublisher(
        link, TOPIC, lambda: str(sorted(problems[0])).encode(), 3_600.0, problems=lambda: problems[0]
    )
    publisher.start()
    try:
        eventually(lambda: link.published == [b"[]"])
        problems[0] = frozenset({"DISK_FULL"})
        eventually(lambda: link.published == [b"[]", b"['DISK_FULL']"])
        problems[0] = frozenset()
        eventually(lambda: link.published == [b"[]", b"['DISK_FULL']", b"[]"])
    finally:
        publisher.stop()


def test_a_finding_is_told_with_its_values_and_a_long_one_is_cut():
    finding = Finding(
        DiagnosticCheck.CERTIFICATES,
        "/etc/gate-agent/gate.pem",
        FindingCode.CERTIFICATE_EXPIRES,
        values={"left": "20 d", "date": "2026-12-14", "trouble": "x" * 999},
    )
    report = DiagnosticReport("gate-7", "0.2", agent=True, utc=1.8e9, findings=(finding,))
    made = health(WHOLE, "boot", 1.8e9, report).findings
    assert [(one.code, one.values["date"], one.values["left"]) for one in made] == [
        ("CERTIFICATE_EXPIRES", "2026-12-14", "20 d")
    ]
    assert len(made[0].values["trouble"]) == VALUE_CHARACTERS
