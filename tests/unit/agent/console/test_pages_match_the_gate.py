"""What a page says is what is there: the arm, lamps and signs, vehicles, times, checks, and a configuration that was
refused.
"""

from __future__ import annotations

import json
import re
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from agent.console import hold_to_confirm
from agent.console.pages import barrier as barrier_page
from agent.console.web.routing import page_modules
from agent.core.events.event_types import AccessDecided, ConfigurationRefused, Draft, VehiclePresent
from agent.core.lane.event_drafts import transaction_id
from agent.core.model.reasons import Reason, Verdict
from agent.i18n import Language, translate
from agent.lane import order_requests
from drivers.inputs import simulated as simulated_inputs
from drivers.text import Text
from tests.support.console.consoles import LANE, ConsoleGate
from tests.support.mqtt.central import Central
from tests.support.mqtt.mosquitto import Broker, needs_mosquitto
from tests.support.waiting import PATIENCE_S, eventually
from tests.support.zones import local_zone
from tests.unit.agent.console.live.test_live import news

PATHS = [module.NAV.path for module in page_modules() if hasattr(module, "NAV")]
HOLD_S = 0.3
LIMITS = LANE + "opened = 3\nclosed = 4\n"
BLIND = """
[lanes.out]
number = 1
direction = "export"

[lanes.out.timing]
open_s = 0.5
blind_passage_s = 1
gone_s = 0.5

[lanes.out.barrier]
pulse_ms = 200

[lanes.out.relay]
kind = "simulated"
name = "{board}"
"""
LAMPS = BLIND.replace("pulse_ms = 200", "pulse_ms = 200\nred_channel = 3\ngreen_channel = 4")
NOON = datetime(2026, 11, 28, 7, 0, 0, tzinfo=UTC).timestamp()
"""In Tashkent."""


