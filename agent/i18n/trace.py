"""Tracing an English text back to the pattern that it was made from, so that what was stored as plain words can be told too."""

from __future__ import annotations

import string
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from agent.i18n import Language
from agent.i18n.catalogue import catalogue
from agent.i18n.lookup import translate
from drivers.text import CLAUSE, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LONGEST: Final = 600
"""What is longer stays as it is: no sentence of ours is, and strangers' words come this way too."""
DEEPEST: Final = 5
"""So deep texts are looked for within texts."""
_REMEMBERED: Final = 4096
_JOINTS: Final = ("; ", ": ", ", ")
_FEW_LETTERS: Final = 4
"""Words of so few letters, such as "at {gate}", stand everywhere: their values must be single words."""


def traced(text: str) -> str:
    """The text, which knows what it was made of where its words are known here. Its words stay what they are."""
    if isinstance(text, Text) or len(text) > LONGEST:
        return text
    found = _found(text, DEEPEST)
    return text if found is None else found.text


def retold(text: str, language: Language) -> str:
    """What is said in English, in a language; what is not ours is the same in all of them."""
    return text if language is Language.EN else translate(traced(text), language)


class _Verbatim(str):
    """A value as it stood in the text: whatever form the pattern asks for, it has it already."""

    __slots__ = ()

    @override
    def __format__(self, form: str) -> str:
        return str.__str__(self)

    @override
    def __repr__(self) -> str:
        return str.__str__(self)


@dataclass(frozen=True, slots=True)
class _Found:
    """A text with its making. `weight`: how many of its letters are known words, less what may be joined in a value."""

    text: Text
    weight: int


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern taken apart. `pieces`: the words around and between its values, `names` and `forms` of these."""

    pattern: str
    pieces: tuple[str, ...]
    names: tuple[str, ...]
    forms: tuple[str, ...]
    weight: int

    @classmethod
    def of(cls, pattern: str) -> _Pattern:
        """Raises ValueError for braces that are no pattern's."""
        pieces, names, forms = [""], [], []
        for words, name, form, _ in string.Formatter().parse(pattern):
            pieces[-1] += words
            if name is not None:
                names.append(name)
                forms.append(form or "")
                pieces.append("")
        weight = sum(each.isalpha() for piece in pieces for each in piece)
        return cls(pattern, tuple(pieces), tuple(names), tuple(forms), weight)

    @property
    def loose(self) -> bool:
        """Whether its words stand everywhere."""
        return self.weight <= _FEW_LETTERS and not any(joint in piece for piece in self.pieces for joint in _JOINTS)

    def values(self, text: str) -> Sequence[str] | None:
        """The values with which the pattern makes the text, each as short as it can be; None where it does not.

        From left to right and never back: the time it takes grows with the text alone.
        """
        first, *between, last = self.pieces
        end = len(text) - len(last)
        if not (text.startswith(first) and text.endswith(last)) or len(first) >= end:
            return None
        begin, values = len(first), []
        for piece in between:
            at = text.find(piece, begin + 1, end)
            if at < 0:
                return None
            values.append(text[begin:at])
            begin = at + len(piece)
        values.append(text[begin:end])
        if begin >= end or (self.loose and any(" " in value for value in values)):
            return None
        return values


@cache
def _known() -> tuple[Mapping[str, _Pattern], Sequence[_Pattern]]:
    """The texts that have no values, and the patterns that have."""
    whole, parted = {}, []
    for pattern in catalogue(Language.RU).messages:  # the English ones, which are the same in each language
        try:
            taken = _Pattern.of(pattern)
        except ValueError:
            whole[pattern] = _Pattern(pattern, (pattern,), (), (), len(pattern))
            continue
        if taken.names and taken.weight:
            parted.append(taken)
        elif not taken.names:
            whole[pattern] = taken
    # Of two that fit alike, the one of more letters.
    return whole, sorted(parted, key=lambda one: (-sum(map(len, one.pieces)), one.pattern))


@lru_cache(_REMEMBERED)
def _found(text: str, depth: int) -> _Found | None:
    whole, _ = _known()
    if text in whole:
        return _Found(Text(text), whole[text].weight)
    if not depth or not any(each.isalpha() for each in text):
        return None
    made = [*_made(text, depth - 1), *_parted(text, depth - 1)]
    return max(made, key=lambda one: one.weight, default=None)


def _made(text: str, depth: int) -> Iterator[_Found]:
    """The text by every pattern that makes it."""
    for pattern in _known()[1]:
        values = pattern.values(text)
        if values is not None:
            parts = [_value(value, form, depth) for value, form in zip(values, pattern.forms, strict=True)]
            weight = pattern.weight + sum(part.weight for part in parts if isinstance(part, _Found))
            weight -= sum(value.count(joint) for value in values for joint in _JOINTS)
            texts = [part.text if isinstance(part, _Found) else part for part in parts]
            made = Text(pattern.pattern, **dict(zip(pattern.names, texts, strict=True)))
            if made == text:
                yield _Found(made, weight)


def _value(value: str, form: str, depth: int) -> _Found | _Verbatim:
    """What a value is made of; one in a form of its own, such as a number or a quoted name, is not looked into."""
    found = None
    if form in {"", CLAUSE}:
        found = _found(value, depth) or (_found(f"{value}.", depth) if form == CLAUSE else None)
    return found or _Verbatim(value)


def _parted(text: str, depth: int) -> Iterator[_Found]:
    """The text as what others, of which at least one is known, were joined to."""
    if text.endswith(")") and " (" in text:
        one, _, other = text[:-1].rpartition(" (")
        yield from _joined("{one} ({other})", one, other, depth)
    for joint in _JOINTS:
        one, found, other = text.partition(joint)
        if found and one and other:
            yield from _joined(f"{{one}}{joint}{{other}}", one, other, depth)


def _joined(pattern: str, one: str, other: str, depth: int) -> Iterator[_Found]:
    parts = [_found(part, depth) for part in (one, other)]
    if any(parts):
        first, second = (part.text if part else _Verbatim(said) for said, part in zip((one, other), parts, strict=True))
        yield _Found(Text(pattern, one=first, other=second), sum(part.weight for part in parts if part))
