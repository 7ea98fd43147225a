"""Two texts beside each other, letter by letter: which letters an officer should compare by eye."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

MISSING: Final = "?"
"""Shown for a letter that was not read."""
_ALIKE: Final = 0.5
"""Texts that share less are simply different: a mark on nearly every letter says nothing."""


@dataclass(frozen=True, slots=True)
class Letters:
    """What was read, with a `?` for each letter that is missing, and what was declared.

    `unsure_read`, `unsure_declared`: the places, from 0, of the letters that differ.
    """

    read: str
    declared: str
    unsure_read: tuple[int, ...] = ()
    unsure_declared: tuple[int, ...] = ()


def compared(read: str, declared: str) -> Letters:
    """Compare what was read with what was declared. One of them may be empty: then there is nothing to compare."""
    matcher = SequenceMatcher(None, read, declared, autojunk=False)
    if not read or not declared or matcher.ratio() < _ALIKE:
        return Letters(read, declared)
    shown: list[str] = []
    unsure_read: list[int] = []
    unsure_declared: list[int] = []
    for kind, begin, end, begin_declared, end_declared in matcher.get_opcodes():
        part = read[begin:end]
        if kind != "equal":
            part = part.ljust(end_declared - begin_declared, MISSING)
            unsure_read += range(len(shown), len(shown) + len(part))
            unsure_declared += range(begin_declared, end_declared)
        shown += part
    return Letters("".join(shown), declared, tuple(unsure_read), tuple(unsure_declared))
