"""Texts for people that remember what they are made of, so that whoever shows them can tell them in another language."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Self

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

CLAUSE = "clause"
"""The form, `{name:clause}`, of a text that goes on within another: without its full stop."""


class Text(str):
    """A text in English: it is what it says, wherever a text is wanted.

    `pattern`: the English words with a `{name}` for each of `values`; it is the text's code, by which its translations
    are found. Without values it is the text as it stands, braces too. A value may be a text of this kind again.
    """

    __slots__ = ("pattern", "values")
    pattern: str
    values: Mapping[str, object]

    def __new__(cls, pattern: str, /, **values: object) -> Self:
        """Raises KeyError where the pattern names a value that is not given."""
        made = super().__new__(cls, pattern.format_map(values) if values else pattern)
        made.pattern = pattern
        made.values = values
        return made

    @classmethod
    def of(cls, words: str) -> Text:
        """The words as a text of this kind: others' are the same in every language."""
        return words if isinstance(words, Text) else cls("{words}", words=words)

    @override
    def __str__(self) -> str:
        """The text itself, so that it survives on its way through an error."""
        return self

    @override
    def __format__(self, form: str) -> str:
        """As any text; in the form `clause` without its full stop."""
        return self.rstrip(".。") if form == CLAUSE else format(str.__str__(self), form)

    def with_values(self, change: Callable[[object], object]) -> Text:
        """The text with every value changed, those of the texts in it too."""
        values = {
            name: value.with_values(change) if isinstance(value, Text) else change(value)
            for name, value in self.values.items()
        }
        return Text(self.pattern, **values)


def either(words: Iterable[object]) -> Text:
    """One or more words, joined by "or"."""
    texts = [one if isinstance(one, Text) else Text.of(str(one)) for one in words]
    return reduce(lambda one, other: Text("{one} or {other}", one=one, other=other), texts)


def reason(error: OSError) -> Text:
    """Why a call of the system failed, in the system's own words."""
    words = error.strerror
    if not words:
        return Text.of(str(error))
    return words if isinstance(words, Text) else Text(words)
