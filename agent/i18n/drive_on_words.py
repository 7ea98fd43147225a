"""Whether a text says what the gate itself says where a driver may drive. Nobody but the gate may say that.

No list of words understands a sentence. This one stops the gate's own words, in every language, and the signs that
need none.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final

from agent.core.model import DriverMessage
from agent.i18n.driver_wording import WORDS
from agent.i18n.language import Language
from agent.i18n.lookup import translate

if TYPE_CHECKING:
    from collections.abc import Iterable

GO: Final = (
    DriverMessage.BARRIER_OPENS,
    DriverMessage.DRIVE_ON,
    DriverMessage.KEEP_DRIVING,
    DriverMessage.BARRIER_STAYS_OPEN,
)
"""The messages by which a driver knows that he may drive, or soon will."""
CHINESE_PLEASE: Final = "请"
CHINESE_PART: Final = 3
_POLITE: Final = frozenset({"please", "пожалуйста", "өтінеміз"})
_ARROWS: Final = range(0x2190, 0x2200)
_PICTURES: Final = frozenset({"So", "Sk"})
"""Arrows, ticks, lights and hands: signs that are read in every language."""


def sounds_like_go(text: str) -> bool:
    """Whether a text holds words of the messages of GO, or a sign that could mean the same."""
    if any(ord(sign) in _ARROWS or unicodedata.category(sign) in _PICTURES for sign in text):
        return True
    said = _plain(text)
    whole, parts = _go_words()
    return said in whole or any(_holds(said, part) for part in parts)


def _holds(said: str, part: str) -> bool:
    """Whether a text contains words: between other words, or, in a script without blanks, anywhere."""
    if _is_chinese(part):
        return part in said.replace(" ", "")
    return f" {part} " in f" {said} "


@cache
def _go_words() -> tuple[frozenset[str], tuple[str, ...]]:
    """What is refused where it is the whole text, and what is refused anywhere in it.

    One word alone, such as OPEN, stands in many a harmless sentence, and so do two Chinese signs.
    """
    said = {_plain(text) for text in _said()} - {""}
    whole = said | {text.removeprefix(CHINESE_PLEASE) for text in said}
    parts = {text for text in said if (len(text) >= CHINESE_PART if _is_chinese(text) else " " in text)}
    return frozenset(whole), tuple(sorted(parts))


def _said() -> Iterable[str]:
    """Each form whole, and what it begins with: `The barrier opens`, of a message that goes on with `wait`."""
    for message in GO:
        words = WORDS[message]
        for form in (words.sentence, words.spoken, words.short, words.line, words.two_lines):
            for language in Language:
                text = translate(form, language)
                yield text
                yield re.split(r"[.\u3002\uff01!]", text, maxsplit=1)[0]


def _plain(text: str) -> str:
    """In small letters, in the plain form of each, with single blanks for all that is no letter or digit.

    Letters of one script that are drawn as those of another stay what they are.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(sign if sign.isalnum() else " " for sign in folded).split()
    return " ".join(word for word in words if word not in _POLITE)


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in text)
