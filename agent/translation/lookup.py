"""Telling a text in another language."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from agent.core.wording.words import Language
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping


def told(text: str, language: Language) -> str:
    """The text in a language. What is no `Text`, such as a name, is the same in all of them."""
    if language is Language.EN or not isinstance(text, Text):
        return text
    values = {name: told(value, language) if isinstance(value, Text) else value for name, value in text.values.items()}
    return Text(patterns(language).get(text.pattern, text.pattern), **values)


@cache
def patterns(language: Language) -> Mapping[str, str]:
    """The translated patterns by the English ones. Raises ValueError for a file that is no TOML of texts."""
    found: dict[str, str] = {}
    for file in (files("agent.translation") / language.value).iterdir():
        if file.name.endswith(".toml"):
            rows = tomllib.loads(file.read_text(encoding="utf-8"))
            if wrong := [key for key, value in rows.items() if not isinstance(value, str) or key in found]:
                raise ValueError(f"{file.name}: these are no texts, or stand here twice: {', '.join(wrong)}")
            found |= rows
    return found
