"""The demo's stage: arm, broker, central system, screen and site, each by itself."""

import io
import json
import subprocess
import threading
from collections import Counter
from functools import partial

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.text import Text

from agent.cli.configuration import load_configuration
from agent.core.decision.assessment import AssessmentContext, TransactionEvidence, assess
from agent.core.lists.codec import decode_row, encode_row
from agent.core.model.instant import Instant
from agent.core.model.list_kinds import ListKind
from agent.core.model.list_rows import DeclarationStatus
from agent.core.model.observations import Presentation
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit.checks import GateContext
from agent.core.permit.claims import PermitForm
from agent.core.permit.reference import digest_of_reference
from agent.core.permit.trust import Purpose, load, root_key
from agent.i18n import Language
from agent.i18n.reasons import officer_text
from sim.demo import site as demo_site
from sim.demo.broker import Broker, BrokerError
from sim.demo.central import Central
from sim.demo.event_lines import event_picture, lists_behind
from sim.demo.permits import papers_of
from sim.demo.real_time import INPUTS, Clockwork, View
from sim.demo.screen import Result, Screen, lane_lines
from sim.demo.vehicles import ACTS, CLOSE_BEHIND, SWIFT, UNHURRIED
from tests.support.mqtt.linking import GATE
from tests.support.mqtt.mosquitto import needs_mosquitto, publish, stored
from tests.support.waiting import PATIENCE_S, eventually

UTC = 1_795_000_000


# ------------------------------------------------------------------------------------------------- the arm


class Yard:
    """The lane in very quick motion, with the contacts that an input board reads.

    `wait` waits until they are as wanted.
    """

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
    monkeypatch.setattr("sim.demo.broker.shutil.which", lambda *_, **__: None)
    with pytest.raises(BrokerError, match="apt-get install mosquitto"):
        Broker(tmp_path)


@needs_mosquitto
def test_a_broker_that_does_not_stop_when_asked_is_killed(broker, monkeypatch):
    broker.start()
    process = broker._process
    monkeypatch.setattr("sim.demo.broker.STOP_TIMEOUT_S", 0.02)
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
    assert central.wait_for(lambda one: one["seq"] == 2, PATIENCE_S)["seq"] == 2
    eventually(lambda: 4 in central.heard_at)
    assert [one["seq"] for one in central.events] == [one["seq"] for one in central.told] == [1, 2]
    assert (central.last, central.duplicates - before) == (2, 1)
    eventually(lambda: json.loads(stored(broker.port, f"gate/v1/{GATE}/ack")["payload"]) == {"stream": "s1", "seq": 2})
    send(3)
    assert central.wait_for(lambda one: one["seq"] > 2, PATIENCE_S, after=3)["seq"] == 4
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


@pytest.fixture(params=[80, 120], ids=["80 columns", "120 columns"])
def width(request):
    return request.param


@pytest.fixture(params=[True, False], ids=["terminal", "file"])
def screen(request, width, monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=request.param, width=width, height=60)
    monkeypatch.setattr("sim.demo.screen.Console", lambda: console)
    # Without the thread that draws anew: where it comes between two prints, a line of each may become one.
    monkeypatch.setattr("sim.demo.screen.Live", partial(Live, auto_refresh=False))
    return Screen(ACTS)


def on(screen):
    """All that was ever shown, without its colours."""
    return Text.from_ansi(screen.console.file.getvalue()).plain


LISTS = {"state": "STALE_OK", "age_s": 901, "trust": 1, "declarations": 7, "revocations": 3, "watch": None}


def decided(verdict, reason, plate=None, data=None):
    return "access.decided", {"verdict": verdict, "reason": reason, "plate": plate, "data": data}


EVENTS = [
    (*decided("PASS", "OK", {"read": "", "declared": "A1"}), "PASS OK no plate, declared A1"),
    (
        *decided("PASS", "OK", {"read": "A1", "declared": "A1"}, LISTS),
        "PASS OK A1 by declarations 7, revocations 3: STALE_OK",
    ),
    (*decided("DENY", "EXPIRED"), "DENY EXPIRED officer: The time of the permit is over. A new permit is needed."),
    (*decided("MANUAL", "QR_MULTIPLE", data=LISTS), "to this vehicle shown. by declarations 7"),
    (*decided("RETRY", "PLATE_UNREADABLE", data=LISTS), "RETRY PLATE_UNREADABLE"),
    ("transaction.closed", {"outcome": "passed", "reason": "OK", "duration_s": 4.25}, "passed (OK) after 4.2 s"),
    ("access.granted", {"by": "permit"}, "by permit"),
    ("alarm.raised", {"alarm": "tailgating", "detail": "x"}, "tailgating: x"),
    ("device.changed", {"family": "relay", "device": "r", "state": "up", "detail": "d"}, "relay r: up d"),
    ("barrier.moved", {"position": "open"}, "open"),
    ("barrier.pulsed", {"action": "open", "delivery": "delivered"}, "open: delivered"),
    ("permit.presented", {"length": 300, "engine": "zxing"}, "300 bytes by zxing"),
    (
        "lists.applied",
        {"list": "revocations", "version": 3, "rows": 1, "source": "mqtt"},
        "revocations 3, rows: 1, by mqtt",
    ),
    ("lists.state", {"state": "FRESH"}, "FRESH"),
    ("gate.stopping", {"cause": "asked"}, "gate.stopping"),
]


def as_event(kind, data, seq=1):
    return {"type": kind, "data": data, "seq": seq, "time": "2026-11-24T10:11:12.345678Z"}


