"""The translations of one language."""

from __future__ import annotations

from functools import cache
from gettext import c2py
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from agent.i18n.po import entries, plural_forms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agent.i18n.language import Language
    from agent.i18n.po import PoEntry

DOMAIN: Final = "agent.i18n"
"""The package beside whose modules the catalogues lie, as `<language>.po`."""


class Catalogue:
    """What every message is called in one language.

    Translations that are fuzzy, empty, short of a plural form or take other values than their message are none.
    """

    def __init__(self, found: Iterable[PoEntry]) -> None:
        """`found`: the messages of a file, its header first. Raises CatalogueError for one without plural forms."""
        header, *messages = found
        count, which = plural_forms(header)
        self._form: Callable[[int], int] = c2py(which)
        self._forms: Mapping[tuple[str, str], tuple[str, ...]] = {
            (one.context, one.message): one.forms
            for one in messages
            if one.is_whole(count) and one.has_same_values and not one.fuzzy
        }

    def translation(self, context: str, message: str, number: int | None = None) -> str | None:
        """The translation; None: there is none. `number`: of how many things it speaks, for a message with a plural."""
        forms = self._forms.get((context, message))
        if forms is None:
            return None
        return forms[0] if number is None else forms[self._form(number)]


@cache
def catalogue(language: Language) -> Catalogue:
    """The catalogue of a language, read once. Raises CatalogueError, and FileNotFoundError for English: it has none."""
    with (files(DOMAIN) / f"{language}.po").open(encoding="utf-8") as lines:
        return Catalogue(entries(lines))
