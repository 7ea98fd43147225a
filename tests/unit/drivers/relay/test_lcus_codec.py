from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.relay import lcus_codec as codec

if TYPE_CHECKING:
    from collections.abc import Callable

SIXTEEN_CHANNELS = b"".join(b"CH%d:OFF \r\n" % channel for channel in range(1, 17))


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
    assert len(codec.frame(channel, operation)) == codec.FRAME_LENGTH


def test_the_question_for_all_channels_is_one_byte() -> None:
    assert codec.QUERY_ALL == b"\xff"


@pytest.mark.parametrize("text", [b"CH1:ON \r\nCH2:OFF \r\n", b"CH1: ON\r\nCH2: OFF\r\n", b"CH1:ON\r\nCH2:OFF\r\n"])
def test_text_replies_of_all_known_boards_are_understood(text: bytes) -> None:
    assert codec.has_lines(text, 2)
    assert codec.read_lines(text, 2) == (True, False)


@pytest.mark.parametrize(
    ("received", "channels", "is_whole"),
    [
        (b"", 1, False),
        (b"CH1:ON \r", 1, False),
        (b"CH1:ON \r\n", 1, True),
        (b"CH1:ON \r\n", 2, False),
        (b"CH1:ON \r\nCH2:OFF \r", 2, False),
        (b"CH1:ON \r\nCH2:OFF \r\n", 2, True),
        (b"CH1:ON \r\nCH2:OFF \r\nCH3:OFF \r\n", 2, True),
    ],
)
def test_a_text_reply_is_whole_with_its_last_line(received: bytes, channels: int, is_whole: bool) -> None:
    assert codec.has_lines(received, channels) is is_whole


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not lines like CH1:ON"),
        (b"\0\2", "not lines like CH1:ON"),
        (b"CH1:ON \r\nCH2:OF \r\n", "not lines like CH1:ON"),
        (b"CH1:ON\nCH2:OFF\n", "not lines like CH1:ON"),
        (b"CH1:ON \r\nCH2:OFF \r\nx", "not lines like CH1:ON"),
        (b"xCH1:ON \r\nCH2:OFF \r\n", "not lines like CH1:ON"),
        (b"CH1:ON\r\n!", "not lines like CH1:ON"),
        (b"CH1:  ON\r\nCH2:OFF\r\n", "not lines like CH1:ON"),
        (b"CH1:ON  \r\nCH2:OFF\r\n", "not lines like CH1:ON"),
        (b"CH2:ON \r\nCH1:OFF \r\n", "channels out of order"),
        (b"CH0:ON \r\nCH1:OFF \r\n", "channels out of order"),
        (b"CH1:ON \r\nCH1:ON \r\n", "channels out of order"),
    ],
)
def test_a_garbled_text_reply_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(codec.BadReplyError, match=f"^{re.escape(f'the board answered {text!r}: {why}')}$"):
        codec.read_lines(text, 2)


@pytest.mark.parametrize(
    ("read", "received", "channels", "message"),
    [
        (codec.read_lines, b"CH1:ON \r\nCH2:OFF \r\n", 4, "the board has 2 channels, not 4"),
        (codec.read_lines, b"CH1:ON \r\nCH2:OFF \r\n", 1, "the board has 2 channels, not 1"),
        (codec.read_lines, SIXTEEN_CHANNELS, 8, "the board has 16 channels, not 8"),
        (codec.read_bytes, bytes(4), 2, "the board has 4 channels, not 2"),
        (codec.read_bytes, bytes(3), 2, "the board has 3 channels, not 2"),
        (codec.read_bytes, b"\0\1\0\1", 2, "the board has 4 channels, not 2"),
        (codec.read_lines, bytes(2), 2, 'the board answers in single bytes: set readback = "bytes"'),
        (codec.read_lines, b"\0\1", 2, 'the board answers in single bytes: set readback = "bytes"'),
        (codec.read_lines, b"\1", 2, 'the board answers in single bytes: set readback = "bytes"'),
        (codec.read_bytes, b"CH1:", 4, 'the board answers in text: set readback = "ascii"'),
        (codec.read_bytes, b"C", 4, 'the board answers in text: set readback = "ascii"'),
    ],
)
def test_a_board_with_other_channels_or_another_dialect_is_named(
    read: Callable[[bytes, int], tuple[bool, ...]], received: bytes, channels: int, message: str
) -> None:
    with pytest.raises(DeviceMisconfiguredError, match=f"^{message}$"):
        read(received, channels)


@pytest.mark.parametrize(
    ("reply", "shown"),
    [(b"", ""), (b"\0", "00"), (b"\0\2", "00 02"), (b"\xff\0", "FF 00"), (b"\0\0\2", "00 00 02")],
)
def test_a_garbled_byte_reply_is_refused(reply: bytes, shown: str) -> None:
    with pytest.raises(codec.BadReplyError, match=f"^the board answered {shown}: not 2 bytes 00 or 01$"):
        codec.read_bytes(reply, 2)


def test_byte_and_feedback_replies_are_understood() -> None:
    assert codec.read_bytes(b"\x01\x00", 2) == (True, False)
    assert codec.read_feedback(bytes.fromhex("A0 01 01 A2"), 1)
    assert not codec.read_feedback(bytes.fromhex("A0 02 00 A2"), 2)


@pytest.mark.parametrize("wire", ["A0 01 01 A3", "A0 02 01 A3", "A0 01 05 A6", "A0 01 01"])
def test_feedback_that_is_not_the_state_of_this_channel_is_refused(wire: str) -> None:
    with pytest.raises(codec.BadReplyError, match=f"^the board answered {wire}: no state of channel 1$"):
        codec.read_feedback(bytes.fromhex(wire), 1)


def test_a_bad_reply_is_no_fault_of_the_configuration() -> None:
    assert issubclass(codec.BadReplyError, DeviceUnavailableError)


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
