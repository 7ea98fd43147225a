"""The pictograms of the driver page: drawings of ours, put into the page itself so that it needs nothing when alone.

A drawing is one `<svg>` with a viewBox, in `currentColor` and `var(--pictogram-ground)`, without a style of its own:
the page's style sheet moves what has a class. Where a message has no drawing, that of its tone stands for it.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from agent.console.driver_page.message_tone import Tone
    from agent.core.model import DriverMessage

OF_MESSAGES: Final = "pictograms"
OF_PAGE: Final = "driver"
HOW_TO_HOLD: Final = "how_to_hold"
_OF_A_FILE: Final = re.compile(r' (?:xmlns|id)="[^"]*"|\s*<title>[^<]*</title>')
"""What a drawing needs as a file alone. In the page it is one of many, and the sentence beside it says what it is."""


@cache
def pictogram(message: DriverMessage, tone: Tone) -> Markup:
    """The drawing of a message, else of its tone. Raises FileNotFoundError where neither is shipped."""
    try:
        return _drawing(OF_MESSAGES, message)
    except FileNotFoundError:
        return _drawing(OF_PAGE, f"tone_{tone}")


@cache
def how_to_hold() -> Markup:
    """The moving picture of how a code is held before the camera. Raises FileNotFoundError."""
    return _drawing(OF_PAGE, HOW_TO_HOLD)


def _drawing(folder: str, name: str) -> Markup:
    # Our own file, whose form a test checks; nothing of it comes from elsewhere.
    text = (files("agent.console") / "static" / folder / f"{name}.svg").read_text(encoding="utf-8").strip()
    return Markup(_OF_A_FILE.sub("", text))  # noqa: S704
