"""A strict reader of JSON (RFC 8259).

It accepts UTF-8 and integers only. It refuses duplicate names in an object, and constants outside the standard.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn

from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.crypto.cbor import Value


class JsonError(ValueError):
    """The bytes are not the JSON that is accepted here. The message never repeats them."""


def decode(data: bytes) -> Value:
    """Return the one value of a JSON text. Its length is for the caller to bound.

    Raises:
        JsonError: no JSON in UTF-8, a number that is no integer, a name that is there twice, or too deeply nested.
    """
    try:
        value: Value = json.loads(
            data.decode(), object_pairs_hook=_object, parse_float=_no_integer, parse_constant=_no_integer
        )
    except RecursionError:
        raise JsonError(Text("too deeply nested")) from None
    except JsonError:
        raise
    except ValueError:
        raise JsonError(Text("not JSON in UTF-8")) from None
    return value


def _object(pairs: list[tuple[str, Value]]) -> dict[int | str, Value]:
    found: dict[int | str, Value] = dict(pairs)
    if len(found) != len(pairs):
        raise JsonError(Text("a name that occurs twice"))
    return found


def _no_integer(_text: str) -> NoReturn:
    raise JsonError(Text("a number that is not an integer"))
