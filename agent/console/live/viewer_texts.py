"""Texts and figures in the language of one viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.console.page import language, when
from agent.core.lane import message_for
from agent.i18n import Language, translate
from agent.i18n.cameras import camera_view_text, flaw_text
from agent.i18n.driver_texts import sentence

if TYPE_CHECKING:
    from datetime import datetime

    from fastapi import Request
    from markupsafe import Markup

    from agent.core.model import Flaw, View

_COMMA: Final = frozenset({Language.RU, Language.KK})


class Words:
    """The texts for one viewer."""

    def __init__(self, request: Request) -> None:
        self.language = language(request)
        self._request = request

    def __call__(self, text: str) -> str:
        """A text in the viewer's language."""
        return translate(text, self.language)

    def number(self, value: float, digits: int = 0) -> str:
        """A figure as it is written in this language."""
        written = f"{value:.{digits}f}"
        return written.replace(".", ",") if self.language in _COMMA else written

    def when(self, moment: datetime) -> Markup:
        """A moment as all pages show it."""
        return when(self._request, moment)

    def sign(self, word: str, texts: tuple[tuple[str, str], ...] = ()) -> str:
        """What the driver is told; empty before the lane has said anything.

        `texts`: what central says instead, each after its language's code. Where none is in the viewer's language, it
        is quoted in the first.
        """
        if texts:
            return dict(texts).get(self.language.value, texts[0][1])
        return sentence(message_for(word), self.language) if word else ""

    def view(self, word: View) -> str:
        """How a camera sees, and what to do about it."""
        return camera_view_text(word, self.language)

    def flaw(self, word: Flaw) -> str:
        """What stands against reading, and what to do about it."""
        return flaw_text(word, self.language)
