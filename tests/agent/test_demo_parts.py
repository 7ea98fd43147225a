"""The demo's stage: arm, broker, central system, screen and site, each by itself."""

import io
import json
import subprocess
import threading
from collections import Counter

import pytest
from rich.console import Console
from rich.text import Text

from agent.cli.check import load_configuration
from agent.core.judgement import Evidence, assess
from agent.core.observations import Presentation
from agent.core.permit.checks import GateContext
from agent.demo import site as demo_site
from agent.demo.acts import ACTS
from agent.demo.broker import Broker, BrokerError
from agent.demo.central import Central
from agent.demo.controller import Controller
from agent.demo.screen import EVENT_LINES, Result, Screen
from agent.trust_file import TrustFile
from tests.linking import GATE
from tests.mosquitto import needs_mosquitto, publish, stored
from tests.waiting import PATIENCE_S, eventually

UTC = 1_795_000_000


# ------------------------------------------------------------------------------------------------- the arm


class Yard:
    """The arm with its contacts. `wait` waits until contacts are as wanted."""

    def __init__(self):
        self.contacts, self.moves = {}, []
        self._news = threading.Condition()
        self.controller = Controller(self._set, self.moves.append)

    def _set(self, number, on):
        with self._news:
            self.contacts[number] = on
            self._news.notify_all()

    def wait(self, **wanted):
        numbers = {"presence": 1, "safety": 2, "opened": 3, "closed": 4}
        with self._news:
            as_wanted = self._news.wait_for(
                lambda: all(self.contacts[numbers[name]] is on for name, on in wanted.items()), PATIENCE_S
            )
        assert as_wanted, (wanted, self.contacts)


@pytest.fixture
def yard(monkeypatch):
    for name, value in {"PERIOD_S": 0.002, "TRAVEL_S": 0.02, "CLEAR_S": 0.02, "OPEN_S": 3600.0}.items():
        monkeypatch.setattr(f"agent.demo.controller.{name}", value)
    yard = Yard()
    yard.controller.start()
    yield yard
    yard.controller.stop()


def test_the_arm_starts_closed_with_nobody_there(yard):
    assert yard.contacts == {1: False, 2: False, 3: False, 4: True}
    assert yard.controller.closed


def test_a_pulse_raises_the_arm_and_it_closes_behind_the_vehicle(yard):
    yard.controller.presence(on=True)
    yard.wait(presence=True)
    yard.controller.energised()
    yard.wait(opened=True, closed=False)
    assert not yard.controller.closed
    yard.controller.safety(on=True)
    yard.controller.presence(on=False)
    yard.wait(safety=True, opened=True)
    yard.controller.safety(on=False)
    yard.wait(opened=False, closed=True)
    assert (yard.moves, yard.controller.pulses) == ([True, False], 1)


def test_the_arm_never_closes_onto_a_vehicle(yard, monkeypatch):
    yard.controller.energised()
    yard.wait(opened=True)
    yard.controller.safety(on=True)
    monkeypatch.setattr("agent.demo.controller.OPEN_S", 0.0)
    rounds = threading.Semaphore(0)
    original = yard.controller._let_fall
    yard.controller._let_fall = lambda: rounds.release() or original()
    for _ in range(20):
        assert rounds.acquire(timeout=10)
    assert yard.contacts[3]


def test_the_arm_closes_by_itself_when_nobody_comes(yard, monkeypatch):
    yard.controller.energised()
    yard.wait(opened=True)
    monkeypatch.setattr("agent.demo.controller.OPEN_S", 0.0)
    yard.wait(opened=False, closed=True)


def test_a_pulse_while_the_arm_falls_raises_it_again(yard, monkeypatch):
    monkeypatch.setattr("agent.demo.controller.TRAVEL_S", 0.3)
    yard.controller.energised()
    yard.wait(opened=True)
    yard.controller.safety(on=True)
    yard.controller.safety(on=False)
    yard.wait(opened=False)
    yard.controller.energised()
    yard.wait(opened=True)
    assert (yard.moves, yard.controller.pulses) == ([True], 2)


