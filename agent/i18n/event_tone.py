"""How good or bad an event is, for the colours of pages and terminals: good, busy, poor, bad, off or nothing."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Final

from agent.core.model import Outcome, Verdict, View

if TYPE_CHECKING:
    from collections.abc import Mapping

OUTCOME_TONES: Final[Mapping[Outcome, str]] = {
    Outcome.PASSED: "good",
    Outcome.OVERRIDDEN: "good",
    Outcome.PASSED_WITH_VIOLATION: "bad",
    Outcome.FAULT: "bad",
    Outcome.DENIED: "poor",
    Outcome.NOT_TAKEN: "off",
    Outcome.BACKED_OUT: "off",
    Outcome.ABANDONED: "off",
}
VERDICT_TONES: Final[Mapping[Verdict, str]] = {
    Verdict.PASS: "good",
    Verdict.DENY: "poor",
    Verdict.MANUAL: "poor",
    Verdict.RETRY: "busy",
}
DEVICE_TONES: Final[Mapping[str, str]] = {
    "up": "good",
    "streaming": "good",
    "connecting": "busy",
    "lost": "bad",
    "stale": "bad",
}
"""Of each state of a device; all others are those of a camera that sees badly or cannot keep up."""
_TONES: Final[Mapping[str, str]] = {
    "access.granted": "good",
    "acknowledgement.refused": "bad",
    "alarm.raised": "bad",
    "anchors.changed": "poor",
    "command.refused": "bad",
    "configuration.refused": "bad",
    "events.dropped": "bad",
    "evidence.dropped": "poor",
    "ledger.conflict": "bad",
    "fleet.drift": "poor",
    "lists.refused": "bad",
}
"""The colour and sign of the types that always have one."""
_TONES_BY: Final[Mapping[str, tuple[str, Mapping[Any, str]]]] = {
    "access.decided": ("verdict", VERDICT_TONES),
    "transaction.closed": ("outcome", OUTCOME_TONES),
    "device.changed": ("state", {**dict.fromkeys((*View, "overloaded"), "poor"), **DEVICE_TONES}),
    "barrier.pulsed": ("delivery", {"not_delivered": "bad", "unknown": "bad"}),
    "command.executed": ("result", {"not_done": "poor", "failed": "bad", "unknown": "bad"}),
    "console.acted": ("done", {False: "poor"}),
    "clock.changed": ("state", {"HOLDOVER": "poor", "UNTRUSTED": "bad"}),
    "state.changed": ("state", {"whole": "good", "behind": "bad", "lost": "bad"}),
    "fleet.document": ("state", {"refused": "bad", "trial": "poor", "applied": "good", "undone": "bad"}),
    "lists.state": ("state", {"STALE_OK": "poor", "KNOWN_ONLY": "poor", "TOO_OLD": "bad"}),
}
"""Of the others: the field that says how it went, and the colour of each value."""
TERMINAL_STYLES: Final[Mapping[str, str]] = {
    "good": "green",
    "busy": "cyan",
    "poor": "yellow",
    "bad": "bold red",
    "off": "dim",
    "": "bold",
}
"""The style of each tone where it is printed, in the words of rich."""


def event_tone(kind: str, data: Mapping[str, Any]) -> str:
    """The tone of an event; "" where it is neither good nor bad."""
    field, tones = _TONES_BY.get(kind, ("", {}))
    value = data.get(field)
    return tones.get(value, "") if isinstance(value, Hashable) and field else _TONES.get(kind, "")
