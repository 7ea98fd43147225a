"""The command that releases every relay while the agent does not run."""

import subprocess
import sys
import threading

import pytest

from agent.settings.editing.history import History, present_files
from drivers.emulators.board import ReplyFault
from drivers.emulators.lcus import LcusEmulator
from tests.support.gate.config_files import ROOT_KEY
from tests.support.waiting import REPLY_MS, scaled, scaled_ms

HEAD = f"""
version = 1

[gate]
id = "gate-7"
site = 7

[permits]
root_keys = ["{ROOT_KEY}"]

[mqtt]
enabled = false
"""
WITHIN_S = min(60.0, scaled(10))
LANE = """
[lanes.{name}]
number = {number}
direction = "export"

[lanes.{name}.barrier]
open_channel = {number}

[lanes.{name}.relay]
kind = "lcus"
port = "{port}"
readback = "{readback}"
timeout_ms = {timeout_ms}
"""


def lane(number, port, readback="ascii"):
    return LANE.format(name=f"lane-{number}", number=number, port=port, readback=readback, timeout_ms=scaled_ms(100))


@pytest.fixture
def run(tmp_path):
    """Run the command on a configuration of these lanes."""

    def run(*lanes, within_s=None):
        path = tmp_path / "gate.toml"
        path.write_text(HEAD + "".join(lanes), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "agent.cli.main",
            "release",
            "--within-s",
            str(within_s or WITHIN_S),
            str(path),
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=scaled(30), check=False)

    return run


def test_every_relay_of_every_board_is_released_and_proved(run, tmp_path):
    with LcusEmulator(tmp_path / "a") as first, LcusEmulator(tmp_path / "b") as second:
        for board in (first, second):
            board.relays.set(1, on=True)
            board.relays.set(2, on=True)
        done = run(
            lane(1, tmp_path / "a"),
            lane(2, tmp_path / "a"),
            lane(3, tmp_path / "b").replace("channel = 3", "channel = 1"),
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [
            f"{first.line.link.resolve()}: released",
            f"{second.line.link.resolve()}: released",
        ]
        assert not any((*first.relays.states, *second.relays.states))


def test_a_board_that_is_away_is_told_of_and_the_others_are_released(run, tmp_path):
    with LcusEmulator(tmp_path / "b") as board:
        board.relays.set(1, on=True)
        done = run(lane(1, tmp_path / "a"), lane(2, tmp_path / "b"))
        assert done.returncode == 1
        assert f"{tmp_path / 'a'}: not released: " in done.stderr
        assert not any(board.relays.states)


def test_a_board_of_lanes_in_dry_run_alone_is_left_alone(run, tmp_path):
    with LcusEmulator(tmp_path / "a") as others, LcusEmulator(tmp_path / "b") as ours:
        for board in (others, ours):
            board.relays.set(1, on=True)
        dry = lane(1, tmp_path / "a").replace('direction = "export"', 'direction = "export"\nmode = "dry_run"')
        shared = lane(3, tmp_path / "b").replace('direction = "export"', 'direction = "export"\nmode = "dry_run"')
        shared = shared.replace("channel = 3", "channel = 1")
        done = run(dry, lane(2, tmp_path / "b"), shared)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [f"{ours.line.link.resolve()}: released"]
        assert others.relays.states[0], "somebody else holds it"
        assert not any(ours.relays.states)


@pytest.mark.parametrize("fault", [ReplyFault.CORRUPT, ReplyFault.SHORT, ReplyFault.WRONG_ADDRESS])
def test_a_board_whose_first_answer_is_spoilt_is_released(run, tmp_path, fault):
    with LcusEmulator(tmp_path / "a") as board:
        board.relays.set(1, on=True)
        board.fail(fault, replies=1)
        done = run(lane(1, tmp_path / "a"))
        assert (done.returncode, done.stderr) == (0, "")
        assert not any(board.relays.states)


def test_a_relay_that_does_not_let_go_is_told_of(run, tmp_path):
    with LcusEmulator(tmp_path / "a") as board:
        board.relays.set(1, on=True)
        board.relays.stuck.add(1)
        done = run(lane(1, tmp_path / "a"))
        assert done.returncode == 1
        assert "was told to release its relays, but does not confirm it" in done.stderr


def test_a_board_that_takes_too_long_is_given_up_in_time(run, tmp_path):
    held = threading.Event()
    with LcusEmulator(tmp_path / "a") as board:
        board.relays.watch(lambda _switching: held.wait(scaled(30)))
        switching = threading.Thread(target=board.relays.set, args=(1,), kwargs={"on": True})
        switching.start()
        done = run(
            lane(1, tmp_path / "a").replace(f"timeout_ms = {scaled_ms(100)}", f"timeout_ms = {REPLY_MS}"), within_s=0.3
        )
        held.set()
        switching.join()
    assert done.returncode == 1
    assert "no answer in time" in done.stderr


def test_a_configuration_that_cannot_be_used_is_told_of(run, tmp_path):
    done = run(lane(1, tmp_path / "a").replace("lcus", "locus"))
    assert done.returncode == 78
    assert "lanes.lane-1.relay.kind" in done.stderr


def test_with_a_broken_configuration_the_boards_of_the_last_good_one_are_released(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    path = tmp_path / "gate.toml"
    path.write_text(HEAD + lane(1, tmp_path / "board"), encoding="utf-8")
    history = History(tmp_path / "state", path)
    with history.held():
        history.keep_good(present_files(path), 1.0)
    path.write_text("[gate", encoding="utf-8")
    command = [sys.executable, "-m", "agent.cli.main", "release", "--within-s", str(WITHIN_S), str(path)]
    with LcusEmulator(tmp_path / "board") as board:
        board.relays.set(1, on=True)
        done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(30), check=False)
        assert not any(board.relays.states)
    assert done.returncode == 0, done.stderr
    assert f"{path}:1:" in done.stderr
    assert "the boards of the last good configuration are released instead" in done.stderr


def test_a_board_that_the_agent_ran_with_last_is_released_though_the_file_names_another_one_now(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    path = tmp_path / "gate.toml"
    path.write_text(HEAD + lane(1, tmp_path / "before"), encoding="utf-8")
    history = History(tmp_path / "state", path)
    with history.held():
        history.keep_good(present_files(path), 1.0)
    path.write_text(HEAD + lane(1, tmp_path / "after"), encoding="utf-8")
    command = [sys.executable, "-m", "agent.cli.main", "release", "--within-s", str(WITHIN_S), str(path)]
    with LcusEmulator(tmp_path / "before") as before, LcusEmulator(tmp_path / "after") as after:
        for board in (before, after):
            board.relays.set(1, on=True)
        done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(30), check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert sorted(done.stdout.splitlines()) == sorted(
            f"{board.line.link.resolve()}: released" for board in (before, after)
        )
        assert not any((*before.relays.states, *after.relays.states))
