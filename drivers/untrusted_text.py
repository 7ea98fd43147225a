"""What a device on the network wrote, before anybody looks at it: printable, and no longer than it may be."""

from __future__ import annotations

from typing import Final

MOST_WORD: Final = 64


class DocumentError(ValueError):
    """What a device sent is not the document that it should be. The message says what is wrong, and repeats none."""


def word(text: str) -> str:
    """The text without what does not print, cut off after MOST_WORD characters."""
    return "".join(one for one in text if one.isprintable()).strip()[:MOST_WORD]
