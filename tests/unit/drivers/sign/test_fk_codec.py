from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import SignColour
from drivers.modbus_codec import crc16
from drivers.sign import fk_codec as codec
from drivers.sign.fk_codec import Command, FkText


def gbk(text: str) -> bytes:
    return text.encode("gbk")


def green(line: int, text: str, stay_s: int = 5, times: int = 0) -> FkText:
    return FkText(line, gbk(text), SignColour.GREEN, stay_s, times)


TWO_LINES = [green(0, "新B52K18"), green(1, "请通行")]
BUILT = [
    pytest.param(
        codec.speak(0, gbk("欢迎光临")),
        "00 64 FF FF 30 09 01 BB B6 D3 AD B9 E2 C1 D9 32 58",
        id="speak",
    ),
    pytest.param(
        codec.line(0, FkText(0, gbk("请出示二维码"), SignColour.RED, 5, 0)),
        "00 64 FF FF 62 1F 00 00 01 00 05 00 01 03 00 FF 00 00 00 00 00 00 00 0C 00 "
        "C7 EB B3 F6 CA BE B6 FE CE AC C2 EB 19 A5",
        id="line",
    ),
    pytest.param(
        codec.page(0, TWO_LINES, gbk("请通行")),
        "00 64 FF FF 6E 2F 00 02 00 00 01 05 00 00 FF 00 00 08 D0 C2 42 35 32 4B 31 38 0D "
        "01 00 01 05 00 00 FF 00 00 06 C7 EB CD A8 D0 D0 00 0A 06 C7 EB CD A8 D0 D0 00 5D F1",
        id="page",
    ),
]
"""Built from the rules in the sources, by hand and by another program; none was seen on a wire."""


@pytest.mark.parametrize(("frame", "wire"), BUILT)
def test_frames_are_those_that_the_sources_rules_make(frame: bytes, wire: str) -> None:
    assert frame.hex(" ").upper() == wire


def test_a_page_without_speech_ends_without_a_mark_of_it() -> None:
    frame = codec.page(0, [green(0, "GO", 1, 1)])
    assert frame is not None
    assert frame[6:-2].hex(" ").upper() == "00 01 00 00 01 01 01 00 FF 00 00 02 47 4F 00 00 00"


@pytest.mark.parametrize(
    ("colour", "wire"),
    [(SignColour.RED, "FF 00 00 00"), (SignColour.GREEN, "00 FF 00 00"), (SignColour.YELLOW, "FF FF 00 00")],
)
def test_colours_are_red_green_blue(colour: SignColour, wire: str) -> None:
    assert codec.line(0, FkText(0, b"A", colour, 1, 1))[15:19].hex(" ").upper() == wire


texts = st.builds(
    FkText,
    line=st.integers(0, 3),
    text=st.binary(max_size=60),
    colour=st.sampled_from(SignColour),
    stay_s=st.integers(1, 255),
    times=st.integers(1, 255),
)
addresses = st.integers(0, 255)


@given(addresses, st.lists(texts, max_size=4), st.binary(max_size=100))
def test_all_that_can_be_built_is_one_of_three_commands_sound_and_no_longer_than_a_card_takes(
    address: int, several: list[FkText], spoken: bytes
) -> None:
    frames = [codec.page(address, several, spoken), codec.speak(address, spoken)]
    frames += [codec.line(address, one) for one in several]
    for frame in filter(None, frames):
        assert frame[:4] == bytes((address, 0x64, 0xFF, 0xFF))
        assert frame[4] in {0x30, 0x62, 0x6E}
        assert frame[5] == len(frame) - 8
        assert len(frame) <= 255
        assert crc16(frame) == 0


@given(addresses, st.lists(texts, min_size=1, max_size=4), st.binary(max_size=100))
def test_no_page_is_written_into_flash_and_no_text_is_cut(address: int, several: list[FkText], spoken: bytes) -> None:
    frame = codec.page(address, several, spoken)
    needed = 6 + 2 + sum(11 + len(one.text) for one in several) + (3 + len(spoken) if spoken else 2) + 2
    if frame is None:
        assert needed > 254
        return
    assert frame[6] == 0
    assert len(frame) == needed
    assert all(one.text in frame for one in several)
    assert spoken in frame


def test_the_commands_are_three_and_nothing_else_is_taken_for_one() -> None:
    assert {command.name for command in Command} == {"SPEAK", "LINE", "PAGE"}
    public = [name for name, value in vars(codec).items() if callable(value) and not name.startswith("_")]
    assert {name for name in public if getattr(vars(codec)[name], "__module__", "") == codec.__name__} == {
        "Command",
        "FkText",
        "line",
        "page",
        "speak",
        "duration",
    }
    with pytest.raises(ValueError, match="not a valid Command"):
        codec._frame(0, 0x0F, b"")  # type: ignore[arg-type]


def test_what_no_frame_can_hold_is_an_error_and_the_longest_is_none() -> None:
    assert len(codec.line(0, green(0, "A" * codec.TEXT_LIMIT))) == 255
    assert len(codec.speak(0, b"A" * codec.SPEECH_LIMIT)) == 255
    with pytest.raises(ValueError, match="a frame of 256 bytes: the card takes 255"):
        codec.line(0, green(0, "A" * (codec.TEXT_LIMIT + 1)))
    with pytest.raises(ValueError, match="a frame of 256 bytes"):
        codec.speak(0, b"A" * (codec.SPEECH_LIMIT + 1))
    assert codec.page(0, [green(0, "A" * 250)]) is None


@given(st.integers(1, 8), st.integers(1, codec.LONGEST_S), st.integers(1, 60))
def test_a_text_is_over_in_its_time_and_has_most_of_it(parts: int, dark_after_s: int, part_s: int) -> None:
    found = codec.duration(parts, dark_after_s, part_s)
    if found is None:
        assert dark_after_s < parts
        return
    stay_s, times = found
    assert 1 <= stay_s <= 255
    assert 1 <= times <= 255
    shown_s = stay_s * times * parts
    assert shown_s <= dark_after_s
    if parts == 1:
        assert dark_after_s - shown_s < times
    else:
        assert stay_s <= part_s
        assert times == 255 or dark_after_s - shown_s < stay_s * parts


@pytest.mark.parametrize(
    ("seconds", "found"), [(1, (1, 1)), (10, (10, 1)), (255, (255, 1)), (256, (128, 2)), (65025, (255, 255))]
)
def test_the_time_of_a_text_of_one_part(seconds: int, found: tuple[int, int]) -> None:
    assert codec.duration(1, seconds, 2) == found
