"""An officer decides beside the picture, against a real agent: for one vehicle, with a reason, and recorded."""

from __future__ import annotations

import json
import time
from functools import cache

import pytest

from agent.console import hold_to_confirm
from agent.console.pages import decide
from agent.lane import order_requests
from drivers.inputs import simulated as simulated_inputs
from drivers.relay import simulated
from tests.support.console.consoles import ConsoleGate
from tests.support.waiting import PATIENCE_S, eventually

HOLD_S = 0.3
BOARD = "decide page"
OTHER = "2" * 20
LANE = """
pass_reasons = ["plate_by_eye", "The chief said so"]

[lanes.out]
number = 1
direction = "export"

[lanes.out.timing]
read_s = 1
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
name = "decide page"

[lanes.out.inputs]
kind = "simulated"
name = "decide page"

[lanes.out.signals]
presence = 1
safety = 2
"""


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with ConsoleGate(tmp_path_factory.mktemp("decide"), lanes=LANE) as gate:
        gate.browser = cache(gate.browser)
        yield gate


@pytest.fixture
def waits(gate, monkeypatch):
    """A vehicle waits for an officer: the lane has no reader that works. It is gone at the end."""
    monkeypatch.setattr(hold_to_confirm, "HOLD_S", HOLD_S)
    monkeypatch.setattr(hold_to_confirm, "LIFE_S", PATIENCE_S)
    monkeypatch.setattr(decide, "ORDER_S", PATIENCE_S)
    monkeypatch.setattr(order_requests, "LATE_ANSWER_S", PATIENCE_S)
    inputs = simulated_inputs.board(BOARD)
    eventually(lambda: view(gate) is not None and view(gate).state == "idle" and view(gate).relay_up)
    inputs.set(1, on=True)
    eventually(lambda: view(gate).state == "manual", what="a vehicle that waits for an officer")
    yield view(gate).transaction
    inputs.set(1, on=False)
    eventually(lambda: view(gate).state == "idle", PATIENCE_S, "the end of the visit")


def view(gate):
    return gate.app.lanes[0].view


def pulses():
    return sum(one.on for one in simulated.board(BOARD).relays.history)


def recorded(gate, kind):
    journal = gate.app.parts.journal
    found = (json.loads(one.payload) for one in journal.range(1, journal.head) if one.type == kind)
    return [one["data"] for one in found]


def held(browser, transaction, seconds=HOLD_S):
    """The token of a button that is held so long."""
    answer = browser.post("/api/lanes/out/press", data={"transaction": transaction})
    until = time.monotonic() + seconds
    eventually(lambda: time.monotonic() >= until)
    return answer.json()["token"]


def ask(browser, what, transaction, **more):
    return browser.post(f"/api/lanes/out/{what}", data={"transaction": transaction, **more})


def test_a_vehicle_that_waits_is_refused_with_the_officer_and_the_reason_in_its_outcome(gate, waits):
    technician, before = gate.browser("technician"), pulses()
    answer = ask(technician, "refuse", waits, reason="documents_invalid", words="no invoice").json()
    assert (answer["done"], answer["said"]) == (True, "The vehicle is refused. The driver is asked to turn back.")
    eventually(lambda: view(gate).state == "denied")
    closed = eventually(lambda: recorded(gate, "transaction.closed"))[-1]
    assert (closed["outcome"], closed["operator"]) == ("denied", "some-technician")
    assert (closed["cause"], closed["cause_code"]) == (
        "Documents missing or invalid: no invoice",
        "documents_invalid",
    )
    assert recorded(gate, "console.acted")[-1]["act"] == "lane.refuse"
    assert pulses() == before, "nothing moves"


def test_a_vehicle_that_waits_is_let_pass_by_a_button_that_is_held(gate, waits):
    technician, before = gate.browser("technician"), pulses()
    token = held(technician, waits)
    answer = ask(technician, "pass", waits, reason="plate_by_eye", token=token).json()
    assert (answer["done"], answer["said"]) == (True, "The vehicle may pass. The barrier opens.")
    granted = recorded(gate, "access.granted")[-1]
    assert granted["grant"] == f"{waits}-1", "the grant is that of the vehicle on the page"
    assert (granted["by"], granted["operator"]) == ("operator", "some-technician")
    assert (granted["cause"], granted["cause_code"]) == ("Plate matches, checked by eye", "plate_by_eye")
    eventually(lambda: pulses() == before + 1)
    again = ask(technician, "pass", waits, reason="plate_by_eye", token=token)
    assert (again.status_code, again.json()["error"]) == (409, "Hold the button for 0.3 s. Nothing was done.")


