"""The page itself: every message in every language, so that it needs nothing when the gate is gone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from agent.console.driver_page.message_tone import TONES, Tone
from agent.console.driver_page.pictograms import how_to_hold, pictogram
from agent.core.model import DriverMessage
from agent.i18n import Language
from agent.i18n.driver_texts import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

GONE: Final = DriverMessage.WAIT
"""What a page shows by itself when it hears nothing."""

_LOADED: Final = ("driver.css", "driver.js")


@dataclass(frozen=True, slots=True)
class Card:
    """One message as it stands in the page: its pictogram, and its sentence in each language."""

    message: DriverMessage
    tone: Tone
    picture: Markup
    lines: Mapping[Language, str]


def document(lane: str, languages: tuple[Language, ...], theme: str = "auto", turn: str = "0") -> str:
    """The page of a lane as HTML. `theme`: auto (as the device asks), bright or dark. `turn`: degrees, clockwise."""
    cards = _cards()
    gone = next(card for card in cards if card.message is GONE)
    return _environment().get_template("page.html").render(
        lane=lane,
        languages=languages,
        theme=theme,
        turn=turn,
        news=f"/driver/{lane}/news",
        page=version(languages),
        cards=cards,
        gone=gone,
        first=[(language, gone.lines[language]) for language in languages],
        how=how_to_hold(),
    )  # fmt: skip


@cache
def version(languages: tuple[Language, ...]) -> str:
    """Which page it is: of another version where a text, a drawing, the style or the script is another."""
    made = hashlib.sha256()
    for name in _LOADED:
        made.update((files("agent.console") / "static" / "driver" / name).read_bytes())
    made.update((files("agent.console.driver_page") / "page.html").read_bytes())
    for card in _cards():
        made.update(f"{card.message}{card.tone}{card.picture}{card.lines}".encode())
    made.update(f"{languages}{how_to_hold()}".encode())
    return made.hexdigest()[:16]


@cache
def _cards() -> tuple[Card, ...]:
    return tuple(
        Card(
            message,
            TONES[message],
            pictogram(message, TONES[message]),
            {language: sentence(message, language) for language in Language},
        )
        for message in DriverMessage
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("agent.console.driver_page", package_path="."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
