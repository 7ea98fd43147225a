from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.contracts.board_faults import Operation
from drivers.contracts.relay import EmulatedRelay, RelayContract, emulated
from drivers.emulators.board import ReplyFault
from drivers.emulators.devantech import DevantechEmulator, Model
from drivers.serial.shared_port import SerialParameters, SerialPort
from tests.support.waiting import REPLY_MS, scaled_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drivers.contracts.relay import Rig


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
        yield from emulated(DevantechEmulator(link, Model.USB_RLY16), {"timeout_ms": REPLY_MS})


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("half", ["", "5C"])
def test_half_a_command_on_the_board_switches_nothing_on(link: Path, half: str) -> None:
    with DevantechEmulator(link, Model.USB_RLY08) as board:
        killed = SerialPort.shared(str(link), SerialParameters("another program"))
        killed.send(bytes.fromhex(half))
        killed.close()
        relay = registry.relay("devantech", {"port": str(link), "timeout_ms": REPLY_MS})
        assert relay.open() == f"USB-RLY08, version 1, 8 relays, on {link}"
        relay.close()
        assert board.line.received() == bytes.fromhex(half + "00 5A 5B 5A 5B")
        assert board.relays.history == ()


@pytest.mark.usefixtures("no_leaks")
def test_each_command_is_sent_once_and_asked_for(link: Path) -> None:
    with DevantechEmulator(link, Model.USB_RLY08) as board:
        relay = registry.relay("devantech", {"port": str(link), "timeout_ms": REPLY_MS})
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
        relay = registry.relay("devantech", {"port": str(link), "timeout_ms": scaled_ms(100)})
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
