"""The metrics: what they say of a gate, their names, and the port on which they are served."""

from __future__ import annotations

import http.client
import json
import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from agent.assembly.app import App
from agent.clock.clock import Clock
from agent.core.events.event_types import AccessDecided, Draft, TransactionClosed
from agent.core.lane.state import LaneState
from agent.core.lists.freshness import DataState
from agent.core.model import ExpiryKind, Outcome
from agent.core.model.camera_view import View
from agent.core.model.reasons import Reason, Verdict
from agent.enrolment import Expiry
from agent.lane import DryRunCounts
from agent.observability.figures import (
    CameraFigures,
    ChannelFigures,
    DiskFigures,
    GateFigures,
    JournalFigures,
    LaneFigures,
    LinkFigures,
    RelayFigures,
    UplinkFigures,
    WorkerFigures,
)
from agent.observability.metrics_server import MOST_CLIENTS, MetricsServer
from agent.observability.prometheus_metrics import Counters, registry
from agent.service.systemd_notify import Notifier
from agent.settings.configuration_loading import load_configuration
from agent.vision.heartbeat_stats import HeartbeatStats
from agent.vision.worker.protocol import Heartbeat
from drivers.inputs import simulated as simulated_inputs
from drivers.relay import simulated
from tests.support.gate.gate_site import GateSite
from tests.support.mqtt.mosquitto import free_port
from tests.support.waiting import PATIENCE_S, eventually

CONFIG = Path(__file__).parents[4] / "config"
CAMERA = CameraFigures("out", "front", up=True, view=View.CLEAR, overloaded=False, restarts=2, frame_rate_hz=25.0)
WHOLE = GateFigures(
    gate="gate-7",
    version="0.2",
    lanes=(
        LaneFigures("out", LaneState.MANUAL, vehicle=True, locked=False, out_of_service=True),
        LaneFigures(
            "new", LaneState.IDLE, vehicle=False, locked=False, out_of_service=False, dry_run=DryRunCounts(8, 2, 1)
        ),
    ),
    cameras=(
        replace(
            CAMERA,
            captured=100,
            read=40,
            skipped=50,
            dropped=10,
            load=0.25,
            behind_s=0.01,
            age_s=0.04,
            age_p95_s=0.06,
            health=0.8,
            memory_bytes=200_000_000,
        ),
        replace(CAMERA, camera="rear", up=False, view=View.DARK),
    ),
    relays=(RelayFigures("/dev/gate-barrier", up=True, answer_s=0.012),),
    devices={"out/front": "streaming", "out/rear": "lost", "broker": "up"},
    journal=JournalFigures(812, 12, 9000, 1_000_000, 2_000_000_000),
    journal_failing=False,
    links=(LinkFigures("central", up=True, connections=3), LinkFigures("site", up=False, connections=0)),
    uplink=UplinkFigures(
        5, 1, 2, 7, acks={"taken": 9, "wrong_head": 1}, acks_signed=True, answer_s=0.4, resend_after_s=12.5
    ),
    lists=DataState.STALE_OK,
    clock_trusted=True,
    clock_error_s=0.004,
    disk=DiskFigures(1000, 600, 99),
    watchdog_margin_s=4.5,
    parts=(WorkerFigures("retention", 3, well=False), WorkerFigures("clock", 0, well=True)),
    configuration_refused=False,
    expiries=(
        Expiry(ExpiryKind.CERTIFICATE, "mqtt", 1.8e9, 1.79e9, "the server cannot be reached"),
        Expiry(ExpiryKind.AUTHORITY, "mqtt", 2.1e9),
        Expiry(ExpiryKind.CERTIFICATE, "console", None),
    ),
    notifications=(ChannelFigures("mail", well=False, waiting=3, dropped=2, results={"done": 5, "failed": 1}),),
)
EMPTY = replace(
    WHOLE,
    lanes=(replace(WHOLE.lanes[0], state=None),),
    cameras=(CAMERA,),
    relays=(RelayFigures("board", up=False, answer_s=None),),
    journal=None,
    links=(),
    uplink=None,
    lists=None,
    clock_error_s=None,
    disk=None,
    watchdog_margin_s=None,
)


