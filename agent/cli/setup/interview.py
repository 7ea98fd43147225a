"""Asks a technician one question after the other, in a language of choice; `<` goes one step back."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any, Final

import typer

from agent.cli.terminal import echo
from agent.i18n import Language, translate
from agent.settings import choices, dotted
from agent.setup import AnswerError, judged_answer
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.settings import Path
    from agent.setup import AnswerSheet

BACK: Final = "<"
_YES: Final = frozenset({"y", "yes"})
_NO: Final = frozenset({"n", "no"})
_NARROWEST: Final = 40


class StepBackError(Exception):
    """Somebody wants to go one step back."""


class Interview:
    """The questions of one set-up. `sheet`: where the answers go."""

    def __init__(self, sheet: AnswerSheet, language: Language) -> None:
        self.sheet = sheet
        self.language = language

    def words(self, text: str) -> str:
        """A text in the language of the interview."""
        return translate(text, self.language)

    def say(self, text: str = "", indent: int = 0) -> None:
        """Say a text, broken between words where there is a terminal."""
        said = " " * indent + self.words(text)
        if sys.stdout.isatty() and self.language is not Language.ZH:  # Chinese breaks between any two characters
            width = max(_NARROWEST, shutil.get_terminal_size().columns)
            said = textwrap.fill(
                said, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
            )
        echo(said)

    def ask(self, question: str, default: str | None = None) -> str:
        """Ask for a text; Enter takes the default, where there is one. Raises StepBackError."""
        text = str(typer.prompt(self.words(question), default=default)).strip()
        if text == BACK:
            raise StepBackError
        return text

    def confirm(self, question: str, *, default: bool) -> bool:
        """Ask for yes or no. Raises StepBackError."""
        shown = f"{self.words(question)} [{'Y/n' if default else 'y/N'}]"
        while True:
            text = str(typer.prompt(shown, default="", show_default=False)).strip().lower()
            if text == BACK:
                raise StepBackError
            if not text or text in _YES | _NO:
                return default if not text else text in _YES
            self.say(Text("Enter y for yes, or n for no."), 2)

    def pick(self, question: str, among: Sequence[str], default: str | None = None) -> str:
        """Ask for one of several, by its number or by its words. Raises StepBackError."""
        self.say(question)
        for number, one in enumerate(among, 1):
            self.say(Text("{number}  {choice}", number=number, choice=one), 2)
        start = None if default is None or default not in among else str(among.index(default) + 1)
        while True:
            text = self.ask(Text("Which one"), start)
            named = [one for one in among if text in {str(one), self.words(one)}]
            if named:
                return named[0]
            if text.isdecimal() and 1 <= int(text) <= len(among):
                return among[int(text) - 1]
            self.say(Text("Choose 1 to {most}.", most=len(among)), 2)

    def value(
        self,
        path: Path,
        question: str,
        default: Any = None,
        *,
        optional: bool = False,
        refused: Callable[[Any], None] = lambda _: None,
    ) -> Any:
        """Ask for one value until it fits its key, and put it down. Empty where it is `optional`: it is left out, None.

        `refused`: raises AnswerError for a value that fits its key and is wrong here. Raises StepBackError.
        """
        proposed = self.sheet.before(path)
        proposed = default if proposed is None else proposed
        shown = (
            "" if proposed is None else ", ".join(map(str, proposed)) if isinstance(proposed, list) else str(proposed)
        )
        while True:
            text = self.ask(question, shown if proposed is not None or optional else None)
            if optional and text in {"", "-"}:
                self.sheet.set_value(path, None)
                return None
            try:
                judged = judged_answer(self.sheet.schema, path, text)
                refused(judged)
            except AnswerError as error:
                self.say(Text("Invalid: {why}", why=error.text), 2)
                continue
            self.sheet.set_value(path, judged)
            return judged

    def choice(self, path: Path, question: str, default: str) -> str:
        """Ask for one of the texts that the key at the path takes, and put it down. Raises StepBackError."""
        field = self.sheet.schema.field(path)
        if field is None:
            raise KeyError(dotted(path))
        found = self.pick(question, choices(field), str(self.sheet.before(path) or default))
        self.sheet.set_value(path, found)
        return found
