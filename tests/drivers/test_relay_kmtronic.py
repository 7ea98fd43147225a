from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers import registry
from drivers.api import Delivery, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.emulators.board import ReplyFault
from drivers.emulators.kmtronic import Connection, KmtronicEmulator
from drivers.relay import kmtronic_codec as codec
from drivers.serial_port import SerialParameters, SerialPort
from tests.board_faults import Fault, LineFault, Operation
from tests.relay_contract import EmulatedRelay

if TYPE_CHECKING:
    from pathlib import Path

WAIT_S = 10.0


class KmtronicRelay(EmulatedRelay):
    kind = "kmtronic"

    def emulator(self, link: Path) -> KmtronicEmulator:
        return KmtronicEmulator(link, self.channels)


class TestKmtronicAll(KmtronicRelay):
    title = "kmtronic all"
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
    channels = 8
    options: ClassVar = {"connection": "rs485", "address": 3, "local_echo": True}

    def emulator(self, link: Path) -> KmtronicEmulator:
        board = KmtronicEmulator(link, self.channels, Connection.RS485, address=3)
        board.local_echo = True
        return board

    def copes(self, operation: Operation, fault: Fault) -> bool:
        return fault in {LineFault.LOCAL_ECHO, ReplyFault.DUPLICATE} and operation is not Operation.OPEN


# ------------------------------------------------------------------------------------------------------ the bytes


def test_frames_are_the_bytes_of_the_vendors_list() -> None:
    frames = {
        codec.switch(1, on=True): "FF 01 01",
        codec.switch(1, on=False): "FF 01 00",
        codec.switch(8, on=True): "FF 08 01",
        codec.switch(8, on=False): "FF 08 00",
        codec.query_one(1): "FF 01 03",
        codec.query_one(2): "FF 02 03",
        codec.QUERY_ALL: "FF 09 00",
        codec.query_board(1): "FF A1 00",
        codec.query_board(15): "FF AF 00",
        codec.CLEARING: "00 00",
    }
    assert [frame.hex(" ").upper() for frame in frames] == list(frames.values())


def test_half_a_frame_is_completed_to_an_off_or_to_nothing() -> None:
    for channel in range(1, 9):
        on = codec.switch(channel, on=True)
        assert (on[:2] + codec.CLEARING).startswith(codec.switch(channel, on=False))
        assert (on[:1] + codec.CLEARING)[:3] != on


def test_the_states_of_all_relays_are_a_byte_each() -> None:
    assert codec.read_all(bytes.fromhex("01 00 00 01"), 4) == (True, False, False, True)
    assert codec.read_all(bytes(8), 8) == (False,) * 8
    assert codec.read_all(bytes(1), 1) == (False,)


@pytest.mark.parametrize(
    ("received", "channels", "kind", "wrong"),
    [
        (b"", 4, codec.BadReplyError, "the board answered nothing: not 4 bytes 00 or 01"),
        (bytes(3), 4, codec.BadReplyError, "the board answered 00 00 00: not 4 bytes 00 or 01"),
        (bytes(5), 4, codec.BadReplyError, "the board answered 00 00 00 00 00: not 4 bytes 00 or 01"),
        (b"\x00\x02\x00\x00", 4, codec.BadReplyError, "the board answered 00 02 00 00: not 4 bytes 00 or 01"),
        (b"\x00\xfe", 2, codec.BadReplyError, "the board answered 00 FE: not 2 bytes 00 or 01"),
        (b"\x02" * 8, 4, codec.BadReplyError, f"the board answered {'02 ' * 7}02: not 4 bytes 00 or 01"),
        (bytes(2), 1, codec.BadReplyError, "the board answered 00 00: not 1 bytes 00 or 01"),
        (bytes(8), 4, DeviceMisconfiguredError, "the board has 8 channels, not 4: set channels"),
        (bytes(4), 8, DeviceMisconfiguredError, "the board has 4 channels, not 8: set channels"),
        (
            b"\x00\xff\x09\x00",
            4,
            codec.BadReplyError,
            "00 FF 09 00 came back: does the adapter hear itself? Then set local_echo = true",
        ),
    ],
)
def test_states_that_are_none_are_refused_and_shown(
    received: bytes, channels: int, kind: type[Exception], wrong: str
) -> None:
    with pytest.raises(kind, match=f"^{re.escape(wrong)}$"):
        codec.read_all(received, channels)