def samples(figures, counters=None):
    """Every sample of a gate with these figures: {name with its labels: value}."""
    text = generate_latest(registry(lambda: figures, counters or Counters())).decode()
    return {
        sample.name + (json.dumps(sample.labels) if sample.labels else ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def draft(event, lane="out"):
    return Draft(event, lane, "t1", 1e9)


def closed(outcome, reason=Reason.OK):
    return TransactionClosed(outcome=outcome, reason=reason, assumed=False, duration_s=3.0)


def decided(verdict):
    return AccessDecided(verdict=verdict, reason=Reason.OK, checks=())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gate_agent_uplink_acknowledgement_seconds", 0.4),
        ("gate_agent_uplink_resend_after_seconds", 12.5),
        ('gate_agent_info{"gate": "gate-7", "version": "0.2"}', 1),
        ('gate_agent_lane_state{"lane": "out", "state": "manual"}', 1),
        ('gate_agent_lane_state{"lane": "out", "state": "idle"}', 0),
        ('gate_agent_lane_vehicle{"lane": "out"}', 1),
        ('gate_agent_lane_out_of_service{"lane": "out"}', 1),
        ('gate_agent_lane_dry_run{"lane": "out"}', 0),
        ('gate_agent_lane_dry_run{"lane": "new"}', 1),
        ('gate_agent_dry_run_vehicles_total{"lane": "new", "result": "agreed"}', 8),
        ('gate_agent_dry_run_vehicles_total{"lane": "new", "result": "disagreed"}', 2),
        ('gate_agent_dry_run_vehicles_total{"lane": "new", "result": "unknown"}', 1),
        ('gate_agent_camera_up{"camera": "rear", "lane": "out"}', 0),
        ('gate_agent_camera_view{"camera": "rear", "lane": "out", "view": "dark"}', 1),
        ('gate_agent_camera_frames_captured_total{"camera": "front", "lane": "out"}', 100),
        ('gate_agent_camera_frames_dropped_total{"camera": "front", "lane": "out"}', 10),
        ('gate_agent_camera_health_ratio{"camera": "front", "lane": "out"}', 0.8),
        ('gate_agent_camera_frame_age_p95_seconds{"camera": "front", "lane": "out"}', 0.06),
        ('gate_agent_worker_memory_bytes{"camera": "front", "lane": "out"}', 200_000_000),
        ('gate_agent_worker_restarts_total{"camera": "front", "lane": "out"}', 2),
        ('gate_agent_device_up{"device": "out/front"}', 1),
        ('gate_agent_device_up{"device": "out/rear"}', 0),
        ('gate_agent_relay_answer_seconds{"board": "/dev/gate-barrier"}', 0.012),
        ('gate_agent_expiry_timestamp_seconds{"kind": "certificate", "subject": "mqtt"}', 1.8e9),
        ('gate_agent_expiry_timestamp_seconds{"kind": "authority", "subject": "mqtt"}', 2.1e9),
        ('gate_agent_renewal_timestamp_seconds{"subject": "mqtt"}', 1.79e9),
        ('gate_agent_renewal_failing{"subject": "mqtt"}', 1),
        ('gate_agent_notifications_well{"channel": "mail"}', 0),
        ('gate_agent_notifications_waiting{"channel": "mail"}', 3),
        ('gate_agent_notifications_dropped{"channel": "mail"}', 2),
        ('gate_agent_notifications_messages_total{"channel": "mail", "result": "failed"}', 1),
        ("gate_agent_journal_sequence", 812),
        ("gate_agent_journal_unacknowledged_events", 12),
        ('gate_agent_link_up{"link": "site"}', 0),
        ('gate_agent_link_connections_total{"link": "central"}', 3),
        ("gate_agent_uplink_resent_events_total", 2),
        ('gate_agent_uplink_acknowledgements_total{"result": "wrong_head"}', 1),
        ("gate_agent_uplink_acknowledgements_signed", 1),
        ('gate_agent_lists_state{"state": "STALE_OK"}', 1),
        ('gate_agent_lists_state{"state": "FRESH"}', 0),
        ("gate_agent_clock_error_seconds", 0.004),
        ("gate_agent_disk_free_bytes", 600),
        ("gate_agent_watchdog_margin_seconds", 4.5),
        ('gate_agent_part_failures_total{"part": "retention"}', 3),
        ('gate_agent_part_well{"part": "retention"}', 0),
        ('gate_agent_part_well{"part": "clock"}', 1),
        ("gate_agent_configuration_refused", 0),
    ],
)
def test_every_figure_of_the_gate_has_its_metric(name, value):
    assert samples(WHOLE)[name] == value


