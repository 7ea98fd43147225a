"""Looks at pictures and vehicles, over real HTTP and from the command line: who looked is an event."""

from __future__ import annotations

import hashlib
import json
from functools import cache

import pytest
from typer.testing import CliRunner

from agent.cli.main import application
from agent.console.access import USERS_FILE
from agent.core.events import Draft, VehiclePresent
from agent.core.lane import transaction_id
from agent.core.model import with_small_pictures
from agent.store.journal.reader import JournalReader
from tests.support.console.consoles import ConsoleGate
from tests.support.waiting import PATIENCE_S, eventually

PICTURE = b"\xff\xd8\xff a picture \xff\xd9"
SHA256 = hashlib.sha256(PICTURE).hexdigest()
JFIF_HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
SMALL = (b"\xff\xd8\xff small \xff\xd9", b"\xff\xd8\xff larger \xff\xd9")
TRANSACTION = transaction_id(1.8e9, 1, 1)


@pytest.fixture
def gate(tmp_path):
    with ConsoleGate(tmp_path) as gate:
        gate.browser = cache(gate.browser)
        gate.app.parts.evidence.keep(SHA256, PICTURE)
        yield gate


def state(gate):
    return gate.path.parent / "state"


def views(gate):
    with JournalReader(state(gate) / "journal.db") as journal:
        events = [json.loads(payload) for payload in journal.payloads()]
    return [event["data"] for event in events if event["type"] == "evidence.viewed"]


@pytest.mark.parametrize("role", ["viewer", "technician", "admin"])
def test_who_looks_at_a_kept_picture_is_recorded_before_he_sees_it(gate, role):
    """L3."""
    for _ in range(3):
        assert gate.browser(role).get(f"/evidence/{SHA256}").content == PICTURE
    (view,) = views(gate)
    assert (view["person"], view["role"], view["address"]) == (f"some-{role}", role, "127.0.0.1")
    assert view["pictures"] == [SHA256]


@pytest.mark.parametrize(("size", "inside"), [("small", 0), ("medium", 1)])
def test_a_list_loads_a_small_picture_inside_under_the_rules_of_the_whole_one(gate, size, inside):
    whole = with_small_pictures(JFIF_HEAD + b"\xff\xd9", *SMALL)
    sha256 = hashlib.sha256(whole).hexdigest()
    gate.app.parts.evidence.keep(sha256, whole)
    answer = gate.browser("viewer").get(f"/evidence/{sha256}/{size}")
    assert (answer.content, answer.headers["content-type"]) == (SMALL[inside], "image/jpeg")
    assert answer.headers["cache-control"] == "private, max-age=3600, immutable"
    (view,) = views(gate)
    assert view["pictures"] == [sha256]
    assert gate.browser(None).get(f"/evidence/{sha256}/{size}").status_code == 303


def test_a_picture_without_a_small_one_inside_is_given_whole(gate):
    assert gate.browser("viewer").get(f"/evidence/{SHA256}/small").content == PICTURE
    assert gate.browser("viewer").get(f"/evidence/{'0' * 64}/small").status_code == 404
    assert gate.browser("viewer").get(f"/evidence/{SHA256}/tiny").status_code == 422


def test_a_picture_that_is_not_there_was_not_looked_at(gate):
    assert gate.browser("viewer").get(f"/evidence/{'0' * 64}").status_code == 404
    assert gate.browser(None).get(f"/evidence/{SHA256}").status_code == 303
    assert views(gate) == []


@pytest.mark.parametrize(
    ("query", "searches"),
    [
        ("plate=A123BC02", [{"plate": "A123BC02", "permit": ""}]),
        ("permit=00ff&plate=", [{"plate": "", "permit": "00ff"}]),
        ("lane=out&type=gate.started", []),
        ("", []),
    ],
)
def test_a_search_for_a_plate_or_a_permit_is_recorded_and_one_for_nobody_is_not(gate, query, searches):
    """L3."""
    assert gate.browser("viewer").get(f"/vehicles/events?{query}").status_code == 200
    assert [one for view in views(gate) for one in view["searches"]] == searches


def test_a_vehicles_story_is_recorded_as_looked_at(gate):
    """L3."""
    parts = gate.app.parts
    parts.recorder.note([Draft(VehiclePresent(seen_by="inputs"), "out", TRANSACTION, parts.utc())])
    browser = gate.browser("viewer")
    eventually(lambda: browser.get(f"/vehicles/{TRANSACTION}").status_code == 200, what="the vehicle in the index")
    assert gate.browser("viewer").get("/vehicles/nobody").status_code == 404
    assert [view["vehicles"] for view in views(gate)] == [[TRANSACTION]]


@pytest.mark.parametrize("command", ["events tail", "events export"])
def test_a_command_that_shows_events_is_recorded_with_its_user_and_once(gate, command, monkeypatch):
    """L3."""
    monkeypatch.setenv("SUDO_USER", "aigerim")
    told = [*command.split(), "--journal", str(state(gate) / "journal.db")]
    told += ["--to", "1"] if command == "events export" else []
    for _ in range(2):
        assert CliRunner().invoke(application(told), told).exit_code == 0
    eventually(lambda: views(gate))
    (view,) = views(gate)
    assert (view["person"], view["role"], view["address"]) == ("aigerim", "", "local")
    assert [one.partition(":")[0] for one in view["commands"]] == [command]


def test_a_journal_that_is_no_gates_is_read_and_nothing_is_made_beside_it(gate, tmp_path):
    copied = tmp_path / "copy"
    copied.mkdir()
    told = ["events", "export", "--journal", str(state(gate) / "journal.db"), "--out", str(copied / "lines")]
    assert CliRunner().invoke(application(told), told).exit_code == 0
    with JournalReader(state(gate) / "journal.db") as journal:
        assert journal.standing().head.seq
    assert not (copied / USERS_FILE).exists()


def test_a_stop_tells_of_what_was_not_told_yet(tmp_path, monkeypatch):
    monkeypatch.setattr("agent.console.view_log.TOLD_EVERY_S", PATIENCE_S)
    with ConsoleGate(tmp_path) as gate:
        other = PICTURE + b"x"
        for jpeg in (PICTURE, other):
            sha256 = hashlib.sha256(jpeg).hexdigest()
            gate.app.parts.evidence.keep(sha256, jpeg)
            assert gate.browser("viewer").get(f"/evidence/{sha256}").status_code == 200
        assert len(views(gate)) == 1
    assert [len(view["pictures"]) for view in views(gate)] == [1, 1]
