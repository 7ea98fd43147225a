"""The demo's screen: every event, vehicle and outcome, at any width."""

import io
from functools import partial

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.text import Text

from agent.core.model.reasons import Reason, Verdict
from agent.i18n import Language
from agent.i18n.reasons import officer_text
from sim.demo.event_lines import event_picture, lists_behind
from sim.demo.real_time import View
from sim.demo.result import DemoResult
from sim.demo.screen import Screen, lane_lines, sign_line
from sim.demo.vehicles import ACTS

UTC = 1_795_000_000


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
    (
        *decided("PASS", "OK", {"read": "", "declared": "A1"}),
        "may pass: All checks passed. There is nothing to do. no plate, declared A1",
    ),
    (
        *decided("PASS", "OK", {"read": "A1", "declared": "A1"}, LISTS),
        "There is nothing to do. A1 by declarations 7, revocations 3: STALE_OK",
    ),
    (
        "access.decided",
        {"verdict": "PASS", "reason": "OK", "plate": None, "vin": {"read": "LSGJA52U1RH123456", "source": "qr"}},
        "There is nothing to do. VIN LSGJA52U1RH123456 (qr)",
    ),
    (*decided("DENY", "EXPIRED"), "refused: The permit has expired. A new permit is needed."),
    (*decided("MANUAL", "QR_MULTIPLE", data=LISTS), "belongs to this vehicle. by declarations 7"),
    (*decided("RETRY", "PLATE_UNREADABLE", data=LISTS), "show again: "),
    ("transaction.closed", {"outcome": "passed", "reason": "OK", "duration_s": 4.25}, "The vehicle passed."),
    ("access.granted", {"by": "permit"}, "by a permit"),
    ("alarm.raised", {"alarm": "tailgating", "detail": "x"}, "A second vehicle followed through."),
    ("device.changed", {"family": "relay", "device": "r", "state": "up", "detail": "d"}, "r: works"),
    ("barrier.moved", {"position": "open"}, "up"),
    ("barrier.pulsed", {"action": "open", "delivery": "delivered"}, "open, delivered"),
    ("permit.presented", {"camera": "front", "length": 300, "engine": "zxing"}, "front"),
    ("lists.applied", {"list": "revocations", "version": 3, "rows": 1, "source": "mqtt"}, "revocations, 3"),
    ("lists.state", {"state": "FRESH"}, "fresh"),
    (
        "driver.shown",
        {"outputs": [{"device": "exit-1/post"}, {"device": "exit-1/voice"}, {"device": "exit-1/post"}]},
        "the driver was told 3 times, by post, voice",
    ),
    ("gate.stopping", {"cause": "asked"}, "asked"),
    ("event.of_tomorrow", {"cause": "asked"}, "event.of_tomorrow"),
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


def test_the_lists_behind_a_decision_are_told_where_there_are_any():
    assert lists_behind({"data": LISTS}) == "declarations 7, revocations 3: STALE_OK, 901 s old"
    assert lists_behind({"data": {**LISTS, "age_s": None, "declarations": None, "revocations": None}}) == (
        "no list: STALE_OK"
    )
    assert lists_behind({"data": None}) == lists_behind({}) == ""


def as_it_must_be(act):
    form = act.form.value if act.verdict is Verdict.PASS else ""
    pulses = 1 if act.verdict is Verdict.PASS else 0
    return DemoResult(act, str(act.outcome), str(act.reason), str(act.verdict), form, pulses=pulses, answer_ms=1234.5)


def test_the_screen_tells_every_event_vehicle_and_outcome_and_cuts_off_nothing(screen, width):
    with screen:
        screen.step("setting up")
        results = [as_it_must_be(act) for act in ACTS]
        results[2].told = ["show_code", "turn_back", "tomorrow"]
        results[-2].vin = "LSGJA52U1RH123456 (code_128)"
        for result in results:
            screen.vehicle(result)
            screen.lane(View(arm=1.0, green=True, vehicles=((-3.0, 1.5),), presence=True, safety=True))
            screen.gone()
            screen.lane(View())
        screen.sign((("请出示", "yellow"), ("二维码", "yellow")))
        screen.driver_page("http://127.0.0.1:8480/driver/exit-1")
        screen.broker("AWAY")
        for seq, (kind, data, _) in enumerate(EVENTS, start=1):
            screen.event(as_event(kind, data, seq))
        screen.console.print(screen._picture())
        screen.summary(results, ["one note"])
    shown = on(screen)
    for wanted in (
        "one note",
        f"{len(ACTS)} vehicles",
        "all as it must be",
        "1234 ms",
        "MANUAL, then denied",
        "http://127.0.0.1:8480/driver/exit-1",
        "SHOW QR CODE > NO PASSAGE > tomorrow",
        "VIN LSGJA52U1RH123456",
        "请出示 | 二维码",
    ):
        assert wanted in shown
    for act in ACTS:
        assert act.bears in shown
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


def test_the_line_of_the_sign_has_its_words_in_their_colours_and_says_that_it_is_dark():
    line = sign_line((("请通行", "green"), ("", "")))
    assert line.plain == "sign: 请通行"
    assert [span.style for span in line.spans] == ["green"]
    assert sign_line((("", ""), ("", ""))).plain == sign_line(()).plain == "sign: dark"


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
    wrong, unfinished = as_it_must_be(ACTS[0]), DemoResult(ACTS[1])
    wrong.pulses = 2
    with screen:
        screen.vehicle(wrong)
        screen.vehicle(unfinished)
        screen.summary([wrong, unfinished], [])
    assert "2 not as it must be" in on(screen)