def test_what_cannot_be_known_has_no_sample_and_is_not_shown_as_zero():
    told = samples(EMPTY)
    for name in (
        "gate_agent_journal_sequence",
        "gate_agent_clock_error_seconds",
        "gate_agent_disk_free_bytes",
        "gate_agent_watchdog_margin_seconds",
        'gate_agent_relay_answer_seconds{"board": "board"}',
        'gate_agent_camera_load_ratio{"camera": "front", "lane": "out"}',
    ):
        assert name not in told
    assert told['gate_agent_relay_up{"board": "board"}'] == 0


def test_vehicles_are_counted_by_lane_outcome_and_reason():
    counters = Counters()
    counters.count_events([draft(closed(Outcome.PASSED)), draft(closed(Outcome.DENIED, Reason.EXPIRED), "in")])
    counters.count_events([draft(closed(Outcome.PASSED))])
    counters.count_events([replace(draft(closed(Outcome.PASSED)), dry_run=True)])
    told = samples(WHOLE, counters)
    assert told['gate_agent_transactions_total{"lane": "out", "outcome": "passed", "reason": "OK"}'] == 2
    assert told['gate_agent_transactions_total{"lane": "in", "outcome": "denied", "reason": "EXPIRED"}'] == 1


def test_the_time_of_a_decision_counts_from_the_frame_that_told_something_last():
    now = [100.0]
    counters = Counters(lambda: now[0])
    counters.note_detection("out", 99.0)
    counters.note_detection("out", 99.88)
    counters.count_events([draft(decided(Verdict.PASS))])
    told = samples(WHOLE, counters)
    assert told['gate_agent_decision_seconds_sum{"lane": "out", "verdict": "PASS"}'] == pytest.approx(0.12)
    assert told['gate_agent_decision_seconds_bucket{"lane": "out", "le": "0.1", "verdict": "PASS"}'] == 0
    assert told['gate_agent_decision_seconds_bucket{"lane": "out", "le": "0.15", "verdict": "PASS"}'] == 1


def test_a_decision_without_any_detection_has_no_time():
    counters = Counters()
    counters.count_events([draft(decided(Verdict.MANUAL))])
    assert not any(name.startswith("gate_agent_decision_seconds") for name in samples(WHOLE, counters))


def test_names_follow_the_conventions_of_prometheus():
    families = list(text_string_to_metric_families(generate_latest(registry(lambda: WHOLE, Counters())).decode()))
    ours = [family for family in families if family.name.startswith("gate_agent")]
    assert len(ours) > 30
    for family in ours:
        assert re.fullmatch(r"[a-z][a-z0-9_]+", family.name)
        assert family.documentation.endswith(".")
        assert not re.search(r"_(ms|mb|percent|milli)", family.name)
        if family.type == "counter":
            assert {sample.name for sample in family.samples} <= {f"{family.name}_total", f"{family.name}_created"}


def score(*beats):
    watch = HeartbeatStats()
    for at, age_s, read, dropped in beats:
        watch.add_heartbeat(
            Heartbeat(at=at, captured_at=None if age_s is None else at - age_s, read=read, dropped=dropped)
        )
    return watch


