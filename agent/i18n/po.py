"""Reading catalogues of translations as gettext keeps them: `.po` files."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LINE: Final = re.compile(r'(?:(msgctxt|msgid|msgid_plural|msgstr|msgstr\[\d\]) )?"((?:[^"\\]|\\.)*)"')
_PLURAL: Final = re.compile(r"^Plural-Forms:\s*nplurals=(\d+);\s*plural=([^;]+);", re.MULTILINE)
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPED: Final = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class CatalogueError(Exception):
    """The file is no catalogue: which line, and what is wrong there."""


@dataclass(slots=True)
class PoEntry:
    """One message. `context`: its msgctxt; "": it has none. `forms`: the translation, or one for each plural form.

    `line`: where it begins in its file, from 1. `fuzzy`: the English changed and nobody has looked at the translation
    since.
    """

    line: int = 0
    fuzzy: bool = False
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def context(self) -> str:
        """What tells it from other messages of the same English."""
        return self.parts.get("msgctxt", "")

    @property
    def message(self) -> str:
        """The English; the header of the file has the empty one."""
        return self.parts["msgid"]

    @property
    def plural(self) -> str:
        """The English for more than one; "": the message has no plural."""
        return self.parts.get("msgid_plural", "")

    @property
    def forms(self) -> tuple[str, ...]:
        """The translation; where the message has a plural, one for each of the language's plural forms."""
        return tuple(words for keyword, words in self.parts.items() if keyword.startswith("msgstr"))

    def is_whole(self, plural_forms: int) -> bool:
        """Whether there is a translation; of a message with a plural, in each of the language's `plural_forms`."""
        return len(self.forms) == (plural_forms if self.plural else 1) and all(self.forms)

    @property
    def has_same_values(self) -> bool:
        """Whether every form takes the values of the message: only then can it be filled in."""
        known = (_values(self.message), _values(self.plural or self.message))
        return all(_values(form) in known for form in self.forms)


def entries(lines: Iterable[str]) -> Iterator[PoEntry]:
    """The messages of a file, its header first; obsolete ones are left out. Raises CatalogueError."""
    entry, keyword = PoEntry(), ""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("#,"):
            entry.fuzzy = "fuzzy" in text
        elif text and not text.startswith("#"):
            found = _LINE.fullmatch(text)
            if found is None or not (found[1] or keyword):
                raise CatalogueError(f"line {number}: {text!r} belongs to no message")
            keyword = found[1] or keyword
            entry.line = entry.line or number
            entry.parts[keyword] = entry.parts.get(keyword, "") + _ESCAPE.sub(_unescaped, found[2])
        elif not text and entry.parts:
            yield entry
            entry, keyword = PoEntry(), ""
    if entry.parts:
        yield entry


def plural_forms(header: PoEntry) -> tuple[int, str]:
    """How many plural forms the language of a file has, and which is taken for the number n. Raises CatalogueError."""
    found = _PLURAL.search(header.forms[0])
    if header.message or found is None:
        raise CatalogueError("the header names no plural forms")
    return int(found[1]), found[2]


def _values(text: str) -> list[tuple[str, str | None, str | None]] | None:
    """The values that a text takes, each with its form; None: it has braces that are none."""
    try:
        return sorted(
            (name, form, conversion) for _, name, form, conversion in string.Formatter().parse(text) if name is not None
        )
    except ValueError:
        return None


def _unescaped(escape: re.Match[str]) -> str:
    return _ESCAPED.get(escape[1], escape[0])
