from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.sign.gbk import CharacterSet, encoded, screens

GB2312, GBK = CharacterSet.GB2312, CharacterSet.GBK


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("GO 12", 5), ("请通行", 6), ("新B52K18", 8), ("ЁЛКА", 8), ("ж", 2), ("、", 2)]
)
def test_a_byte_is_a_column_and_cyrillic_is_two_wide(text: str, columns: int) -> None:
    for character_set in CharacterSet:
        data = encoded(text, character_set)
        assert data is not None
        assert len(data) == columns
        assert data.decode("gbk") == text


@pytest.mark.parametrize("letter", "ҚӘҒҢӨҰҮҺІқәғңөұүһі")
def test_no_kazakh_letter_is_in_either_set(letter: str) -> None:
    assert encoded(letter, GB2312) is None
    assert encoded(letter, GBK) is None


def test_every_russian_letter_is_in_both() -> None:
    russian = "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
    for text in (russian, russian.lower()):
        assert encoded(text, GB2312) == encoded(text, GBK) == text.encode("gb2312")


def test_a_rare_character_is_in_the_larger_set_alone() -> None:
    assert encoded("請", GB2312) is None
    assert encoded("請", GBK) == "請".encode("gbk")


@pytest.mark.parametrize("text", ["\n", "\r", "a\0", "\x1b[", "\x7f", "\t", "\u200b", "\ufeff", "🚛", "é€"])
def test_what_is_no_plain_text_is_not_sent(text: str) -> None:
    assert encoded(text, GB2312) is None
    assert encoded(text, GBK) is None


@given(st.text(max_size=30), st.sampled_from(CharacterSet))
def test_any_text_comes_back_as_it_was_or_is_refused(text: str, character_set: CharacterSet) -> None:
    data = encoded(text, character_set)
    assert data is None or (data.decode(character_set.value) == text and not set(data) & set(range(0x20)))


@pytest.mark.parametrize(
    ("text", "columns", "parts"),
    [
        ("", 8, 1),
        ("请通行了", 8, 1),
        ("请通行了吗", 8, 2),
        ("ABCDEFGH", 8, 1),
        ("ABCDEFGHI", 8, 2),
        ("A请通行了", 8, 2),
        ("A请通行BC请通行", 8, 2),
        ("A请通行请通行B", 8, 2),
        ("A请通行请通行BCD", 8, 3),
        ("请" * 10, 4, 5),
    ],
)
def test_a_text_has_as_many_parts_as_lines_of_whole_characters(text: str, columns: int, parts: int) -> None:
    assert screens(text.encode("gbk"), columns) == parts
