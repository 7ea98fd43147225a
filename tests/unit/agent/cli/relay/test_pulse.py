"""The command relay test, on emulated boards."""

from __future__ import annotations

import queue
import re
import signal
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from drivers.emulators.lcus import Dialect, LcusEmulator
from drivers.emulators.modbus_rtu import ModbusEmulator
from tests.support.board.relay_command import lcus, modbus, run, start, switchings, write_gate
from tests.support.waiting import PATIENCE_S, scaled_ms

if TYPE_CHECKING:
    from pathlib import Path


PULSE_MS = min(1000, scaled_ms(300))
"""Of a pulse that the board times: in it must be read that the relay is on."""
ON, READ_BACK, OFF = b"\xa0\x01\x01\xa2", b"\xff", b"\xa0\x01\x00\xa1"


@pytest.fixture
def link(tmp_path) -> Path:
    return tmp_path / "port"


@pytest.fixture
def gate(tmp_path):
    return partial(write_gate, tmp_path)


def test_one_pulse_is_given_and_told_with_its_bytes(link, gate):
    config = gate(exit=lcus(link, barrier="open_channel = 2\npulse_ms = 300"))
    with LcusEmulator(link) as board:
        answer = run("test", "--config", config, typed="exit\n")
        on, off = board.relays.history
    assert answer.code == 0, answer.err
    assert [(one.channel, one.on) for one in (on, off)] == [(2, True), (2, False)]
    assert off.at - on.at >= 0.3
    assert "The barrier of lane exit will OPEN." in answer.out
    assert re.search(r"^pulse +delivered$", answer.out, re.MULTILINE)
    assert re.search(r"^read back +the relay was on and is off again$", answer.out, re.MULTILINE)
    assert re.search(r"^length +\d+ ms between the two commands, both read back$", answer.out, re.MULTILINE)
    assert re.search(r"^released +every relay$", answer.out, re.MULTILINE)
    assert re.search(r"^ +[\d.]+ > A0 02 01 A3 +\.\.\.\. +relay 2 on$", answer.out, re.MULTILINE)


def test_a_board_that_times_the_pulse_itself_is_read_until_it_is_over(link, gate):
    config = gate(exit=modbus(link, barrier=f"pulse_ms = {PULSE_MS}"))
    with ModbusEmulator(link) as board:
        answer = run("test", "--config", config, "--yes")
        assert switchings(board) == [(1, True), (1, False)]
    assert answer.code == 0
    assert re.search(r"^length +\d+ to \d+ ms, timed by the board, by reading it back$", answer.out, re.MULTILINE)
    assert f"unit 1: relay 1 on for {PULSE_MS} ms" in answer.out


@pytest.mark.parametrize(
    ("options", "channel", "words"),
    [
        (["--role", "red"], 3, "The red lamp of lane exit will light up"),
        (["--role", "hold"], 5, "its hold contact closes briefly"),
        (["--channel", "4"], 4, "The green lamp of lane exit will light up"),
        (["--channel", "7"], 7, "does not know what is wired to it"),
        (["--channel", "1"], 1, "The barrier of lane exit will OPEN."),
    ],
    ids=str,
)
def test_the_relay_is_chosen_by_its_role_or_its_number(link, gate, options, channel, words):
    wiring = f"pulse_ms = {PULSE_MS}\nclose_channel = 2\nred_channel = 3\ngreen_channel = 4\nhold_channel = 5"
    config = gate(exit=modbus(link, barrier=wiring))
    with ModbusEmulator(link) as board:
        answer = run("test", "--config", config, "--yes", *options)
        assert switchings(board) == [(channel, True), (channel, False)]
    assert (answer.code, words in answer.out) == (0, True)


CLOSING = "pulse_ms = 200\nclose_channel = 2"


@pytest.mark.parametrize(
    ("options", "typed", "code"),
    [
        (["--role", "close"], "exit\n", 1),
        (["--role", "close"], "exit\nexit\n", 1),
        (["--role", "close"], "clear\nclear\n", 1),
        (["--role", "close", "--arm-is-clear"], "exit\n", 1),
        (["--role", "close", "--yes"], "", 2),
        (["--channel", "2", "--yes", "--arm-is-clear"], "", 2),
        (["--role", "open"], "", 1),
        (["--role", "open"], "entry\n", 1),
        (["--role", "green", "--yes"], "", 2),
        (["--role", "open", "--channel", "1", "--yes"], "", 2),
        (["--pulse-ms", "5000", "--yes"], "", 2),
    ],
    ids=str,
)
def test_nothing_is_sent_for_an_order_that_is_not_confirmed_or_not_clear(link, gate, options, typed, code):
    config = gate(exit=lcus(link, barrier=CLOSING))
    with LcusEmulator(link) as board:
        answer = run("test", "--config", config, *options, typed=typed)
        assert (answer.code, board.line.received()) == (code, b"")


@pytest.mark.parametrize(
    ("options", "typed"),
    [(["--role", "close"], "exit\nclear\n"), (["--role", "close", "--yes", "--arm-is-clear"], "")],
    ids=["asked", "by options"],
)
def test_a_close_is_given_when_it_is_confirmed_that_nobody_is_under_the_arm(link, gate, options, typed):
    config = gate(exit=lcus(link, barrier=CLOSING))
    with LcusEmulator(link) as board:
        answer = run("test", "--config", config, *options, typed=typed)
        assert (answer.code, switchings(board)) == (0, [(2, True), (2, False)])
    assert "will CLOSE" in answer.out


