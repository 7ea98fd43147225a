from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.emulators.board import ReplyFault
from drivers.emulators.devantech import DevantechEmulator, Model
from drivers.relay import devantech
from drivers.serial_port import SerialParameters, SerialPort
from tests.board_faults import Operation
from tests.relay_contract import EmulatedRelay, RelayContract, emulated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.relay_contract import Rig

RLY08 = b"\x08\x01"


class TestDevantech(EmulatedRelay):
    kind = "devantech"
    title = "devantech"
    # The states twice, and the number of the board in between.
    proofs: ClassVar = dict.fromkeys(Operation, 3)
    copes_with = frozenset({ReplyFault.DUPLICATE})

    def emulator(self, link: Path) -> DevantechEmulator:
        return DevantechEmulator(link, Model.USB_RLY02)


class TestDevantechLarge(RelayContract):
    kind = "devantech"
    channels = 8

    @pytest.fixture
    def rig(self, link: Path) -> Iterator[Rig]:
        yield from emulated(DevantechEmulator(link, Model.USB_RLY16), {})


def test_commands_are_the_bytes_of_the_manuals() -> None:
    commands = {
        devantech.switch(1, on=True): "65",
        devantech.switch(8, on=True): "6C",
        devantech.switch(1, on=False): "6F",
        devantech.switch(8, on=False): "76",
        devantech.ALL_OFF: "6E",
        devantech.TELL_MODULE: "5A",
        devantech.TELL_STATES: "5B",
        devantech.CLEARING: "00",
    }
    assert [command.hex().upper() for command in commands] == list(commands.values())


@pytest.mark.parametrize(
    ("module", "channels", "name"),
    [
        ("08 02", 8, "USB-RLY08, version 2"),
        ("09 01", 8, "USB-RLY16, version 1"),
        ("0A 07", 2, "USB-RLY02, version 7"),
        ("0F 01", 1, "USB-RLY16L or TOSR0x, version 1"),
        ("0F 01", 2, "USB-RLY16L or TOSR0x, version 1"),
        ("0F 01", 4, "USB-RLY16L or TOSR0x, version 1"),
        ("0F 01", 8, "USB-RLY16L or TOSR0x, version 1"),
    ],
)
def test_a_board_is_known_by_its_number(module: str, channels: int, name: str) -> None:
    assert devantech.board_of(bytes.fromhex(module), channels) == name


@pytest.mark.parametrize(
    ("module", "channels", "wrong"),
    [
        ("08 01", 2, "the board is a USB-RLY08 with 8 relays, not 2: set channels"),
        ("09 01", 4, "the board is a USB-RLY16 with 8 relays, not 4: set channels"),
        ("0A 01", 8, "the board is a USB-RLY02 with 2 relays, not 8: set channels"),
        ("0F 01", 3, "the board is a USB-RLY16L or TOSR0x with 1 or 2 or 4 or 8 relays, not 3: set channels"),
        (
            "1E 01",
            8,
            (
                "the board gives itself the number 30; known are "
                "8 (USB-RLY08), 9 (USB-RLY16), 10 (USB-RLY02), 15 (USB-RLY16L or TOSR0x)"
            ),
        ),
    ],
)
def test_another_board_is_refused_by_name(module: str, channels: int, wrong: str) -> None:
    with pytest.raises(DeviceMisconfiguredError, match=f"^{re.escape(wrong)}$"):
        devantech.board_of(bytes.fromhex(module), channels)


@pytest.mark.parametrize(
    ("mask", "channels", "energised"),
    [(0x00, 8, set()), (0x01, 8, {1}), (0x80, 8, {8}), (0xA5, 8, {1, 3, 6, 8}), (0x02, 2, {2}), (0x08, 4, {4})],
)
def test_states_are_the_bits_of_a_byte_with_relay_1_the_lowest(mask: int, channels: int, energised: set[int]) -> None:
    states = devantech.states_of(bytes([mask]), RLY08, bytes([mask]), RLY08, channels)
    assert states == tuple(channel in energised for channel in range(1, channels + 1))


@pytest.mark.parametrize("heard", ["01 0A01 00", "00 0A01 01", "00 0A02 00", "00 0801 00", "00 000A 00"])
def test_answers_that_do_not_fit_together_are_refused_and_shown(heard: str) -> None:
    first, module, second = map(bytes.fromhex, heard.split())
    wrong = f"asked for states, number and states the board answered {heard}: its number is 0A01"
    with pytest.raises(devantech.BadReplyError, match=f"^{wrong}$"):
        devantech.states_of(first, module, second, b"\x0a\x01", 2)


@pytest.mark.parametrize(("mask", "channels", "relay"), [(0x04, 2, 3), (0x81, 4, 8), (0x02, 1, 2)])
def test_a_relay_that_the_board_ought_not_to_have_is_named(mask: int, channels: int, relay: int) -> None:
    wrong = f"relay {relay} is energised on a board of {channels} relays: set channels"
    with pytest.raises(DeviceMisconfiguredError, match=f"^{wrong}$"):
        devantech.states_of(bytes([mask]), RLY08, bytes([mask]), RLY08, channels)


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("half", ["", "5C"])
def test_half_a_command_on_the_board_switches_nothing_on(link: Path, half: str) -> None:
    with DevantechEmulator(link, Model.USB_RLY08) as board:
        killed = SerialPort.shared(str(link), SerialParameters("another program"))
        killed.send(bytes.fromhex(half))
        killed.close()
        relay = registry.relay("devantech", {"port": str(link)})
        assert relay.open() == f"USB-RLY08, version 1, 8 relays, on {link}"
        relay.close()
        assert board.line.received() == bytes.fromhex(half + "00 5A 5B 5A 5B")
        assert board.relays.history == ()


@pytest.mark.usefixtures("no_leaks")
def test_each_command_is_sent_once_and_asked_for(link: Path) -> None:
    with DevantechEmulator(link, Model.USB_RLY08) as board:
        relay = registry.relay("devantech", {"port": str(link)})
        relay.open()
        before = len(board.line.received())
        relay.set(3, on=True)
        relay.set(3, on=False)
        relay.all_off()
        relay.close()
        assert board.line.received()[before:] == bytes.fromhex("67 5B 5A 5B 71 5B 5A 5B 6E 5B 5A 5B")


@pytest.mark.usefixtures("no_leaks")
def test_a_board_that_is_another_or_silent_is_not_used_and_the_port_is_free_again(link: Path) -> None:
    with DevantechEmulator(link, Model.USB_RLY02) as board:
        relay = registry.relay("devantech", {"port": str(link), "timeout_ms": 30})
        with pytest.raises(DeviceMisconfiguredError, match="USB-RLY02 with 2 relays, not 8"):
            relay.open()
        board.fail(ReplyFault.MUTE)
        with pytest.raises(DeviceUnavailableError, match="no answer"):
            relay.open()
        SerialPort.shared(str(link), SerialParameters("another program")).close()


def test_only_boards_that_exist_can_be_configured_and_none_times_a_pulse() -> None:
    with pytest.raises(ValidationError, match="channels"):
        registry.relay("devantech", {"port": "/dev/x", "channels": 3})
    relay = registry.relay("devantech", {"port": "/dev/x"})
    assert relay.capabilities.channels == 8
    with pytest.raises(DeviceMisconfiguredError, match=r"cannot time a pulse \(500 ms on channel 1\)"):
        relay.pulse(1, 500)
