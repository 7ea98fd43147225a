from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from pymodbus.client import ModbusSerialClient

from drivers import registry
from drivers.api import Delivery
from drivers.emulators.board import ReplyFault
from drivers.emulators.command_line import obey
from drivers.emulators.lcus import Dialect, LcusEmulator
from drivers.emulators.modbus_models import Model
from drivers.emulators.modbus_rtu import ModbusEmulator
from drivers.modbus_codec import framed
from drivers.relay_bank import RelayBank
from drivers.serial.shared_port import SerialParameters, SerialPort
from tests.support.waiting import PATIENCE_S, REPLY_MS, scaled

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_leaks")

WAIT_S = PATIENCE_S


def exchange(link: Path, request: str, length: int) -> str:
    port = SerialPort.shared(str(link), SerialParameters("test"))
    try:
        return port.exchange(bytes.fromhex(request), length, WAIT_S).hex(" ").upper()
    finally:
        port.close()


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        ("01 05 00 00 FF 00 8C 3A", "01 05 00 00 FF 00 8C 3A"),
        ("01 01 00 00 00 08 3D CC", "01 01 01 00 51 88"),
        ("01 02 00 00 00 08 79 CC", "01 02 01 05 61 8B"),
        ("01 05 02 00 00 07 8D B0", "01 05 02 00 00 07 8D B0"),
        ("01 05 00 09 FF 00 5C 38", "01 85 02 C3 51"),
        ("01 06 10 00 00 01 4C CA", "01 06 10 00 00 01 4C CA"),
    ],
)
def test_the_modbus_board_answers_as_the_data_sheets_say(link: Path, request_: str, reply: str) -> None:
    with ModbusEmulator(link) as board:
        board._modes = [0] * 8
        board.set_input(1, on=True)
        board.set_input(3, on=True)
        assert exchange(link, request_, len(bytes.fromhex(reply))) == reply


@pytest.mark.parametrize(
    ("model", "unit", "request_", "reply"),
    [
        (Model.LCTECH, 255, "FF 02 00 00 00 08 6C 12", "FF 02 01 01 51 A0"),
        (Model.LCTECH, 255, "FF 01 00 00 00 08 28 12", "FF 01 01 00 60 60"),
        (Model.LCTECH, 255, "FF 05 00 00 FF 00 99 E4", "FF 05 00 00 FF 00 99 E4"),
        (Model.LCTECH, 255, "FF 0F 00 00 00 08 01 FF 30 1D", "FF 0F 00 00 00 08 41 D3"),
        (Model.LCTECH, 255, "FF 10 00 03 00 02 04 00 04 00 14 C5 9F", "FF 90 01 EC 30"),
        (Model.LCTECH_D7, 255, "FF 10 00 03 00 02 04 00 04 00 14 C5 9F", "FF 10 00 03 00 02 A4 16"),
        (Model.R421A, 1, "01 06 00 01 01 00 D9 9A", "01 06 00 01 01 00 D9 9A"),
        (Model.R421A, 1, "01 06 00 01 06 01 1A 6A", "01 06 00 01 06 01 1A 6A"),
        (Model.R421A, 1, "01 03 00 01 00 01 D5 CA", "01 03 02 00 00 B8 44"),
        (Model.R421A, 1, "01 05 00 00 FF 00 8C 3A", "01 85 01 83 50"),
        (Model.COILS, 1, "01 05 02 00 00 07 8D B0", "01 85 03 02 91"),
        (Model.WAVESHARE, 1, "01 02 00 00 00 08 79 CC", "01 82 01 81 60"),
    ],
)
def test_each_model_answers_as_its_manual_says(link: Path, model: Model, unit: int, request_: str, reply: str) -> None:
    with ModbusEmulator(link, unit, channels=2, inputs=2, model=model) as board:
        board.relays.release()
        board.set_input(1, on=True)
        assert exchange(link, request_, len(bytes.fromhex(reply))) == reply


