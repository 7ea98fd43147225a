"""What the gate itself put where officers write too: found again by its words, for events hold nothing else of it.

That is what it did by itself, and the reasons that it offers to officers.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Final

from agent.core.events import LET_PASS, REFUSE, OwnCause
from agent.core.lane import HOLD_CONTACT, KEY_SWITCH
from drivers.text import joined

if TYPE_CHECKING:
    from drivers.text import Text


def own_text(words: str) -> str:
    """The text that the words were made of, with those in it; what an officer wrote stays as it is."""
    for pattern, text in _OWN:
        if found := pattern.fullmatch(words):
            return text.filled(**{name: own_text(value) for name, value in found.groupdict().items()})
    preset, colon, rest = words.partition(": ")
    if colon and preset in _PRESET:
        return joined([_PRESET[preset], rest], ": ")
    return _PRESET.get(words, words)


def _pattern(text: Text) -> re.Pattern[str]:
    """What the English looks like once it is filled in."""
    parts = string.Formatter().parse(text.pattern)
    return re.compile(
        "".join(f"{re.escape(words)}{'' if name is None else f'(?P<{name}>.*?)'}" for words, name, *_ in parts),
        re.DOTALL,
    )


_OWN: Final = tuple((_pattern(text), text) for text in (*(one.value for one in OwnCause), HOLD_CONTACT, KEY_SWITCH))
_PRESET: Final = {str(text): text for text in (*LET_PASS.values(), *REFUSE.values())}
