"""The steps of the set-up in the browser: proposals, errors at their fields, inputs found by use, what was seen."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from agent.console import page
from agent.console.pages.setup_steps import SHORTEST_NAME
from agent.console.wizard.other_visitors import HERE_S, Here, Presence
from agent.console.wizard.safety_list import SAFETY_LINES
from agent.setup.progress import StepCode
from agent.setup.setup_record import SetupRecord
from drivers.inputs import simulated
from tests.support.console.consoles import acts
from tests.support.console.setup_steps import apply, seen_of, send, setup_gate, value_of
from tests.support.waiting import eventually


@pytest.fixture
def reloads():
    return []


@pytest.fixture
def gate(tmp_path, reloads):
    with setup_gate(tmp_path, lambda: reloads.append(1)) as gate:
        yield gate


GATE = {"gate": "khorgos-7", "site": "17", "number": "1", "direction": "export"}


def test_a_step_is_proposed_first_and_written_whole_by_a_second_request(gate, reloads):
    browser = gate.browser("admin")
    before = gate.path.read_bytes()
    proposed = send(browser, "gate", **GATE)
    assert (proposed.status_code, gate.path.read_bytes(), reloads) == (200, before, [])
    assert "gate.id" in proposed.text
    done = apply(browser, "gate", proposed)
    assert (done.status_code, reloads) == (200, [1])
    assert 'id = "khorgos-7"' in gate.path.read_text()
    assert "site = 17" in gate.path.read_text()
    assert browser.get("/live/settings/setup/out/gate/applied").text == "waiting"
    assert [one["act"] for one in acts(gate)][-2:] == ["configuration.proposed", "configuration.changed"]


def test_what_is_wrong_is_shown_at_its_field_and_what_was_typed_stays(gate):
    answer = send(gate.browser("admin"), "gate", **(GATE | {"gate": "gate 7", "site": "abc"}))
    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == 2
    assert "Enter a whole number from 1 to 4294967295." in answer.text
    assert 'value="gate 7"' in answer.text


def test_a_step_that_changes_nothing_leads_on_to_the_next(gate):
    same = {"gate": "gate-7", "site": "7", "number": "1", "direction": "export"}
    assert send(gate.browser("admin"), "gate", **same).headers["hx-redirect"] == "/settings/setup/out/network"


def test_what_is_an_administrators_is_not_a_technicians(gate):
    answer = send(gate.browser("technician"), "gate", **GATE)
    assert answer.status_code == 422
    assert "an administrator changes this" in html.unescape(answer.text)
    assert "An administrator does this step." in gate.browser("technician").get("/settings/setup/out/gate").text


def test_of_two_people_the_second_is_told_that_somebody_was_first(gate):
    one, other = gate.browser("admin"), gate.browser("admin")
    seen = seen_of(other, "gate")
    assert apply(one, "gate", send(one, "gate", **GATE)).status_code == 200
    late = other.post("/settings/setup/out/gate", data=GATE | {"gate": "khorgos-8", "seen": seen})
    assert late.status_code == 422
    assert "changed the configuration in the meantime" in late.text
    assert 'value="khorgos-8"' in late.text
    assert "khorgos-8" not in gate.path.read_text()


def test_people_in_the_set_up_see_one_another(gate):
    gate.browser("admin").get("/settings/setup/out/board")
    page = gate.browser("technician").get("/settings/setup/out/cameras").text
    assert "some-admin is also working in the set-up: Relay board" in page
    people = Presence()
    people.come(Here("olga", "out", StepCode.GATE, 10.0))
    assert [one.person for one in people.others("ivan", 10.0 + HERE_S)] == ["olga"]
    assert people.others("ivan", 10.1 + HERE_S) == []
    assert people.others("olga", 10.0) == []


def test_a_step_that_is_left_out_says_what_follows_and_can_be_taken_up(gate):
    browser = gate.browser("technician")
    assert "the driver gets no messages" in browser.get("/settings/setup/out/outputs").text
    assert browser.post("/settings/setup/out/outputs/skip").headers["location"] == "/settings/setup/out/cameras"
    assert "Do this step after all" in browser.get("/settings/setup/out/outputs").text
    browser.post("/settings/setup/out/outputs/take-up")
    assert "Do this step after all" not in browser.get("/settings/setup/out/outputs").text
    assert browser.post("/settings/setup/out/gate/skip").status_code == 409


def test_a_page_that_is_open_offers_to_skip_a_step_only_while_that_can_be(gate):
    browser = gate.browser("technician")
    live = "/live/settings/setup/out/safety"
    assert 'name="leaving" value="skip"' in browser.get("/settings/setup/out/safety").text
    assert 'id="leaving"' not in browser.get(live, params={"leaving": "skip"}).text
    browser.post("/settings/setup/out/safety/skip")
    changed = browser.get(live, params={"leaving": "skip"}).text
    assert '<div id="leaving" class="stack" hx-swap-oob="true">' in changed
    assert "Do this step after all" in changed
    lines = [str(number) for number in range(1, len(SAFETY_LINES) + 1)]
    browser.post("/settings/setup/out/safety/sign", data={"line": lines, "name": "Ivan Petrov"})
    done = browser.get(live, params={"leaving": "take-up"}).text
    assert 'name="leaving" value=""' in done
    assert "/skip" not in done
    assert "/take-up" not in done
    assert 'id="leaving"' not in browser.get(live, params={"leaving": ""}).text


def steps_shown(text):
    """The state of the list of steps of a page, as its script sends it."""
    return re.search(r'id="steps-shown" name="steps" value="([a-z ]+)"', text)[1]


def test_a_page_that_is_open_follows_the_steps_that_are_done_meanwhile(gate):
    browser, other = gate.browser("technician"), gate.browser("admin")
    live = "/live/settings/setup/out/board"
    page = browser.get("/settings/setup/out/board").text
    before = steps_shown(page)
    assert len(before.split()) == len(StepCode)
    assert 'hx-include="#leaving-shown, #steps-shown"' in page
    assert 'id="steps"' not in browser.get(live, params={"steps": before}).text
    lines = [str(number) for number in range(1, len(SAFETY_LINES) + 1)]
    other.post("/settings/setup/out/safety/sign", data={"line": lines, "name": "Ivan Petrov"})
    changed = browser.get(live, params={"steps": before}).text
    assert '<aside id="steps" hx-swap-oob="true">' in changed
    assert '<div id="progress" class="progress" aria-hidden="true" hx-swap-oob="true">' in changed
    assert changed.count('class="step done"') == page.count('class="step done"') + 1
    assert 'id="steps"' not in browser.get(live, params={"steps": steps_shown(changed)}).text


def found_input(browser):
    return re.search(r"Found: input (\d)", browser.get("/live/settings/setup/out/inputs").text)


def use(browser, gate, signal, number):
    simulated.board(gate.path.parent.name).set(number, True)
    assert eventually(lambda: found_input(browser), what="the input")[1] == str(number)
    answer = browser.post("/settings/setup/out/inputs/input", data={"signal": signal, "number": number})
    assert answer.status_code == 303, answer.text


def test_inputs_are_found_by_using_them_and_saved_together(gate, reloads):
    browser = gate.browser("technician")
    board = simulated.board(gate.path.parent.name)
    board.set(4, True)
    assert "Drive onto the loop in front of the barrier" in browser.get("/settings/setup/out/inputs").text
    browser.get("/live/settings/setup/out/inputs")
    use(browser, gate, "presence", 1)
    use(browser, gate, "safety", 2)
    assert (
        browser.post("/settings/setup/out/inputs/input", data={"signal": "photocell", "number": 2}).status_code == 409
    )
    for signal in ("photocell", "opened", "closed", "key", "hold"):
        browser.post("/settings/setup/out/inputs/input", data={"signal": signal, "number": 0})
    proposed = send(browser, "inputs")
    assert proposed.status_code == 200, proposed.text
    assert apply(browser, "inputs", proposed).status_code == 200
    text = gate.path.read_text()
    assert "presence = 1" in text
    assert "safety = 2" in text
    assert "photocell" not in text
    seen = SetupRecord(gate.path.parent / "state").notes()
    assert {"out/inputs/presence", "out/inputs/safety"} == {key for key in seen if key.startswith("out/inputs/")}


def test_what_changed_together_can_be_watched_again(gate):
    browser = gate.browser("technician")
    browser.get("/live/settings/setup/out/inputs")
    board = simulated.board(gate.path.parent.name)
    board.set(1, True)
    board.set(2, True)
    eventually(lambda: "Several inputs changed together" in browser.get("/live/settings/setup/out/inputs").text)
    again = browser.post("/settings/setup/out/inputs/watch", data={"signal": "presence"})
    assert again.headers["location"] == "/settings/setup/out/inputs?signal=presence"
    assert "Several inputs changed together" not in browser.get("/live/settings/setup/out/inputs").text


def test_an_input_that_did_not_change_is_not_taken_for_one_that_was_found(gate):
    browser = gate.browser("technician")
    browser.get("/live/settings/setup/out/inputs")
    refused = browser.post("/settings/setup/out/inputs/input", data={"signal": "presence", "number": 3})
    assert (refused.status_code, "Input 3 has not changed." in refused.text) == (409, True)
    by_hand = browser.post(
        "/settings/setup/out/inputs/input", data={"signal": "presence", "number": 3, "by_hand": "true"}
    )
    assert by_hand.status_code == 303


def test_one_loop_alone_is_refused_with_the_reason_and_nothing_is_written(gate):
    browser = gate.browser("technician")
    browser.post("/settings/setup/out/inputs/input", data={"signal": "presence", "number": 1, "by_hand": "true"})
    before = gate.path.read_bytes()
    answer = send(browser, "inputs")
    assert (answer.status_code, gate.path.read_bytes()) == (422, before)
    assert "safety" in answer.text


def test_the_board_counts_as_tried_only_after_a_pulse_and_somebodys_word(gate):
    browser = gate.browser("technician")
    assert browser.post("/settings/setup/out/board/seen").status_code == 409
    assert browser.post("/settings/setup/out/board/try", data={"act": "test_open"}).status_code == 409  # not held


def test_a_board_that_is_named_by_hand_takes_the_place_of_the_simulated_one(gate):
    browser = gate.browser("technician")
    wrong = send(browser, "board", kind="modbus_rtu", port="", channel="x", unit="1", channels="8")
    assert (wrong.status_code, wrong.text.count('aria-invalid="true"')) == (422, 2)
    proposed = send(browser, "board", kind="modbus_rtu", port="/dev/gate-barrier", channel="3", unit="2", channels="8")
    assert apply(browser, "board", proposed).status_code == 200
    text = gate.path.read_text()
    assert 'port = "/dev/gate-barrier"' in text
    assert "open_channel = 3" in text
    assert "unit = 2" in text


def test_a_practice_permit_is_made_whenever_it_is_asked_for(gate):
    browser = gate.browser("admin")
    assert send(browser, "practice", plate="bad plate!!").status_code == 422
    keys = []
    for _ in range(2):
        assert apply(browser, "practice", send(browser, "practice", plate="新B52K18")).status_code == 200
        keys.append(re.search(r'root_keys = \["([0-9a-f]{64})"\]', gate.path.read_text())[1])
    assert keys[0] != keys[1]
    made = sorted(one.name for one in (gate.path.parent / "state/practice").iterdir())
    assert len(made) == 4
    assert "trust_list" in gate.path.read_text()


def test_a_trust_list_of_somebody_else_is_refused(gate):
    browser = gate.browser("admin")
    sent = send(
        browser,
        "trust",
        files={"trust_list": ("list.txt", b"hello")},
        root_keys="3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
    )
    assert (sent.status_code, "This is not a trust list of this issuer" in sent.text) == (422, True)


def test_the_safety_list_is_signed_only_whole_and_with_a_second_name(gate):
    browser = gate.browser("technician")
    lines = [str(number) for number in range(1, len(SAFETY_LINES) + 1)]
    assert browser.post("/settings/setup/out/safety/sign", data={"line": lines[:-1], "name": "Ivan"}).status_code == 409
    short = "x" * (SHORTEST_NAME - 1)
    assert browser.post("/settings/setup/out/safety/sign", data={"line": lines, "name": short}).status_code == 422
    assert (
        browser.post("/settings/setup/out/safety/sign", data={"line": lines, "name": "Ivan Petrov"}).status_code == 303
    )
    assert "Signed by some-technician" in browser.get("/settings/setup/out/safety").text
    signed = next(one for one in acts(gate) if one["act"] == "setup.signed")
    assert "Ivan Petrov" in signed["detail"]


def test_the_safety_check_has_the_lines_of_its_page():
    page = (Path(__file__).parents[5] / "docs/safety.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|", page[page.index("## Before the gate goes into service") :], re.MULTILINE)
    assert len(rows) == len(SAFETY_LINES)


def test_there_is_no_step_of_a_lane_that_is_not_there(gate):
    browser = gate.browser("admin")
    assert browser.get("/settings/setup/none/gate").status_code == 404
    assert browser.get("/settings/setup/out/nothing").status_code == 422
    assert browser.post("/settings/setup/out/gate/sign", data={}).status_code == 404


def test_every_step_is_a_page_for_a_technician(gate):
    browser = gate.browser("technician")
    for code in StepCode:
        assert browser.get(f"/settings/setup/out/{code}").status_code == 200, code


def test_a_form_that_is_sent_before_the_scripts_are_there_works_too(gate, reloads):
    browser = gate.browser("admin")
    form = GATE | {"seen": seen_of(browser, "gate")}
    proposed = browser.post("/settings/setup/out/gate", data=form)
    assert ("<!doctype html>" in proposed.text.lower(), "gate.id" in proposed.text) == (True, True)
    done = browser.post("/settings/setup/out/gate/apply", data={"proposal": value_of(proposed, "proposal")})
    assert (done.status_code, done.headers["location"], reloads) == (303, "/settings/setup/out/network", [1])
    same = browser.post("/settings/setup/out/gate", data=form | {"seen": seen_of(browser, "gate")})
    assert (same.status_code, same.headers["location"]) == (303, "/settings/setup/out/network")


def test_no_form_of_the_set_up_puts_what_is_typed_into_an_address():
    for path in (Path(page.__file__).parent / "templates").glob("setup*.html"):
        for form in re.findall(r"<form[^>]*>", path.read_text(encoding="utf-8")):
            assert ('method="post"' in form, 'action="' in form) == (True, True), f"{path.name}: {form}"


def test_a_proposal_tells_what_changes_and_no_key_that_stays_unset(gate):
    proposed = send(gate.browser("technician"), "board", kind="modbus_rtu", port="/dev/gate-barrier", channel="1")
    rows = re.findall(r'<span class="key">([^<]+)</span></dt><dd>(.*?)</dd>', proposed.text, re.DOTALL)
    told = {key: " ".join(re.sub(r"<[^>]+>", " ", shown).split()) for key, shown in rows}
    assert "modbus_rtu" in html.unescape(told["lanes.out.relay.kind"])
    assert not [key for key, shown in told.items() if shown.startswith("none")]
