"""The texts of recorded events, made again from the messages that they were written with."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, Final

from agent.core.detail import Message
from agent.i18n.catalogue import catalogue
from agent.i18n.language import Language
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

DEEPEST: Final = 8
"""So deep messages are looked for within messages."""
MOST_LEFT_OUT: Final = 100
"""By so many characters a value may be longer than the words that it is a part of: a full stop is left out, say."""


def recorded_detail(record: Mapping[str, Any]) -> str:
    """The `detail` of a record as `recorded_text` gives it."""
    return recorded_text(str(record.get("detail", "")), record.get("message"))


def recorded_text(words: str, message: object) -> str:
    """Words as a text that can be translated, where they came with the message that they were made of.

    As plain words where there is no message, as of an earlier agent, or one that does not say the same in English.
    `message`: as JSON has it, or a `Message`. Who wrote it may be hostile: however few its bytes are, no text that is
    much longer than the words is made of it.
    """
    fields = {"id": message.id, "args": message.args} if isinstance(message, Message) else message
    try:
        told = _text(fields, DEEPEST, len(words) + MOST_LEFT_OUT)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError):
        return words
    return told if told == words else words


def _text(message: Any, depth: int, most: int) -> Text:
    """The text that a message makes. `most`: characters of a value.

    Raises KeyError, ValueError, TypeError, IndexError, AttributeError or OverflowError for what is no message of ours.
    """
    pattern, args = message["id"], message["args"]
    if not args and "{" not in pattern:
        return Text(pattern)
    if not depth or not _is_ours(pattern):
        raise ValueError(f"{pattern!r} is no message of the catalogues")
    values = {name: _text(value, depth - 1, most) if isinstance(value, dict) else value for name, value in args.items()}
    if any(isinstance(value, str) and len(value) > most for value in values.values()):
        raise ValueError("a value is longer than what it is a part of")
    return Text(pattern, **values)


def _is_ours(pattern: str) -> bool:
    """Whether a pattern is in the catalogues, or joins its values by signs alone: only such a one is filled in.

    One that is not in the catalogues names each value once: within one another, others grow beyond all bounds.
    """
    if catalogue(Language.RU).translation("", pattern) is not None:
        return True
    parts = list(string.Formatter().parse(pattern))
    names = [name for _, name, _, _ in parts if name is not None]
    plain = all(name.isidentifier() for name in names) and not any(form for _, _, form, _ in parts)
    once = len(set(names)) == len(names)
    return plain and once and not any(sign.isalpha() for words, *_ in parts for sign in words)
