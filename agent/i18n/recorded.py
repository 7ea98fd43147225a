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


def recorded_detail(record: Mapping[str, Any]) -> str:
    """The `detail` of a record as `recorded_text` gives it."""
    return recorded_text(str(record.get("detail", "")), record.get("message"))


def recorded_text(words: str, message: object) -> str:
    """Words as a text that can be translated, where they came with the message that they were made of.

    As plain words where there is no message, as of an earlier agent, or one that does not say the same in English.
    `message`: as JSON has it, or a `Message`.
    """
    fields = {"id": message.id, "args": message.args} if isinstance(message, Message) else message
    try:
        told = _text(fields, DEEPEST)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError):
        return words
    return told if told == words else words


def _text(message: Any, depth: int) -> Text:
    """Raises KeyError, ValueError, TypeError, IndexError or AttributeError for what is no message of ours."""
    pattern, args = message["id"], message["args"]
    if not args and "{" not in pattern:
        return Text(pattern)
    if not depth or not _is_ours(pattern):
        raise ValueError(f"{pattern!r} is no message of the catalogues")
    return Text(
        pattern, **{name: _text(value, depth - 1) if isinstance(value, dict) else value for name, value in args.items()}
    )


def _is_ours(pattern: str) -> bool:
    """Whether a pattern is in the catalogues, or joins its values by signs alone: only such a one is filled in."""
    if catalogue(Language.RU).translation("", pattern) is not None:
        return True
    parts = list(string.Formatter().parse(pattern))
    plain = all(name is None or (name.isidentifier() and not form) for _, name, form, _ in parts)
    return plain and not any(sign.isalpha() for words, *_ in parts for sign in words)