@pytest.mark.parametrize(
    ("beats", "health", "age_p95_s"),
    [
        ([], None, None),
        ([(1.0, None, 0, 0)], None, None),
        ([(1.0, 0.1, 5, 5), (2.0, 0.1, 5, 5)], 1.0, 0.1),
        ([(1.0, 0.1, 0, 0), (2.0, 0.3, 75, 25)], 0.75, 0.3),
        ([(10.0, 9.0, 0, 0), (50.0, 0.2, 0, 100), (80.0, 0.2, 10, 100)], 1.0, 0.2),
        ([(10.0 + n, 5.0 if n < 2 else 0.1, n, 0) for n in range(60)], 1.0, 0.1),
    ],
)
def test_the_score_of_a_camera_is_that_of_its_last_minute(beats, health, age_p95_s):
    watch = score(*beats)
    assert watch.health == health
    assert watch.age_p95_s == (None if age_p95_s is None else pytest.approx(age_p95_s))


# ------------------------------------------------------------------------------------------------- the port


@pytest.fixture
def server():
    made = MetricsServer(registry(lambda: WHOLE, Counters()), "127.0.0.1", 0)
    made.start()
    yield made
    made.stop()


def get(port, path="/metrics", method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_the_port_serves_the_metrics_and_nothing_else(server):
    status, body = get(server.port)
    assert status == 200
    assert "gate_agent_journal_sequence 812.0" in body
    assert [get(server.port, path)[0] for path in ("/", "/metrics/x", "/../etc/passwd")] == [404, 404, 404]
    assert get(server.port, method="POST")[0] == 405


def test_silent_clients_are_turned_away_once_they_are_too_many_and_others_are_served_again(server, monkeypatch):
    monkeypatch.setattr("agent.observability.metrics_server._Handler.timeout", 2 * PATIENCE_S)
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(MOST_CLIENTS)]
    eventually(lambda: server._server._free._value == 0, what="a thread for each of them")
    with socket.create_connection(("127.0.0.1", server.port)) as late:
        late.settimeout(PATIENCE_S)
        assert late.recv(1) == b""
    for each in idle:
        each.close()
    eventually(lambda: _served(server.port), what="an answer after the silent clients left")


def _served(port):
    try:
        return get(port)[0] == 200
    except OSError:
        return False


def test_the_port_is_free_again_after_a_stop():
    port = free_port()  # none that the kernel gives to another meanwhile
    for _ in range(2):
        server = MetricsServer(registry(lambda: WHOLE, Counters()), "127.0.0.1", port)
        server.start()
        assert get(port)[0] == 200
        server.stop()


def test_a_port_that_is_taken_is_told_of_and_the_gate_goes_on(server, caplog):
    other = MetricsServer(registry(lambda: WHOLE, Counters()), "127.0.0.1", server.port)
    other.start()
    assert other.port is None
    other.stop()
    assert "change [metrics] listen or port" in caplog.text


# ------------------------------------------------------------------------------------------------- a real gate

LANE = """
[lanes.exit-1.relay]
kind = "simulated"
name = "metrics"

[lanes.exit-1.inputs]
kind = "simulated"
name = "metrics"

[lanes.exit-1.signals]
presence = 1
safety = 2

[[lanes.exit-1.cameras]]
id = "front"
kind = "simulated"

[metrics]
enabled = true
port = 0
"""


def test_a_running_gate_tells_prometheus_how_it_is(tmp_path):
    path = GateSite(tmp_path).configure(LANE, mqtt="enabled = false")
    app = App(load_configuration(path), Clock(), Notifier(None), pytest.fail)
    app.start()
    try:
        port = app.parts.diagnostics.metrics_port

        def told():
            _, body = get(port)
            return body

        eventually(lambda: 'gate_agent_camera_frames_captured_total{camera="front",lane="exit-1"}' in told())
        eventually(lambda: "gate_agent_relay_answer_seconds{board=" in told())
        eventually(lambda: 'gate_agent_lane_state{lane="exit-1",state="idle"} 1.0' in told())
        eventually(lambda: 'gate_agent_device_up{device="exit-1/relay"} 1.0' in told())
        eventually(lambda: re.search(r"gate_agent_journal_sequence [1-9]", told()))
        eventually(lambda: re.search(r'gate_agent_worker_memory_bytes\{camera="front",lane="exit-1"\} \d', told()))
        assert "process_resident_memory_bytes" in told()
    finally:
        app.stop("end of the test")
        simulated.forget_boards()
        simulated_inputs.forget_boards()
    with pytest.raises(OSError, match=r"."):
        get(port)
