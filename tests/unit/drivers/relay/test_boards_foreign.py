"""The emulators of boards with a protocol of their own, driven by programs that somebody else wrote.

So that driver and emulator are not both right only by our own reading of the protocol.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import tosr0x
from kmtronic_usb_relay.four_channel_relay import RelayController as KmtronicClient
from numato_usb_relay.relay import Relay as NumatoClient

from drivers.emulators.devantech import DevantechEmulator, Model
from drivers.emulators.kmtronic import KmtronicEmulator
from drivers.emulators.numato import NumatoEmulator
from drivers.serial.shared_port import SerialParameters, SerialPort
from tests.support.waiting import PATIENCE_S, eventually, scaled

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.emulators.board import EmulatedBoard

pytestmark = pytest.mark.usefixtures("no_leaks")

EXCHANGE_S = scaled(0.1)
"""These clients read for a fixed time and not until the answer is there."""


def energised(board: EmulatedBoard) -> list[int]:
    return [channel for channel, on in enumerate(board.relays.states, 1) if on]


def answers(board: EmulatedBoard) -> int:
    return sum(transfer.direction == "out" for transfer in board.line.tap)


@pytest.mark.parametrize(("channels", "place", "channel"), [(4, 2, 3), (16, "F", 16), (64, 63, 64)])
def test_the_vendors_program_drives_the_numato_board(link: Path, channels: int, place: int | str, channel: int) -> None:
    with NumatoEmulator(link, channels, identity="gate0007") as board:
        client = NumatoClient(numberRelays=channels, port=str(link), timeout=EXCHANGE_S, name="usb")
        assert (client.version, client.id) == ("00000008", "gate0007")
        client.relay_on(place)
        eventually(lambda: answers(board) == 3, what="the answer that the client does not wait for")
        assert energised(board) == [channel]
        assert client.relay_read(place).strip() == "on"
        if channels > 4:
            assert int(client.relay_readall(), 16) == 1 << (channel - 1)
            client.relay_writeall("0" * (channels // 4))
            assert energised(board) == []
        before = answers(board)
        client.relay_off(place)
        eventually(lambda: answers(board) == before + 1, what="the answer that the client does not wait for")
        assert energised(board) == []
        assert client.relay_read(place).strip() == "off"
        if channels < 64:  # its program for the largest board expects other ends of lines for inputs than for relays
            board.set_input(2, on=True)
            assert [client.gpio_read(pin) for pin in (0, 1)] == ["0", "1"]


def test_a_foreign_program_drives_the_kmtronic_board(link: Path) -> None:
    with KmtronicEmulator(link, 4) as board, KmtronicClient(str(link), switch_delay=0.0) as client:
        for turn_on, channel in ((True, 1), (True, 4), (False, 1)):
            (client.turn_on if turn_on else client.turn_off)(channel)
        assert client.statuses == {"R1": "OFF", "R2": "OFF", "R3": "OFF", "R4": "ON"}
        assert [(change.channel, change.on) for change in board.relays.history] == [(1, True), (4, True), (1, False)]


def test_a_foreign_program_drives_the_devantech_board(link: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tosr0x, "SERIAL_DEFAULT_TIMEOUT", EXCHANGE_S)
    with DevantechEmulator(link, Model.TOSR04) as board:
        (client,) = tosr0x.handler(str(link), relayCount=4)
        try:
            for channel, on in ((0, 1), (0, 0), (2, 1), (4, 1), (2, 0)):
                assert client.set_relay_position(channel, on)
            assert client.get_relay_positions() == {1: 0, 2: 0, 3: 0, 4: 1}
        finally:
            client.device.close()
        every = [(channel, on) for on in (True, False) for channel in (1, 2, 3, 4)]
        assert [(change.channel, change.on) for change in board.relays.history] == [
            *every,
            (2, True),
            (4, True),
            (2, False),
        ]


@pytest.mark.parametrize(
    ("model", "sent", "reply", "energised"),
    [
        (Model.USB_RLY02, "5A", "0A 01", []),
        (Model.USB_RLY08, "5A", "08 01", []),
        (Model.USB_RLY16, "5A 5D", "09 01 7D", []),
        (Model.USB_RLY16L, "5A 5D", "0F 01 32", []),
        (Model.USB_RLY08, "65 6C 5B", "81", [1, 8]),
        (Model.USB_RLY08, "64 6F 76 5B", "7E", [2, 3, 4, 5, 6, 7]),
        (Model.USB_RLY08, "64 6E 5B", "00", []),
        (Model.USB_RLY08, "5C A5 5B", "A5", [1, 3, 6, 8]),
        (Model.USB_RLY08, "5C 5A 5B", "5A", [2, 4, 5, 7]),
        (Model.USB_RLY02, "66 67 6D 77 00 5D 5B", "02", [2]),
    ],
)
def test_the_devantech_board_in_software_answers_as_the_manuals_say(
    link: Path, model: Model, sent: str, reply: str, energised: list[int]
) -> None:
    with DevantechEmulator(link, model) as board:
        port = SerialPort.shared(str(link), SerialParameters("test"))
        answer = bytes.fromhex(reply)
        assert port.exchange(bytes.fromhex(sent), len(answer), PATIENCE_S) == answer
        port.close()
        assert [number for number, on in enumerate(board.relays.states, 1) if on] == energised


def test_half_a_command_of_the_devantech_board_is_forgotten_with_the_power(link: Path) -> None:
    with DevantechEmulator(link, Model.USB_RLY08) as board:
        port = SerialPort.shared(str(link), SerialParameters("test"))
        assert port.exchange(b"\x5b\x5c", 1, PATIENCE_S) == b"\0"
        board.power_cycle()
        assert port.exchange(b"\x5a", 2, PATIENCE_S) == b"\x08\x01"
        port.close()
        assert not any(board.relays.states)


def test_a_technician_can_run_the_devantech_board(link: Path) -> None:
    command = [sys.executable, "-m", "drivers.emulators.devantech", "--link", str(link), "--model", "usb-rly02"]
    done = subprocess.run(command, input="quit\n", capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    assert f"serial port {link}, 2 relays" in done.stdout
