from __future__ import annotations

import re

import pytest

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.relay import devantech_codec as codec

RLY08 = b"\x08\x01"


def test_commands_are_the_bytes_of_the_manuals() -> None:
    for command, wire in (
        (codec.switch(1, on=True), "65"),
        (codec.switch(8, on=True), "6C"),
        (codec.switch(1, on=False), "6F"),
        (codec.switch(8, on=False), "76"),
        (codec.ALL_OFF, "6E"),
        (codec.TELL_MODULE, "5A"),
        (codec.TELL_STATES, "5B"),
        (codec.CLEARING, "00"),
    ):
        assert command.hex(" ").upper() == wire


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
    assert codec.board_of(bytes.fromhex(module), channels) == name


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
                "the board reports the number 30; expected one of 8 (USB-RLY08), 9 (USB-RLY16), 10 "
                "(USB-RLY02), 15 (USB-RLY16L or TOSR0x)"
            ),
        ),
    ],
)
def test_another_board_is_refused_by_name(module: str, channels: int, wrong: str) -> None:
    with pytest.raises(DeviceMisconfiguredError, match=f"^{re.escape(wrong)}$"):
        codec.board_of(bytes.fromhex(module), channels)


@pytest.mark.parametrize(
    ("mask", "channels", "energised"),
    [(0x00, 8, set()), (0x01, 8, {1}), (0x80, 8, {8}), (0xA5, 8, {1, 3, 6, 8}), (0x02, 2, {2}), (0x08, 4, {4})],
)
def test_states_are_the_bits_of_a_byte_with_relay_1_the_lowest(mask: int, channels: int, energised: set[int]) -> None:
    states = codec.states_of(bytes([mask]), RLY08, bytes([mask]), RLY08, channels)
    assert states == tuple(channel in energised for channel in range(1, channels + 1))


@pytest.mark.parametrize("heard", ["01 0A01 00", "00 0A01 01", "00 0A02 00", "00 0801 00", "00 000A 00"])
def test_answers_that_do_not_fit_together_are_refused_and_shown(heard: str) -> None:
    first, module, second = map(bytes.fromhex, heard.split())
    wrong = f"to the query for states, number and states, the board answered {heard}: its number is 0A01"
    with pytest.raises(codec.BadReplyError, match=f"^{wrong}$"):
        codec.states_of(first, module, second, b"\x0a\x01", 2)


@pytest.mark.parametrize(("mask", "channels", "relay"), [(0x04, 2, 3), (0x81, 4, 8), (0x02, 1, 2)])
def test_a_relay_that_the_board_ought_not_to_have_is_named(mask: int, channels: int, relay: int) -> None:
    wrong = f"relay {relay} is energised on a board of {channels} relays: set channels"
    with pytest.raises(DeviceMisconfiguredError, match=f"^{wrong}$"):
        codec.states_of(bytes([mask]), RLY08, bytes([mask]), RLY08, channels)


def test_a_bad_reply_is_no_fault_of_the_configuration() -> None:
    assert issubclass(codec.BadReplyError, DeviceUnavailableError)
