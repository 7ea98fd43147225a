from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.relay import kmtronic_codec as codec


def test_frames_are_the_bytes_of_the_vendors_list() -> None:
    for frame, wire in (
        (codec.switch(1, on=True), "FF 01 01"),
        (codec.switch(1, on=False), "FF 01 00"),
        (codec.switch(8, on=True), "FF 08 01"),
        (codec.switch(8, on=False), "FF 08 00"),
        (codec.query_one(1), "FF 01 03"),
        (codec.query_one(2), "FF 02 03"),
        (codec.QUERY_ALL, "FF 09 00"),
        (codec.query_board(1), "FF A1 00"),
        (codec.query_board(15), "FF AF 00"),
        (codec.CLEARING, "00 00"),
    ):
        assert frame.hex(" ").upper() == wire


def test_the_state_of_one_relay_is_as_long_as_a_frame() -> None:
    assert len(codec.switch(1, on=True)) == len(codec.query_one(1)) == codec.FRAME_LENGTH


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
        (bytes(1), 4, codec.BadReplyError, "the board answered 00: not 4 bytes 00 or 01"),
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
            "00 FF 09 00 came back: does the adapter echo? Then set local_echo = true",
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


def test_a_bad_reply_is_no_fault_of_the_configuration() -> None:
    assert issubclass(codec.BadReplyError, DeviceUnavailableError)


@given(st.binary(max_size=10), st.sampled_from([1, 2, 4, 8]))
def test_any_bytes_are_states_or_a_classed_error(received: bytes, channels: int) -> None:
    try:
        assert bytes(codec.read_all(received, channels)) == received
    except (DeviceMisconfiguredError, DeviceUnavailableError):
        assert len(received) != channels or not set(received) <= {0, 1}
