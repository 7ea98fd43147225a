from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import SignColour
from drivers.modbus_codec import crc16
from drivers.sign import onbon_codec as codec
from drivers.sign.onbon_codec import Area, BadReplyError, Command, Mode

LEAD = "A5 " * 8
GREEN = Area(0, "请通行".encode("gbk"), SignColour.GREEN, 8, 0, run_mode=0)
CHECKED = [
    pytest.param(codec.ping(1), LEAD + "01 00 00 80 00 00 00 00 00 00 FE 02 05 00 A2 00 01 00 00 68 F8 5A", id="ping"),
]
"""Printed examples whose check sum comes out by the rule."""
BUILT = [
    pytest.param(
        codec.areas(1, [GREEN]),
        LEAD + "01 00 00 80 00 00 00 00 00 00 FE 02 2D 00 A3 06 01 00 00 00 01 24 00 00 00 80 00 00 40 80 10 00 "
        "00 00 00 00 00 00 00 00 01 01 01 00 01 05 09 00 00 00 5C 43 32 C7 EB CD A8 D0 D0 1A 3F 5A",
        id="area",
    ),
]
"""Built from the rules in the sources; not seen on a wire."""
PRINTED_CLEAR = LEAD + "01 00 00 80 00 00 00 00 00 00 FE 02 05 00 A3 10 01 00 00 51 F8 5A"
"""The printed command that clears what is stored. It is read here, and cannot be built."""


def data_of(frame: bytes) -> bytes:
    """The data of a frame of ours, read apart from the codec."""
    pairs = {b"\xa6\x02": b"\xa5", b"\xa6\x01": b"\xa6", b"\x5b\x02": b"\x5a", b"\x5b\x01": b"\x5b"}
    body = re.sub(rb"[\xa6\x5b][\x01\x02]", lambda pair: pairs[pair[0]], frame[8:-1])
    assert crc16(body, 0) == 0
    assert int.from_bytes(body[12:14], "little") == len(body) - 16
    return body[14:-2]


@pytest.mark.parametrize(("frame", "wire"), [*CHECKED, *BUILT])
def test_frames_are_the_printed_ones_and_those_that_the_sources_rules_make(frame: bytes, wire: str) -> None:
    assert frame.hex(" ").upper() == wire


def test_a_printed_frame_is_read_by_the_same_rules() -> None:
    assert codec.answer_in(bytes.fromhex(PRINTED_CLEAR)) == bytes.fromhex("A3 10 01 00 00")


def test_an_area_of_a_driver_vanishes_after_its_time() -> None:
    data = data_of(codec.areas(1, [Area(2, b"A", SignColour.RED, 8, 10)], [0, 1, 3]))
    assert data[5:9].hex(" ").upper() == "03 00 01 03"
    assert data[9:12].hex(" ").upper() == "01 1F 00"
    assert data[12:].hex(" ").upper() == (
        "00 00 80 20 00 40 80 10 00 02 00 02 0A 00 00 00 00 01 01 01 00 01 05 04 00 00 00 5C 43 31 41"
    )


def test_a_moving_text_and_a_spoken_one() -> None:
    area = Area(0, b"A" * 9, SignColour.YELLOW, 8, 300, mode=Mode.LEFT, speed=7, spoken=b"B", volume=3)
    data = data_of(codec.areas(1, [area]))
    assert data[20:].hex(" ").upper() == (
        "02 2C 01 02 10 03 05 01 00 00 00 42 00 00 01 01 03 00 07 05 0C 00 00 00 5C 43 33" + " 41" * 9
    )


areas = st.builds(
    Area,
    number=st.integers(0, 3),
    text=st.binary(max_size=80),
    colour=st.sampled_from(SignColour),
    columns=st.integers(4, 64),
    timeout_s=st.integers(1, codec.LONGEST_S),
    mode=st.sampled_from(Mode),
    spoken=st.binary(max_size=40),
)
addresses = st.integers(1, 0xFFFD)


