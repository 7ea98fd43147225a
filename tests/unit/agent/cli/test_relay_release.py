"""The agent releases the relays that its last run left energised before it does anything else."""

import subprocess
import sys
from contextlib import contextmanager

from agent.store.journal.journal_files import JournalFiles
from drivers.emulators.lcus import LcusEmulator
from tests.support.gate.gate_site import GateSite
from tests.support.waiting import scaled, scaled_ms

LANE = """
[lanes.exit-1.relay]
kind = "lcus"
port = "{port}"
timeout_ms = {timeout_ms}
"""


@contextmanager
def journal_at(path):
    files = JournalFiles(path)
    files.hold()
    yield
    files.leave()


def run(configuration):
    command = [sys.executable, "-m", "agent.cli.main", "run", str(configuration)]
    return subprocess.run(command, capture_output=True, text=True, timeout=scaled(10), check=False)


def test_an_agent_that_cannot_start_has_released_its_relays(tmp_path):
    site = GateSite(tmp_path)
    with LcusEmulator(tmp_path / "relay") as board:
        lane = LANE.format(port=board.line.link, timeout_ms=scaled_ms(100))
        configuration = site.configure(lane, mqtt="enabled = false")
        site.journal.parent.write_text("")
        board.relays.set(1, on=True)
        board.relays.set(2, on=True)
        done = run(configuration)
        assert done.returncode == 1, done.stderr
        assert "the agent cannot start" in done.stderr
        assert board.relays.states == (False, False)


def test_a_second_agent_does_not_touch_the_boards_of_the_first(tmp_path):
    site = GateSite(tmp_path)
    with LcusEmulator(tmp_path / "relay") as board, journal_at(site.journal):
        lane = LANE.format(port=board.line.link, timeout_ms=scaled_ms(100))
        configuration = site.configure(lane, mqtt="enabled = false")
        board.relays.set(1, on=True)
        done = run(configuration)
        assert done.returncode == 1, done.stderr
        assert "another agent writes the journal" in done.stderr
        assert board.relays.states == (True, False)


def test_an_agent_whose_board_is_away_goes_on_to_start(tmp_path):
    site = GateSite(tmp_path)
    configuration = site.configure(LANE.format(port=tmp_path / "away", timeout_ms=20), mqtt="enabled = false")
    site.journal.parent.write_text("")
    done = run(configuration)
    assert "the agent cannot start" in done.stderr
    assert "Traceback" not in done.stderr
