"""The page Barrier against a real agent: what it shows, and that nothing moves but by its rules."""

from __future__ import annotations

import json
import time
from functools import cache

import pytest

from agent.console import hold_to_confirm
from agent.console.hold_to_confirm import LIFE_S, MOST, Holds
from agent.console.labels.barrier import ACTS
from agent.console.order_answers import ANSWERS, answer_text
from agent.console.pages import barrier as barrier_page
from agent.console.pages.barrier import Act
from agent.core.lane.effects import OrderAnswered
from agent.core.lane.lane_state_machine import LaneRules
from agent.core.lane.orders import KEY_SWITCH
from agent.core.lane.step_inputs import CommandKind
from agent.core.lane.test_pulse import pulse_obstacle
from agent.i18n import Language, translate
from agent.lane import order_requests
from drivers.emulators.lcus import LcusEmulator
from drivers.inputs import simulated as simulated_inputs
from drivers.relay import simulated
from drivers.text import Text, pgettext
from tests.support.console.consoles import ConsoleGate
from tests.support.lane.walks import LANES, World
from tests.support.waiting import PATIENCE_S, eventually

HOLD_S = 0.3
BOARD = "barrier page"
LANE = """
[lanes.out]
number = 1
direction = "export"

[lanes.out.timing]
open_s = 0.5
enter_s = 1
clear_s = 0.1
close_s = 0.5
gone_s = 0.5
stale_s = 5
grant_s = 60

[lanes.out.barrier]
pulse_ms = 200

[lanes.out.relay]
kind = "simulated"
name = "barrier page"

[lanes.out.inputs]
kind = "simulated"
name = "barrier page"

[lanes.out.signals]
presence = 1
safety = 2
"""
MOVING = sorted(act for act in Act if act.moves)
BLIND = """
[lanes.out]
number = 1
direction = "export"
barrier = {{ pulse_ms = 200 }}

[lanes.out.relay]
kind = "lcus"
port = "{port}"
readback = "ascii"
channels = 2
"""


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("barrier"), lanes=LANE) as gate:
        gate.browser = cache(gate.browser)
        yield gate


@pytest.fixture
def patient(monkeypatch):
    """A shorter hold, and time for a busy machine to confirm it and to take an order up."""
    monkeypatch.setattr(hold_to_confirm, "HOLD_S", HOLD_S)
    monkeypatch.setattr(hold_to_confirm, "LIFE_S", PATIENCE_S)
    monkeypatch.setattr(barrier_page, "ORDER_S", PATIENCE_S)
    monkeypatch.setattr(order_requests, "LATE_ANSWER_S", PATIENCE_S)


@pytest.fixture
def quiet(gate, patient):
    """A gate whose lane is at rest."""
    eventually(lambda: view(gate) is not None and view(gate).state == "idle" and not view(gate).pulse_obstacle)
    return gate


def view(gate):
    return gate.app.lanes[0].view


def pulses(gate):
    return sum(one.on for one in simulated.board(BOARD).relays.history)


def recorded(gate, kind):
    """The events of a type, with their place in the journal."""
    journal = gate.app.parts.journal
    found = (json.loads(one.payload) for one in journal.range(1, journal.head) if one.type == kind)
    return [(one["seq"], one["data"]) for one in found]


def press(browser, act):
    return browser.post("/barrier/out/press", data={"act": act}).json()["token"]


def order(browser, act, token="", reason="a new relay"):
    return browser.post("/barrier/out/order", data={"act": act, "reason": reason, "token": token})


def held(browser, act, reason="a new relay", held_s=HOLD_S):
    """Hold a button as long as it takes, and let it order."""
    token, until = press(browser, act), time.monotonic() + held_s
    eventually(lambda: time.monotonic() >= until)
    return order(browser, act, token, reason)


