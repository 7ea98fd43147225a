"""One vehicle's story: what is wrong with it, what happened, what was checked and declared, and who acted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from agent.console.vehicles.check_words import CheckWords, check_words, date_text
from agent.console.vehicles.record import VehicleRecord, with_event
from agent.console.vehicles.timeline import Step, pictures_of, timeline
from agent.console.vehicles.vehicle_row import Chip, chip, moment, plate_look
from agent.core.events import (
    AccessDecided,
    AccessGranted,
    DriverShown,
    DriverTold,
    PermitPresented,
    TransactionClosed,
    opened_event,
)
from agent.core.model import Reason, Verdict
from agent.i18n import translate
from agent.i18n.driver_texts import shown_on, told
from agent.i18n.event_text import ERASED, value_text
from agent.i18n.reasons import REASONS
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from agent.i18n import Language

MOST_PICTURES: Final = 12


class Kept(Protocol):
    """The pictures that are still there."""

    def __contains__(self, sha256: str, /) -> bool:
        """Whether one is."""


class NoStoryError(ValueError):
    """The events are not those of a vehicle."""


@dataclass(frozen=True, slots=True)
class Story:
    """What is told of one vehicle. `record`: as in the index. `began_at`: when it came.

    `finding`, `advice`: what was found wrong and what to do, empty where nothing was; `tone`: of that. `checks`: of
    the last decision, the failed ones first. `facts`: what was declared and read, as label and value. `told`: what the
    driver was told; `people`: who acted. `picture`: the newest of the whole vehicle, else the last one, empty without
    any; `pictures`: those that are kept, in order; `gone`: how many are not.
    """

    record: VehicleRecord
    began_at: datetime
    plate: str
    look: str
    chip: Chip
    finding: str
    advice: str
    tone: str
    steps: Sequence[Step]
    checks: Sequence[CheckWords]
    facts: Sequence[tuple[str, str]]
    told: Sequence[str]
    people: Sequence[str]
    picture: str
    pictures: Sequence[str]
    gone: int

    @property
    def failed(self) -> list[CheckWords]:
        """The checks that failed."""
        return [one for one in self.checks if not one.ok]


def story_of(events: Sequence[tuple[int, dict[str, Any]]], language: Language, kept: Kept) -> Story:
    """The story of a transaction's events, each with its number, in order. `kept`: the pictures that are still there.

    Raises NoStoryError where no event begins a transaction.
    """
    record = _record(events)
    erased = translate(ERASED, language)
    said = [opened_event(event, {}, erased) for _, event in events]
    decisions = _data(said, AccessDecided.TYPE)
    last = decisions[-1] if decisions else {}
    failed = bool(record.reason) and record.reason != Reason.OK
    shown = list(dict.fromkeys(one for event in said for one in pictures_of(_data_of(event))))
    here = [one for one in shown if one in kept]
    return Story(
        record,
        moment(record.began_ms),
        record.plate or record.declared,
        plate_look(record),
        chip(record, language),
        *_wrong(record, language, failed=failed),
        timeline(said, language),
        check_words(_dicts(last.get("checks")), language),
        _facts(record, decisions, language, erased),
        _told(said, language),
        _people(said, language),
        _whole(said, here),
        here[-MOST_PICTURES:],
        len(shown) - len(here),
    )


def _record(events: Sequence[tuple[int, Mapping[str, Any]]]) -> VehicleRecord:
    record: VehicleRecord | None = None
    for seq, event in events:
        record = with_event(record, seq, event) or record
    if record is None:
        raise NoStoryError
    return record


def _wrong(record: VehicleRecord, language: Language, *, failed: bool) -> tuple[str, str, str]:
    """What was found wrong, what to do about it, and its tone; empty where all was well."""
    if not failed:
        return "", "", ""
    tone = {Verdict.MANUAL.value: "officer", Verdict.DENY.value: "refused"}.get(record.verdict, "warning")
    if record.reason not in set(Reason):
        return record.reason, "", tone

    advice = REASONS[Reason(record.reason)]
    return translate(advice.what, language), "" if record.outcome else translate(advice.act, language), tone


def _facts(
    record: VehicleRecord, decisions: Sequence[Mapping[str, Any]], language: Language, erased: str
) -> list[tuple[str, str]]:
    permit = next((one for each in reversed(decisions) if isinstance(one := each.get("permit"), dict)), {})
    until = permit.get("expires_at")
    values = (
        (Text("Declared plate"), record.declared),
        (Text("VIN"), record.vin),
        (Text("VIN as read"), record.vin_read),
        (Text("Declaration"), record.declaration),
        (Text("Permit"), record.permit),
        (Text("Issued by"), str(permit.get("issuer", ""))),
        (Text("Valid until"), date_text(until) if isinstance(until, int | float) else ""),
    )
    return [
        (translate(name, language), value or erased)
        for name, value in values
        if value or (record.erased and name.pattern in _PERSONAL)
    ]


_PERSONAL: Final = frozenset({"Declared plate", "VIN", "Declaration"})
"""What may be missing of a vehicle because it was erased."""


def _whole(events: Sequence[Mapping[str, Any]], here: Sequence[str]) -> str:
    """The newest picture of the whole vehicle: one of a code is the whole frame, one of a plate or VIN is cut out."""
    frames = [one for data in _data(events, PermitPresented.TYPE) for one in pictures_of(data) if one in here]
    return next(reversed([*here[-1:], *frames]), "")


def _told(events: Sequence[Mapping[str, Any]], language: Language) -> list[str]:
    """What the driver was told, by the lane and by central, and what became of it on each device."""
    by_lane = [
        told(str(one.get("message", "")), after_s, language)
        for data in _data(events, TransactionClosed.TYPE)
        for one in _dicts(data.get("driver_messages"))
        if isinstance(after_s := one.get("after_s"), int | float)
    ]
    by_central = [
        str(one.get("text", "")) for data in _data(events, DriverTold.TYPE) for one in _dicts(data.get("texts"))
    ]
    devices = [
        shown_on(str(one.get("device", "")), str(one.get("message", "")), str(one.get("receipt", "")), language)
        for data in _data(events, DriverShown.TYPE)
        for one in _dicts(data.get("outputs"))
    ]
    return [*by_lane, *by_central, *devices]


def _people(events: Sequence[Mapping[str, Any]], language: Language) -> list[str]:
    """Who acted, and why."""
    found = []
    for data in _data(events, AccessGranted.TYPE):
        if data.get("by") == "operator":
            who = value_text("operator", data, language) if data.get("operator") else "?"
            cause = value_text("cause", data, language) if data.get("cause") else ""
            found.append(f"{who}: {cause}" if cause else who)
    return list(dict.fromkeys(found))


def _data(events: Sequence[Mapping[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [_data_of(event) for event in events if event.get("type") == kind]


def _data_of(event: Mapping[str, Any]) -> dict[str, Any]:
    data = event.get("data")
    return data if isinstance(data, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
