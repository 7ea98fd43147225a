"""Compares package versions as dpkg does (deb-version(7))."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Final

_VERSION: Final = re.compile(r"(?:\d{1,9}:)?\d[A-Za-z0-9.+~-]{0,99}", re.ASCII)
_PART: Final = re.compile(r"(\D*)(\d*)", re.ASCII)
_END: Final = 0


def is_version(text: str) -> bool:
    """Whether a text is the version of a package."""
    return _VERSION.fullmatch(text) is not None


def compare_versions(left: str, right: str) -> int:
    """Below 0 where the left one is older, above 0 where it is newer, 0 where dpkg takes them for the same.

    Raises ValueError for what is no version.
    """
    one, other = _parts(left), _parts(right)
    if one[0] != other[0]:
        return -1 if one[0] < other[0] else 1
    return _compared(one[1], other[1]) or _compared(one[2], other[2])


def _parts(version: str) -> tuple[int, str, str]:
    """Epoch, upstream version and revision."""
    if not is_version(version):
        raise ValueError("expected the version of a package")
    epoch, colon, rest = version.rpartition(":")
    upstream, dash, revision = rest.rpartition("-")
    return int(epoch) if colon else 0, upstream if dash else rest, revision if dash else ""


def _compared(left: str, right: str) -> int:
    """By turns of what are no digits, letter by letter, and of digits, as numbers."""
    for (words, digits), (other_words, other_digits) in zip_longest(
        _PART.findall(left), _PART.findall(right), fillvalue=("", "")
    ):
        for one, other in zip_longest(words, other_words, fillvalue=""):
            if (difference := _weight(one) - _weight(other)) != 0:
                return difference
        if (difference := int(digits or "0") - int(other_digits or "0")) != 0:
            return difference
    return 0


def _weight(letter: str) -> int:
    """A tilde comes before the end, letters come before all else."""
    if not letter:
        return _END
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