def test_a_board_is_tested_without_a_configuration(link):
    with LcusEmulator(link, 4, Dialect.BYTES) as board:
        given = ["--port", link, "--kind", "lcus", "--set", "channels=4", "--set", "readback=bytes", "--channel", 3]
        answer = run("test", *given, "--pulse-ms", 200, typed="3\n")
        assert (answer.code, switchings(board)) == (0, [(3, True), (3, False)])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--port", "/dev/x"], "--kind is missing"),
        (["--port", "/dev/x", "--kind", "lcus"], "only --channel says which relay"),
        (["--port", "/dev/x", "--kind", "lcus", "--channel", "1", "--set", "speed=1"], "has no key speed"),
        (["--port", "/dev/x", "--kind", "lcus", "--channel", "1", "--set", "channels=99"], "channels: "),
        (["--port", "/dev/x", "--kind", "lcus", "--channel", "1", "--set", "channels"], "expected KEY=VALUE"),
        (["--kind", "lcus", "--channel", "1"], "port: "),
        (["--set", "channels=1"], "--set needs"),
        (["--port", "/dev/x", "--kind", "lcus", "--lane", "exit"], "do not go with"),
    ],
    ids=str,
)
def test_options_that_do_not_fit_are_a_usage_error(options, words):
    answer = run("test", *options, "--yes")
    plain = " ".join(re.sub(r"[│╭╮╰╯─]", " ", answer.err).split())
    assert (answer.code, words in plain) == (2, True), plain


def test_an_unknown_kind_is_told_with_those_that_there_are(link):
    answer = run("test", "--port", link, "--kind", "lcsu", "--channel", 1, "--yes")
    assert answer.code == 1
    assert "no driver of kind 'lcsu'" in answer.err
    assert "lcus" in answer.err


def test_with_several_lanes_the_lane_must_be_named(link, gate):
    config = gate(one=lcus(link), two=lcus(link.with_name("other")))
    answer = run("test", "--config", config, "--yes")
    assert (answer.code, "one, two" in answer.err) == (2, True)
    assert run("test", "--config", config, "--lane", "three", "--yes").code == 2


def test_a_port_that_another_program_has_is_refused_with_its_name(link, gate):
    config = gate(exit=lcus(link))
    given = [sys.executable, "-c", HOLD, str(link)]
    with LcusEmulator(link) as board:
        with subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout.readline() == "open\n"
            answers = [run(command, "--config", config) for command in ("test", "trace")]
            holder.communicate("\n")
        assert board.line.received() == b""
    for answer in answers:
        assert (answer.code, answer.out) == (1, "")
        assert answer.err.startswith(f"gate-agent: {link} is in use by ")
        assert f"(pid {holder.pid})" in answer.err
        assert answer.err.count("\n") == 1
    assert "drivers.serial.shared_port" in answers[1].err


HOLD = "import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print('open', flush=True); input()"


def test_the_other_lanes_of_a_board_are_named_before_its_relays_are_released(link, gate):
    config = gate(one=lcus(link, barrier="pulse_ms = 200"), two=lcus(link, barrier="open_channel = 2"))
    with LcusEmulator(link):
        answer = run("test", "--config", config, "--lane", "one", typed="no\n")
    assert "The board also serves two." in answer.out


def test_a_board_that_is_not_there_is_one_line(link, gate):
    answer = run("test", "--config", gate(exit=lcus(link)), "--yes")
    assert answer.code == 1
    assert answer.err.startswith(f"gate-agent: no such port: {link}")
    assert answer.err.count("\n") == 1


def test_a_relay_that_does_not_move_is_no_success(link, gate):
    with LcusEmulator(link) as board:
        board.relays.stuck.add(1)
        answer = run("test", "--config", gate(exit=lcus(link, barrier="pulse_ms = 200")), "--yes")
    assert answer.code == 1
    assert re.search(r"^pulse +unknown$", answer.out, re.MULTILINE)
    assert "the relay was never seen on" in answer.out


def test_a_board_that_cannot_tell_is_told_as_such(link):
    with LcusEmulator(link, 2, Dialect.NONE) as board:
        given = ["--port", link, "--kind", "lcus", "--set", "readback=none", "--channel", 1, "--pulse-ms", 200, "--yes"]
        answer = run("test", *given)
        assert (answer.code, switchings(board)) == (0, [(1, True), (1, False)])
    assert "the board cannot report its relays" in answer.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_pulse_that_is_interrupted_ends_with_every_relay_released(link, gate, number):
    config = gate(exit=lcus(link, barrier="pulse_ms = 1000"))
    started = queue.SimpleQueue()
    with LcusEmulator(link) as board:
        # Before the board answers: however long this machine stands still, the signal comes into the pulse.
        board.relays.watch(lambda switching: started.get().send_signal(number) if switching.on else None)
        with start("test", "--config", config, "--yes") as process:
            started.put(process)
            out, err = process.communicate(timeout=PATIENCE_S)
        assert switchings(board) == [(1, True), (1, False)]
        pulse = board.line.received().partition(ON)[2].partition(OFF)[0]
    assert process.returncode == 130
    assert pulse == READ_BACK, "it is released at once, and not looked at until its end"
    assert re.search(r"^released +every relay$", out, re.MULTILINE)
    assert err == ""


def test_a_board_that_is_unplugged_in_the_pulse_is_told_as_not_released(link, gate):
    config = gate(exit=lcus(link, barrier="pulse_ms = 1000"))
    with LcusEmulator(link) as board:
        board.relays.watch(lambda switching: board.line.unplug_after(1) if switching.on else None)
        answer = run("test", "--config", config, "--yes")
    assert answer.code == 1
    assert "switch its power off if one is on" in answer.out
