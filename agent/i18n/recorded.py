"""The texts of recorded events, made again from the messages that they were written with."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, Final

from agent.i18n.catalogue import catalogue
from agent.i18n.language import Language
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

DEEPEST: Final = 8
"""So deep messages are looked for within messages."""


def recorded_text(record: Mapping[str, Any], field: str = "detail") -> str:
    """What a record says in its field, as a text that can be translated where it was written with its message.

    As plain words where there is no message, as of an earlier agent, or one that does not say the same in English.
    """
    words = str(record.get(field, ""))
    try:
        told = _text(record["message"], DEEPEST)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError):
        return words
    return told if told == words else words


def _text(message: Any, depth: int) -> Text:
    """Raises KeyError, ValueError, TypeError, IndexError or AttributeError for what is no message of ours."""
    pattern, args = message["id"], message["args"]
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