@given(addresses, st.lists(areas, max_size=4), st.lists(st.integers(0, 3), max_size=4))
def test_all_that_can_be_built_is_one_of_two_commands_sound_and_escaped(
    address: int, shown: list[Area], dark: list[int]
) -> None:
    for frame in (codec.ping(address), codec.areas(address, shown, dark)):
        assert frame.startswith(b"\xa5" * 8)
        assert frame.endswith(b"\x5a")
        assert not {0xA5, 0x5A} & set(frame[8:-1])
        data = data_of(frame)
        assert data[:5] in {bytes.fromhex("A2 00 01 00 00"), bytes.fromhex("A3 06 01 00 00")}


def test_the_commands_are_two_and_nothing_else_is_taken_for_one() -> None:
    assert {command.value for command in Command} == {(0xA2, 0x00), (0xA3, 0x06)}
    with pytest.raises(ValueError, match="not a valid Command"):
        codec._frame(1, (0xA3, 0x10), b"")  # type: ignore[arg-type]


def test_a_page_that_no_card_could_hold_is_an_error() -> None:
    with pytest.raises(ValueError, match="the card takes 1000"):
        codec.areas(1, [Area(0, b"A" * 1000, SignColour.RED, 8, 10)])


def framed(data: bytes, length: int | None = None) -> bytes:
    head = bytes.fromhex("00 80 01 00 00 00 00 00 00 00 51 02")
    body = head + (len(data) if length is None else length).to_bytes(2, "little") + data
    body += crc16(body, 0).to_bytes(2, "little")
    for plain, pair in ((b"\xa6", b"\xa6\x01"), (b"\xa5", b"\xa6\x02"), (b"\x5b", b"\x5b\x01"), (b"\x5a", b"\x5b\x02")):
        body = body.replace(plain, pair)
    return b"\xa5" + body + b"\x5a"


@pytest.mark.parametrize("data", ["A0 00 00 00 00", "A5 A6 5A 5B 00 A5", ""])
def test_an_answer_is_read_whatever_its_bytes_are(data: str) -> None:
    plain = bytes.fromhex(data)
    assert codec.answer_in(b"\x00\xff" + b"\xa5" * 3 + framed(plain)) == plain
    codec.check_accepted(bytes.fromhex("A0 00 00 00 00"))


ACCEPTED = framed(bytes.fromhex("A0 00 00 00 00"))


@pytest.mark.parametrize(
    ("received", "wrong"),
    [
        (b"", "not a whole frame"),
        (b"\x00\x5a", "not a whole frame"),
        (b"\xa5\xa5", "not a whole frame"),
        (ACCEPTED[:-1], "not a whole frame"),
        (ACCEPTED[:10] + b"\x77" + ACCEPTED[11:], "not a whole frame"),
        (b"\xa5\xa6\x03\x5a", "not a whole frame"),
        (b"\xa5\x5b\x5a", "not a whole frame"),
        (ACCEPTED + ACCEPTED, "more than one frame"),
        (framed(b"\xa0\x00", length=5), "its length is wrong"),
    ],
)
def test_what_is_no_answer_is_refused_and_shown(received: bytes, wrong: str) -> None:
    with pytest.raises(BadReplyError, match=wrong):
        codec.answer_in(received)


def test_the_own_question_is_no_answer() -> None:
    for frame in (codec.ping(1), codec.areas(1, [GREEN])):
        with pytest.raises(BadReplyError, match="Then set local_echo = true"):
            codec.answer_in(frame)


def test_a_refusal_is_told_with_its_number() -> None:
    wrong = "the card refuses the page, error 7: check its size and model"
    with pytest.raises(BadReplyError, match=f"^{re.escape(wrong)}$"):
        codec.check_accepted(bytes.fromhex("A0 01 07 00 00"))
    with pytest.raises(BadReplyError, match="error 0"):
        codec.check_accepted(bytes.fromhex("A0 01"))


@given(st.binary(max_size=60))
def test_any_bytes_are_an_answer_or_a_classed_error(received: bytes) -> None:
    with suppress(BadReplyError):
        codec.check_accepted(codec.answer_in(received))
    assert isinstance(codec.is_whole(received), bool)


def test_a_frame_is_whole_at_its_end_only() -> None:
    assert [codec.is_whole(ACCEPTED[:count]) for count in range(len(ACCEPTED) + 1)] == [False] * len(ACCEPTED) + [True]