# ------------------------------------------------------------------------------------------------- broker and central


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path)
    yield broker
    broker.stop()


@needs_mosquitto
def test_the_broker_keeps_its_port_over_a_restart_and_stops_twice(broker):
    port = broker.port
    for _ in range(2):
        broker.start()
        publish(broker.port, "here", "yes", "-r")
        assert stored(port, "here")["payload"] == "yes"
        broker.stop()
        broker.stop()


@needs_mosquitto
def test_a_broker_that_does_not_start_is_told_with_the_place_of_its_log(broker, tmp_path):
    broker._program = "/bin/false"
    with pytest.raises(BrokerError, match=r"mosquitto\.log"):
        broker.start()


def test_a_machine_without_mosquitto_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("agent.demo.broker.shutil.which", lambda *_, **__: None)
    with pytest.raises(BrokerError, match="apt-get install mosquitto"):
        Broker(tmp_path)


@needs_mosquitto
def test_a_broker_that_does_not_stop_when_asked_is_killed(broker, monkeypatch):
    broker.start()
    process = broker._process
    monkeypatch.setattr("agent.demo.broker.STOP_TIMEOUT_S", 0.02)
    process.send_signal(19)
    broker.stop()
    assert process.poll() == -9
    assert isinstance(process, subprocess.Popen)


def event(seq, kind="device.changed", **data):
    return json.dumps({"seq": seq, "stream": "s1", "type": kind, "data": data})


@pytest.fixture
def central(broker):
    broker.start()
    told = []
    central = Central(broker.port, GATE, told.append)
    central.told = told
    central.start()
    ready = {"seq": 0, "stream": "s1"}
    topic = f"gate/v1/{GATE}/event/ready"
    eventually(lambda: publish(broker.port, topic, json.dumps(ready)) or 0 in central._stored)
    yield central
    central.stop()


@needs_mosquitto
def test_central_stores_in_order_drops_duplicates_and_acknowledges_what_has_no_gap(broker, central):
    def send(seq):
        publish(broker.port, f"gate/v1/{GATE}/event/device.changed", event(seq))

    before = central.duplicates
    for seq in (2, 1, 1, 4):
        send(seq)
    assert central.wait_for(lambda one: one["seq"] == 2, 10)["seq"] == 2
    eventually(lambda: 4 in central.heard_at)
    assert [one["seq"] for one in central.events] == [one["seq"] for one in central.told] == [1, 2]
    assert (central.last, central.duplicates - before) == (2, 1)
    eventually(lambda: json.loads(stored(broker.port, f"gate/v1/{GATE}/ack")["payload"]) == {"stream": "s1", "seq": 2})
    send(3)
    assert central.wait_for(lambda one: one["seq"] > 2, 10, after=3)["seq"] == 4
    assert central.lines_in_order[1:] == [event(seq).encode() for seq in (1, 2, 3, 4)]
    assert central.last == 4


@needs_mosquitto
def test_central_waits_in_vain_only_for_so_long(central):
    assert central.wait_for(lambda _event: True, 0.01, after=10) is None


@needs_mosquitto
def test_central_comes_back_after_the_broker_was_away(broker, central):
    broker.stop()
    broker.start()
    topic = f"gate/v1/{GATE}/event/device.changed"
    eventually(lambda: publish(broker.port, topic, event(1)) or central.last == 1)
    eventually(lambda: central.told)
    assert Counter(one["seq"] for one in central.told) == {1: 1}


# ------------------------------------------------------------------------------------------------- screen


@pytest.fixture(params=[True, False], ids=["terminal", "file"])
def screen(request, monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=request.param, width=160, height=60)
    monkeypatch.setattr("agent.demo.screen.Console", lambda: console)
    return Screen(ACTS)


def on(screen):
    """All that was ever shown, without its colours."""
    return Text.from_ansi(screen.console.file.getvalue()).plain


