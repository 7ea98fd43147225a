"""Events in the language of the reader."""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup, escape

from agent.console.labels import events
from agent.console.live.vehicle_texts import SET_ASIDE_TEXT
from agent.console.page import detail, language, when
from agent.core.contract.schemas import EVENTS
from agent.core.decision import SET_ASIDE
from agent.core.events import ConfigurationRefused, VehiclePresent, opened_event
from agent.core.model import Reason
from agent.i18n import translate
from agent.i18n.checks import CHECKS
from agent.i18n.driver_texts import shown_on, told
from agent.i18n.event_text import ERASED, OFFICERS_WORDS, event_summary, event_title, plain_value, value_text
from agent.i18n.event_tone import event_tone
from agent.i18n.reasons import officer_text
from agent.i18n.recorded import recorded_detail
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from fastapi import Request

DETAIL: Final = "detail"
"""The field in which an event says in English what it saw."""

_HIDDEN: Final = frozenset(
    {
        "changes",
        "checks",
        "data",
        "driver_messages",
        "facts",
        "message",
        "outputs",
        "permit",
        "picture",
        "pictures",
        "plate",
        "texts",
    }
)
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
        return event_title(kind, self._language)

    def _title(self, kind: str, data: Mapping[str, Any], *, dry_run: bool) -> str:
        """That of an event: what begins by an order, such as a test pulse, is not a vehicle that came.

        Nobody takes that of a dry run for one of a lane at work.
        """
        begun = kind == VehiclePresent.TYPE and data.get("seen_by") == "operator"
        title = self._translated(Text("A transaction began")) if begun else self.title(kind)
        return self._translated(Text("Dry run: {said}", said=title)) if dry_run else title

    def row(self, seq: int, event: dict[str, Any]) -> dict[str, Any]:
        """An event for a page. Whatever its fields are, it is said somehow; what was erased is said to be."""
        event = opened_event(event, {}, self._translated(ERASED))
        kind = str(event.get("type"))
        data = event.get("data")
        data = data if isinstance(data, dict) else {}
        return {
            "seq": seq,
            "time": when(self._request, str(event.get("time", ""))),
            "lane": event.get("lane") or "",
            "transaction": event.get("transaction") or "",
            "type": kind,
            "title": self._title(kind, data, dry_run=event.get("dryrun") is True),
            "tone": event_tone(kind, data),
            "words": self._words(kind, data),
            "fields": [
                (self._named(events.FIELDS, name, name), self._shown(name, value, data))
                for name, value in data.items()
                if name not in _HIDDEN and value not in (None, "", [])
            ],
            "changes": [_change(one) for one in _dicts(data.get("changes"))],
            "permit": self._all_shown(data.get("permit")),
            "plate": data.get("plate") if isinstance(data.get("plate"), dict) else None,
            "told": self._told(data),
            "checks": sorted((self._check(one) for one in _dicts(data.get("checks"))), key=itemgetter("ok")),
        }

    def _translated(self, text: str) -> str:
        return translate(text, self._language)

    def _named(self, labels: Mapping[Any, Text], code: Hashable, otherwise: str) -> str:
        """What a code is called, and for what is not known here, as of a later agent, its own word."""
        return self._translated(labels.get(code, otherwise))

    def _words(self, kind: str, data: Mapping[str, Any]) -> str:
        if kind == ConfigurationRefused.TYPE:  # a detail that stays English is marked as such
            return detail(self._request, recorded_detail(data))
        return event_summary(kind, data, self._language)

    def _all_shown(self, record: Any) -> dict[str, str]:
        return (
            {name: self._shown(name, value, record) for name, value in record.items() if value is not None}
            if isinstance(record, dict)
            else {}
        )

    def _shown(self, name: str, value: Any, record: Mapping[str, Any]) -> str:
        if name in _TIMES and isinstance(value, int | float):
            return when(self._request, value)
        if name in OFFICERS_WORDS:
            return value_text(name, record, self._language)
        return detail(self._request, recorded_detail(record)) if name == DETAIL else plain_value(value)

    def _told(self, data: Mapping[str, Any]) -> list[str]:
        """What a driver was told: by the lane, or by central, in each of its languages."""
        messages = [
            told(str(one.get("message", "")), after_s, self._language)
            for one in _dicts(data.get("driver_messages"))
            if isinstance(after_s := one.get("after_s"), int | float)
        ]
        messages += [
            shown_on(
                str(one.get("device", "")), str(one.get("message", "")), str(one.get("receipt", "")), self._language
            )
            for one in _dicts(data.get("outputs"))
        ]
        return messages + [str(one.get("text", "")) for one in _dicts(data.get("texts"))]

    def _check(self, check: Mapping[str, Any]) -> dict[str, Any]:
        code, ok = str(check.get("reason", "")), check.get("ok") is True
        return {
            # A check bears the code of its failure: one that was passed must not be shown under it.
            "code": "" if ok else code,
            "ok": ok,
            "name": self._named(CHECKS, code, code),
            "words": "" if ok else officer_text(Reason(code), self._language) if code in set(Reason) else code,
            "detail": self._detail(check),
        }

    def _detail(self, check: Mapping[str, Any]) -> str:
        said = recorded_detail(check)
        wondered = SET_ASIDE in said and check.get("ok") is not True
        told = detail(self._request, said)
        if check.get("reason") in _DATED:
            escaped = str(escape(told))
            told = Markup(_SECONDS.sub(lambda found: when(self._request, int(found[0])), escaped))  # noqa: S704
        return Markup("{}. {}").format(told, self._translated(SET_ASIDE_TEXT)) if wondered else told


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _change(change: Mapping[str, Any]) -> dict[str, str]:
    """A changed key with its values, or where those are not told their fingerprints."""
    return {"key": str(change.get("key", "")), "before": _side(change, "before"), "after": _side(change, "after")}


def _side(change: Mapping[str, Any], side: str) -> str:
    prints = change.get(f"{side}_fingerprints")
    told = [change.get(side), *(prints if isinstance(prints, list) else ())]
    return " ".join(str(one) for one in told if one is not None)
