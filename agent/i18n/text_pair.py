"""What was found and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agent.i18n.language import Language
from agent.i18n.lookup import translate

if TYPE_CHECKING:
    from drivers.text import Text


class Advice(NamedTuple):
    """What an officer or a technician is told. `what`: what the gate found. `act`: what to do about it."""

    what: Text
    act: Text

    def translated(self, language: Language) -> str:
        """Both sentences in a language."""
        return translate(self.what, language) + ("" if language is Language.ZH else " ") + translate(self.act, language)
