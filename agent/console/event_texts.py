"""Events in the words of whoever looks at them."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from markupsafe import Markup, escape

from agent.console.labels import devices, events
from agent.console.live.lane_updates import DEVICE_TONES
from agent.console.live.vehicle_texts import OUTCOME_TONES, SET_ASIDE_TEXT, VERDICT_TONES
from agent.console.page import detail, language, when
from agent.core.contract.schemas import EVENTS
from agent.core.decision import SET_ASIDE
from agent.core.events import Alarm, Outcome, VehiclePresent
from agent.core.model import Reason, Verdict, View
from agent.i18n import translate
from agent.i18n.checks import CHECKS
from agent.i18n.events import alarm_text, outcome_text, verdict_text
from agent.i18n.reasons import officer_text
from agent.i18n.recorded import recorded_detail
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import Request

    from agent.i18n import Language

W = TypeVar("W", bound=StrEnum)

DETAIL: Final = "detail"
"""The field in which an event says in English what it saw."""

_TONES: Final[Mapping[str, str]] = {
    "access.granted": "good",
    "acknowledgement.refused": "bad",
    "alarm.raised": "bad",
    "command.refused": "bad",
    "configuration.refused": "bad",
    "events.dropped": "bad",
    "evidence.dropped": "poor",
    "ledger.conflict": "bad",
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
    "lists.state": ("state", {"STALE_OK": "poor", "KNOWN_ONLY": "poor", "TOO_OLD": "bad"}),
}
"""Of the others: the field that says how it went, and the colour of each value."""
_TELLING: Final[Mapping[str, tuple[str, ...]]] = {
    "access.granted": ("by", "operator", "cause"),
    "barrier.pulsed": ("action", "delivery"),
    "barrier.moved": ("position",),
    "barrier.held": ("held", "operator", "cause"),
    "barrier.tested": ("action", "operator", "cause"),
    "vehicle.present": ("seen_by",),
    "permit.presented": ("camera",),
    "lane.ordered": ("order", "operator", "cause"),
    "console.acted": ("person", "act"),
    "command.accepted": ("name", "operator", "cause"),
    "command.executed": ("name", "result"),
    "command.refused": ("name", "code"),
    "lists.applied": ("list", "version"),
    "lists.refused": ("list", "code"),
    "lists.state": ("state",),
    "clock.changed": ("state",),
    "gate.started": ("version",),
    "gate.stopping": ("cause",),
    "configuration.refused": (DETAIL,),
}
"""The fields that tell most of each type, in order."""
_HIDDEN: Final = frozenset({"checks", "message", "pictures", "picture", "permit", "plate", "data"})
"""Fields of a decision that are shown in a form of their own."""
_DATED: Final = frozenset({Reason.KEY_EXPIRED, Reason.NOT_YET_VALID, Reason.EXPIRED})
"""Checks whose details name moments, in Unix seconds."""
_SECONDS: Final = re.compile(r"\b\d{9,11}\b")
_TIMES: Final = frozenset({"expires_at", "issued_at"})
"""Fields of events that hold Unix seconds."""


def known_types() -> list[str]:
    """Every type of event, in the order of the contract."""
    return list(EVENTS)


class EventWords:
    """Says events in the language of one request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._language = language(request)

    def title(self, kind: str) -> str:
        """What a type of event is; its own name for one that is not known here, as of a later agent."""
        return self._named(events.TYPES, kind, kind)

    def _title(self, kind: str, data: Mapping[str, Any]) -> str:
        """That of an event: what begins by an order, such as a test pulse, is not a vehicle that came."""
        begun = kind == VehiclePresent.TYPE and data.get("seen_by") == "operator"
        return self._told(Text("A transaction began")) if begun else self.title(kind)

    def row(self, seq: int, event: dict[str, Any]) -> dict[str, Any]:
        """An event for a page. Whatever its fields are, it is said somehow."""
        kind = str(event.get("type"))
        data = event.get("data")
        data = data if isinstance(data, dict) else {}
        return {
            "seq": seq,
            "time": when(self._request, str(event.get("time", ""))),
            "lane": event.get("lane") or "",
            "transaction": event.get("transaction") or "",
            "type": kind,
            "title": self._title(kind, data),
            "tone": self._tone(kind, data),
            "words": self._words(kind, data),
            "fields": [
                (self._named(events.FIELDS, name, name), self._shown(name, value, data))
                for name, value in data.items()
                if name not in _HIDDEN and value not in (None, "", [])
            ],
            "permit": self._all_shown(data.get("permit")),
            "plate": data.get("plate") if isinstance(data.get("plate"), dict) else None,
            "checks": sorted((self._check(one) for one in _dicts(data.get("checks"))), key=itemgetter("ok")),
        }

    def _told(self, text: str) -> str:
        return translate(text, self._language)

    def _named(self, labels: Mapping[Any, Text], code: Hashable, otherwise: str) -> str:
        """What a code is called, and for what is not known here, as of a later agent, its own word."""
        return self._told(labels.get(code, otherwise))

    def _words(self, kind: str, data: Mapping[str, Any]) -> str:
        """What a decision, an alarm, an outcome means."""
        if kind == "access.decided":
            verdict, reason = (
                self._said(Verdict, verdict_text, data, "verdict"),
                self._said(Reason, officer_text, data, "reason"),
            )
            return ": ".join(part for part in (verdict, reason) if part)
        if kind == "alarm.raised":
            return self._said(Alarm, alarm_text, data, "alarm")
        if kind == "transaction.closed":
            return self._said(Outcome, outcome_text, data, "outcome")
        if kind == "device.changed":
            state = str(data.get("state", ""))
            return f"{data.get('device', '')}: {self._named(devices.STATES, state, state)}"
        return Markup(", ").join(
            self._value(name, data) for name in _TELLING.get(kind, ()) if data.get(name) not in (None, "")
        )

    def _all_shown(self, record: Any) -> dict[str, str]:
        return (
            {name: self._shown(name, value, record) for name, value in record.items() if value is not None}
            if isinstance(record, dict)
            else {}
        )

    def _shown(self, name: str, value: Any, record: Mapping[str, Any]) -> str:
        if name in _TIMES and isinstance(value, int | float):
            return when(self._request, value)
        return detail(self._request, recorded_detail(record)) if name == DETAIL else _plain(value)

    def _value(self, name: str, data: Mapping[str, Any]) -> str:
        plain = self._shown(name, data[name], data)
        return self._named(events.VALUES, (name, plain.lower()), plain)

    def _said(self, kind: type[W], words: Callable[[W, Language], str], data: Mapping[str, Any], name: str) -> str:
        value = data.get(name)
        return words(kind(value), self._language) if value in set(kind) else str(value or "")

    def _check(self, check: Mapping[str, Any]) -> dict[str, Any]:
        code, ok = str(check.get("reason")), check.get("ok") is True
        return {
            # A check bears the code of its failure: one that was passed must not be shown under it.
            "code": "" if ok else code,
            "ok": ok,
            "name": self._named(CHECKS, code, code),
            "words": "" if ok else self._said(Reason, officer_text, check, "reason"),
            "detail": self._detail(check),
        }

    def _detail(self, check: Mapping[str, Any]) -> str:
        said = recorded_detail(check)
        wondered = SET_ASIDE in said and check.get("ok") is not True
        told = detail(self._request, said)
        if check.get("reason") in _DATED:
            told = Markup(_SECONDS.sub(lambda found: when(self._request, int(found[0])), str(escape(told))))  # noqa: S704
        return Markup("{}. {}").format(told, self._told(SET_ASIDE_TEXT)) if wondered else told

    @staticmethod
    def _tone(kind: str, data: Mapping[str, Any]) -> str:
        field, tones = _TONES_BY.get(kind, ("", {}))
        value = data.get(field)
        return tones.get(value, "") if isinstance(value, Hashable) and field else _TONES.get(kind, "")


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
