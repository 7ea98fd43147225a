"""What happened to one vehicle, step by step, in plain words: made of the events of its transaction.

Events of earlier agents are told too, with what they say in English as it is; a type that is not known here is told by
its name. Steps that repeat one another, such as the same code seen again, are told once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from agent.console.vehicles.check_words import date_text
from agent.console.vehicles.vehicle_row import finding, seconds_text
from agent.core.events import (
    AccessCompared,
    AccessDecided,
    AccessGranted,
    Alarm,
    AlarmRaised,
    BarrierHeld,
    BarrierMoved,
    BarrierPulsed,
    BarrierTested,
    DriverShown,
    DriverTold,
    PermitPresented,
    TransactionClosed,
    VehicleEntering,
    VehiclePresent,
    VehicleVin,
)
from agent.core.model import Outcome, Verdict
from agent.i18n import translate
from agent.i18n.alarms import alarm_text
from agent.i18n.event_text import event_summary, event_title, value_text
from agent.i18n.recorded import recorded_detail
from agent.i18n.verdicts import outcome_text
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from agent.i18n import Language

PERMIT_SHOWN: Final = 8
"""Digits of a permit's id that tell one from another for people."""
_SEEN_BY: Final[Mapping[str, Text]] = {
    "inputs": Text("Detected by the loops."),
    "eye": Text("Detected by a camera or scanner."),
    "operator": Text("Started by an officer."),
}
_PLATES: Final[Mapping[str, tuple[Text, str]]] = {
    "MATCH": (Text("It matches the declaration."), "passed"),
    "UNSURE": (Text("It was not read clearly."), "warning"),
    "MISMATCH": (Text("It is not the declared plate {declared}."), "refused"),
}
_VINS: Final[Mapping[str, tuple[Text, str]]] = {
    "equal": (Text("It is the declared VIN."), "passed"),
    "other": (Text("It is not the declared VIN."), "warning"),
}
_VERDICTS: Final[Mapping[str, tuple[Text, str, str]]] = {
    Verdict.PASS: (Text("The vehicle may pass"), "passed", "passed"),
    Verdict.DENY: (Text("The gate refused the vehicle"), "refused", "refused"),
    Verdict.MANUAL: (Text("An officer must decide"), "officer", "officer"),
    Verdict.RETRY: (Text("The driver was asked to try again"), "busy", "retry"),
}
_OUTCOME_TONES: Final[Mapping[str, str]] = {
    Outcome.PASSED: "passed",
    Outcome.OVERRIDDEN: "passed",
    Outcome.PASSED_WITH_VIOLATION: "warning",
    Outcome.DENIED: "refused",
    Outcome.FAULT: "warning",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `at`: when; None: unknown. `tone`, `icon`: as in `elements/`. `key`: the step that decided.

    `pictures`: SHA-256 of what was seen, in hex. `times`: how often it happened in a row.
    """

    title: str
    text: str = ""
    at: datetime | None = None
    tone: str = ""
    icon: str = "info"
    key: bool = False
    pictures: tuple[str, ...] = ()
    times: int = 1

    def is_like(self, other: Step) -> bool:
        """Whether another step says the same."""
        return (self.title, self.text, self.tone) == (other.title, other.text, other.tone)


def timeline(events: Iterable[Mapping[str, Any]], language: Language) -> list[Step]:
    """The steps of a vehicle's events, in order."""
    steps: list[Step] = []
    said = _Said(language)
    for event in events:
        at = _moment(event)
        for step in said.steps(event):
            if steps and steps[-1].is_like(step):
                pictures = tuple(dict.fromkeys((*steps[-1].pictures, *step.pictures)))
                steps[-1] = replace(steps[-1], times=steps[-1].times + 1, pictures=pictures)
            else:
                steps.append(replace(step, at=at))
    return steps


class _Said:
    """The words of one story. It remembers what was told: a permit and a plate are told once, when they are new."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._told: set[str] = set()
        self._makers: Mapping[str, Callable[[Mapping[str, Any]], Iterable[Step]]] = {
            VehiclePresent.TYPE: self._present,
            PermitPresented.TYPE: self._presented,
            VehicleVin.TYPE: self._vin,
            AccessDecided.TYPE: self._decided,
            AccessCompared.TYPE: self._compared,
            AccessGranted.TYPE: self._granted,
            BarrierPulsed.TYPE: self._pulsed,
            BarrierMoved.TYPE: self._moved,
            BarrierHeld.TYPE: self._held,
            BarrierTested.TYPE: self._tested,
            VehicleEntering.TYPE: self._entering,
            AlarmRaised.TYPE: self._alarm,
            DriverTold.TYPE: self._told_by_central,
            DriverShown.TYPE: lambda _data: (),  # told by the list of what the driver was told
            TransactionClosed.TYPE: self._closed,
        }

    def steps(self, event: Mapping[str, Any]) -> Iterable[Step]:
        """What one event tells."""
        kind, data = str(event.get("type", "")), event.get("data")
        data = data if isinstance(data, dict) else {}
        maker = self._makers.get(kind)
        if maker is not None:
            return maker(data)
        return [Step(event_title(kind, self._language), event_summary(kind, data, self._language))]

    def _(self, text: Text) -> str:
        return translate(text, self._language)

    def _is_new(self, what: str) -> bool:
        is_new = bool(what) and what not in self._told
        self._told.add(what)
        return is_new

    def _present(self, data: Mapping[str, Any]) -> Iterator[Step]:
        seen_by = str(data.get("seen_by", ""))
        text = self._(_SEEN_BY[seen_by]) if seen_by in _SEEN_BY else ""
        title = Text("The lane was opened manually") if seen_by == "operator" else Text("Vehicle arrived")
        yield Step(self._(title), text, icon="hand" if seen_by == "operator" else "vehicles")

    def _presented(self, data: Mapping[str, Any]) -> Iterator[Step]:
        text = self._(Text("Seen by {camera}.", camera=str(data.get("camera", "?"))))
        yield Step(self._(Text("QR code seen")), text, icon="qr", pictures=pictures_of(data))

    def _vin(self, data: Mapping[str, Any]) -> Iterator[Step]:
        words, tone = _VINS.get(str(data.get("match")), (Text(""), ""))
        title = self._(Text("VIN read: {vin}", vin=str(data.get("vin", ""))))
        yield Step(title, self._(words), tone=tone, icon="search", pictures=pictures_of(data))

    def _decided(self, data: Mapping[str, Any]) -> Iterator[Step]:
        yield from self._permit(data.get("permit"))
        yield from self._plate(data.get("plate"), data.get("permit"))
        verdict, reason = str(data.get("verdict", "")), str(data.get("reason", ""))
        words, tone, icon = _VERDICTS.get(verdict, (Text("{code}", code=verdict), "", "info"))
        key = verdict != Verdict.RETRY
        yield Step(self._(words), finding(reason, self._language), None, tone, icon, key, pictures_of(data))

    def _permit(self, permit: object) -> Iterator[Step]:
        if not isinstance(permit, dict) or not self._is_new(str(permit.get("permit", ""))):
            return
        until = permit.get("expires_at")
        text = self._(
            Text(
                "Permit {permit}, issued by {issuer}, valid until {until}.",
                permit=str(permit.get("permit", ""))[:PERMIT_SHOWN],
                issuer=str(permit.get("issuer", "?")),
                until=date_text(until) if isinstance(until, int | float) else "?",
            )
        )
        yield Step(self._(Text("Permit read")), text, tone="passed", icon="file")

    def _plate(self, plate: object, permit: object) -> Iterator[Step]:
        if not isinstance(plate, dict):
            return
        read = str(plate.get("read", ""))
        words, tone = _PLATES.get(str(plate.get("verdict")), (Text(""), ""))
        if not self._is_new(f"{read} {plate.get('verdict')}"):
            return
        declared = str(plate.get("declared", "") or (permit.get("plate") if isinstance(permit, dict) else "") or "?")
        said = words.filled(declared=declared) if "{declared}" in words.pattern else words
        title = Text("Plate read: {plate}", plate=read) if read else Text("No plate read")
        yield Step(self._(title), self._(said) if read else "", tone=tone if read else "warning", icon="camera")

    def _compared(self, data: Mapping[str, Any]) -> Iterator[Step]:
        said = {True: Text("The vehicle went through."), False: Text("The vehicle did not go through.")}
        passed = data.get("passed")
        text = self._(said[passed]) if isinstance(passed, bool) else ""
        yield Step(self._(Text("Dry run: the gate moved nothing")), text, icon="eye")

    def _granted(self, data: Mapping[str, Any]) -> Iterator[Step]:
        by = data.get("by")
        if by == "operator":
            officer = self._said_by("operator", data) or "?"
            cause = self._said_by("cause", data)
            text = self._(Text("Reason: “{cause}”", cause=cause)) if cause else ""
            title = self._(Text("{officer} let the vehicle pass", officer=officer))
            yield Step(title, text, tone="officer", icon="user", key=True)
        elif by == "safety":
            yield Step(self._(Text("Barrier raised again for safety")), tone="warning", icon="barrier")

    def _pulsed(self, data: Mapping[str, Any]) -> Iterator[Step]:
        delivery = data.get("delivery")
        closes = data.get("action") == "close"
        if delivery == "delivered":
            title = Text("Barrier told to close") if closes else Text("Barrier commanded to open")
            yield Step(self._(title), icon="barrier")
        else:
            title = Text("Barrier not told to close") if closes else Text("Barrier not told to open")
            lost = Text("The relay board did not receive the command.")
            text = (
                Text("It is not known whether the relay board received the command.") if delivery == "unknown" else lost
            )
            yield Step(self._(title), self._(text), tone="warning", icon="barrier")

    def _moved(self, data: Mapping[str, Any]) -> Iterator[Step]:
        is_open = data.get("position") == "open"
        yield Step(self._(Text("Barrier open") if is_open else Text("Barrier closed")), icon="barrier")

    def _held(self, data: Mapping[str, Any]) -> Iterator[Step]:
        title = Text("Barrier held open") if data.get("held") is True else Text("Barrier released")
        yield Step(self._(title), self._by(data), icon="hand")

    def _tested(self, data: Mapping[str, Any]) -> Iterator[Step]:
        yield Step(self._(Text("Test pulse")), self._by(data), icon="wrench")

    def _said_by(self, name: str, data: Mapping[str, Any]) -> str:
        """What an officer wrote, or the gate itself in the reader's language; empty for nothing."""
        return value_text(name, data, self._language) if data.get(name) else ""

    def _by(self, data: Mapping[str, Any]) -> str:
        who = self._said_by("operator", data) or "?"
        cause = self._said_by("cause", data)
        return f"{who}: {cause}" if cause else who

    def _entering(self, _data: Mapping[str, Any]) -> Iterator[Step]:
        yield Step(self._(Text("Vehicle under the barrier")), icon="vehicles")

    def _alarm(self, data: Mapping[str, Any]) -> Iterator[Step]:
        code = str(data.get("alarm", ""))
        title = alarm_text(Alarm(code), self._language) if code in set(Alarm) else code
        text = translate(recorded_detail(data), self._language)
        yield Step(title.rstrip(".。"), text, tone="warning", icon="warning")

    def _told_by_central(self, data: Mapping[str, Any]) -> Iterator[Step]:
        texts = data.get("texts")
        said = {
            str(one.get("language")): str(one.get("text", ""))
            for one in (texts if isinstance(texts, list) else ())
            if isinstance(one, dict)
        }
        own = said.get(self._language.value) or next(iter(said.values()), "")
        yield Step(self._(Text("Message from central to the driver")), own, icon="sign")

    def _closed(self, data: Mapping[str, Any]) -> Iterator[Step]:
        code = str(data.get("outcome", ""))
        title = outcome_text(Outcome(code), self._language) if code in set(Outcome) else code
        lasted = data.get("duration_s")
        parts = []
        if isinstance(lasted, int | float):
            parts.append(self._(Text("It took {time} in all.", time=seconds_text(lasted, self._language))))
        if data.get("assumed") is True:
            parts.append(self._(Text("The passage was assumed: no input saw it.")))
        yield Step(title.rstrip(".。"), " ".join(parts), tone=_OUTCOME_TONES.get(code, "unknown"), icon="check")


def pictures_of(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The pictures that an event names, by their SHA-256 in hex."""
    several = data.get("pictures")
    named = (data.get("picture"), *(several if isinstance(several, list) else ()))
    return tuple(dict.fromkeys(one for one in named if isinstance(one, str) and one))


def _moment(event: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(event.get("time")))
    except ValueError:
        return None