@pytest.fixture
def gate_with(tmp_path, monkeypatch):
    """Make a gate with these lanes; its pages and its own socket are there until the end of the test."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    # A lane that a busy machine holds up has not stopped.
    monkeypatch.setattr("agent.console.live.arm_position.STILL_S", PATIENCE_S)
    running = []

    def make(lanes=LANE, before=lambda _camera: None, **more):
        gate = ConsoleGate(tmp_path, lanes=lanes.format(board=tmp_path.name), **more)
        for camera in gate.app.parts.lanes.cameras:
            before(camera)
        gate.__enter__()
        running.append(gate)
        return gate

    yield make
    for gate in running:
        gate.__exit__()


def told(gate, name):
    """What the Lane page is told of one of its parts now."""
    return news(gate, "viewer", "/live/lane/out/news", {name})[name]


# ------------------------------------------------------------------------------------------------------------ the arm


def test_the_arm_is_unknown_wherever_it_is_shown_once_its_limit_switches_are_not_known(gate_with):
    gate = gate_with(LIMITS)
    board = simulated_inputs.board(gate.path.parent.name)
    board.set(4, True)
    eventually(lambda: told(gate, "barrier")["position"] == "closed")
    board.unplugged = True
    eventually(lambda: told(gate, "inputs")["tone"] == "bad", what="the inputs to be lost")
    barrier = told(gate, "barrier")
    assert (barrier["position"], barrier["tone"]) == ("unknown", "bad")
    assert barrier["arm"] == "unknown: no reliable signal from the limit switches"
    page = gate.browser("viewer").get("/live/barrier/out").text
    assert "unknown: no reliable signal from the limit switches" in page
    assert "down" not in page
    assert 'class="on"' not in page, "no input is shown as on that is not known"


@pytest.mark.parametrize("language", Language)
def test_a_lane_without_limit_switches_shows_an_arm_that_is_assumed_and_never_green(gate_with, language):
    gate = gate_with(BLIND)
    eventually(lambda: gate.app.lanes[0].view and gate.app.lanes[0].view.state == "idle")
    heads = {"accept-language": language}
    barrier = news(gate, "viewer", "/live/lane/out/news", {"barrier"}, **heads)["barrier"]
    words = {"en": "assumed", "zh": "推定", "ru": "предполож", "kk": "болжам"}
    assert words[language] in barrier["arm"].lower()
    assert barrier["tone"] == "off"
    assert barrier["arm"] in gate.browser("viewer").get("/live/barrier/out", headers=heads).text


# ----------------------------------------------------------------------------------------------------- lamps and signs


def test_a_lane_without_lamps_and_sign_shows_none(gate_with):
    gate = gate_with(BLIND)
    eventually(lambda: gate.app.lanes[0].view and gate.app.lanes[0].view.state == "idle")
    lane = told(gate, "lane")
    assert lane["lamp"] == ""
    assert lane["lamp_text"] == "none: no lamp is wired"
    assert lane["sign"] == "none: this lane has no sign"
    page = gate.browser("viewer").get("/live/barrier/out").text
    assert "none: no lamp is wired" in page


def test_a_lane_with_lamps_shows_the_one_that_is_lit(gate_with):
    gate = gate_with(LAMPS)
    eventually(lambda: told(gate, "lane")["lamp"] == "red")
    assert told(gate, "lane")["lamp_text"] == "red"


CLIP = """
[[lanes.out.cameras]]
id = "front"
kind = "folder"
path = "{pictures}"
readers = ["qr"]
"""


def test_the_exposure_of_a_camera_that_cannot_be_set_is_not_offered(gate_with, tmp_path):
    picture = np.full((360, 640, 3), 110, np.uint8)
    assert cv2.imwrite(str(tmp_path / "yard.jpg"), picture)
    may_come = threading.Event()

    def hold_back(camera):
        live_once = camera._live_once
        camera._live_once = lambda born_at: may_come.wait(PATIENCE_S) and live_once(born_at)

    gate = gate_with(LANE + CLIP.replace("{pictures}", str(tmp_path / "yard.jpg")), before=hold_back)
    page = gate.browser("technician").get("/settings/aim/out/front").text
    buttons = re.findall(r'<button[^>]* name="divisor"[^>]*>', page)
    assert len(buttons) > 1
    assert all(" disabled" in one and 'aria-describedby="exposure-now"' in one for one in buttons), (
        "until the camera says"
    )
    assert "You can try the exposure as soon as the camera delivers pictures." in page
    may_come.set()
    camera = gate.app.parts.lanes.cameras[0]
    eventually(
        lambda: camera.status.up and camera.last_heartbeat and camera.last_heartbeat.exposable is not None,
        60,
        "the camera's word",
    )
    told_of = news(gate, "technician", "/live/camera/out/front/news", {"camera"})["camera"]
    assert told_of["exposure"]["settable"] is False, "nobody has tried"


# ---------------------------------------------------------------------------------------------------------- test pulse


def test_a_test_pulse_is_not_a_vehicle_and_ticks_no_step(gate_with, monkeypatch):
    monkeypatch.setattr(hold_to_confirm, "HOLD_S", HOLD_S)
    monkeypatch.setattr(hold_to_confirm, "LIFE_S", PATIENCE_S)
    monkeypatch.setattr(barrier_page, "ORDER_S", PATIENCE_S)
    monkeypatch.setattr(order_requests, "LATE_ANSWER_S", PATIENCE_S)
    gate = gate_with(BLIND)
    eventually(lambda: gate.app.lanes[0].view and gate.app.lanes[0].view.relay_up)
    browser, sent = gate.browser("technician"), {"act": "out_of_service", "reason": "the wiring"}
    assert browser.post("/barrier/out/order", data=sent).status_code == 200
    eventually(lambda: gate.app.lanes[0].view.state == "out_of_service")
    token = browser.post("/barrier/out/press", data={"act": "test_open"}).json()["token"]
    until = time.monotonic() + HOLD_S
    eventually(lambda: time.monotonic() >= until)
    answer = browser.post("/barrier/out/order", data={"act": "test_open", "reason": "the wiring", "token": token})
    assert "The open pulse is ordered" in answer.text
    (closed,) = eventually(lambda: events(gate, "transaction.closed"), 30, "the end of the test")
    (tested,) = events(gate, "barrier.tested")
    later = transaction_id(NOON, 1, 99)
    gate.app.parts.journal.record([Draft(VehiclePresent(seen_by="eye"), "out", later, NOON)])
    shown = eventually(lambda: later in (page := browser.get("/lanes/out/vehicles").text) and page, 20, "a vehicle")
    assert shown.count("data-key=") == 1, "the vehicle alone"
    assert tested["transaction"] not in shown
    assert "No vehicle has passed yet" in browser.get("/settings/setup").text
    assert (closed["data"]["outcome"], closed["data"]["taken"]) == ("not_taken", None), "nobody saw a vehicle"


def events(gate, kind):
    journal = gate.app.parts.journal
    return [json.loads(one.payload) for one in journal.range(1, journal.head) if one.type == kind]


# --------------------------------------------------------------------------------------------------------------- clock


def test_every_page_shows_the_gates_local_time_with_its_zone_and_utc(gate_with):
    with local_zone("Asia/Tashkent"):
        gate = gate_with()
        transaction = transaction_id(NOON, 1, 1)
        gate.app.parts.journal.record([Draft(VehiclePresent(seen_by="inputs"), "out", transaction, NOON)])
        browser = gate.browser("admin")
        shown = {path: browser.get(path).text for path in ("/vehicles/events", "/lanes/out/vehicles")}
        for path, page in shown.items():
            assert (
                '<time datetime="2026-11-28T07:00:00Z" title="2026-11-28 07:00:00 UTC">2026-11-28 12:00:00 UTC+5</time>'
            ) in page, path
        browser.get("/settings/configuration")
        others = ("/health", "/connection", "/settings/configuration/history")
        for path, page in {path: browser.get(path).text for path in others}.items():
            times = re.findall(r"<time[^>]*>([^<]*)</time>", page)
            assert times or path == "/settings/configuration/history", path
            assert all("UTC+5" in one for one in times), path
            assert not re.search(r"\d\d:\d\d:\d\d UTC(?!\+5|\")", re.sub(r'title="[^"]*"', "", page)), path


def test_a_time_that_nobody_knows_is_said_to_be_unknown(gate_with):
    gate = gate_with()
    browser = gate.browser("technician")
    browser.get("/settings/configuration")
    page = re.sub(
        r"[0-9a-f]{64}", "", browser.get("/settings/configuration/history").text
    )  # a token may hold any digits
    assert "1970" not in page
    assert "unknown time" in page


def test_a_search_takes_times_of_the_gates_zone_and_says_so(gate_with):
    with local_zone("Asia/Tashkent"):
        gate = gate_with()
        transaction = transaction_id(NOON, 1, 1)
        gate.app.parts.journal.record([Draft(VehiclePresent(seen_by="inputs"), "out", transaction, NOON)])
        browser = gate.browser("viewer")
        assert "(UTC+5)" in browser.get("/vehicles/events").text
        story = f"/vehicles/{transaction}"
        ask = {"type": "vehicle.present", "since": "2026-11-28T11:59", "until": "2026-11-28T12:01"}
        assert story in browser.get("/vehicles/events", params=ask).text
        ask |= {"since": "2026-11-28T06:59", "until": "2026-11-28T07:01"}
        assert story not in browser.get("/vehicles/events", params=ask).text


# ---------------------------------------------------------------------------------------------------------- reporting


def reporting(browser):
    """How far the step is that reports to central, and why."""
    page = re.sub(r"<svg.*?</svg>", "", browser.get("/live/settings/setup/out/central").text, flags=re.DOTALL)
    chip, why = re.search(r'<span class="chip[^>]*>([^<]*)</span>(.*?)</p>', page, re.DOTALL).groups()
    return chip.strip(), why


@contextmanager
def reporting_gate(tmp_path, monkeypatch, ack_mode="watermark"):
    with Broker(tmp_path) as broker:
        monkeypatch.setenv("GATE_MQTT__ENABLED", "true")
        monkeypatch.setenv("GATE_MQTT__START_SPREAD_S", "0")
        monkeypatch.setenv("GATE_MQTT__ACK_MODE", ack_mode)
        monkeypatch.setenv("GATE_MQTT__BROKERS", json.dumps([f"mqtt://127.0.0.1:{broker.port}"]))
        with ConsoleGate(tmp_path) as gate:
            eventually(lambda: gate.app.parts.devices.states.get("broker") == "up", 60, "the broker")
            yield gate, broker


@pytest.mark.broker
@needs_mosquitto
def test_reporting_is_done_once_central_has_acknowledged_an_event(tmp_path, monkeypatch):
    with reporting_gate(tmp_path, monkeypatch) as (gate, broker):
        browser = gate.browser("technician")
        assert gate.app.parts.journal.head > 0
        said, why = reporting(browser)
        assert said != "done", "nothing is acknowledged"
        assert "acknowledged" in why
        with Central(broker.port, "gate-7"):
            eventually(lambda: gate.app.parts.journal.watermark > 0, 60, "an acknowledgement")
            assert reporting(browser)[0] == "done"


@pytest.mark.broker
@needs_mosquitto
def test_reporting_is_done_by_the_brokers_answer_where_that_is_what_counts(tmp_path, monkeypatch):
    with reporting_gate(tmp_path, monkeypatch, "puback") as (gate, broker), Central(broker.port, "gate-7", ack=False):
        eventually(lambda: gate.app.parts.journal.watermark > 0, 60, "an answer of the broker")
        assert reporting(gate.browser("technician"))[0] == "done"


# ------------------------------------------------------------------------------------------- a refused configuration


@pytest.mark.parametrize("language", Language)
def test_a_refused_configuration_is_told_on_every_page(gate_with, language):
    gate = gate_with()
    browser, heads = gate.browser("admin"), {"accept-language": language}
    paths = [*PATHS, "/settings/account"]
    banner = re.compile(r'<div\s+class="notice is-refused refused"(?![^>]*\shidden)[^>]*>.*?</div></div>', re.DOTALL)
    told = translate(Text("The configuration on disk is invalid"), language)
    pages = {path: browser.get(path, headers=heads, follow_redirects=True).text for path in paths}
    assert [path for path, page in pages.items() if banner.search(page)] == [], "nothing is refused yet"
    gate.app.refuse(ConfigurationRefused(errors=1, detail="gate.toml:3:1: error: expected a value", running="0" * 64))
    pages = {path: browser.get(path, headers=heads, follow_redirects=True).text for path in paths}
    for path, page in pages.items():
        assert (found := banner.search(page)), path
        assert 'href="/settings/configuration"' in found[0], path
        assert told in found[0], path
    viewers = gate.browser("viewer").get("/lanes/out", headers=heads).text
    assert told in banner.search(viewers)[0]
    assert 'href="/settings/configuration"' not in viewers, "a viewer may not open it"
    hello = news(gate, "viewer", "/live/lane/out/news", {"hello"})["hello"]
    assert hello["refused"] is True, "an open page is told too"


# -------------------------------------------------------------------------------------------------------------- checks


@pytest.mark.parametrize(
    ("verdict", "tone"),
    [(Verdict.PASS, "passed"), (Verdict.RETRY, "busy"), (Verdict.MANUAL, "warning"), (Verdict.DENY, "warning")],
)
def test_a_decision_in_the_journal_has_the_sign_of_its_verdict(gate_with, verdict, tone):
    gate = gate_with()
    utc = gate.app.parts.utc()
    decided = AccessDecided(verdict=verdict, reason=Reason.OK, checks=())
    gate.app.parts.journal.record([Draft(decided, "out", transaction_id(utc, 1, 1), utc)])
    page = gate.browser("viewer").get("/vehicles/events?type=access.decided").text
    assert re.search(rf'<span class="chip[^"]*\bis-{tone}\b[^"]*">.{{0,200}}?Decision', page, re.DOTALL)
