"""The page Connection against a real broker, and with certificates that end."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from agent.clock.clock import Clock
from agent.doctor.collectors import remote
from agent.i18n import Language, translate
from drivers.text import Text
from tests.support.console.consoles import ConsoleGate
from tests.support.mqtt.mosquitto import Broker, free_port, needs_mosquitto
from tests.support.pki.certificates import Authority
from tests.support.waiting import PATIENCE_S, eventually

SILENT = {
    "en": "is the broker running?",
    "zh": "消息服务器在运行吗？",
    "ru": "брокер работает?",
    "kk": "хабар сервері жұмыс істей ме?",
}
"""Of a port that nobody listens at."""


@pytest.fixture
def joined(tmp_path, monkeypatch):
    """A gate whose variables name a broker that runs."""
    monkeypatch.setattr(remote, "ANSWER_S", PATIENCE_S)
    monkeypatch.setattr(remote, "LIMIT_S", 4 * PATIENCE_S)
    with Broker(tmp_path) as broker:
        monkeypatch.setenv("GATE_MQTT__ENABLED", "true")
        monkeypatch.setenv("GATE_MQTT__START_SPREAD_S", "0")
        monkeypatch.setenv("GATE_MQTT__BROKERS", json.dumps([f"mqtt://127.0.0.1:{broker.port}"]))
        with ConsoleGate(tmp_path) as gate:
            gate.broker = broker
            yield gate


@pytest.mark.broker
@needs_mosquitto
def test_the_broker_in_use_the_queue_and_the_round_trip_are_shown_also_when_the_broker_goes(joined):
    browser = joined.browser("technician")
    eventually(lambda: "Connected." in browser.get("/live/connection").text)
    page = browser.get("/connection").text
    assert f"mqtt:<wbr>/<wbr>/<wbr>127.0.0.1:<wbr>{joined.broker.port}" in page
    assert "Not synchronized for too long, so the clock is not reliable. Check the time server and the network." in page
    head = joined.app.parts.journal.head
    assert head > 0
    assert f"<dd>{joined.app.parts.journal.watermark}</dd>" in page
    measured = browser.post("/connection/measure").text
    assert " ms</td>" in measured
    assert joined.browser("viewer").post("/connection/measure").status_code == 403
    joined.broker.stop()
    eventually(
        lambda: "No connection. Reconnecting. The gate still serves vehicles." in browser.get("/live/connection").text
    )
    for language, why in SILENT.items():
        heads = {"accept-language": language}
        eventually(lambda heads=heads, why=why: why in browser.get("/live/connection", headers=heads).text)
        assert why in browser.post("/connection/measure", headers=heads).text
        assert 'lang="en"' not in browser.get("/live/connection", headers=heads).text
    assert " ms</td>" not in browser.post("/connection/measure").text


def test_certificates_are_shown_with_the_days_that_are_left(tmp_path, monkeypatch):
    now = datetime.fromtimestamp(Clock().now().utc, UTC)
    authority = Authority(tmp_path)
    soon, key = authority.issue("gate-7", not_after=now + timedelta(days=12, hours=1))
    late, _ = authority.issue("gate-8", not_after=now - timedelta(days=1))
    for name, value in {
        "ENABLED": "true",
        "BROKERS": json.dumps([f"mqtts://127.0.0.1:{free_port()}"]),
        "CA_FILE": str(authority.ca),
        "CERTIFICATE_FILE": str(soon),
        "KEY_FILE": str(key),
    }.items():
        monkeypatch.setenv(f"GATE_MQTT__{name}", value)
    with ConsoleGate(tmp_path) as gate:
        page = gate.browser("viewer").get("/connection").text
        assert "12 days" in page
        assert str(authority.ca) in page
        soon.write_bytes(late.read_bytes())
        page = gate.browser("viewer").get("/connection").text
        assert "Expired" in page
        assert "should be gate-7" in page
        soon.write_text("no certificate", encoding="utf-8")
        assert "it contains no PEM certificate" in gate.browser("viewer").get("/connection").text


@pytest.mark.parametrize("language", Language)
def test_a_gate_alone_says_so_in_every_language(lone, language):
    page = lone.browser("viewer").get("/connection", headers={"accept-language": language}).text
    for said in (
        Text("No broker is configured: events stay in the journal."),
        Text("This is the only gate at the site."),
        Text("None is configured."),
        Text("Not synchronized for too long, so the clock is not reliable. Check the time server and the network."),
        Text("Trust"),
    ):
        assert translate(said, language) in page, said


def test_a_gate_without_a_broker_has_nothing_to_measure(lone):
    assert "No broker is configured." in lone.browser("technician").post("/connection/measure").text


@pytest.fixture(scope="module")
def lone(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("connection")) as gate:
        yield gate
