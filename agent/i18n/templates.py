"""What a Jinja template calls for its texts: gettext's names, with the values of a text as {name}, as everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.i18n.lookup import translate
from drivers.text import Text
from drivers.text import ngettext as numbered
from drivers.text import pgettext as in_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.i18n.language import Language


def functions(language: Language) -> Mapping[str, Callable[..., str]]:
    """For one language: `_(message, **values)`, `pgettext(context, message, ...)`, `ngettext(one, many, number, ...)`.

    `_` also takes a text that the page's code made.
    """

    def gettext(message: str, /, **values: object) -> str:
        return translate(message if isinstance(message, Text) else Text(message, **values), language)

    def pgettext(context: str, message: str, /, **values: object) -> str:
        return translate(in_context(context, message, **values), language)

    def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
        return translate(numbered(one, many, number, **values), language)

    return {"_": gettext, "pgettext": pgettext, "ngettext": ngettext}
