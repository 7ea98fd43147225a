"""One event as one line for people."""

from __future__ import annotations

import json
from typing import Any, Final

from rich.text import Text

from agent.core.decision import Verdict
from agent.core.events import AccessDecided, AccessGranted, AlarmRaised, EventsDropped, Outcome, TransactionClosed

STYLES: Final = {
    AlarmRaised.TYPE: "bold red",
    EventsDropped.TYPE: "bold red",
    AccessGranted.TYPE: "green",
    "gate.started": "cyan",
    "gate.stopping": "cyan",
}
VERDICT_STYLES: Final = {Verdict.PASS: "green", Verdict.DENY: "red", Verdict.MANUAL: "yellow", Verdict.RETRY: "yellow"}
PLAIN: Final = "bold"


def event_line(payload: bytes) -> Text:
    """The line: number, time, lane, transaction, type and the event's own fields, coloured by what it means.

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
            (f"{kind:<20} ", _style(kind, data)),
            (" ".join(f"{name}={_value(value)}" for name, value in data.items() if value not in (None, "", [])), ""),
        ]
    except (ValueError, KeyError, TypeError) as error:
        return Text(f"        ?  not an event: {_printable(str(error))}", style="bold red")
    return Text.assemble(*((_printable(text), style) for text, style in parts))


def _style(kind: str, data: dict[str, Any]) -> str:
    if kind == AccessDecided.TYPE:
        return VERDICT_STYLES.get(data.get("verdict", ""), PLAIN)
    if kind == TransactionClosed.TYPE:
        return "bold green" if data.get("outcome") in {Outcome.PASSED, Outcome.OVERRIDDEN} else "bold yellow"
    return STYLES.get(kind, PLAIN)


def _value(value: object) -> str:
    match value:
        case str():
            return value if value and " " not in value else json.dumps(value, ensure_ascii=False)
        case list() if all(isinstance(one, dict) and "reason" in one for one in value):
            return ",".join(f"{one['reason']}{'' if one.get('ok') else '!'}" for one in value)
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)
