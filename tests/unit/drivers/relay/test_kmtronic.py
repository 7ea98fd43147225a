from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import Delivery, DeviceMisconfiguredError, DeviceUnavailableError, TooLateError
from drivers.contracts.board_faults import Fault, LineFault, Operation
from drivers.contracts.relay import EmulatedRelay
from drivers.emulators.board import ReplyFault
from drivers.emulators.kmtronic import Connection, KmtronicEmulator
from drivers.serial.shared_port import SerialParameters, SerialPort
from tests.support.waiting import PATIENCE_S, REPLY_MS, scaled_ms

if TYPE_CHECKING:
    from pathlib import Path

WAIT_S = PATIENCE_S
READ_OUT_MS = scaled_ms(150)
"""At its opening all is read that comes in the time to answer: whether the board has more relays."""


class KmtronicRelay(EmulatedRelay):
    kind = "kmtronic"

    def emulator(self, link: Path) -> KmtronicEmulator:
        return KmtronicEmulator(link, self.channels)


class TestKmtronicAll(KmtronicRelay):
    title = "kmtronic all"
    reply_ms = READ_OUT_MS
    channels = 4

    def copes(self, operation: Operation, fault: Fault) -> bool:
        return fault is ReplyFault.DUPLICATE and operation is not Operation.OPEN


class TestKmtronicSingle(KmtronicRelay):
    title = "kmtronic single"
    options: ClassVar = {"readback": "single"}
    proofs: ClassVar = {Operation.ALL_OFF: 2}
    copes_with = frozenset({ReplyFault.DUPLICATE})


class TestKmtronicBlind(KmtronicRelay):
    title = "kmtronic none"
    options: ClassVar = {"readback": "none"}


class TestKmtronicRs485(KmtronicRelay):
    title = "kmtronic rs485"
    reply_ms = scaled_ms(300)
    channels = 8
    options: ClassVar = {"connection": "rs485", "address": 3, "local_echo": True}

    def emulator(self, link: Path) -> KmtronicEmulator:
        board = KmtronicEmulator(link, self.channels, Connection.RS485, address=3)
        board.local_echo = True
        return board

    def copes(self, operation: Operation, fault: Fault) -> bool:
        return fault in {LineFault.LOCAL_ECHO, ReplyFault.DUPLICATE} and operation is not Operation.OPEN


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("half", ["FF", "FF 02", ""])
def test_half_a_frame_on_the_board_switches_nothing_on(link: Path, half: str) -> None:
    with KmtronicEmulator(link, 4) as board:
        killed = SerialPort.shared(str(link), SerialParameters("another program"))
        killed.send(bytes.fromhex(half))
        killed.close()
        relay = registry.relay("kmtronic", {"port": str(link), "channels": 4, "timeout_ms": READ_OUT_MS})
        assert relay.open() == f"KMTronic board, 4 relays, readback all, {link}"
        relay.close()
        assert board.line.received() == bytes.fromhex(half + "00 00 FF 09 00")
        assert board.relays.history == ()


@pytest.mark.usefixtures("no_leaks")
def test_what_ends_half_a_frame_on_the_board_still_goes_before_the_first_frame_after_one_that_came_too_late(
    link: Path,
) -> None:
    with KmtronicEmulator(link, 2) as board:
        relay = registry.relay("kmtronic", {"port": str(link), "channels": 2, "readback": "none"})
        relay.open()
        with pytest.raises(TooLateError):
            relay.set(1, on=True, deadline=time.monotonic() - 1.0)
        relay.set(1, on=True)
        relay.close()
        assert board.line.wait_received(5, WAIT_S)
        assert board.line.received() == bytes.fromhex("00 00 FF 01 01")


@pytest.mark.usefixtures("no_leaks")
def test_a_blind_board_is_sent_its_off_twice_and_its_on_once(link: Path) -> None:
    with KmtronicEmulator(link, 2) as board:
        relay = registry.relay("kmtronic", {"port": str(link), "channels": 2, "readback": "none"})
        relay.open()
        assert relay.set(1, on=True) is Delivery.DELIVERED
        assert relay.set(1, on=False) is Delivery.DELIVERED
        assert relay.all_off() is Delivery.DELIVERED
        relay.close()
        assert board.line.wait_received(2 + 3 + 6 + 12, WAIT_S)
        commands = "00 00 FF 01 01 FF 01 00 FF 01 00 FF 01 00 FF 02 00 FF 01 00 FF 02 00"
        assert board.line.received() == bytes.fromhex(commands)