def test_a_button_that_was_not_held_or_was_held_for_another_vehicle_moves_nothing(gate, waits, monkeypatch):
    technician, before = gate.browser("technician"), pulses()
    for_another = held(technician, OTHER)
    assert ask(technician, "pass", waits, reason="plate_by_eye", token=for_another).status_code == 409
    monkeypatch.setattr(hold_to_confirm, "HOLD_S", PATIENCE_S)
    for token in ("", held(technician, waits, 0)):
        assert ask(technician, "pass", waits, reason="plate_by_eye", token=token).status_code == 409
    assert recorded(gate, "console.acted")[-1]["done"] is False
    assert (view(gate).state, pulses()) == ("manual", before)


@pytest.mark.parametrize("what", ["pass", "refuse"])
def test_what_was_meant_for_another_vehicle_is_done_to_none_and_says_so(gate, waits, what):
    technician, before = gate.browser("technician"), pulses()
    answer = ask(technician, what, OTHER, words="seen by me", token=held(technician, OTHER)).json()
    said = "Another vehicle is there now, or none. Look at the picture. Nothing was done."
    assert (answer["done"], answer["said"]) == (False, said)
    assert recorded(gate, "console.acted")[-1]["done"] is False
    assert (view(gate).state, view(gate).transaction, pulses()) == ("manual", waits, before)


def test_own_words_of_the_gate_are_a_reason_without_a_code(gate, waits):
    technician = gate.browser("technician")
    token = held(technician, waits)
    assert ask(technician, "pass", waits, reason="The chief said so", token=token).json()["done"] is True
    granted = recorded(gate, "access.granted")[-1]
    assert (granted["cause"], granted["cause_code"]) == ("The chief said so", None)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"words": "  a\n "}, 422),
        ({}, 422),
        ({"reason": "plate_differ"}, 409),
        ({"reason": "plate_by_eye"}, 409),
        ({"transaction": "x", "words": "seen by me"}, 422),
        ({"words": "x" * 161}, 422),
    ],
)
def test_a_refusal_without_a_reason_that_is_offered_is_not_taken(gate, waits, data, status):
    answer = gate.browser("technician").post("/api/lanes/out/refuse", data={"transaction": waits, **data})
    assert (answer.status_code, answer.json()["error"].endswith("Nothing was done.")) == (status, True)
    assert view(gate).state == "manual"


def test_a_viewer_decides_nothing_and_is_offered_nothing(gate, waits):
    viewer = gate.browser("viewer")
    for what in ("press", "pass", "refuse"):
        assert ask(viewer, what, waits, words="seen by me").status_code == 403
    page = viewer.get("/lanes/out").text
    assert "An officer must decide" in page
    assert 'data-decide="' not in page
    assert "decide.js" not in page


def test_the_page_offers_the_reasons_and_names_the_vehicle(gate, waits):
    page = gate.browser("technician").get("/lanes/out", headers={"accept-language": "ru"}).text
    assert f'data-transaction="{waits}"' in page
    assert 'data-decides="pass refuse"' in page
    assert 'value="plate_by_eye"' in page
    assert "The chief said so" in page, "own words are not translated"
    assert "Plate matches, checked by eye" not in page, "a code has words in every language"


def test_a_form_from_elsewhere_decides_nothing(gate, waits):
    browser = gate.browser("technician")
    answer = browser.post(
        "/api/lanes/out/refuse", data={"transaction": waits, "words": "seen"}, headers={"x-csrf-token": "no"}
    )
    assert answer.status_code == 403
    assert view(gate).state == "manual"


def test_there_is_no_decision_at_a_lane_that_does_not_exist(gate):
    answer = gate.browser("technician").post("/api/lanes/x/refuse", data={"transaction": OTHER, "words": "seen"})
    assert (answer.status_code, answer.json()["error"]) == (404, "There is no lane x.")