def closed_again(gate):
    """The lane waits for the vehicle that never comes, and the controller brings the arm down."""
    eventually(lambda: gate.app.lanes[0].loop._lane.state == "idle", 30)
    idle_at = time.monotonic()
    eventually(lambda: view(gate).progress_at > idle_at)


# ------------------------------------------------------------------------------------------------------------- moving


def test_a_held_button_gives_one_recorded_pulse_in_the_name_of_who_held_it(quiet):
    before, told = pulses(quiet), len(recorded(quiet, "barrier.pulsed"))
    answer = held(quiet.browser("technician"), "test_open", "relay exchanged")
    assert (answer.status_code, "The open pulse is ordered" in answer.text) == (200, True)
    eventually(lambda: len(recorded(quiet, "barrier.pulsed")) > told)
    tested, pulsed = recorded(quiet, "barrier.tested")[-1], recorded(quiet, "barrier.pulsed")[-1]
    assert tested[1] == {"action": "open", "operator": "some-technician", "cause": "relay exchanged"}
    assert tested[0] < pulsed[0]
    assert pulses(quiet) == before + 1
    acted = recorded(quiet, "console.acted")[-1][1]
    assert (acted["act"], acted["person"], acted["done"]) == ("barrier.test_open", "some-technician", True)
    assert "relay exchanged" in acted["detail"]
    closed_again(quiet)


def test_a_confirmation_is_good_for_one_pulse(quiet):
    browser, before = quiet.browser("technician"), pulses(quiet)
    token, until = press(browser, "test_open"), time.monotonic() + HOLD_S
    eventually(lambda: time.monotonic() >= until)
    assert order(browser, "test_open", token).status_code == 200
    closed_again(quiet)
    again = order(browser, "test_open", token)
    assert (again.status_code, "Hold the button" in again.text) == (409, True)
    assert pulses(quiet) == before + 1


@pytest.mark.parametrize("act", MOVING)
def test_nothing_moves_by_a_button_that_was_not_held(quiet, act, monkeypatch):
    browser, before = quiet.browser("technician"), pulses(quiet)
    assert order(browser, act).status_code == 409
    assert order(browser, act, "no token of ours").status_code == 409
    with monkeypatch.context() as patched:
        patched.setattr(hold_to_confirm, "HOLD_S", PATIENCE_S)  # longer than two requests take
        patched.setattr(hold_to_confirm, "LIFE_S", 2 * PATIENCE_S)
        assert order(browser, act, press(browser, act)).status_code == 409
    other = next(one for one in MOVING if one != act)
    token, until = press(browser, other), time.monotonic() + HOLD_S
    eventually(lambda: time.monotonic() >= until)
    assert order(browser, act, token).status_code == 409, "another button was held"
    assert (pulses(quiet), view(quiet).state) == (before, "idle")
    assert recorded(quiet, "console.acted")[-1][1]["done"] is False


def test_a_button_that_another_held_is_none_of_ones_own(quiet):
    token, until = press(quiet.browser("technician"), "test_open"), time.monotonic() + HOLD_S
    eventually(lambda: time.monotonic() >= until)
    before = pulses(quiet)
    assert order(quiet.browser("admin"), "test_open", token).status_code == 409
    assert pulses(quiet) == before


def test_a_test_is_refused_in_words_while_a_vehicle_is_there(quiet):
    board, before = simulated_inputs.board(BOARD), pulses(quiet)
    technician = quiet.browser("technician")
    assert order(technician, "out_of_service").status_code == 200
    eventually(lambda: view(quiet).state == "out_of_service")
    board.set(1, True)
    eventually(lambda: view(quiet).input_state.signals.presence is True)
    refused = held(technician, "test_open")
    assert "Refused." in refused.text
    assert "A vehicle is or may be present." in refused.text
    assert "A vehicle is or may be present." in quiet.browser("viewer").get("/live/barrier/out").text
    assert pulses(quiet) == before
    board.set(1, False)
    eventually(lambda: view(quiet).input_state.signals.presence is False)
    order(technician, "in_service")
    eventually(lambda: view(quiet).state == "idle")


