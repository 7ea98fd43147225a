"""The demo itself, with its real broker, board, camera and agent, played with a few vehicles."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import exit_codes
from agent.cli.main import application
from agent.core.model.reasons import Reason
from sim.demo import director, site
from sim.demo.vehicles import ACTS
from tests.support.mqtt.mosquitto import needs_mosquitto
from tests.support.waiting import eventually, scaled, scaled_ms

ROOT = Path(__file__).parents[4]
BY_TITLE = {act.title: act for act in ACTS}
REFERENCE, REVOKED, HELD, FORGED, PAPER, BY_VIN, ANOTHERS = (
    BY_TITLE[title]
    for title in (
        "permit by reference",
        "revoked a moment ago",
        "held by customs",
        "permit forged",
        "plate on paper",
        "new car, by its VIN",
        "another car's VIN",
    )
)


NUMBERS = {13: "thirteen", 14: "fourteen", 15: "fifteen", 16: "sixteen"}


@pytest.mark.parametrize(
    "page", ["README.md", "Makefile", "docs/handbook.md", "agent/cli/demo.py", "agent/cli/main.py"]
)
def test_every_page_says_how_many_vehicles_the_demo_plays(page):
    said = re.findall(r"[Pp]lays? (\w+) (?:vehicles|of)\b", (ROOT / page).read_text(encoding="utf-8"))
    assert set(said) == {NUMBERS[len(ACTS)]}


def play(acts, folder, monkeypatch, *, wait_s=60):
    monkeypatch.setattr("sim.demo.ACTS", acts)
    for name in ("START_TIMEOUT_S", "ANSWER_TIMEOUT_S"):
        monkeypatch.setattr(director, name, scaled(getattr(director, name)))
    patient = site._CONFIGURATION
    for key, more in (
        ("read_s = 3", wait_s),
        ("decide_s = 8", wait_s),
        ("stale_s = 1.5", min(5.0, scaled(1.5))),
        ("timeout_ms = 600", scaled_ms(600)),
    ):
        assert key in patient
        patient = patient.replace(key, f"{key.split()[0]} = {more}")
    last = 'scene_file = "{scene_file}"'
    assert last in patient
    # Enough to read three vehicles by; the camera's own rate would keep a core at work.
    patient = patient.replace(last, f"{last}\nframe_rate_hz = 5")
    monkeypatch.setattr(site, "_CONFIGURATION", patient)
    typed = ["demo", "--out", str(folder)]
    return CliRunner().invoke(application(typed), typed)


def recorded(folder):
    """The events of the gate's journal."""
    with closing(sqlite3.connect(folder / "state" / "journal.db")) as journal:
        return [json.loads(line) for (line,) in journal.execute("SELECT payload FROM events ORDER BY seq")]


@needs_mosquitto
def test_what_central_publishes_decides_at_the_demos_gate(tmp_path, monkeypatch):
    folder = tmp_path / "out"
    result = play((REFERENCE, REVOKED, HELD), folder, monkeypatch)
    assert result.exit_code == exit_codes.OK, result.output
    assert "3 vehicles: all as it must be" in result.output
    events = recorded(folder)
    decided = [event["data"] for event in events if event["type"] == "access.decided"]
    last = {each["reason"]: each for each in decided if each["verdict"] != "RETRY"}
    assert last["OK"]["permit"]["form"] == "reference"
    assert (last["OK"]["data"]["declarations"], last["OK"]["data"]["revocations"]) == (1, 1)
    assert last["PERMIT_REVOKED"]["data"]["revocations"] == 2
    assert last["DECLARATION_NOT_RELEASED"]["verdict"] == "MANUAL"
    assert sum(event["type"] == "access.granted" for event in events) == 1
    assert len(list((folder / "pictures").glob("01-permit-by-reference-*.jpg"))) > 0


@needs_mosquitto
def test_a_vehicle_that_does_not_end_as_it_must_fails_the_demo(tmp_path, monkeypatch):
    wanted = replace(FORGED, reason=Reason.EXPIRED)
    result = play((wanted,), tmp_path / "out", monkeypatch)
    assert result.exit_code == exit_codes.FAILED, result.output
    assert "1 vehicles: 1 not as it must be" in result.output


@pytest.mark.long
@needs_mosquitto
def test_new_cars_are_told_apart_by_plates_on_paper_and_by_their_vins(tmp_path, monkeypatch):
    folder = tmp_path / "out"
    # Another car's VIN goes to an officer when this time is over.
    result = play((PAPER, BY_VIN, ANOTHERS), folder, monkeypatch, wait_s=min(30, scaled(7.5)))
    assert result.exit_code == exit_codes.OK, result.output
    events = recorded(folder)
    closed = [event for event in events if event["type"] == "transaction.closed"]
    assert [event["data"]["outcome"] for event in closed] == ["passed", "passed", "denied"]
    read = {event["data"]["vin"]: event["data"] for event in events if event["type"] == "vehicle.vin"}
    assert [(data["match"], data["source"]) for data in read.values()] == [
        ("equal", "data_matrix"),
        ("other", "code_128"),
    ]
    assert closed[1]["data"]["vin_read"] == closed[1]["data"]["vin"] in read
    assert closed[0]["data"]["plate_code"] == "22"
    shown = {event["transaction"]: event["data"]["outputs"] for event in events if event["type"] == "driver.shown"}
    assert set(shown) == {event["transaction"] for event in closed}
    for outputs in shown.values():
        assert ("exit-1/post", "confirmed") in {(output["device"], output["receipt"]) for output in outputs}
    page = (folder / "report.html").read_text(encoding="utf-8")
    for vin in read:
        assert vin in page
    assert len(list((folder / "pictures").glob("02-new-car-by-its-VIN-*.jpg"))) > 0


def processes_of(folder):
    """What runs here that names the folder: the broker and the agent of a demo."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes().split(b"\0")
        except OSError:  # it has ended meanwhile
            continue
        if int(line.parent.name) != os.getpid() and any(os.fsencode(folder) in word for word in words):
            found.append(line.parent.name)
    return found


@needs_mosquitto
def test_a_demo_that_is_told_to_end_leaves_no_process(tmp_path):
    folder = tmp_path / "out"
    demo = subprocess.Popen(
        [sys.executable, "-m", "agent.cli.main", "demo", "--out", folder], stdout=subprocess.DEVNULL
    )
    try:
        eventually(lambda: len(processes_of(folder)) >= 3, 60, "the broker and the agent")
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(scaled(60)) == exit_codes.SIGNALLED + signal.SIGTERM
    finally:
        demo.kill()
    assert processes_of(folder) == []
