"""Texts for people that remember what they are made of, so that they can be translated where they are shown."""

from __future__ import annotations

from enum import StrEnum
from functools import reduce
from typing import TYPE_CHECKING, Self

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

CLAUSE = "clause"
"""The form, `{name:clause}`, of a text that goes on within another: without its full stop."""


class Text(str):
    """A message in English: it is what it says, wherever a text is wanted.

    `pattern`: the English with a `{name}` for each of `values`; the message id, by which its translations are found.
    Without values it is the text as it stands, braces too. A value may be such a text again.
    `context`: what tells it from other messages of the same English (gettext's msgctxt); "": nothing has to.
    `plural`, `number`: the English for more than one, and the number of things it is about; None: it has one form.
    """

    __slots__ = ("context", "number", "pattern", "plural", "values")
    pattern: str
    values: Mapping[str, object]
    context: str
    plural: str
    number: int | None

    def __new__(cls, pattern: str, /, **values: object) -> Self:
        """Raises KeyError where the pattern names a value that is not given."""
        return cls.of_parts(pattern, values)

    @classmethod
    def of_parts(
        cls, pattern: str, values: Mapping[str, object], context: str = "", plural: str = "", number: int | None = None
    ) -> Self:
        """A text of all that it knows. Raises KeyError where the pattern names a value that is not given."""
        values = {name: _said(value) for name, value in values.items()}
        english = pattern if number in {None, 1} else plural
        made = super().__new__(cls, english.format_map(values) if values else english)
        made.pattern = pattern
        made.values = values
        made.context = context
        made.plural = plural
        made.number = number
        return made

    @classmethod
    def of_code(cls, code: StrEnum) -> Self:
        """The word that a code is, such as a state's: those of `tools.texts.VOCABULARIES` have translations."""
        return cls(code.value)

    @classmethod
    def of(cls, words: str) -> Text:
        """The words as a text of this kind: others' are the same in every language."""
        return words if isinstance(words, Text) else cls("{words}", words=words)

    @property
    def english(self) -> str:
        """The pattern for the number of things that it is about."""
        return self.pattern if self.number in {None, 1} else self.plural

    @override
    def __str__(self) -> str:
        """The text itself, so that it survives on its way through an error."""
        return self

    @override
    def __format__(self, form: str) -> str:
        """As any text; in the form `clause` without its full stop."""
        return self.rstrip(".。") if form == CLAUSE else format(str.__str__(self), form)

    def filled(self, **values: object) -> Text:
        """The text with its values, for one that was written without them, as in a table."""
        return Text.of_parts(self.pattern, values, self.context, self.plural, self.number)

    def with_values(self, change: Callable[[object], object]) -> Text:
        """The text with every value changed, those of the texts in it too."""
        values = {
            name: value.with_values(change) if isinstance(value, Text) else change(value)
            for name, value in self.values.items()
        }
        return Text.of_parts(self.pattern, values, self.context, self.plural, self.number)


def _said(value: object) -> object:
    """A value as it is said: an error by its words, a code as a text."""
    if isinstance(value, Exception):
        return str(value)
    return Text.of_code(value) if isinstance(value, StrEnum) else value


def pgettext(context: str, pattern: str, /, **values: object) -> Text:
    """A text whose English alone does not say which of its meanings it has: `context` does, to translators."""
    return Text.of_parts(pattern, values, context)


def ngettext(one: str, many: str, number: int, /, **values: object) -> Text:
    """A text of `number` things, whose words depend on how many they are."""
    return Text.of_parts(one, values, plural=many, number=number)


def either(words: Iterable[object]) -> Text:
    """One or more words, joined by "or"."""
    texts = [one if isinstance(one, Text) else Text.of(str(one)) for one in words]
    return reduce(lambda one, other: Text("{one} or {other}", one=one, other=other), texts)


def joined(parts: Iterable[str], joint: str = ", ") -> Text:
    """The parts one after the other, as a text that knows them; empty without any."""
    values = {f"part{number}": part for number, part in enumerate(parts, 1)}
    return Text(joint.join(f"{{{name}}}" for name in values), **values)


def prefixed(name: object, said: Text) -> Text:
    """What is said of something, after its name."""
    return Text("{name}: {said}", name=name, said=said)


def shortened(words: str, most: int) -> str:
    """The words, cut off where they are too long; then they are plain words."""
    return words if len(words) <= most else words[:most]


def first_line(words: str) -> str:
    """The first line of words; a text of one line stays one."""
    return words if "\n" not in words else words.partition("\n")[0]


def reason(error: OSError) -> Text:
    """Why a call of the system failed, in the system's own words."""
    words = error.strerror
    if not words:
        return Text.of(str(error))
    return words if isinstance(words, Text) else Text(words)


SYSTEM_ERRORS = (
    Text("Disk quota exceeded"),
    Text("File name too long"),
    Text("Input/output error"),
    Text("Is a directory"),
    Text("No space left on device"),
    Text("No such device or address"),
    Text("No such file or directory"),
    Text("Not a directory"),
    Text("Operation not permitted"),
    Text("Permission denied"),
    Text("Read-only file system"),
    Text("Stale file handle"),
    Text("Too many levels of symbolic links"),
    Text("Too many open files"),
)
"""What may go wrong with a file, as the system says it where no locale is set: those that have translations."""
