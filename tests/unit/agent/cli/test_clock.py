"""The commands `gate-agent clock`: what the clock is worth, and a reset that the running agent takes."""

import json
import re

import pytest
from typer.testing import CliRunner

from agent.cli.clock import app
from agent.clock.clock import Clock, Synchronisation
from agent.clock.files import RESET, ClockFiles, FloorReset
from agent.clock.monitor import ClockMonitor
from agent.core.clock.trust import Anchor, HoldoverRules, LastObservation
from agent.lists.service import REGISTRY
from tests.support.gate.config_files import ROOT_KEY
from tests.support.store.registries import open_registry

CONFIGURATION = """
version = 1
[gate]
id = "gate-7"
site = 7
[state]
directory = "{folder}"
[permits]
root_keys = ["{root}"]
[mqtt]
enabled = false
[lanes.out]
number = 1
direction = "export"
relay = {{ kind = "simulated" }}
cameras = [{{ id = "front", kind = "simulated" }}]
"""
YEAR_S = 365 * 86_400.0


class Gate:
    def __init__(self, folder):
        self.folder = folder
        self.configuration = folder / "gate.toml"
        self.configuration.write_text(CONFIGURATION.format(folder=folder, root=ROOT_KEY))
        self.files = ClockFiles(folder)

    def run(self, *arguments, typed=None):
        return CliRunner().invoke(app, [*arguments, "--config", str(self.configuration)], input=typed)

    def shown(self):
        result = self.run("show", "--json")
        return json.loads(result.stdout), result.exit_code

    def floor(self):
        registry = open_registry(self.folder / REGISTRY)
        try:
            return registry.clock_floor()
        finally:
            registry.close()

    def raise_floor(self, utc):
        registry = open_registry(self.folder / REGISTRY)
        registry.raise_clock_floor(utc, synced=True)
        registry.close()

    def agent_runs_for_a_round(self):
        told = []
        registry = open_registry(self.folder / REGISTRY)
        monitor = ClockMonitor(Clock(), registry, self.files, HoldoverRules(), told.extend)
        monitor.start()
        monitor.stop()
        registry.close()
        return [draft.event for draft in told]


@pytest.fixture
def gate(tmp_path, mocker):
    mocker.patch.object(
        Clock, "synchronisation", return_value=Synchronisation(synchronised=False, error_ms=None, detail="none is set")
    )
    return Gate(tmp_path)


def test_a_clock_that_nothing_keeps_is_untrusted_and_says_why(gate):
    found, code = gate.shown()
    assert (found["state"], found["why"], found["floor"], code) == ("UNTRUSTED", "none is set", "never", 1)
    assert not (gate.folder / REGISTRY).exists()
    assert "none is set" in gate.run("show").stdout


def test_a_clock_that_a_time_server_keeps_is_synced(gate, mocker):
    mocker.patch.object(Clock, "synchronisation", return_value=Synchronisation(synchronised=True, error_ms=12.0))
    found, code = gate.shown()
    assert (found["state"], found["off_by_at_most_s"], code) == ("SYNCED", 0.012, 0)


def test_it_goes_on_from_what_the_agent_last_knew(gate):
    now = Clock().together()
    gate.files.keep(LastObservation(now, Anchor(now, 0.5)))
    found, code = gate.shown()
    assert (found["state"], code) == ("HOLDOVER", 0)
    assert 0.5 <= found["off_by_at_most_s"] < 1.0


def test_a_floor_in_the_future_is_shown_and_put_back_by_the_agent_which_tells_of_it(gate, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "aigerim")
    gate.raise_floor(Clock().now().utc + YEAR_S)
    assert "behind a time that has passed" in gate.shown()[0]["why"]
    result = gate.run("reset-floor", "--cause", "the time server was a year ahead", typed="y\n")
    assert result.exit_code == 0
    assert "Is that right?" in result.stdout
    assert "by aigerim" in gate.shown()[0]["floor_reset_waits"]
    events = gate.agent_runs_for_a_round()
    assert "aigerim moved the earliest accepted time by -3153" in events[-1].detail
    assert "the time server was a year ahead" in events[-1].detail
    assert abs(gate.floor().utc - Clock().now().utc) < 60
    assert gate.floor().synced_utc is None
    assert gate.shown()[0]["floor_reset_waits"] is None


def test_the_first_floor_is_told_by_its_time_and_not_counted_from_1970(gate, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "aigerim")
    assert gate.run("reset-floor", "--cause", "a new gate", "--yes").exit_code == 0
    detail = gate.agent_runs_for_a_round()[-1].detail
    assert re.fullmatch(
        r"aigerim set the earliest accepted time to 20\d\d-\S+Z; there was none before: a new gate", detail
    )


@pytest.mark.parametrize("typed", ["n\n", ""])
def test_nothing_happens_where_the_time_is_not_right(gate, typed):
    assert gate.run("reset-floor", "--cause", "why", typed=typed).exit_code == 1
    assert not (gate.folder / RESET).exists()


@pytest.mark.parametrize("cause", ["", "  ", "two\nlines", "x" * 201])
def test_a_cause_that_no_event_can_tell_is_refused(gate, cause):
    result = gate.run("reset-floor", "--yes", "--cause", cause)
    assert (result.exit_code, "one line" in result.stderr) == (2, True)


def test_a_folder_that_cannot_be_written_is_said_in_one_line(gate):
    gate.configuration.write_text(CONFIGURATION.format(folder=gate.folder / "none", root=ROOT_KEY))
    result = gate.run("reset-floor", "--yes", "--cause", "why")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1


def test_a_configuration_that_cannot_be_used_ends_with_78(gate):
    gate.configuration.write_text("version = 9")
    assert gate.run("show").exit_code == 78


def test_a_reset_that_is_none_is_said(gate):
    (gate.folder / RESET).write_text("{}")
    result = gate.run("show")
    assert (result.exit_code, "does not say what to do" in result.stderr) == (1, True)


def test_a_reset_is_read_as_it_was_left(gate):
    gate.files.ask_reset(FloorReset(5.0, "root", "why"))
    assert gate.files.reset() == FloorReset(5.0, "root", "why")
    assert (gate.folder / RESET).stat().st_mode & 0o777 == 0o600
    assert gate.shown()[0]["floor_reset_waits"] == "to 1970-01-01T00:00:05.000Z by root"
