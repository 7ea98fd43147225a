"""The translations of one language."""

from __future__ import annotations

import tomllib
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

    def __init__(self, found: Iterable[PoEntry], former: Mapping[str, str] | None = None) -> None:
        """`found`: the messages of a file, its header first. Raises CatalogueError for one without plural forms.

        `former`: messages as they were worded before, and what they are called now: they have the same translations.
        """
        header, *messages = found
        count, which = plural_forms(header)
        self._form: Callable[[int], int] = c2py(which)
        self._forms: dict[tuple[str, str], tuple[str, ...]] = {
            (one.context, one.message): one.forms
            for one in messages
            if one.is_whole(count) and one.has_same_values and not one.fuzzy
        }
        renamed = {("", before): self._forms.get(("", now)) for before, now in (former or {}).items()}
        self._forms = {key: forms for key, forms in renamed.items() if forms is not None} | self._forms

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
        return Catalogue(entries(lines), former())


@cache
def former() -> Mapping[str, str]:
    """Messages of recorded events in their former English, and the message of today that has their translation."""
    text = (files(DOMAIN) / "former.toml").read_text(encoding="utf-8")
    return {before: str(now) for before, now in tomllib.loads(text).items()}