def test_the_state_of_one_relay_comes_with_its_number() -> None:
    assert codec.read_one(bytes.fromhex("FF 01 01"), 1) is True
    assert codec.read_one(bytes.fromhex("FF 02 00"), 2) is False
    for wire in ("FF 02 01", "FF 01 03", "FF 01", "FE 01 01", "FF 01 01 00", ""):
        shown = re.escape(f"the board answered {wire or 'nothing'}: no state of channel 1")
        with pytest.raises(codec.BadReplyError, match=f"^{shown}$"):
            codec.read_one(bytes.fromhex(wire), 1)


@given(st.binary(max_size=10), st.sampled_from([1, 2, 4, 8]))
def test_any_bytes_are_states_or_a_classed_error(received: bytes, channels: int) -> None:
    try:
        assert bytes(codec.read_all(received, channels)) == received
    except (DeviceMisconfiguredError, DeviceUnavailableError):
        assert len(received) != channels or not set(received) <= {0, 1}


# ----------------------------------------------------------------------------------------------------- the driver


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("half", ["FF", "FF 02", ""])
def test_half_a_frame_on_the_board_switches_nothing_on(link: Path, half: str) -> None:
    with KmtronicEmulator(link, 4) as board:
        killed = SerialPort.shared(str(link), SerialParameters("another program"))
        killed.send(bytes.fromhex(half))
        killed.close()
        relay = registry.relay("kmtronic", {"port": str(link), "channels": 4})
        assert relay.open() == f"KMTronic board, 4 relays, readback all, {link}"
        relay.close()
        assert board.line.received() == bytes.fromhex(half + "00 00 FF 09 00")
        assert board.relays.history == ()


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
        relay = registry.relay("kmtronic", {"port": str(link), "connection": "rs485", "address": 3})
        assert relay.open() == f"KMTronic board, 8 relays, readback all, address 3 on {link}"
        relay.set(2, on=True)
        relay.set(2, on=False)
        relay.close()
        assert board.line.received() == bytes.fromhex("00 00 FF A3 00 FF 02 01 FF A3 00 FF 02 00 FF A3 00")


@pytest.mark.usefixtures("no_leaks")
def test_a_board_that_does_not_answer_as_configured_is_explained(link: Path) -> None:
    table: dict[str, object] = {"port": str(link), "timeout_ms": 30}
    rs485 = table | {"connection": "rs485"}
    with KmtronicEmulator(link, 2), pytest.raises(DeviceUnavailableError, match='one or two relays have "single"'):
        registry.relay("kmtronic", table | {"channels": 2}).open()
    with KmtronicEmulator(link, 8), pytest.raises(DeviceMisconfiguredError, match="has 8 channels, not 4"):
        registry.relay("kmtronic", table | {"channels": 4}).open()
    with KmtronicEmulator(link, 8, Connection.RS485, address=2) as board:
        with pytest.raises(DeviceUnavailableError, match="check its power, wires A and B, its address and the speed"):
            registry.relay("kmtronic", rs485).open()
        with pytest.raises(DeviceUnavailableError, match="did not hear itself: set local_echo = false, or check it"):
            registry.relay("kmtronic", rs485 | {"address": 2, "local_echo": True}).open()
        board.local_echo = True
        with pytest.raises(DeviceUnavailableError, match="Then set local_echo = true"):
            registry.relay("kmtronic", rs485 | {"address": 2}).open()


@pytest.mark.usefixtures("no_leaks")
def test_a_board_that_answers_in_part_is_shown_with_what_it_said(link: Path) -> None:
    with KmtronicEmulator(link, 4) as board:
        relay = registry.relay("kmtronic", {"port": str(link), "channels": 4, "timeout_ms": 30})
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
    done = subprocess.run(command, input="quit\n", capture_output=True, text=True, timeout=30.0, check=True)
    assert f"serial port {link}, 8 relays" in done.stdout
