"""How text fits on an LED sign: columns of half a square, and the characters of its font."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

_NOT_FIRST: Final = frozenset("，。、！？：；）,.!?:;)")  # noqa: RUF001 - these characters are meant
"""What must not begin a line: it belongs to what stands before it."""


def columns(text: str) -> int:
    """How many columns a line takes: a character of ASCII one, any other, as in GBK, two."""
    return sum(1 if character.isascii() else 2 for character in text)


def fits_gbk(text: str) -> bool:
    """Whether a card with a GBK font has every character: Chinese, Latin and Russian, not all Kazakh letters."""
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def laid_out(text: str, width: int, lines: int) -> tuple[str, ...] | None:
    """The text over at most `lines` lines of `width` columns; None where it does not fit.

    It is broken at spaces and line breaks, and between two characters that are not Latin and of which none is a letter
    of an alphabet, such as Chinese ones.
    """
    laid: list[str] = []
    for word, spaced in _pieces(text):
        joint = " " if spaced else ""
        if laid and columns(laid[-1] + joint + word) <= width:
            laid[-1] += joint + word
        else:
            laid.append(word)
    if len(laid) > lines or any(columns(line) > width for line in laid):
        return None
    return tuple(laid)


def _pieces(text: str) -> list[tuple[str, bool]]:
    """What stays together on a line, and whether a space stands before it."""
    pieces: list[tuple[str, bool]] = []
    for word in text.split():
        start = 0
        for place, (before, after) in enumerate(pairwise(word), 1):
            if (_is_ideograph(before) or _is_ideograph(after)) and after not in _NOT_FIRST:
                pieces.append((word[start:place], start == 0))
                start = place
        pieces.append((word[start:], start == 0))
    return pieces


def _is_ideograph(character: str) -> bool:
    """Whether a line may be broken beside it."""
    return "\u2e80" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"
