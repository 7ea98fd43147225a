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
from agent.core.assessment import Evidence, Ground, assess
from agent.core.moment import Moment
from agent.core.observations import Presentation
from agent.core.permit.checks import GateContext
from agent.core.permit.trust import load, root_key
from agent.demo import site as demo_site
from agent.demo.acts import ACTS, CLOSE_BEHIND, SWIFT, UNHURRIED
from agent.demo.broker import Broker, BrokerError
from agent.demo.central import Central
from agent.demo.clockwork import INPUTS, Clockwork, View
from agent.demo.screen import EVENT_LINES, Result, Screen, lane_lines
from tests.linking import GATE
from tests.mosquitto import needs_mosquitto, publish, stored
from tests.waiting import PATIENCE_S, eventually

UTC = 1_795_000_000


# ------------------------------------------------------------------------------------------------- the arm


class Yard:
    """The lane in very quick motion, with the contacts that an input board reads. `wait` waits until they are as wanted."""

    def __init__(self):
        self.contacts, self.views = {}, []
        self._news = threading.Condition()
        self.lane = Clockwork(self._set, self.views.append, pace=30.0)

    def _set(self, number, on):
        with self._news:
            self.contacts[number] = on
            self._news.notify_all()

    def wait(self, **wanted):
        with self._news:
            as_wanted = self._news.wait_for(
                lambda: all(self.contacts[INPUTS[name]] is on for name, on in wanted.items()), PATIENCE_S
            )
        assert as_wanted, (wanted, self.contacts)

    def pulse(self):
        """A pulse that is long enough at this pace."""
        before = self.lane.pulses
        self.lane.energise(on=True)
        eventually(lambda: self.lane.pulses > before)
        self.lane.energise(on=False)


@pytest.fixture
def yard():
    yard = Yard()
    yard.lane.start()
    yield yard
    yard.lane.stop()


def test_the_lane_starts_closed_with_nobody_there(yard):
    assert yard.contacts == {1: False, 2: False, 3: False, 4: True}
    assert yard.lane.view == View()


def test_a_pulse_raises_the_arm_and_it_closes_behind_the_vehicle(yard):
    yard.lane.come(SWIFT)
    yard.wait(presence=True)
    yard.lane.light(green=True)
    yard.pulse()
    yard.wait(presence=False, closed=False)
    yard.wait(safety=False, opened=False, closed=True)
    eventually(lambda: yard.lane.view.arm == 0.0 and not yard.lane.view.vehicles)
    assert yard.lane.pulses == 1
    assert any(view.arm == 1.0 and view.green for view in yard.views)


def test_a_driver_waits_for_the_green_lamp_and_leaves_when_refused(yard):
    yard.lane.come(SWIFT)
    yard.wait(presence=True)
    yard.pulse()
    yard.wait(opened=True)
    yard.wait(opened=False, closed=True)
    assert yard.contacts[INPUTS["safety"]] is False
    yard.lane.refuse()
    yard.wait(presence=False)
    eventually(lambda: not yard.lane.view.vehicles)


def test_a_follower_is_on_the_first_loop_again_while_the_second_one_feels_the_vehicle_before_it(yard):
    seen = []
    yard.lane._set_input = lambda number, on: (seen.append((number, on)), yard._set(number, on))
    yard.lane.come(UNHURRIED, CLOSE_BEHIND)
    yard.wait(presence=True)
    yard.lane.light(green=True)
    yard.pulse()
    eventually(lambda: not yard.lane.view.vehicles)
    names = {number: name for name, number in INPUTS.items()}
    loops = [(names[number], on) for number, on in seen if names[number] in ("presence", "safety")]
    assert loops[:4] == [("presence", True), ("safety", True), ("presence", False), ("presence", True)]


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
            screen.lane(View(arm=1.0, green=True, vehicles=((-3.0, 1.5),), presence=True, safety=True))
            result.outcome, result.reason = str(result.act.outcome), str(result.act.reason)
            result.pulses, result.answer_ms = 0 if result.outcome == "denied" else 1, 123.4
            screen.gone()
            screen.lane(View())
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


def test_the_picture_of_the_lane_shows_arm_lamp_and_vehicles():
    down = [line.plain for line in lane_lines(View())]
    up = [line.plain for line in lane_lines(View(arm=1.0, green=True, vehicles=((-6.0, -1.5),)))]
    half = [line.plain for line in lane_lines(View(arm=0.5, vehicles=((1.0, 40.0),)))]
    assert "arm down" in down[3]
    assert down[4].count("\u2590") == 1
    assert "arm up" in up[3]
    assert sum("\u2551" in line for line in up) == 4
    assert sum("\u2551" in line for line in half) == 2
    assert len(half[4]) == len(half[5])
    before, after = up[4].split("\u2588", 1)[0], up[4].rsplit("\u2588", 1)[1]
    assert len(up[4]) - len(before) - len(after) == pytest.approx(4.5 * 2.5, abs=2)


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
    trust = load(permits.trust_list.read_bytes(), [root_key(text) for text in permits.root_keys])
    context = GateContext(demo_site.SITE, 1, "export", clock_trusted=True, clock_skew_s=60)
    shown = Presentation(site.permit_text(act).encode(), "test", "front", 1, 0.0)
    assessment = assess(Evidence("t1", (shown,)), Ground(context, trust), Moment(0.0, UTC))
    wanted = {"valid": "OK", "forged": "SIGNATURE_INVALID", "expired": "EXPIRED"}[act.shown]
    assert assessment.reason == wanted
    if act.shown == "valid":
        assert assessment.permit.plate == act.declared
