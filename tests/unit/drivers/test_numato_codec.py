from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import numato_codec
from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError


def test_commands_are_the_bytes_of_the_vendors_program() -> None:
    for line, wire in (
        (numato_codec.switch(1, 4, on=True), b"relay on 0\r"),
        (numato_codec.switch(4, 4, on=False), b"relay off 3\r"),
        (numato_codec.switch(10, 16, on=True), b"relay on 9\r"),
        (numato_codec.switch(11, 16, on=True), b"relay on A\r"),
        (numato_codec.switch(32, 32, on=True), b"relay on V\r"),
        (numato_codec.switch(1, 64, on=True), b"relay on 00\r"),
        (numato_codec.switch(64, 64, on=False), b"relay off 63\r"),
        (numato_codec.read_relay(1, 1), b"relay read 0\r"),
        (numato_codec.read_relay(16, 16), b"relay read F\r"),
        (numato_codec.read_relay(10, 64), b"relay read 09\r"),
        (numato_codec.read_input(1), b"gpio read 0\r"),
        (numato_codec.read_input(32), b"gpio read V\r"),
        (numato_codec.READ_ALL_RELAYS, b"relay readall\r"),
        (numato_codec.VERSION, b"ver\r"),
        (numato_codec.IDENTITY, b"id get\r"),
        (numato_codec.mark(7), b"?07\r"),
        (numato_codec.mark(99), b"?99\r"),
        (numato_codec.mark(100), b"?00\r"),
    ):
        assert numato_codec.wire(line) == wire


@pytest.mark.parametrize(
    ("channels", "lines"),
    [
        (1, ("relay off 0",)),
        (2, ("relay off 0", "relay off 1")),
        (4, ("relay off 0", "relay off 1", "relay off 2", "relay off 3")),
        (8, ("relay writeall 00",)),
        (16, ("relay writeall 0000",)),
        (64, ("relay writeall 0000000000000000",)),
    ],
)
def test_all_off_is_one_command_where_the_board_can_and_else_one_a_relay(channels: int, lines: tuple[str, ...]) -> None:
    assert numato_codec.all_off(channels) == lines


def test_the_mark_names_no_relay_and_is_no_end_of_a_command() -> None:
    for number in range(numato_codec.MARKS):
        assert numato_codec.mark(number)[0] not in numato_codec.DIGITS
    assert len({numato_codec.mark(number) for number in range(numato_codec.MARKS)}) == numato_codec.MARKS


@pytest.mark.parametrize(
    ("line", "received", "answer"),
    [
        ("relay read 0", b"relay read 0\n\ron\n\r>", "on"),
        ("relay read 63", b"relay read 63\r\noff\r\n>", "off"),
        ("relay read 0", b"relay read 0\r\n\ron\n\r>", "on"),
        ("relay on 0", b"relay on 0\n\r>", ""),
        ("id get", b"id get\n\rgate 007\n\r>", "gate 007"),
        ("id get", b"id get\n\rg\xff\n\r>", "g\ufffd"),
    ],
)
def test_an_answer_stands_between_the_repeated_command_and_the_prompt(line: str, received: bytes, answer: str) -> None:
    assert numato_codec.is_complete(received)
    assert not numato_codec.is_complete(received[:-1])
    assert numato_codec.answer(line, received) == answer


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b">",
        b"\n\ron\n\roff\n\r>",
        b"relay read 0\n\ron\n\r",
        b"relay read 0\n\ron>",
        b"relay read 0\n\ron>\n\r>",
        b"relay read 0>",
        b"relay read 0\n\ron\n\roff\n\r>",
        b"relay read 0\n\ron\n\r>relay read 0\n\ron\n\r>",
        b">relay read 0\n\ron\n\r>",
        b"\n\rrelay read 0\n\ron\n\r>",
        b"relay read 0\n\ron\n\r>\n",
    ],
)
def test_what_has_not_the_form_of_a_reply_is_refused(received: bytes) -> None:
    expected = f"the board answered 'relay read 0' with {received!r}: not the command, an answer and >"
    with pytest.raises(numato_codec.BadReplyError, match=f"^{re.escape(expected)}$"):
        numato_codec.answer("relay read 0", received)


@pytest.mark.parametrize(
    "repeated", [b"relay read 1", b"relay read", b"elay read 0", b"relay read 00", b"ver", b"", b"\xff"]
)
def test_a_reply_to_another_command_is_refused(repeated: bytes) -> None:
    received = repeated + b"\n\ron\n\r>"
    expected = f"the board answered 'relay read 0' with {received!r}: it understood another command"
    with pytest.raises(numato_codec.BadReplyError, match=f"^{re.escape(expected)}$"):
        numato_codec.answer("relay read 0", received)


