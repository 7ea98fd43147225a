"""What commands write is readable by its user alone, whatever the umask of the shell that starts them."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent.core.events.chain import ClockReading
from agent.core.events.event_types import Draft, GateStopping
from agent.store.journal.journal import Journal
from tests.support.console.consoles import HEAD, LANE
from tests.support.gate.config_files import ROOT_KEY
from tests.support.waiting import PATIENCE_S, eventually

NOW = 1_764_000_000


def started(*arguments):
    """The command, as a shell with the usual umask starts it."""
    program = [sys.executable, "-m", "agent.cli.main", *map(str, arguments)]
    return subprocess.Popen(program, umask=0o022, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(*arguments):
    command = started(*arguments)
    said, _ = command.communicate(timeout=PATIENCE_S)
    assert command.returncode == 0, said


def open_to_others(folder):
    """The files that more than their owner may read or write."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in files if path.stat().st_mode & 0o077}


@pytest.fixture
def keys(tmp_path):
    folder = tmp_path / "keys"
    run("permit", "keygen", "--out", folder, "--issuer", "KHE", "--site", 7)
    return folder


def test_keys_are_private_and_what_is_meant_for_others_is_not(keys):
    assert {name for name in open_to_others(keys) if "pub" not in name} == {"trust-list.txt"}


@pytest.mark.parametrize("name", ["permit.png", "permit.svg"])
@pytest.mark.parametrize("is_there", [False, True])
def test_the_picture_of_a_permit_is_its_owners_alone(keys, tmp_path, name, is_there):
    picture = tmp_path / name
    if is_there:
        picture.write_bytes(b"")
        picture.chmod(0o644)
    order = ("--declaration", "941120260000000001", "--vin", "LVGBV87E4CG000001", "--plate", "京A12345")
    run("permit", "issue", "--key", keys / "issuer.pem", "--issuer", "KHE", "--site", 7, *order, "--out", picture)
    assert name not in open_to_others(tmp_path)


def test_exported_events_are_their_owners_alone(tmp_path):
    journal = Journal.open(
        tmp_path / "journal.db",
        gate="gate-7",
        boot="b" * 32,
        clock=lambda: ClockReading(NOW, synced=True),
        max_bytes=1 << 26,
    )
    journal.record([Draft(GateStopping(cause="test"), None, None, NOW)])
    journal.close()
    out = tmp_path / "out"
    out.mkdir()
    run("events", "export", "--journal", tmp_path / "journal.db", "--out", out / "events.jsonl")
    assert [path.name for path in out.iterdir()] == ["events.jsonl"]
    assert open_to_others(out) == {}


def test_the_state_of_an_agent_that_is_started_from_a_shell_is_its_owners_alone(tmp_path):
    text = HEAD.format(
        state=tmp_path / "state", key=ROOT_KEY, permits="", enabled="false", port=0, console=""
    ) + LANE.format(board="private")
    path = Path(tmp_path / "gate.toml")
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    agent = started("run", path)
    try:
        eventually(
            lambda: (tmp_path / "state/configuration/good.json").exists() or agent.poll() is not None, 100, "a start"
        )
    finally:
        os.kill(agent.pid, signal.SIGTERM)
        said, _ = agent.communicate(timeout=PATIENCE_S)
    assert agent.returncode == 0, said
    assert (tmp_path / "state/journal.db").exists()
    assert open_to_others(tmp_path / "state") == {}
