"""The commands relay inputs and relay trace, on emulated boards."""

from __future__ import annotations

import json
import re
import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from drivers.emulators.board import ReplyFault
from drivers.emulators.lcus import LcusEmulator
from drivers.emulators.modbus_rtu import ModbusEmulator
from tests.support.board.relay_command import lcus, modbus, run, start, switchings, write_gate
from tests.support.waiting import PATIENCE_S, eventually, scaled

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


@pytest.fixture
def link(tmp_path) -> Path:
    return tmp_path / "port"


@pytest.fixture
def gate(tmp_path):
    return partial(write_gate, tmp_path)


def changes(process: subprocess.Popen, count: int) -> list[dict]:
    return [json.loads(process.stdout.readline()) for _ in range(count)]


def test_inputs_are_told_as_they_change_by_their_names(link, gate):
    config = gate(exit=modbus(link))
    with ModbusEmulator(link) as board, start("inputs", "--config", config, "--json") as process:
        first = changes(process, 8)
        board.set_input(1, on=True)
        (entered,) = changes(process, 1)
        board.set_input(3, on=True)
        (beam,) = changes(process, 1)
        board.set_input(6, on=True)
        (unwired,) = changes(process, 1)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
        assert process.stdout.read() == ""
    assert [row["signal"] for row in first] == ["presence", "safety", "photocell", *[None] * 5]
    assert [(row["raw"], row["value"], row["changes"]) for row in first[:3]] == [
        (False, False, 0),
        (False, False, 0),
        (False, True, 0),
    ]
    told = [(row["input"], row["signal"], row["raw"], row["value"], row["changes"]) for row in (entered, beam, unwired)]
    assert told == [(1, "presence", True, True, 1), (3, "photocell", True, False, 1), (6, None, True, True, 1)]
    assert entered["ms"] < beam["ms"] < unwired["ms"]


def test_inputs_end_by_themselves_as_lines_of_text(link, gate):
    with ModbusEmulator(link) as board:
        board.set_input(2, on=True)
        answer = run("inputs", "--config", gate(exit=modbus(link)), "--seconds", scaled(0.3))
    assert answer.code == 0
    assert re.search(r"input 2 +safety +raw ON +value ON +changes 0", answer.out)


def test_inputs_of_a_lost_board_are_unknown_and_come_back(link, gate):
    config = gate(exit=modbus(link))
    with ModbusEmulator(link) as board, start("inputs", "--config", config, "--json") as process:
        changes(process, 8)
        board.unplug()
        lost = changes(process, 8)
        assert "lost" in [process.stderr.readline() for _ in range(2)][-1]
        board.plug()
        back = changes(process, 8)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    assert {row["value"] for row in lost} == {None}
    assert {row["changes"] for row in lost} == {1}
    assert [row["value"] for row in back] == [False, False, True, *[False] * 5]


def test_a_lane_without_inputs_is_a_usage_error(link, gate):
    answer = run("inputs", "--config", gate(exit=lcus(link)))
    assert (answer.code, "has no inputs" in answer.err) == (2, True)


def test_the_trace_shows_every_byte_and_switches_nothing(link, gate):
    with ModbusEmulator(link) as board:
        board.relays.set(2, on=True)
        answer = run("trace", "--config", gate(exit=modbus(link)), "--seconds", scaled(0.5), "--every-ms", "50")
        shown = b"".join(bytes.fromhex(text) for text in re.findall(r"> ((?:[0-9A-F]{2} )+)", answer.out))
        assert shown == board.line.received()
        assert switchings(board) == [(2, True)]
    assert answer.code == 0
    assert re.search(
        r"^ +[\d.]+ > 01 01 00 00 00 08 3D CC +\S+ +unit 1: which of relays 1 to 8 are on\?$", answer.out, re.MULTILINE
    )
    assert re.search(r"^ +[\d.]+ < 01 01 01 02 D0 49 +\S+ +on: 2$", answer.out, re.MULTILINE)
    assert "which of inputs 1 to 8 are on?" in answer.out


def test_the_trace_of_a_silent_board_goes_on_and_is_no_success(link, gate):
    with LcusEmulator(link) as board:
        board.fail(ReplyFault.MUTE)
        answer = run("trace", "--config", gate(exit=lcus(link)), "--seconds", scaled(1))
    assert answer.code == 1
    assert answer.out.count("> FF") >= 1
    assert "- lost: the board" in answer.out
    assert re.search(r"< - +no answer", answer.out)


def test_the_trace_of_a_board_that_answers_is_a_success_when_ctrl_c_ends_it(link, gate):
    with LcusEmulator(link), start("trace", "--config", gate(exit=lcus(link)), "--every-ms", "20") as process:
        assert any("- LCUS board" in line for line in iter(process.stdout.readline, ""))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, "")


def test_the_trace_goes_on_when_the_board_comes_back(link, gate):
    config = gate(exit=lcus(link))
    with LcusEmulator(link) as board, start("trace", "--config", config, "--every-ms", "20") as process:
        assert any("- LCUS board" in line for line in iter(process.stdout.readline, ""))
        board.unplug()
        assert any("- lost" in line for line in iter(process.stdout.readline, ""))
        board.plug()
        assert any("- LCUS board" in line for line in iter(process.stdout.readline, ""))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, err) == (0, "")
        eventually(lambda: not board.relays.history)


def test_boards_without_a_port_have_no_bytes():
    answer = run("trace", "--kind", "simulated")
    assert (answer.code, "no bytes to show" in answer.err) == (2, True)