EVENTS = [
    ("access.decided", {"verdict": "PASS", "reason": "OK", "plate": {"read": "", "declared": "A1"}}, "PASS OK"),
    ("access.decided", {"verdict": "DENY", "reason": "EXPIRED", "plate": None}, "DENY EXPIRED"),
    ("transaction.closed", {"outcome": "passed", "reason": "OK", "duration_s": 4.25}, "passed (OK) after 4.2 s"),
    ("access.granted", {"by": "permit"}, "by permit"),
    ("alarm.raised", {"alarm": "tailgating", "detail": "x"}, "tailgating x"),
    ("device.changed", {"family": "relay", "device": "r", "state": "up", "detail": "d"}, "relay r: up d"),
    ("barrier.moved", {"position": "open"}, "open"),
    ("barrier.pulsed", {"action": "open", "delivery": "delivered"}, "open: delivered"),
    ("permit.presented", {"length": 300, "engine": "zxing"}, "300 bytes by zxing"),
    ("gate.stopping", {"cause": "asked"}, "gate.stopping"),
]


def test_the_screen_tells_every_event_vehicle_and_outcome(screen):
    results = [Result(act) for act in ACTS]
    with screen:
        screen.step("setting up")
        for result in results:
            screen.vehicle(result)
            screen.arm(up=True)
            result.outcome, result.reason = str(result.act.outcome), str(result.act.reason)
            result.pulses, result.answer_ms = 0 if result.outcome == "denied" else 1, 123.4
            screen.gone()
            screen.arm(up=False)
        screen.broker("AWAY")
        for seq, (kind, data, _) in enumerate(EVENTS, start=1):
            screen.event({"type": kind, "data": data, "seq": seq, "time": "2026-11-24T10:11:12.345678Z"})
        assert len(screen._events) == len(EVENTS) <= EVENT_LINES
        screen.summary(results, ["one note"])
    shown = on(screen)
    for wanted in ("one note", "8 vehicles", "all as it must be", "123 ms", *(act.plate for act in ACTS)):
        assert wanted in shown
    lines = "\n".join(line.plain for line in screen._events)
    assert all(gist in lines for _, _, gist in EVENTS)
    assert all(result.right for result in results)


def test_the_screen_says_which_vehicle_was_not_treated_right(screen):
    wrong = Result(ACTS[0], outcome="passed", reason="OK", pulses=2)
    unfinished = Result(ACTS[1])
    assert not wrong.right
    with screen:
        screen.vehicle(wrong)
        screen.vehicle(unfinished)
        screen.summary([wrong, unfinished], [])
    assert "2 not as it must be" in on(screen)


# ------------------------------------------------------------------------------------------------- site


@pytest.fixture
def site(tmp_path):
    return demo_site.build(tmp_path / "demo", tmp_path / "board", 1883, UTC)


def test_the_site_is_a_gate_whose_settings_load(site, tmp_path):
    (lane,) = load_configuration(site.configuration).settings.lanes.values()
    assert (lane.relay.kind, lane.relay.table["port"]) == ("modbus_rtu", str(tmp_path / "board"))
    assert lane.cameras[0].table["scene_file"] == str(site.scene_file)
    assert json.loads(site.scene_file.read_text()) == {}


def test_a_scene_replaces_the_one_before(site):
    site.show({"vehicle": {"plate": "\u65b0A12345"}})
    site.show({"arm_raised": True})
    assert json.loads(site.scene_file.read_text()) == {"arm_raised": True}


@pytest.mark.parametrize(
    "act", [act for act in ACTS if act.shown in {"valid", "forged", "expired"}], ids=lambda act: act.title
)
def test_every_permit_of_the_demo_is_what_its_act_says(site, act):
    permits = load_configuration(site.configuration).settings.permits
    trust = TrustFile(permits.trust_list, permits.root_keys).current()
    context = GateContext(demo_site.SITE, 1, "export", clock_trusted=True, clock_skew_s=60)
    shown = Presentation(site.permit_text(act).encode(), "test", "front", 1, 0.0)
    assessment = assess(Evidence("t1", (shown,)), context, trust, UTC)
    wanted = {"valid": "OK", "forged": "SIGNATURE_INVALID", "expired": "EXPIRED"}[act.shown]
    assert assessment.reason == wanted
    if act.shown == "valid":
        assert assessment.permit.plate == act.declared
