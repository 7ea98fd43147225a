"""Texts for cards with a Chinese font: bytes of GB2312 or GBK, and how wide they are. No input or output.

A byte is a column of half a square: a Latin letter or a digit has one, a Chinese character, and in these sets a
Cyrillic letter too, has two. All Russian letters are there, and none of the nine that Kazakh has besides.
"""

from __future__ import annotations

from enum import StrEnum

LEAD = 0x81
"""From here on a byte is the first of two."""
WIDE_SPACE = "\N{IDEOGRAPHIC SPACE}"


class CharacterSet(StrEnum):
    """What the font of a card has. GB2312 is in all of them; GBK has the rarer and the traditional characters too."""

    GB2312 = "gb2312"
    GBK = "gbk"


def encoded(text: str, character_set: CharacterSet) -> bytes | None:
    """The text as the card takes it; None where the card lacks one of its characters."""
    if not all(character.isprintable() or character == WIDE_SPACE for character in text):
        return None
    try:
        return text.encode(character_set.value)
    except UnicodeEncodeError:
        return None


def screens(data: bytes, columns: int) -> int:
    """How many parts a text has where each holds as many whole characters as fit into so many columns; at least 1."""
    count, used, place = 1, 0, 0
    while place < len(data):
        width = 2 if data[place] >= LEAD else 1
        if used + width > columns:
            count, used = count + 1, 0
        used += width
        place += width
    return count