@pytest.mark.parametrize(
    ("there", "back", "event"),
    [("lock", "unlock", "locked"), ("out_of_service", "in_service", "out_of_service")],
)
def test_what_stands_is_ordered_without_holding_and_taken_back(quiet, there, back, event):
    technician = quiet.browser("technician")
    assert "Done." in order(technician, there, reason="road works").text
    assert recorded(quiet, "lane.ordered")[-1][1] == {
        "order": event,
        "operator": "some-technician",
        "cause": "road works",
    }
    eventually(lambda: "some-technician" in quiet.browser("viewer").get("/live/barrier/out").text)
    assert "Done." in order(technician, back).text


def test_a_held_barrier_is_let_go_again(quiet):
    technician = quiet.browser("technician")
    assert "It is held open." in held(technician, "hold").text
    eventually(lambda: view(quiet).held_by == "some-technician")
    assert "The hold is released." in held(technician, "release").text
    closed_again(quiet)


# ------------------------------------------------------------------------------------------------------ wrong requests


@pytest.mark.parametrize("reason", ["", "  ", "ab", "x" * 201, "\x00\x01\x02"])
def test_an_order_without_a_reason_is_refused(quiet, reason):
    answer = order(quiet.browser("technician"), "lock", reason=reason)
    assert answer.status_code == 422
    assert not view(quiet).lockout.locked_by


def test_a_reason_of_several_lines_and_tricks_is_told_in_one_line(quiet):
    technician = quiet.browser("technician")
    order(technician, "lock", reason="<b>road</b>\r\n works\x1b[31m")
    assert recorded(quiet, "lane.ordered")[-1][1]["cause"] == "<b>road</b> works [31m"
    answer = order(technician, "unlock", reason="over now")
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/barrier/none", "/live/barrier/none", "/live/barrier/none/bytes"])
def test_a_lane_that_is_not_there_is_not_found(gate, path):
    assert gate.browser("technician").get(path).status_code == 404
    assert gate.browser("technician").post("/barrier/none/press", data={"act": "open"}).status_code == 404


def test_an_act_that_is_not_there_is_refused(gate):
    assert order(gate.browser("technician"), "explode").status_code == 422


def test_a_viewer_looks_and_moves_nothing(quiet):
    viewer, before = quiet.browser("viewer"), pulses(quiet)
    assert "data-hold" not in viewer.get("/barrier/out").text
    assert viewer.post("/barrier/out/press", data={"act": "open"}).status_code == 403
    assert order(viewer, "lock").status_code == 403
    assert (pulses(quiet), view(quiet).lockout.locked_by) == (before, "")


# -------------------------------------------------------------------------------------------------------------- showing


@pytest.mark.parametrize("language", Language)
def test_the_page_shows_inputs_relays_and_acts_in_every_language(quiet, language):
    browser = quiet.browser("technician")

    def sampled():
        page = browser.get("/barrier/out", headers={"accept-language": language}).text
        return page if translate(Text("off"), language) in page else None

    page = eventually(sampled, what="the inputs to be read")
    for said in (
        Text("Loop before the arm"),
        Text("Loop under the arm"),
        pgettext("action", "open"),
        pgettext("relay", "released"),
        Text("The relay board answers."),
        Text("Possible now"),
        Text("No board of this lane uses a serial port, so there are no bytes to show."),
    ):
        assert translate(said, language) in page, said
    for act in set(Act) - {Act.TEST_CLOSE}:
        assert translate(ACTS[act], language) in page, act
    assert "test_close" not in page, "its controller closes this barrier"


def test_the_first_lane_is_shown_where_none_is_named(gate):
    answer = gate.browser("viewer").get("/barrier")
    assert (answer.status_code, answer.headers["location"]) == (303, "/barrier/out")


