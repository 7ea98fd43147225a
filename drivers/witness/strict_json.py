"""The JSON (RFC 8259) of a camera's events, read strictly: an object, no name twice, no constants beyond the standard.

Unlike what is signed, it may hold fractions: cameras write times so.
"""

from __future__ import annotations

import json
from typing import Final, NoReturn

from drivers.text import Text
from drivers.untrusted_text import DocumentError

MOST_CHARACTERS: Final = 64 * 1024
_MOST_BRACKETS: Final = 400
"""Ten times as many as an event has. Before the reader finds out that it is too deep it has spent much time."""


def read_json_object(text: str) -> dict[str, object]:
    """The object that the text is. Raises DocumentError for anything else."""
    if len(text) > MOST_CHARACTERS:
        raise DocumentError(Text("JSON of more than {most} characters", most=MOST_CHARACTERS))
    if text.count("{") + text.count("[") > _MOST_BRACKETS:
        raise DocumentError(Text("JSON with too many objects and lists"))
    try:
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except DocumentError:
        raise
    except ValueError:
        raise DocumentError(Text("not JSON, or JSON that is cut off")) from None
    if not isinstance(found, dict):
        raise DocumentError(Text("JSON that is not an object"))
    return found


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DocumentError(Text("JSON with the same name twice"))
    return found


def _no_number(_text: str) -> NoReturn:
    raise DocumentError(Text("JSON with an invalid number"))
