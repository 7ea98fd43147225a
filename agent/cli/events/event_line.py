"""One event as one line for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from agent.core.model.printable import printable
from agent.i18n import translate
from agent.i18n.event_text import ERASED, OFFICERS_WORDS, event_meaning, value_text
from agent.i18n.event_tone import TERMINAL_STYLES, event_tone
from agent.store.journal import opened

if TYPE_CHECKING:
    from agent.i18n import Language
    from agent.store.journal import Recorded

_UNTOLD: Final = frozenset({"facts", "message"})
_TOLD: Final = ("detail", *sorted(OFFICERS_WORDS))
"""The fields whose words are told in the reader's language."""


def shown_payload(event: Recorded, language: Language | None = None) -> bytes:
    """The bytes of an event with its personal values in place, and what was erased said to be, to be shown."""
    if not event.disclosures:
        return event.payload
    erased = translate(ERASED, language) if language else str(ERASED)
    return json.dumps(opened(event, erased), ensure_ascii=False).encode()


def event_line(payload: bytes, language: Language | None = None) -> Text:
    """The line: number, time, lane, transaction, type and the event's own fields, coloured by what it means.

    With a language, details are told in it, and what a decision, an alarm or an outcome means for an officer follows.

    Texts from outside never reach the terminal as control characters. Bytes that are no event are said to be none.
    """
    try:
        event = json.loads(payload)
        data = dict(event["data"])
        kind = str(event["type"])
        parts = [
            (f"{event['seq']:>9}  ", "dim"),
            (f"{event['time']}  ", ""),
            (f"{event.get('lane') or '-':<4} ", ""),
            (f"{str(event.get('transaction') or '-')[-8:]:<8}  ", "dim"),
            (f"{kind:<20} ", TERMINAL_STYLES[event_tone(kind, data)]),
            ("DRY RUN  " if event.get("dryrun") is True else "", "bold"),
            (" ".join(f"{name}={_value(value)}" for name, value in _fields(data, language).items()), ""),
            (f"  {meaning}" if (meaning := language and event_meaning(kind, data, language)) else "", "italic"),
        ]
    except (ValueError, KeyError, TypeError) as error:
        return Text(f"        ?  not an event: {printable(str(error))}", style="bold red")
    return Text.assemble(*((printable(text), style) for text, style in parts))


def _fields(data: dict[str, Any], language: Language | None) -> dict[str, Any]:
    """The fields that say something to a person.

    The message of a detail only makes it one that can be told in a language; the facts of a decision are for programs.
    """
    told = {} if language is None else {name: value_text(name, data, language) for name in _TOLD if data.get(name)}
    return {
        name: value for name, value in {**data, **told}.items() if name not in _UNTOLD and value not in (None, "", [])
    }


def _value(value: object) -> str:
    match value:
        case str():
            return value if value and " " not in value else json.dumps(value, ensure_ascii=False)
        case list() if all(isinstance(one, dict) and "reason" in one for one in value):
            return ",".join(f"{one['reason']}{'' if one.get('ok') else '!'}" for one in value)
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
