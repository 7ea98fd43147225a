"""The relay commands, as a technician uses them: on drawn machines and on emulated boards."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import main as command_line
from drivers.emulators.board import ReplyFault
from drivers.emulators.lcus import Dialect, LcusEmulator
from drivers.emulators.modbus_rtu import ModbusEmulator
from tests.gate_files import HEAD
from tests.machine import CH340, FTDI, NUMATO, Machine
from tests.waiting import eventually

PATIENCE_S = 30


class Answer:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def json(self):
        return json.loads(self.out)


def run(*arguments: object, typed: str = "") -> Answer:
    """Run the command in this process, through its own root: errors become lines and exit codes."""
    given = ["relay", *map(str, arguments)]
    runner = CliRunner()
    with runner.isolation(input=typed, env={"COLUMNS": "100"}) as streams:
        try:
            command_line.main(given)
        except SystemExit as end:
            code = end.code
        out, err = streams[0].getvalue().decode(), streams[1].getvalue().decode()
    return Answer(code or 0, out, err)


def start(*arguments: object) -> subprocess.Popen:
    """Run the command as a process."""
    given = [sys.executable, "-m", "agent.cli.main", "relay", *map(str, arguments)]
    return subprocess.Popen(
        given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, bufsize=1
    )


@pytest.fixture
def link(tmp_path) -> Path:
    return tmp_path / "port"


@pytest.fixture
def gate(tmp_path, link):
    """Writes a configuration with the lanes given as relay, inputs, signals and barrier keys."""

    def write(**lanes: dict[str, str]) -> Path:
        text = HEAD + "[state]\ndirectory = 'state'\n"
        for number, (name, tables) in enumerate(lanes.items(), 1):
            text += f'\n[lanes.{name}]\nnumber = {number}\ndirection = "export"\n'
            text += "".join(f"[lanes.{name}.{table}]\n{keys}\n" for table, keys in tables.items())
        path = tmp_path / "gate.toml"
        path.write_text(text)
        return path

    return write


def lcus(link: Path, **more: str) -> dict[str, str]:
    return {"relay": f'kind = "lcus"\nport = "{link}"\nchannels = 2'} | more


def modbus(link: Path, **more: str) -> dict[str, str]:
    relay = f'kind = "modbus_rtu"\nport = "{link}"'
    signals = "presence = 1\nsafety = 2\nphotocell = 3\ninverted = [3]"
    return {"relay": relay, "inputs": relay, "signals": signals} | more


# ------------------------------------------------------------------------------------------------------------ list


@pytest.fixture
def machine(tmp_path) -> Machine:
    root = tmp_path / "root"
    root.mkdir()
    machine = Machine(root)
    machine.plug("ttyUSB0", CH340, "ch341", socket="1-2")
    machine.plug("ttyUSB1", FTDI, "ftdi_sio", socket="1-3")
    machine.plug("ttyACM0", NUMATO, "cdc_acm", socket="1-4")
    machine.run(812, "gate-agent", "ttyUSB1")
    return machine


def test_every_port_is_listed_with_the_name_to_write_and_why(machine):
    answer = run("list", "--root", machine.root, "--json")
    assert answer.code == 0
    rows = {row["device"]: row for row in answer.json()["ports"]}
    assert list(rows) == ["/dev/ttyACM0", "/dev/ttyUSB0", "/dev/ttyUSB1"]
    ch340, ftdi = rows["/dev/ttyUSB0"], rows["/dev/ttyUSB1"]
    assert (ch340["usb_id"], ch340["driver"], ch340["serial"]) == ("1a86:7523", "ch341", None)
    assert ch340["write"] == "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"
    assert "no serial number" in ch340["why"]
    assert "LCUS" in ch340["probably"]
    assert ftdi["write"].startswith("/dev/serial/by-id/usb-FTDI_FT232R")
    assert ftdi["open_in"] == [{"name": "gate-agent", "pid": 812}]


def test_the_table_holds_what_the_json_holds_within_100_columns(machine, monkeypatch):
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    answer = run("list", "--root", machine.root)
    rows = run("list", "--root", machine.root, "--json").json()["ports"]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", answer.out)
    assert max(len(line.rstrip()) for line in plain.splitlines()) <= 100
    together = "".join(plain.split())
    for row in rows:
        told = [row["device"], row["usb_id"], row["write"], row["why"], row["probably"], row["driver"], *row["names"]]
        assert [text for text in told if "".join(text.split()) not in together] == []
    assert "gate-agent (pid 812)" in plain


def test_a_machine_without_ports_says_so(tmp_path):
    answer = run("list", "--root", tmp_path)
    assert (answer.code, "no serial port" in answer.out) == (0, True)


def test_ports_of_the_configuration_are_found_or_missing(machine, gate):
    there = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"
    config = gate(one=lcus(Path(there)), two=lcus(Path("/dev/gate-barrier")))
    answer = run("list", "--root", machine.root, "--config", config, "--json")
    assert answer.code == 1
    told = answer.json()
    assert told["missing"] == [{"user": "lane two, relay", "port": "/dev/gate-barrier"}]
    assert [row["named_by"] for row in told["ports"]] == [[], ["lane one, relay"], []]
    assert (
        "/dev/gate-barrier is missing: lane two, relay" in run("list", "--root", machine.root, "--config", config).out
    )


def test_a_configuration_that_cannot_be_used_ends_with_its_own_code(tmp_path):
    assert run("list", "--config", tmp_path / "none.toml").code == 78


def test_a_board_is_identified_with_lines_to_paste(link):
    with ModbusEmulator(link) as board:
        answer = run("list", "--port", link, "--identify", "--yes", "--json")
        shown = run("list", "--port", link, "--identify", typed="y\n")
        history = board.relays.history
    (row,) = answer.json()["ports"]
    lines = (
        f'[lanes.NAME.relay]\nkind = "modbus_rtu"\nport = "{link}"\nunit = 1\nprofile = "waveshare_d"\nchannels = 8\n\n'
        f'[lanes.NAME.inputs]\nkind = "modbus_rtu"\nport = "{link}"\nunit = 1\ncount = 8'
    )
    assert row["identified"]["configuration"] == lines
    assert lines in shown.out
    assert "sends a few bytes" in shown.err
    assert history == ()


def test_the_pasted_lines_are_a_configuration_that_can_be_used(link, gate):
    with LcusEmulator(link) as _:
        (row,) = run("list", "--port", link, "--identify", "--yes", "--json").json()["ports"]
    config = gate(lane={})
    config.write_text(config.read_text() + "\n" + row["identified"]["configuration"].replace("NAME", "lane"))
    with LcusEmulator(link) as board:
        assert run("test", "--config", config, "--yes").code == 0
        assert [(one.channel, one.on) for one in board.relays.history] == [(1, True), (1, False)]


def test_nothing_is_sent_without_a_yes(link):
    with LcusEmulator(link) as board:
        answer = run("list", "--port", link, "--identify", typed="n\n")
        assert (answer.code, board.line.received()) == (1, b"")
    assert "nothing was sent" in answer.err


def test_a_port_that_a_program_has_open_is_not_asked(link):
    with LcusEmulator(link) as board:
        holder = os.open(link, os.O_RDWR | os.O_NOCTTY)
        try:
            (row,) = run("list", "--port", link, "--identify", "--yes", "--json").json()["ports"]
        finally:
            os.close(holder)
        assert board.line.received() == b""
    assert row["open_in"][0]["pid"] == os.getpid()
    assert row["identified"]["why"] == "not asked: a program has it open"


def test_a_board_that_is_not_recognised_is_told_with_what_was_heard(link):
    with LcusEmulator(link) as board:
        board.fail(ReplyFault.CORRUPT)
        answer = run("list", "--port", link, "--identify", "--yes", "--units", "1")
    assert "not recognised: it answered, but not as a board that is known" in " ".join(answer.out.split())
    assert "FF >" in answer.out


# ------------------------------------------------------------------------------------------------------------ test


def switchings(board) -> list[tuple[int, bool]]:
    return [(one.channel, one.on) for one in board.relays.history]


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
    config = gate(exit=modbus(link, barrier="pulse_ms = 300"))
    with ModbusEmulator(link) as board:
        answer = run("test", "--config", config, "--yes")
        assert switchings(board) == [(1, True), (1, False)]
    assert answer.code == 0
    assert re.search(r"^length +\d+ to \d+ ms, timed by the board, by reading it back$", answer.out, re.MULTILINE)
    assert "unit 1: relay 1 on for 300 ms" in answer.out


@pytest.mark.parametrize(
    ("options", "channel", "words"),
    [
        (["--role", "red"], 3, "The red lamp of lane exit will light up"),
        (["--role", "hold"], 5, "its hold contact closes for a moment"),
        (["--channel", "4"], 4, "The green lamp of lane exit will light up"),
        (["--channel", "7"], 7, "Nothing here says what that is"),
        (["--channel", "1"], 1, "The barrier of lane exit will OPEN."),
    ],
    ids=str,
)
def test_the_relay_is_chosen_by_its_role_or_its_number(link, gate, options, channel, words):
    wiring = "pulse_ms = 200\nclose_channel = 2\nred_channel = 3\ngreen_channel = 4\nhold_channel = 5"
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
        (["--set", "channels=1"], "--set goes with"),
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
    assert "drivers.serial_port" in answers[1].err


HOLD = "import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print('open', flush=True); input()"


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
    assert "the board cannot tell its relays" in answer.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_pulse_that_is_interrupted_ends_with_every_relay_released(link, gate, number):
    config = gate(exit=lcus(link, barrier="pulse_ms = 1000"))
    energised = threading.Event()
    with LcusEmulator(link) as board:
        board.relays.watch(lambda switching: energised.set() if switching.on else None)
        with start("test", "--config", config, "--yes") as process:
            assert energised.wait(PATIENCE_S)
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE_S)
        on, off = board.relays.history
    assert process.returncode == 130
    assert off.at - on.at < 1.0
    assert re.search(r"^released +every relay$", out, re.MULTILINE)
    assert err == ""


def test_a_board_that_is_unplugged_in_the_pulse_is_told_as_not_released(link, gate):
    config = gate(exit=lcus(link, barrier="pulse_ms = 1000"))
    with LcusEmulator(link) as board:
        board.relays.watch(lambda switching: board.line.unplug_after(1) if switching.on else None)
        answer = run("test", "--config", config, "--yes")
    assert answer.code == 1
    assert "take its power away if one is on" in answer.out


# ---------------------------------------------------------------------------------------------------------- inputs


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
        answer = run("inputs", "--config", gate(exit=modbus(link)), "--seconds", "0.3")
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


# ----------------------------------------------------------------------------------------------------------- trace


def test_the_trace_shows_every_byte_and_switches_nothing(link, gate):
    with ModbusEmulator(link) as board:
        board.relays.set(2, on=True)
        answer = run("trace", "--config", gate(exit=modbus(link)), "--seconds", "0.5", "--every-ms", "50")
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
        answer = run("trace", "--config", gate(exit=lcus(link)), "--seconds", "1")
    assert answer.code == 1
    assert answer.out.count("> FF") >= 1
    assert "- lost: the board" in answer.out
    assert re.search(r"< - +no answer", answer.out)


def test_the_trace_goes_on_when_the_board_comes_back(link, gate):
    config = gate(exit=lcus(link))
    with LcusEmulator(link) as board, start("trace", "--config", config, "--every-ms", "20") as process:
        assert any("LCUS board" in line for line in iter(process.stdout.readline, ""))
        board.unplug()
        assert any("lost" in line for line in iter(process.stdout.readline, ""))
        board.plug()
        assert any("LCUS board" in line for line in iter(process.stdout.readline, ""))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
        eventually(lambda: not board.relays.history)


def test_boards_without_a_port_have_no_bytes():
    answer = run("trace", "--kind", "simulated")
    assert (answer.code, "no bytes to show" in answer.err) == (2, True)
