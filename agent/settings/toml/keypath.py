"""A key as people write it, `lanes.exit-1.cameras[0].id`, and the path that it names."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from agent.settings.toml.key_positions import Path

_PART: Final = re.compile(r"(?P<bare>[A-Za-z0-9_-]+)|(?P<quoted>\"(?:[^\"\\]|\\.)*\"|'[^']*')|\[(?P<number>\d{1,4})\]")


def key_path(text: str) -> Path:
    """The path that a dotted key names; quoted parts and numbers of items too. Raises ValueError."""
    path: list[str | int] = []
    at = 0
    while at < len(text):
        dot = path and text[at] == "."
        match = _PART.match(text, at + 1 if dot else at)
        if match is None or (match["number"] is None) != bool(dot or not path):
            break
        path.append(
            int(match["number"]) if match["number"] is not None else match["bare"] or _unquoted(match["quoted"])
        )
        at = match.end()
    if at < len(text) or not path:
        raise ValueError(Text('"{text}" is not a key; expected one like lanes.exit-1.timing.read_s', text=text))
    return tuple(path)


def _unquoted(text: str) -> str:
    try:
        return next(iter(tomllib.loads(f"{text} = 0")))
    except tomllib.TOMLDecodeError:
        raise ValueError(Text("{text} is not a quoted part of a key", text=text)) from None
