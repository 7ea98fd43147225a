"""The languages of the product."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """A language by its ISO 639-1 code: English, simplified Chinese, Russian, Kazakh in Cyrillic letters."""

    EN = "en"
    ZH = "zh"
    RU = "ru"
    KK = "kk"

    @property
    def own_name(self) -> str:
        """The language's name in the language itself."""
        return _OWN_NAMES[self]


_OWN_NAMES = {Language.EN: "English", Language.ZH: "中文", Language.RU: "Русский", Language.KK: "Қазақша"}