@pytest.mark.parametrize(
    ("order", "before", "after"),
    [
        ("01 00", (), (1,)),
        ("02 00", (1,), ()),
        ("03 00", (), (1,)),
        ("03 00", (1,), ()),
        ("04 00", (2,), (1,)),
        ("05 00", (2,), (1, 2)),
        ("06 02", (), (1,)),
    ],
)
def test_an_order_of_the_r421a_moves_what_its_manual_says(
    link: Path, order: str, before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    with ModbusEmulator(link, channels=2, model=Model.R421A) as board:
        for channel in before:
            board.relays.set(channel, on=True)
        request = framed(bytes.fromhex(f"01 06 00 01 {order}"))
        assert exchange(link, request.hex(), 8) == request.hex(" ").upper()
        assert board.relays.states == (1 in after, 2 in after)


@pytest.mark.parametrize(
    ("model", "request_", "code"),
    [
        (Model.R421A, "01 06 00 00 01 00", 2),
        (Model.R421A, "01 06 00 03 01 00", 2),
        (Model.R421A, "01 06 00 01 06 00", 3),
        (Model.R421A, "01 06 00 01 07 00", 3),
        (Model.R421A, "01 03 00 00 00 01", 2),
        (Model.R421A, "01 03 00 02 00 02", 2),
        (Model.LCTECH_D7, "01 10 00 04 00 02 04 00 04 00 05", 2),
        (Model.LCTECH_D7, "01 10 00 0D 00 02 04 00 04 00 05", 2),
        (Model.LCTECH_D7, "01 10 00 03 00 02 04 00 03 00 05", 3),
        (Model.LCTECH_D7, "01 10 00 03 00 02 04 00 04 00 00", 3),
        (Model.LCTECH_D7, "01 10 00 03 00 01 02 00 04", 3),
    ],
)
def test_an_order_that_a_model_does_not_know_is_refused_and_moves_nothing(
    link: Path, model: Model, request_: str, code: int
) -> None:
    with ModbusEmulator(link, channels=2, model=model) as board:
        frame = framed(bytes.fromhex(request_))
        refusal = framed(bytes((1, frame[1] | 0x80, code)))
        assert exchange(link, frame.hex(), 5) == refusal.hex(" ").upper()
        assert board.relays.history == ()


@pytest.mark.parametrize("function", ["01", "02"])
@pytest.mark.parametrize("count", ["02", "07", "09"])
def test_a_board_of_lc_tech_answers_to_a_question_for_eight_only(link: Path, function: str, count: str) -> None:
    with ModbusEmulator(link, channels=2, inputs=2, model=Model.LCTECH) as board:
        port = SerialPort.shared(str(link), SerialParameters("test"))
        port.send(framed(bytes.fromhex(f"01 {function} 00 00 00 {count}")))
        port.exchange(framed(bytes.fromhex("01 01 00 00 00 08")), 6, WAIT_S)
        port.close()
        assert [transfer.direction for transfer in board.line.tap].count("out") == 1


def test_a_foreign_client_reads_the_modbus_board(link: Path) -> None:
    with ModbusEmulator(link) as board:
        client = ModbusSerialClient(str(link), baudrate=9600, timeout=PATIENCE_S)
        assert client.connect()
        assert client.read_holding_registers(0x1000, count=8, device_id=1).registers == [1] * 8
        assert not client.write_registers(0x1000, [0] * 8, device_id=1).isError()
        board.set_input(5, on=True)
        assert client.read_discrete_inputs(0, count=8, device_id=1).bits == [place == 4 for place in range(8)]
        assert not client.write_coils(0, [True, False, True], device_id=1).isError()
        assert client.read_coils(0, count=8, device_id=1).bits == [place in {0, 2} for place in range(8)]
        assert not client.write_coil(0x00FF, value=True, device_id=1).isError()
        assert board.relays.states == (True,) * 8
        assert client.read_coils(6, count=9, device_id=1).isError()
        assert client.read_input_registers(0, count=1, device_id=1).exception_code == 1
        assert client.write_register(0x1000, 7, device_id=1).exception_code == 3
        client.close()


def test_an_input_drives_its_relay_until_the_link_is_cut_and_again_after_power_was_lost(link: Path) -> None:
    with ModbusEmulator(link) as board:
        board.set_input(2, on=True)
        assert board.relays.states[1] is True
        relay = registry.relay("modbus_rtu", {"port": str(link), "timeout_ms": REPLY_MS})
        relay.open()
        assert relay.all_off() is Delivery.DELIVERED
        board.set_input(2, on=False)
        board.set_input(2, on=True)
        assert board.relays.states[1] is False
        board.power_cycle()
        assert board.relays.states[1] is True
        relay.close()


def test_noise_between_requests_does_not_confuse_the_boards(link: Path) -> None:
    with ModbusEmulator(link) as board:
        port = SerialPort.shared(str(link), SerialParameters("test"))
        port.send(bytes.fromhex("55 AA 01"))
        port.send(bytes.fromhex("01 05 00 00 FF 00 8C 3B 00"))
        assert board.line.wait_received(3 + 9, WAIT_S)
        select.select([], [], [], 0.06)  # the silence that ends a frame
        port.send(bytes.fromhex("01 05 00 00 FF 00 8C 3A"))
        assert board.relays.wait_until(lambda now: now[0], WAIT_S)
        port.close()
    with LcusEmulator(link, 2, Dialect.NONE) as board:
        port = SerialPort.shared(str(link), SerialParameters("test"))
        port.send(bytes.fromhex("00 11 A0 01 01 A3 A0 09 01 AA A0 02 01 A3"))
        assert board.relays.wait_until(lambda now: now == (False, True), WAIT_S)
        port.close()


@pytest.mark.parametrize(
    ("request_", "reply"),
    [("A0 01 03 A4", "A0 01 01 A2"), ("A0 01 02 A3", "A0 01 00 A1"), ("A0 02 04 A6", "A0 02 01 A3")],
)
def test_the_lcus_board_with_feedback_answers_as_the_data_sheet_says(link: Path, request_: str, reply: str) -> None:
    with LcusEmulator(link, 2, Dialect.FEEDBACK):
        assert exchange(link, request_, 4) == reply


def test_a_watcher_sees_each_change_once_in_order_and_may_drive_the_board(link: Path) -> None:
    with ModbusEmulator(link) as board:
        seen: list[tuple[int, bool]] = []
        over = threading.Event()

        def watch(change) -> None:
            seen.append((change.channel, change.on))
            board.set_input(1, on=change.on)
            if not change.on:
                over.set()

        relay = registry.relay("modbus_rtu", {"port": str(link), "timeout_ms": REPLY_MS})
        relay.open()
        board.relays.watch(watch)
        assert relay.pulse(1, 100 * round(scaled(2))) is Delivery.DELIVERED
        assert board.inputs[0] is True
        assert over.wait(WAIT_S)
        assert seen == [(1, True), (1, False)]
        relay.close()


def test_a_line_knows_whether_a_client_has_it_open(link: Path) -> None:
    with LcusEmulator(link) as board:
        before = board.line.has_client
        client = os.open(link, os.O_RDWR | os.O_NOCTTY)
        while_open = board.line.has_client
        os.close(client)
        assert (before, while_open, board.line.has_client) == (False, True, False)
    assert not board.line.has_client


def test_a_bank_ends_a_pulse_when_the_relay_is_switched_and_refuses_what_is_not_there() -> None:
    bank = RelayBank(2)
    bank.pulse(1, WAIT_S * 10)
    bank.pulse(1, WAIT_S * 10)
    bank.set(1, on=False)
    bank.pulse(2, 0.01, on=True)
    assert bank.wait_until(lambda now: now == (False, False) and len(bank.history) == 4, WAIT_S)
    bank.pulse(1, WAIT_S * 10)
    bank.close()
    assert bank.states == (True, False)
    with pytest.raises(ValueError, match="no relay 3"):
        bank.set(3, on=True)


def test_orders_of_the_bench_do_what_they_say(link: Path) -> None:
    with ModbusEmulator(link) as board:
        assert obey(board, "input 2 on") == "input 2 on: done"
        assert board.relays.states[1]
        obey(board, "power")
        obey(board, "stuck 1")
        assert board.relays.stuck == {1}
        obey(board, "free 1")
        obey(board, "fault mute")
        assert board._next_fault() is ReplyFault.MUTE
        obey(board, "fault none")
        assert board._next_fault() is None
        obey(board, "unplug")
        assert not link.is_symlink()
        obey(board, "plug")
        assert link.is_symlink()
        for wrong in ("help", "fault of mine", "input 1", "stuck x"):
            with pytest.raises(ValueError, match=r"Orders|fault|invalid"):
                obey(board, wrong)
    with LcusEmulator(link) as board, pytest.raises(ValueError, match="Orders:"):
        obey(board, "input 1 on")


@pytest.mark.parametrize(
    ("module", "kind", "options"),
    [("lcus", "lcus", {"readback": "feedback"}), ("modbus_rtu", "modbus_rtu", {})],
)
def test_a_technician_can_run_a_board_and_sees_a_line_a_switching(
    link: Path, module: str, kind: str, options: dict[str, str]
) -> None:
    dialect = ["--dialect", "feedback"] if module == "lcus" else []
    command = [sys.executable, "-m", f"drivers.emulators.{module}", "--link", str(link), *dialect]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert str(link) in process.stdout.readline()
        relay = registry.relay(kind, {"port": str(link), "timeout_ms": REPLY_MS, **options})
        relay.open()
        relay.set(2, on=True)
        assert process.stdout.readline().endswith("relay 2 ON\n")
        relay.set(2, on=False)
        assert process.stdout.readline().endswith("relay 2 off\n")
        relay.close()
        process.stdin.write("nonsense\n")
        process.stdin.flush()
        assert "not done: Orders: `input 1 on`" in process.stdout.readline()
        process.stdin.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0
        assert not link.is_symlink()


def test_a_board_can_be_told_to_quit(link: Path) -> None:
    command = [sys.executable, "-m", "drivers.emulators.lcus", "--link", str(link)]
    done = subprocess.run(command, input="quit\n", capture_output=True, text=True, timeout=WAIT_S, check=True)
    assert done.stderr == ""


def test_a_board_in_the_background_of_a_terminal_goes_on_while_lines_are_typed_for_others(link: Path) -> None:
    ours, terminal = os.openpty()
    os.write(ours, b"a line for the shell\n")
    in_the_background = 'exec <"$0"; set -m; "$@" & echo $!; wait $!'
    board = [sys.executable, "-m", "drivers.emulators.lcus", "--link", str(link), "--dialect", "feedback"]
    command = ["sh", "-c", in_the_background, os.ttyname(terminal), *board]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as shell:
        assert shell.stdout is not None
        process = int(shell.stdout.readline())
        assert str(link) in shell.stdout.readline()
        relay = registry.relay("lcus", {"port": str(link), "timeout_ms": REPLY_MS, "readback": "feedback"})
        relay.open()
        relay.set(2, on=True)
        assert shell.stdout.readline().endswith("relay 2 ON\n")
        relay.close()
        os.kill(process, signal.SIGTERM)
        assert shell.wait(WAIT_S) == 0
    os.close(ours)
    os.close(terminal)