@pytest.mark.usefixtures("patient")
def test_the_bytes_of_a_serial_board_are_shown_with_their_meaning(tmp_path):
    board = LcusEmulator(tmp_path / "board")
    board.plug()
    (tmp_path / "gate").mkdir()
    with ConsoleGate(tmp_path / "gate", lanes=BLIND.format(port=board.line.link)) as gate:
        eventually(lambda: gate.app.lanes[0].view and gate.app.lanes[0].view.relay_up)
        technician = gate.browser("technician")
        order(technician, "out_of_service")
        assert "The open pulse is ordered" in held(technician, "test_open").text
        eventually(lambda: "A0 01 01 A2" in technician.get("/live/barrier/out/bytes").text)
        shown = technician.get("/live/barrier/out/bytes").text
        assert "relay 1 on" in shown
        assert "This lane has no inputs" in technician.get("/live/barrier/out").text
        ask = {"accept-language": "ru"}
        assert "реле 1: вкл." in technician.get("/live/barrier/out/bytes", headers=ask).text
        assert f"плата LCUS, реле: 2, readback ascii, на {board.line.link}" in (
            technician.get("/live/barrier/out", headers=ask).text
        )
    board.close()


# --------------------------------------------------------------------------------------------------------------- parts


def test_a_hold_is_as_long_as_it_must_be_and_ends():
    holds = Holds()
    for held_s, good in ((1.8, False), (1.9, True), (LIFE_S, True), (LIFE_S + 0.1, False), (-1.0, False)):
        assert holds.confirm(holds.press("aigul", "out open", 100.0), "aigul", "out open", 100.0 + held_s) is good
    token = holds.press("aigul", "out open", 0.0)
    assert not holds.confirm(token, "aigul", "out hold", 2.0)
    assert not holds.confirm(token, "aigul", "out open", 2.0), "a wrong use ends it"


def test_presses_are_bounded():
    holds = Holds()
    first = holds.press("aigul", "out open", 0.0)
    for _ in range(MOST):
        holds.press("aigul", "out open", 0.0)
    assert not holds.confirm(first, "aigul", "out open", 2.0)


class Listener(World):
    """A lane that is walked at random; what it answers, and what would stand against a test, is noted."""

    said: set[str]

    def carry_out(self, effects, verdict):
        self.said |= {one.detail for one in effects if isinstance(one, OrderAnswered)}
        self.said.add(pulse_obstacle(self.lane, self.at))
        super().carry_out(effects, verdict)

    def any_order(self):
        return self.dice.choice(list(CommandKind))


def test_there_is_a_text_for_whatever_a_lane_answers():
    used = set()
    for number, rules in enumerate(LANES.values()):
        for seed in range(3):
            world = Listener(LaneRules("lane-3", 3, **rules), 7000 * number + seed)
            world.said = set()
            world.run(300)
            used |= {words.pattern for words in world.said if words}
    assert len(used) > 25
    assert used <= set(ANSWERS)


def test_a_lane_that_has_stopped_answers_so_too(tmp_path):
    with ConsoleGate(tmp_path) as gate:
        unit = gate.app.lanes[0]
    eventually(lambda: not unit.loop.runs, what="the end of the lane")
    assert (
        answer_text(unit.order(CommandKind.OPEN, "aigul", "test", 0.1).detail)
        == "The lane is not running. Nothing was done."
    )


def test_what_is_no_answer_of_a_lane_is_shown_as_it_is():
    assert answer_text("something new") == "something new"
    assert answer_text(Text("no reader works")) == "no reader works"


def test_a_record_that_waits_is_told_with_the_answer():
    answer = Text("it is already locked by {locked_by}", locked_by=KEY_SWITCH)
    waits = Text("{detail}; {said}", detail=answer, said=Text("the journal cannot be written; the record waits"))
    assert (
        answer_text(waits) == "It is already locked by the key switch. The journal cannot be written: the record waits."
    )
