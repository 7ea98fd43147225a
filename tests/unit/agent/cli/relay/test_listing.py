"""The command relay list, on drawn machines and emulated boards."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path

import pytest

from drivers.emulators.board import ReplyFault
from drivers.emulators.lcus import LcusEmulator
from drivers.emulators.modbus_rtu import ModbusEmulator
from drivers.probe import identify
from tests.support.board.machine import CH340, FTDI, NUMATO, Machine
from tests.support.board.relay_command import lcus, run, write_gate
from tests.support.waiting import scaled


@pytest.fixture
def link(tmp_path) -> Path:
    return tmp_path / "port"


@pytest.fixture
def gate(tmp_path):
    return partial(write_gate, tmp_path)


@pytest.fixture
def _patient(mocker):
    """Boards that answer may be late."""
    mocker.patch("agent.cli.relay.listing.identify", partial(identify, patience_s=scaled(0.3)))


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


def test_a_port_that_may_not_be_opened_is_told_with_what_to_do_and_is_not_asked(machine, mocker, monkeypatch):
    mocker.patch("os.access", side_effect=lambda path, _mode: "/dev/" not in str(path))
    monkeypatch.setenv("USER", "ayse")
    shown = run("list", "--root", machine.root, "--identify", "--yes")
    assert re.search(r"you may not open it: sudo usermod -aG \S+ ayse, then log in again", shown.out)
    assert "not asked: no permission to open it" in shown.out
    assert "not asked: a program has it open" in shown.out


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


@pytest.mark.usefixtures("_patient")
def test_a_board_is_identified_with_lines_to_paste(link):
    with ModbusEmulator(link) as board:
        shown = run("list", "--port", link, "--identify", typed="y\n")
        history = board.relays.history
    lines = (
        f'[lanes.NAME.relay]\nkind = "modbus_rtu"\nport = "{link}"\nunit = 1\nprofile = "waveshare_d"\nchannels = 8\n\n'
        f'[lanes.NAME.inputs]\nkind = "modbus_rtu"\nport = "{link}"\nunit = 1\ncount = 8'
    )
    assert lines in shown.out
    assert "sends a few bytes" in shown.err
    assert history == ()


@pytest.mark.usefixtures("_patient")
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
    assert "not recognised: it answered, but not like a known board" in " ".join(answer.out.split())
    assert "FF >" in answer.out