@pytest.mark.parametrize(
    ("received", "past"),
    [
        (b"?07\n\r>", True),
        (b"relay read 0\n\ron\n\r>?07\n\r>", True),
        (b"?07\n\rwhat?\n\r>", True),
        (b"?07\r\n>", True),
        (b"?07?07\n\r>", True),
        (b"?07\n>", True),
        (b"?07_\r>", False),
        (b"?07>", False),
        (b"?07", False),
        (b"?07\n\r", False),
        (b"?06\n\r>", False),
        (b">?07\n\r", False),
        (b"", False),
    ],
)
def test_a_mark_is_past_once_the_board_waits_again_after_it(received: bytes, past: bool) -> None:
    assert numato_codec.is_past("?07", received) is past


def test_a_line_that_comes_back_more_often_than_it_was_sent_is_refused() -> None:
    numato_codec.check_once("?07", b"relay on 0\n\r>?07\n\r>")
    with pytest.raises(
        numato_codec.BadReplyError, match=r"^'\?07' came back as b'\?07\\r\?07\\n\\r>': an adapter that echoes"
    ):
        numato_codec.check_once("?07", b"?07\r?07\n\r>")


def test_states_and_levels_are_the_words_of_the_board() -> None:
    assert numato_codec.relay_state("q", "on") is True
    assert numato_codec.relay_state("q", "off") is False
    assert numato_codec.input_state("q", "1") is True
    assert numato_codec.input_state("q", "0") is False
    assert numato_codec.word("ver", "A0M09.01", "A0M09.01") == "A0M09.01"
    assert numato_codec.word("ver", "!" * 8 + "~" * 8, "!" * 8 + "~" * 8) == "!" * 8 + "~" * 8


@pytest.mark.parametrize(
    ("read", "text", "wrong"),
    [
        (numato_codec.relay_state, "ON", "the board answered 'q' with 'ON': neither on nor off"),
        (numato_codec.relay_state, "1", "the board answered 'q' with '1': neither on nor off"),
        (numato_codec.input_state, "on", "the board answered 'q' with 'on': neither 0 nor 1"),
        (numato_codec.input_state, "00", "the board answered 'q' with '00': neither 0 nor 1"),
        (numato_codec.relay_state, "", "the board does not answer 'q': does it have that many relays and inputs?"),
        (numato_codec.input_state, "", "the board does not answer 'q': does it have that many relays and inputs?"),
    ],
)
def test_other_words_are_refused_and_shown(read, text: str, wrong: str) -> None:
    with pytest.raises(numato_codec.BadReplyError, match=f"^{re.escape(wrong)}$"):
        read("q", text)


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [
        ("two words", "two words", "the board answered 'q' with 'two words': not one word"),
        ("x" * 17, "x" * 17, f"the board answered 'q' with '{'x' * 17}': not one word"),
        ("\x7f", "\x7f", "the board answered 'q' with '\\x7f': not one word"),
        ("", "", "the board does not answer 'q': does it have that many relays and inputs?"),
        ("8", "9", "the board answered 'q' with '9': before it was '8'"),
        ("8", "", "the board does not answer 'q': does it have that many relays and inputs?"),
    ],
)
def test_an_identity_is_one_word_that_is_the_same_twice(first: str, second: str, wrong: str) -> None:
    with pytest.raises(numato_codec.BadReplyError, match=f"^{re.escape(wrong)}$"):
        numato_codec.word("q", first, second)


@pytest.mark.parametrize(
    ("text", "channels", "energised"),
    [
        ("01", 8, {1}),
        ("80", 8, {8}),
        ("a5", 8, {1, 3, 6, 8}),
        ("A5", 8, {1, 3, 6, 8}),
        ("9f", 8, {1, 2, 3, 4, 5, 8}),
        ("9F", 8, {1, 2, 3, 4, 5, 8}),
        ("8001", 16, {1, 16}),
        ("80000001", 32, {1, 32}),
        ("8000000000000001", 64, {1, 64}),
        ("00", 8, set()),
    ],
)
def test_all_relays_are_read_from_a_mask_with_relay_1_in_the_lowest_bit(
    text: str, channels: int, energised: set[int]
) -> None:
    assert numato_codec.relay_states(text, channels) == tuple(
        channel in energised for channel in range(1, channels + 1)
    )


def test_a_board_with_other_relays_is_named() -> None:
    with pytest.raises(DeviceMisconfiguredError, match=r"^the board has 16 relays, not 8: set channels$"):
        numato_codec.relay_states("0000", 8)
    for text, wrong in (
        ("0g", r"answered 'relay readall' with '0g': not hexadecimal$"),
        ("", "does not answer 'relay readall'"),
    ):
        with pytest.raises(numato_codec.BadReplyError, match=wrong):
            numato_codec.relay_states(text, 8)


def test_a_bad_reply_is_no_fault_of_the_configuration() -> None:
    assert issubclass(numato_codec.BadReplyError, DeviceUnavailableError)


@given(st.binary(max_size=60) | st.text("relay readon 01\n\r>fg", max_size=60).map(str.encode))
def test_any_bytes_are_an_answer_or_a_classed_error(received: bytes) -> None:
    try:
        answer = numato_codec.answer("relay read 0", received)
    except DeviceUnavailableError:
        return
    assert received.startswith(b"relay read 0")
    assert received.endswith(b">")
    assert ">" not in answer