@pytest.mark.usefixtures("no_leaks")
def test_a_board_that_can_be_asked_is_sent_each_frame_once(link: Path) -> None:
    with KmtronicEmulator(link, 8, Connection.RS485, address=3) as board:
        relay = registry.relay(
            "kmtronic", {"port": str(link), "connection": "rs485", "address": 3, "timeout_ms": REPLY_MS}
        )
        assert relay.open() == f"KMTronic board, 8 relays, readback all, address 3 on {link}"
        relay.set(2, on=True)
        relay.set(2, on=False)
        relay.close()
        assert board.line.received() == bytes.fromhex("00 00 FF A3 00 FF 02 01 FF A3 00 FF 02 00 FF A3 00")


@pytest.mark.usefixtures("no_leaks")
def test_a_board_that_does_not_answer_as_configured_is_explained(link: Path) -> None:
    table: dict[str, object] = {"port": str(link), "timeout_ms": scaled_ms(100)}
    rs485 = table | {"connection": "rs485"}
    with KmtronicEmulator(link, 2), pytest.raises(DeviceUnavailableError, match='one or two relays have "single"'):
        registry.relay("kmtronic", table | {"channels": 2}).open()
    with KmtronicEmulator(link, 8), pytest.raises(DeviceMisconfiguredError, match="has 8 channels, not 4"):
        registry.relay("kmtronic", table | {"channels": 4}).open()
    with KmtronicEmulator(link, 8, Connection.RS485, address=2) as board:
        with pytest.raises(DeviceUnavailableError, match="check its power, wires A and B, its address and the speed"):
            registry.relay("kmtronic", rs485).open()
        with pytest.raises(DeviceUnavailableError, match="did not echo: set local_echo = false, or check it"):
            registry.relay("kmtronic", rs485 | {"address": 2, "local_echo": True}).open()
        board.local_echo = True
        with pytest.raises(DeviceUnavailableError, match="Then set local_echo = true"):
            registry.relay("kmtronic", rs485 | {"address": 2}).open()


@pytest.mark.usefixtures("no_leaks")
def test_a_board_that_answers_in_part_is_shown_with_what_it_said(link: Path) -> None:
    with KmtronicEmulator(link, 4) as board:
        relay = registry.relay("kmtronic", {"port": str(link), "channels": 4, "timeout_ms": scaled_ms(100)})
        relay.open()
        board.fail(ReplyFault.SHORT, replies=1)
        with pytest.raises(DeviceUnavailableError, match="only 00 00 00"):
            relay.state()
        relay.close()


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ({"connection": "rs485", "channels": 4}, "an rs485 board has 8 channels"),
        ({"connection": "rs485", "readback": "single"}, 'an rs485 board has readback = "all"'),
        ({"connection": "rs485", "address": 0}, "address"),
        ({"connection": "rs485", "address": 16}, "address"),
        ({"address": 2}, 'address is for connection = "rs485"'),
        ({"local_echo": True}, 'local_echo is for connection = "rs485"'),
        ({"channels": 3}, "channels"),
    ],
)
def test_what_no_board_can_be_is_refused(table: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        registry.relay("kmtronic", {"port": "/dev/x", **table})


def test_a_pulse_is_for_the_agent_to_time_and_a_blind_board_says_that_it_is() -> None:
    relay = registry.relay("kmtronic", {"port": "/dev/x", "connection": "rs485", "readback": "none"})
    assert not relay.capabilities.read_back
    with pytest.raises(DeviceMisconfiguredError, match=r"cannot time a pulse \(500 ms on channel 1\)"):
        relay.pulse(1, 500)


def test_a_technician_can_run_the_board(link: Path) -> None:
    command = [sys.executable, "-m", "drivers.emulators.kmtronic", "--link", str(link), "--connection", "rs485"]
    done = subprocess.run(command, input="quit\n", capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    assert f"serial port {link}, 8 relays" in done.stdout
