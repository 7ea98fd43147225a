from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import SignColour
from drivers.sign import aa55_codec as codec
from drivers.sign.aa55_codec import Answer, Check, Command, Framing

PADDED, WHOLE = Framing(100, Check.PADDED), Framing(100, Check.WHOLE)
CHECKED = [
    pytest.param(PADDED.voice(1, 11), "AA 55 01 64 00 22 00 01 0B 07 76 AF", id="say recording 11"),
]
"""A printed command of the maker, whose check comes out by the rule."""
BUILT = [
    pytest.param(WHOLE.version(0), "AA 55 00 64 00 01 00 00 EF 01 AF", id="version, whole"),
    pytest.param(
        WHOLE.text(0, 1, 10, SignColour.GREEN, "请通行".encode("gbk")),
        "AA 55 00 64 00 27 00 0A 01 0A 02 00 C7 EB CD A8 D0 D0 17 84 AF",
        id="text, whole",
    ),
    pytest.param(PADDED.end(2, [1, 2, 4]), "AA 55 02 64 00 21 00 01 0B C4 62 AF", id="end, padded"),
]
"""Built from the rules in the sources; not seen on a wire."""


@pytest.mark.parametrize(("frame", "wire"), [*CHECKED, *BUILT])
def test_frames_are_the_printed_one_and_those_that_the_sources_rules_make(frame: bytes, wire: str) -> None:
    assert frame.hex(" ").upper() == wire


def test_the_printed_command_does_not_come_out_by_the_other_check() -> None:
    assert WHOLE.voice(1, 11) != PADDED.voice(1, 11)


framings = st.builds(Framing, address=st.integers(0, 255), check=st.sampled_from(Check))
sequences = st.integers(0, 300)


@given(framings, sequences, st.binary(max_size=200), st.integers(1, 255), st.sets(st.integers(1, 4)))
def test_all_that_can_be_built_is_one_of_four_commands_and_read_back_as_it_was(
    framing: Framing, sequence: int, text: bytes, seconds: int, lines: set[int]
) -> None:
    frames = {
        0x01: framing.version(sequence),
        0x21: framing.end(sequence, lines),
        0x22: framing.voice(sequence, seconds),
        0x27: framing.text(sequence, 1, seconds, SignColour.RED, text),
    }
    for command, frame in frames.items():
        (answer,) = framing.answers(frame)
        assert answer.command == command
        assert frame[8:-3] == answer.data
    assert next(framing.answers(frames[0x27])).data == bytes((1, seconds, 1, 0)) + text


def test_the_commands_are_four_and_nothing_else_is_taken_for_one() -> None:
    assert {command.value for command in Command} == {0x01, 0x21, 0x22, 0x27}
    with pytest.raises(ValueError, match="not a valid Command"):
        PADDED._frame(0, 0x12, b"")  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [0, -1, 256])
def test_a_text_without_an_end_cannot_be_built(seconds: int) -> None:
    with pytest.raises(ValueError, match="1 to 255 s"):
        PADDED.text(0, 1, seconds, SignColour.RED, b"A")


def test_a_text_that_is_too_long_is_an_error() -> None:
    assert PADDED.text(0, 1, 1, SignColour.RED, b"A" * codec.TEXT_LIMIT)
    with pytest.raises(ValueError, match="a text of 201 bytes"):
        PADDED.text(0, 1, 1, SignColour.RED, b"A" * (codec.TEXT_LIMIT + 1))


def test_sound_answers_are_found_among_noise_and_others_are_not() -> None:
    one, other = PADDED.version(5), PADDED.voice(6, 3)
    broken = one[:6] + b"\x07" + one[7:]
    noise = b"\xaa\x55\x00\xaa" + one + b"\xff" + broken + other + WHOLE.version(1) + one[:-1]
    assert list(PADDED.answers(noise)) == [Answer(0x01, b""), Answer(0x22, b"\x03")]
    assert list(PADDED.answers(b"")) == []


@given(st.binary(max_size=60), framings)
def test_any_bytes_are_answers_or_none(received: bytes, framing: Framing) -> None:
    assert len(list(framing.answers(received))) <= len(received) // 11


@pytest.mark.parametrize(("colour", "number"), [(SignColour.RED, 1), (SignColour.GREEN, 2), (SignColour.YELLOW, 3)])
def test_colours_are_numbers(colour: SignColour, number: int) -> None:
    assert PADDED.text(0, 1, 1, colour, b"A")[10] == number
