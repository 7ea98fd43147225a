"""The page Health of a gate that has lost a part of its state: two persons accept it, and each step is recorded."""

import re
import sqlite3
from contextlib import closing

import pytest

from agent.core.trust_state import FloorNamed, Witness, WitnessGone
from agent.recording.lost_orders import OWN_NAME
from tests.support.console.consoles import ConsoleGate, acts
from tests.support.waiting import eventually


@pytest.fixture
def gate(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with ConsoleGate(tmp_path) as gate:
        yield gate


def said(gate, act):
    return [(one["person"], one["done"]) for one in acts(gate) if one["act"] == act]


def shown(browser):
    """The mark of what the page shows to somebody."""
    found = re.search(r'name="shown" value="([0-9a-f]{64})"', browser.get("/health").text)
    return "" if found is None else found[1]


def accept(browser, cause):
    """What the button of the page sends."""
    return browser.post("/health/state", data={"cause": cause, "shown": shown(browser)})


def changes(gate, person):
    """The changes of the state that a person's name stands in."""
    events = gate.app.parts.journal.range(1, 999)
    return [one for one in events if one.type == "state.changed" and person in one.payload]


def test_a_state_that_is_whole_asks_for_nothing(gate):
    page = gate.browser("admin").get("/health")
    assert "/health/state" not in page.text
    answer = gate.browser("admin").post("/health/state", data={"cause": "so be it", "shown": "0" * 64})
    assert answer.status_code == 409


def test_an_admin_and_a_technician_accept_what_is_lost(gate):
    trust = gate.app.parts.trust
    trust.take(WitnessGone("the head file is gone"))
    admin, technician = gate.browser("admin"), gate.browser("technician")
    page = admin.get("/health")
    assert "the head file is gone" in page.text
    assert "lost a part of its data" in technician.get("/lanes/out").text
    assert accept(admin, "the disk was replaced").status_code in {200, 303}
    assert not trust.state.whole
    assert accept(admin, "the disk was replaced").status_code == 409
    assert "the disk was replaced" in technician.get("/health").text
    assert accept(technician, "I saw it").status_code in {200, 303}
    assert trust.state.whole
    assert said(gate, "state.proposed") == [("some-admin", True)]
    assert said(gate, "state.accepted") == [("some-admin", False), ("some-technician", True)]
    eventually(lambda: len(changes(gate, b"some-technician")) == 2, what="the events")


def test_a_loss_that_is_noticed_while_the_lanes_run_locks_them_until_the_two_accept_it(gate):
    """A lane asks for its orders once, when it starts: one that an officer had locked would stay open."""
    lane = gate.app.parts.lanes.by_name["out"]
    eventually(lambda: lane.view, what="the lane")
    assert lane.view.lockout.locked_by == ""
    gate.app.parts.trust.take(WitnessGone("the head file is gone"))
    eventually(lambda: lane.view.lockout.locked_by == OWN_NAME, what="the lock")
    assert gate.app.parts.journal.lane_orders("out").locked_by == OWN_NAME
    accept(gate.browser("technician"), "the disk was replaced")
    accept(gate.browser("admin"), "I saw it")
    eventually(lambda: lane.view.lockout.locked_by == "", what="the lane unlocked")


def test_a_viewer_sees_it_and_accepts_nothing(gate):
    gate.app.parts.trust.take(WitnessGone("the head file is gone"))
    viewer = gate.browser("viewer")
    page = viewer.get("/health")
    assert "the head file is gone" in page.text
    assert "/health/state" not in page.text
    assert viewer.post("/health/state", data={"cause": "so be it", "shown": "0" * 64}).status_code == 403


def test_what_was_lost_since_the_page_was_loaded_is_not_accepted_by_its_button(gate):
    trust = gate.app.parts.trust
    trust.take(WitnessGone("the head file is gone"))
    admin, technician = gate.browser("admin"), gate.browser("technician")
    assert accept(technician, "the disk was replaced").status_code in {200, 303}
    early = shown(admin)
    trust.take(FloorNamed(Witness.JOURNAL, (("revocations", 7),)))
    eventually(lambda: shown(admin) != early, what="the lists lost too")
    answer = admin.post("/health/state", data={"cause": "I saw it", "shown": early})
    assert answer.status_code == 409
    assert not trust.state.whole
    assert said(gate, "state.accepted") == [("some-admin", False)]


def test_lanes_that_the_gate_has_locked_itself_are_unlocked_by_the_two(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    with ConsoleGate(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "state" / "journal.db")) as connection, connection:
        connection.execute("INSERT OR REPLACE INTO kept (name, value) VALUES ('trust_state', 'nobody can read this')")
    with ConsoleGate(tmp_path) as gate:
        lane = gate.app.parts.lanes.by_name["out"]
        eventually(lambda: lane.view, what="the lane")
        assert lane.view.lockout.locked_by == OWN_NAME
        accept(gate.browser("technician"), "the disk was replaced")
        accept(gate.browser("admin"), "I saw it")
        eventually(lambda: lane.view.lockout.locked_by == "", what="the lane unlocked")
        assert gate.app.parts.trust.state.whole
