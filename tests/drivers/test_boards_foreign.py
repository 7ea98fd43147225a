"""The emulators of boards with a protocol of their own, driven by programs that somebody else wrote.

So that driver and emulator are not both right only by our own reading of the protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kmtronic_usb_relay.four_channel_relay import RelayController as KmtronicClient
from numato_usb_relay.relay import Relay as NumatoClient

from drivers.emulators.kmtronic import KmtronicEmulator
from drivers.emulators.numato import NumatoEmulator
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.emulators.board import EmulatedBoard

pytestmark = pytest.mark.usefixtures("no_leaks")

EXCHANGE_S = 0.2
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
