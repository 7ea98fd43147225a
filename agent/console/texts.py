"""The console's texts in every language."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

LANGUAGES: Final = {"en": "English", "zh": "中文", "ru": "Русский", "kk": "Қазақша"}
"""The languages, each with its own name."""

DEFAULT_LANGUAGE: Final = "en"


class TextMissingError(Exception):
    """A page asks for a text that does not exist."""


class Texts:
    """All texts, read once. A key is "page.key": `key` in `locales/<language>/<page>.toml`."""

    def __init__(self, tables: Mapping[str, Mapping[str, str]]) -> None:
        """`tables`: by language, the texts by their whole key."""
        self._tables = tables

    @classmethod
    def load(cls) -> Texts:
        """Read the shipped files. Raises ValueError for one that is no TOML of texts."""
        root = files("agent.console") / "locales"
        return cls({language: _table(root / language) for language in LANGUAGES})

    def keys(self, language: str) -> frozenset[str]:
        """Every whole key of a language."""
        return frozenset(self._tables[language])

    def get(self, language: str, key: str, **values: object) -> str:
        """The text, with `{name}` replaced by the values.

        Raises TextMissingError where there is no such text, KeyError where it needs a value that is not given.
        """
        return self.raw(language, key).format_map(values)

    def raw(self, language: str, key: str) -> str:
        """The text with its `{name}`s. Raises TextMissingError."""
        try:
            return self._tables[language][key]
        except KeyError:
            raise TextMissingError(f"no text {key} in the language {language}") from None


def language_of(cookie: str | None, accepted: str | None) -> str:
    """The language to show: the chosen one, else the first that the browser asks for and that there is."""
    if cookie in LANGUAGES:
        return cookie
    return next((each for each in _asked_for(accepted or "") if each in LANGUAGES), DEFAULT_LANGUAGE)


def _asked_for(accepted: str) -> list[str]:
    """The languages of an Accept-Language header, the dearest first (RFC 9110, 12.5.4)."""
    weighed = []
    for place, part in enumerate(accepted.split(",")[:20]):
        tag, _, parameters = part.strip().partition(";")
        weighed.append((-_weight(parameters), place, tag.partition("-")[0].lower()))
    return [language for weight, _, language in sorted(weighed) if weight < 0]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _table(folder: Traversable) -> dict[str, str]:
    texts: dict[str, str] = {}
    for file in folder.iterdir():
        page, _, kind = file.name.rpartition(".")
        if kind == "toml":
            rows = tomllib.loads(file.read_text(encoding="utf-8"))
            if wrong := [key for key, value in rows.items() if not isinstance(value, str)]:
                raise ValueError(f"{file.name}: {', '.join(wrong)} must be texts")
            texts |= {f"{page}.{key}": value for key, value in rows.items()}
    return texts
