from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.relay import lcus_codec as codec


@pytest.mark.parametrize(
    ("channel", "operation", "wire"),
    [
        (1, codec.Operation.ON, "A0 01 01 A2"),
        (1, codec.Operation.OFF, "A0 01 00 A1"),
        (2, codec.Operation.ON, "A0 02 01 A3"),
        (4, codec.Operation.OFF, "A0 04 00 A4"),
        (1, codec.Operation.ON_WITH_FEEDBACK, "A0 01 03 A4"),
        (1, codec.Operation.OFF_WITH_FEEDBACK, "A0 01 02 A3"),
        (1, codec.Operation.QUERY, "A0 01 05 A6"),
    ],
)
def test_frames_are_the_bytes_of_the_data_sheet(channel: int, operation: codec.Operation, wire: str) -> None:
    assert codec.frame(channel, operation) == bytes.fromhex(wire)


@pytest.mark.parametrize("text", [b"CH1:ON \r\nCH2:OFF \r\n", b"CH1: ON\r\nCH2: OFF\r\n", b"CH1:ON\r\nCH2:OFF\r\n"])
def test_text_replies_of_all_known_boards_are_understood(text: bytes) -> None:
    assert codec.has_lines(text, 2)
    assert codec.read_lines(text, 2) == (True, False)


@pytest.mark.parametrize(
    "text", [b"", b"CH1:ON \r\nCH2:OF \r\n", b"CH2:ON \r\nCH1:OFF \r\n", b"xCH1:ON \r\nCH2:OFF \r\n", b"CH1:ON\r\n!"]
)
def test_a_garbled_text_reply_is_refused(text: bytes) -> None:
    with pytest.raises(codec.BadReplyError):
        codec.read_lines(text, 2)


def test_a_board_with_other_channels_or_another_dialect_is_named() -> None:
    with pytest.raises(DeviceMisconfiguredError, match="has 2 channels, not 4"):
        codec.read_lines(b"CH1:ON \r\nCH2:OFF \r\n", 4)
    with pytest.raises(DeviceMisconfiguredError, match="has 4 channels, not 2"):
        codec.read_bytes(bytes(4), 2)
    with pytest.raises(DeviceMisconfiguredError, match='readback = "bytes"'):
        codec.read_lines(bytes(2), 2)
    with pytest.raises(DeviceMisconfiguredError, match='readback = "ascii"'):
        codec.read_bytes(b"CH1:", 4)


@pytest.mark.parametrize("reply", [b"", b"\0", b"\0\2", b"\xff\0"])
def test_a_garbled_byte_reply_is_refused(reply: bytes) -> None:
    with pytest.raises(codec.BadReplyError):
        codec.read_bytes(reply, 2)


def test_byte_and_feedback_replies_are_understood() -> None:
    assert codec.read_bytes(b"\x01\x00", 2) == (True, False)
    assert codec.read_feedback(bytes.fromhex("A0 01 01 A2"), 1)
    assert not codec.read_feedback(bytes.fromhex("A0 02 00 A2"), 2)


@pytest.mark.parametrize("wire", ["A0 01 01 A3", "A0 02 01 A3", "A0 01 05 A6", "A0 01 01"])
def test_feedback_that_is_not_the_state_of_this_channel_is_refused(wire: str) -> None:
    with pytest.raises(codec.BadReplyError):
        codec.read_feedback(bytes.fromhex(wire), 1)


@given(st.binary(max_size=60) | st.text("CH12345:ONF \r\n", max_size=60).map(str.encode), st.integers(1, 8))
def test_any_bytes_are_states_or_a_classed_error(received: bytes, channels: int) -> None:
    for read in (codec.read_lines, codec.read_bytes):
        try:
            states = read(received, channels)
        except (DeviceMisconfiguredError, DeviceUnavailableError):
            continue
        assert len(states) == channels
    try:
        codec.read_feedback(received, channels)
    except DeviceUnavailableError:
        return
    assert received in (codec.frame(channels, 0), codec.frame(channels, 1))
