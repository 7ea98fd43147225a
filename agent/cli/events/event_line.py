"""One event as one line for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from agent.core.events import (
    AccessDecided,
    AccessGranted,
    Alarm,
    AlarmRaised,
    EventsDropped,
    Outcome,
    TransactionClosed,
)
from agent.core.model import Reason, Verdict
from agent.core.model.printable import printable
from agent.i18n import translate
from agent.i18n.events import alarm_text, outcome_text
from agent.i18n.reasons import officer_text
from agent.i18n.recorded import recorded_detail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum

    from agent.i18n import Language

STYLES: Final = {
    AlarmRaised.TYPE: "bold red",
    EventsDropped.TYPE: "bold red",
    AccessGranted.TYPE: "green",
    "gate.started": "cyan",
    "gate.stopping": "cyan",
    "configuration.refused": "bold red",
}
VERDICT_STYLES: Final = {Verdict.PASS: "green", Verdict.DENY: "red", Verdict.MANUAL: "yellow", Verdict.RETRY: "yellow"}
PLAIN: Final = "bold"
SAID: Final[Mapping[str, tuple[str, type[StrEnum], Callable[[Any, Language], str]]]] = {
    AccessDecided.TYPE: ("reason", Reason, officer_text),
    AlarmRaised.TYPE: ("alarm", Alarm, alarm_text),
    TransactionClosed.TYPE: ("outcome", Outcome, outcome_text),
}
"""Of which event types which field is said in words, and where the words are."""


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
            (f"{kind:<20} ", _style(kind, data)),
            (" ".join(f"{name}={_value(value)}" for name, value in _fields(data, language).items()), ""),
            (_in_words(kind, data, language), "italic"),
        ]
    except (ValueError, KeyError, TypeError) as error:
        return Text(f"        ?  not an event: {printable(str(error))}", style="bold red")
    return Text.assemble(*((printable(text), style) for text, style in parts))


def _fields(data: dict[str, Any], language: Language | None) -> dict[str, Any]:
    """The fields that say something; the message of a detail only makes it one that can be told in a language."""
    told = {"detail": translate(recorded_detail(data), language)} if language is not None and data.get("detail") else {}
    return {
        name: value for name, value in {**data, **told}.items() if name != "message" and value not in (None, "", [])
    }


def _in_words(kind: str, data: dict[str, Any], language: Language | None) -> str:
    """What the event means, in words; empty where it has none, also for a code of a newer agent."""
    if language is None or kind not in SAID:
        return ""
    name, codes, look_up = SAID[kind]
    code = data.get(name)
    return f"  {look_up(codes(code), language)}" if isinstance(code, str) and code in set(codes) else ""


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
