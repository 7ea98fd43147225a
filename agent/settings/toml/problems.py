"""What is wrong with a configuration, told the way compilers do, so that editors can jump to it."""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from typing_extensions import override

from agent.core.model.printable import printable
from agent.i18n import Language, translate
from drivers.text import Text, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CUTOFF = 0.55
_SEVERITIES: Final = {"error": Text("error"), "warning": Text("warning")}


@dataclass(frozen=True, slots=True)
class Spot:
    """A position in a file, from 1. `column` counts characters; `excerpt` is the line, its secrets masked."""

    line: int
    column: int
    excerpt: str = ""
    caret: int = 0
    """Offset of the position in the excerpt, which may differ from the column once something is masked."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong (or, as a warning, unwise). `source` is a file, a variable or a credential.

    Its texts never hold a secret. `hint` is the word that was probably meant. `beside`: it is in a file that the key
    names, as a certificate; the configuration itself may be as it was when the gate ran with it.
    """

    source: str
    key: str
    message: Text
    spot: Spot | None = None
    hint: str = ""
    severity: Literal["error", "warning"] = "error"
    meant: str = ""
    """The key that was meant by a misspelt one; what is missing there is no second mistake."""
    beside: bool = False

    @override
    def __str__(self) -> str:
        """In English, as `words` gives it."""
        return self.words(Language.EN)

    def words(self, language: Language) -> str:
        """`file:line:column: error: key: what; did you mean "x"?`, then the line and a caret below its place.

        What could steer a terminal is escaped.
        """
        head = translate(self.head, language)
        if self.spot is None or not self.spot.excerpt:
            return head
        before = printable(self.spot.excerpt[: self.spot.caret], keep="\t")
        rest = printable(self.spot.excerpt[self.spot.caret :], keep="\t")
        return f"{head}\n{self.spot.line:5} | {before}{rest}\n      | {''.join(map(_blank, before))}^"

    @property
    def head(self) -> Text:
        """The first line of `words`, as a text."""
        place = f":{self.spot.line}:{self.spot.column}" if self.spot else ""
        parts = [f"{self.source}{place}", _SEVERITIES[self.severity], self.key, self._said]
        return joined((part for part in parts if part), ": ").with_values(_printable)

    def brief(self, source: str) -> Text:
        """The first line where a reader knows its `source` and severity: `line 45: key: what`."""
        place = Text("line {line}", line=self.spot.line) if self.spot else ""
        parts = ["" if self.source == source else self.source, place, self.key, self._said]
        return joined((part for part in parts if part), ": ").with_values(_printable)

    @property
    def _said(self) -> Text:
        said = Text('{message}; did you mean "{word}"?', message=self.message, word=self.hint)
        return said if self.hint else self.message

    def as_json(self, language: Language = Language.EN) -> dict[str, object]:
        """The problem as a JSON object. `line` and `column` are null where there is no file."""
        return {
            "severity": self.severity,
            "source": self.source,
            "line": self.spot.line if self.spot else None,
            "column": self.spot.column if self.spot else None,
            "key": self.key,
            "message": translate(self.message, language),
            "did_you_mean": self.hint or None,
        }

    @property
    def order(self) -> tuple[str, int, int]:
        """What to sort by: file, then place."""
        return (self.source, self.spot.line if self.spot else 0, self.spot.column if self.spot else 0)


class SettingsError(Exception):
    """The configuration cannot be used. `problems` holds everything found wrong, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.order))
        super().__init__(self.words(Language.EN))

    def words(self, language: Language) -> str:
        """All of them, one below the other."""
        return "\n".join(problem.words(language) for problem in self.problems)


def nearest(word: str, known: Sequence[str]) -> str:
    """Return the known word that was probably meant, or nothing."""
    found = difflib.get_close_matches(word.lower(), [name.lower() for name in known], 1, _CUTOFF)
    return next((name for name in known if found and name.lower() == found[0]), "")


def _printable(value: object) -> object:
    return printable(value) if isinstance(value, str) else value


def _blank(character: str) -> str:
    """White space as wide as the character: the caret must stand below its place also after Chinese text."""
    if character == "\t":
        return "\t"
    if unicodedata.combining(character):
        return ""
    return "  " if unicodedata.east_asian_width(character) in "WF" else " "
