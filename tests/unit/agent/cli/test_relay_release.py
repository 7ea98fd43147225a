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


def configured(site, port):
    return site.configure(LANE.format(port=port, timeout_ms=scaled_ms(100)), mqtt="enabled = false")


def run(configuration):
    """Run the agent on a configuration with which it cannot start, and return what it wrote."""
    command = [sys.executable, "-m", "agent.cli.main", "run", str(configuration)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(10), check=False)
    assert done.returncode == 1, done.stderr
    assert "the agent cannot start" in done.stderr
    return done.stderr


def test_an_agent_that_cannot_start_has_released_its_relays(tmp_path):
    site = GateSite(tmp_path)
    site.journal.parent.write_text("")
    with LcusEmulator(tmp_path / "relay") as board:
        board.relays.set(1, on=True)
        board.relays.set(2, on=True)
        run(configured(site, board.line.link))
        assert board.relays.states == (False, False)


def test_a_second_agent_does_not_touch_the_boards_of_the_first(tmp_path):
    site = GateSite(tmp_path)
    with LcusEmulator(tmp_path / "relay") as board, journal_at(site.journal):
        board.relays.set(1, on=True)
        assert "another agent writes the journal" in run(configured(site, board.line.link))
        assert board.relays.states == (True, False)


def test_a_board_that_is_away_is_no_error_of_the_start(tmp_path):
    site = GateSite(tmp_path)
    site.journal.parent.write_text("")
    assert "Traceback" not in run(configured(site, tmp_path / "away"))
