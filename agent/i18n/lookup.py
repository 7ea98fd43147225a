"""The one lookup of translations."""

from __future__ import annotations

from agent.i18n.catalogue import catalogue
from agent.i18n.language import Language
from drivers.text import Text


def translate(text: str, language: Language) -> str:
    """The text in a language, with its values, which are translated too; in English where it has no translation.

    What is no `Text`, such as a name, is the same in all of them.
    """
    if language is Language.EN or not isinstance(text, Text):
        return text
    words = catalogue(language).translation(text.context, text.pattern, text.number)
    values = {
        name: translate(value, language) if isinstance(value, Text) else value for name, value in text.values.items()
    }
    return Text(text.english if words is None else words, **values)
