"""`gate-agent watch`: the lane of a running agent, asked through its own socket."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.agent_client import AgentClient
from agent.cli.main import application
from agent.service import systemd_unit
from tests.support.console.consoles import LANE, ConsoleGate
from tests.support.waiting import PATIENCE_S, eventually, scaled

SECOND = """
[lanes.in]
number = 2
direction = "import"

[lanes.in.relay]
kind = "simulated"
name = "second"

[[lanes.in.cameras]]
id = "back"
kind = "simulated"
"""


@pytest.fixture
def runtime(monkeypatch):
    with tempfile.TemporaryDirectory() as folder:  # the path of a socket has to be short
        monkeypatch.setenv("RUNTIME_DIRECTORY", folder)
        yield Path(folder)


def watched(runtime, *more):
    arguments = ["watch", *more, "--once", "--socket", str(runtime / "console.sock")]
    return CliRunner().invoke(application(arguments), arguments)


def test_a_lane_is_shown_with_its_state_inputs_devices_cameras_and_events(runtime, tmp_path):
    lanes = LANE.format(board=tmp_path.name) + SECOND
    with ConsoleGate(tmp_path, lanes=lanes):
        journal = ("--journal", str(tmp_path / "state/journal.db"))
        out = watched(runtime, "out", *journal)
        russian = ("in", *journal, "--language", "ru")
        eventually(lambda: "Плата реле  работает" in watched(runtime, *russian).output, what="the relay board")
        seen = watched(runtime, *russian)
    assert out.exit_code == 0, out.output
    assert out.output.startswith("out  ")
    assert all(word in out.output for word in ("Loop before the arm", "gate.started")), out.output
    assert "back" in seen.output
    assert "Плата реле  работает" in seen.output


def test_which_lane_is_meant_must_be_said_where_there_are_several(runtime, tmp_path):
    with ConsoleGate(tmp_path, lanes=LANE.format(board=tmp_path.name) + SECOND):
        which, wrong = watched(runtime), watched(runtime, "exit-9")
    assert (which.exit_code, wrong.exit_code) == (1, 1)
    assert "which lane? There is out, in" in which.output
    assert "there is no lane exit-9" in wrong.output


def test_without_an_agent_it_says_how_to_start_one(runtime):
    gone = watched(runtime)
    assert (gone.exit_code, "systemctl start gate-agent" in gone.output) == (1, True)


def test_an_agent_that_is_starting_is_waited_for(runtime, tmp_path, monkeypatch, mocker, capfd):
    asked = tmp_path / "asked"
    manager = tmp_path / "bin/systemctl"
    manager.parent.mkdir()
    manager.write_text(f"#!/bin/sh\ntouch {asked}\necho ActiveState=activating\n")
    manager.chmod(0o755)
    monkeypatch.setenv("PATH", f"{manager.parent}:/usr/bin:/bin")
    mocker.patch.object(systemd_unit, "MANAGER", tmp_path)
    mocker.patch.object(systemd_unit, "ASK_S", PATIENCE_S)
    mocker.patch("agent.cli.agent_client.COMING_UP_S", PATIENCE_S)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(AgentClient(runtime / "console.sock", "en").json, "/api/lanes")
        eventually(asked.exists)
        with ConsoleGate(tmp_path):
            assert answer.result(scaled(30))
    assert capfd.readouterr().err.count("the agent is starting; waiting for it") == 1