@pytest.mark.parametrize(("kind", "data", "gist"), EVENTS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_event_is_told_whole_at_any_width(kind, data, gist, width):
    console = Console(file=io.StringIO(), width=width)
    console.print(event_picture(as_event(kind, data)))
    shown = console.file.getvalue()
    told = " ".join(shown.split())
    assert told.startswith(f"10:11:12.345 1 {kind}")
    assert gist in told
    assert "\u2026" not in shown
    assert ("officer:" in told) == (data.get("verdict") in {"DENY", "MANUAL"})


def test_the_lists_behind_a_decision_are_told_where_there_are_any():
    assert lists_behind({"data": LISTS}) == "declarations 7, revocations 3: STALE_OK, 901 s old"
    assert lists_behind({"data": {**LISTS, "age_s": None, "declarations": None, "revocations": None}}) == (
        "no list: STALE_OK"
    )
    assert lists_behind({"data": None}) == lists_behind({}) == ""


def as_it_must_be(act):
    form = act.form.value if act.verdict is Verdict.PASS else ""
    pulses = 1 if act.verdict is Verdict.PASS else 0
    return Result(act, str(act.outcome), str(act.reason), str(act.verdict), form, pulses=pulses, answer_ms=1234.5)


def test_the_screen_tells_every_event_vehicle_and_outcome_and_cuts_off_nothing(screen, width):
    with screen:
        screen.step("setting up")
        for result in (results := [as_it_must_be(act) for act in ACTS]):
            screen.vehicle(result)
            screen.lane(View(arm=1.0, green=True, vehicles=((-3.0, 1.5),), presence=True, safety=True))
            screen.gone()
            screen.lane(View())
        screen.broker("AWAY")
        for seq, (kind, data, _) in enumerate(EVENTS, start=1):
            screen.event(as_event(kind, data, seq))
        screen.console.print(screen._picture())
        screen.summary(results, ["one note"])
    shown = on(screen)
    for wanted in ("one note", f"{len(ACTS)} vehicles", "all as it must be", "1234 ms", "MANUAL, then denied"):
        assert wanted in shown
    for act in ACTS:
        assert act.plate in shown
        assert str(act.reason) in shown
        assert act.reason is Reason.OK or officer_text(act.reason, Language.EN).split(". ")[0] in " ".join(
            shown.split()
        )
    assert "\u2026" not in shown
    assert max(cell_len(line) for line in shown.splitlines()) <= width


def test_the_live_picture_fits_a_terminal_of_44_lines(monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=44)
    monkeypatch.setattr("sim.demo.screen.Console", lambda: console)
    screen = Screen(ACTS)
    screen._results = [as_it_must_be(act) for act in ACTS]
    for seq, (kind, data, _) in enumerate(EVENTS, start=1):
        screen.event(as_event(kind, data, seq))
    lines = ["".join(part.text for part in line) for line in console.render_lines(screen._picture())]
    assert len(lines) <= 44
    assert "gate.stopping" in "".join(lines)
    assert ACTS[-1].plate in lines[-1]


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


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.title)
@pytest.mark.parametrize(
    ("field", "other"),
    [("outcome", "fault"), ("reason", "GATE_FAULT"), ("verdict", "RETRY"), ("form", "jws"), ("pulses", 7)],
)
def test_a_vehicle_is_right_only_where_all_is(act, field, other):
    result = as_it_must_be(act)
    assert result.right
    setattr(result, field, other)
    assert not result.right


def test_the_screen_says_which_vehicle_was_not_treated_right(screen):
    wrong, unfinished = as_it_must_be(ACTS[0]), Result(ACTS[1])
    wrong.pulses = 2
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


@pytest.fixture
def trust(site):
    permits = load_configuration(site.configuration).settings.permits
    return load(permits.trust_list.read_bytes(), [root_key(text) for text in permits.root_keys])


def test_permits_and_lists_are_signed_by_keys_of_their_own(site, trust):
    names = {entry.purpose: entry.issuer for entry in trust.entries}
    assert names == {Purpose.PERMITS: site.issuer.name, Purpose.LISTS: site.central.name}
    assert site.issuer.key.public != site.central.key.public


@pytest.mark.parametrize("act", [act for act in ACTS if act.shown not in {"first", "none"}], ids=lambda act: act.title)
def test_every_permit_of_the_demo_is_what_its_act_says(site, trust, act):
    context = GateContext(demo_site.SITE, 1, "export", clock_trusted=True, clock_skew_s=60, forms=frozenset({act.form}))
    papers = papers_of(act, site.issuer, demo_site.SITE, UTC)
    declaration = decode_row(ListKind.DECLARATIONS, encode_row(papers.declaration))
    shown = Presentation(papers.text.encode(), "test", "front", 1, 0.0)
    references = {} if declaration.reference is None else {declaration.reference: declaration}
    assessment = assess(
        TransactionEvidence("t1", (shown,)), AssessmentContext(context, trust, references=references), Instant(0.0, UTC)
    )
    assert assessment.reason == {"forged": "SIGNATURE_INVALID", "expired": "EXPIRED"}.get(act.shown, "OK")
    assert declaration.status is (DeclarationStatus.HELD if act.central == "held" else DeclarationStatus.RELEASED)
    assert papers.revocation.permit_id == declaration.permit_id
    assert (act.form is PermitForm.REFERENCE) == (digest_of_reference(papers.text.encode()) is not None)
    if assessment.reason == "OK":
        assert assessment.permit.plate == act.declared
        assert (assessment.permit.permit_id, assessment.permit.form) == (declaration.permit_id, act.form)
