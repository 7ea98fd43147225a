"""One vehicle as the index keeps it, put together from the events of its transaction.

Events of earlier and later agents are read too: a field that is missing or strange is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from agent.core.events import (
    AccessDecided,
    AccessGranted,
    AlarmRaised,
    BarrierTested,
    PermitPresented,
    TransactionClosed,
    VehicleEntering,
    VehiclePresent,
    VehicleVin,
    digest_in,
    normal_form,
)
from agent.core.model import Outcome, Verdict
from agent.core.plates import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_MASK: Final = "*"
_MS: Final = 1000
_LOOK_LATIN: Final = str.maketrans("АВЕКМНОРСТУХІ", "ABEKMHOPCTYXI")  # noqa: RUF001 - plates there are written so


class Result(StrEnum):
    """How it went with a vehicle, as people ask for it."""

    PASSED = "passed"
    OFFICER = "officer"
    REFUSED = "refused"
    LEFT = "left"
    HERE = "here"


_BY_OUTCOME: Final[Mapping[str, Result]] = {
    Outcome.PASSED: Result.PASSED,
    Outcome.PASSED_WITH_VIOLATION: Result.PASSED,
    Outcome.OVERRIDDEN: Result.OFFICER,
    Outcome.DENIED: Result.REFUSED,
    Outcome.NOT_TAKEN: Result.LEFT,
    Outcome.BACKED_OUT: Result.LEFT,
    Outcome.ABANDONED: Result.LEFT,
    Outcome.FAULT: Result.LEFT,
}
_BY_VERDICT: Final[Mapping[str, Result]] = {
    Verdict.PASS: Result.PASSED,
    Verdict.DENY: Result.REFUSED,
    Verdict.MANUAL: Result.OFFICER,
}


@dataclass(frozen=True, slots=True)
class VehicleRecord:
    """One transaction. `first`, `last`: numbers of its first and its last event. Codes are those of the events.

    `began_ms`, `decided_ms`: Unix milliseconds; the decision is the last one that let it pass or refused it.
    `seen`: inputs or a reader noticed it. `tested`: it began with a test pulse. `operator`: the officer who let it
    pass; `by_officer` also where his name was erased. `erased`: a personal value of it was erased.
    """

    first: int
    last: int
    transaction: str
    lane: str
    began_ms: int
    seen: bool = True
    tested: bool = False
    dry_run: bool = False
    verdict: str = ""
    reason: str = ""
    outcome: str = ""
    by_officer: bool = False
    alarmed: bool = False
    erased: bool = False
    plate: str = ""
    declared: str = ""
    colour: str = ""
    vin: str = ""
    vin_read: str = ""
    permit: str = ""
    declaration: str = ""
    operator: str = ""
    picture: str = ""
    decided_ms: int | None = None
    duration_s: float | None = None

    @property
    def is_vehicle(self) -> bool:
        """Whether there was a vehicle: a test pulse has none, unless one came meanwhile."""
        return self.seen or not self.tested

    @property
    def result(self) -> Result:
        """How it went with it, or how it stands now."""
        if self.outcome and not self.dry_run:
            return _BY_OUTCOME.get(self.outcome, Result.LEFT)
        found = _BY_VERDICT.get(self.verdict)
        if self.outcome:
            return found or Result.LEFT
        return found if found in {Result.OFFICER, Result.REFUSED} else Result.HERE

    @property
    def seconds(self) -> float | None:
        """How long the decision took, from the arrival; where nothing was decided how long it stayed. None: unknown."""
        if self.decided_ms is not None and self.decided_ms >= self.began_ms:
            return (self.decided_ms - self.began_ms) / _MS
        return self.duration_s

    @property
    def plate_key(self) -> str:
        """By what the same vehicle is found again: its plate as read, else as declared; empty where it is masked."""
        plate = self.plate or self.declared
        return "" if _MASK in plate else normalise(plate)

    @property
    def sought(self) -> str:
        """All texts by which somebody may look for it, each in a line of its own, in the form of `search_form`."""
        known = (self.plate, self.declared, self.vin, self.vin_read, self.permit, self.declaration)
        forms = [search_form(part) for text in known for part in text.split(_MASK)]
        plates = [normalise(text) for text in (self.plate, self.declared) if text and _MASK not in text]
        return "\n".join(dict.fromkeys(one for one in (*forms, *plates) if one))


def search_form(text: str) -> str:
    """What is compared of a plate, VIN or permit: letters and digits in capitals, Cyrillic look-alikes made Latin."""
    return normal_form(text).translate(_LOOK_LATIN)


def with_event(before: VehicleRecord | None, seq: int, event: Mapping[str, Any]) -> VehicleRecord | None:
    """The record with one more event of its transaction. None: the event begins none."""
    kind, data = str(event.get("type")), event.get("data")
    data = data if isinstance(data, dict) else {}
    if before is None:
        transaction, lane, began_ms = event.get("transaction"), event.get("lane"), _time_ms(event)
        if not isinstance(transaction, str) or not isinstance(lane, str) or kind not in _STEPS or began_ms is None:
            return None
        seen = kind not in {VehiclePresent.TYPE, BarrierTested.TYPE}
        before = VehicleRecord(seq, seq, transaction, lane, began_ms, seen=seen, dry_run=event.get("dryrun") is True)
    step = _STEPS.get(kind)
    changes = {} if step is None else step(before, _Fields(data, event))
    return replace(before, last=max(before.last, seq), erased=before.erased or _is_erased(kind, data), **changes)


_Changes: TypeAlias = "dict[str, Any]"
"""Fields of a record that an event changes, with their values."""


class _Fields:
    """The fields of an event's data. `texts` are empty where a value is missing, strange, or was erased."""

    def __init__(self, data: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        self.data = data
        self._event = event

    @property
    def at_ms(self) -> int | None:
        """When it happened, Unix milliseconds."""
        return _time_ms(self._event)

    def text(self, name: str, within: str = "") -> str:
        """A text of the data, or of a record within it."""
        record = self.data.get(within) if within else self.data
        value = record.get(name) if isinstance(record, dict) else None
        return value if isinstance(value, str) and digest_in(value) is None else ""

    def pictures(self) -> list[str]:
        """The pictures that it names, in order."""
        several = self.data.get("pictures")
        named = (self.data.get("picture"), *(several if isinstance(several, list) else ()))
        return [one for one in named if isinstance(one, str) and one]


def _present(record: VehicleRecord, fields: _Fields) -> _Changes:
    return {"seen": record.seen or fields.text("seen_by") != "operator"}


def _tested(_record: VehicleRecord, _fields: _Fields) -> _Changes:
    return {"tested": True}


def _entering(_record: VehicleRecord, _fields: _Fields) -> _Changes:
    return {"seen": True}


def _presented(record: VehicleRecord, fields: _Fields) -> _Changes:
    # Of a code the whole frame is kept; of plates and VINs only what they were read from.
    return {"seen": True, "picture": next(iter(fields.pictures()), record.picture)}


def _vin(record: VehicleRecord, fields: _Fields) -> _Changes:
    read = fields.text("vin") if fields.text("match") == "equal" or not record.vin_read else ""
    return {"vin_read": read or record.vin_read}


def _decided(record: VehicleRecord, fields: _Fields) -> _Changes:
    verdict = fields.text("verdict")
    final = verdict in {Verdict.PASS, Verdict.DENY} or (record.decided_ms is None and verdict == Verdict.MANUAL)
    return {
        "verdict": verdict or record.verdict,
        "reason": fields.text("reason") or record.reason,
        "decided_ms": fields.at_ms if final else record.decided_ms,
        "plate": fields.text("read", "plate") or record.plate,
        "declared": fields.text("declared", "plate") or fields.text("plate", "permit") or record.declared,
        "colour": fields.text("colour", "plate") or record.colour,
        "vin": fields.text("vin", "permit") or record.vin,
        "vin_read": fields.text("read", "vin") or record.vin_read,
        "permit": fields.text("permit", "permit") or record.permit,
        "declaration": fields.text("declaration", "permit") or record.declaration,
        "picture": record.picture or next(iter(fields.pictures()), ""),
    }


def _granted(record: VehicleRecord, fields: _Fields) -> _Changes:
    if fields.text("by") != "operator":
        return {}
    return {
        "by_officer": True,
        "operator": fields.text("operator"),
        "decided_ms": fields.at_ms or record.decided_ms,
    }


def _alarmed(_record: VehicleRecord, _fields: _Fields) -> _Changes:
    return {"alarmed": True}


def _closed(record: VehicleRecord, fields: _Fields) -> _Changes:
    lasted = fields.data.get("duration_s")
    return {
        "outcome": fields.text("outcome") or record.outcome,
        "reason": fields.text("reason") or record.reason,
        "plate": fields.text("plate") or record.plate,
        "vin": fields.text("vin") or record.vin,
        "vin_read": fields.text("vin_read") or record.vin_read,
        "permit": fields.text("permit") or record.permit,
        "declaration": fields.text("declaration") or record.declaration,
        "seen": record.seen or isinstance(fields.data.get("plate"), str),
        "duration_s": float(lasted) if isinstance(lasted, int | float) else record.duration_s,
        "alarmed": record.alarmed or bool(fields.data.get("violations")),
        "picture": record.picture or next(iter(fields.pictures()), ""),
    }


_STEPS: Final[Mapping[str, Callable[[VehicleRecord, _Fields], _Changes]]] = {
    VehiclePresent.TYPE: _present,
    BarrierTested.TYPE: _tested,
    VehicleEntering.TYPE: _entering,
    PermitPresented.TYPE: _presented,
    VehicleVin.TYPE: _vin,
    AccessDecided.TYPE: _decided,
    AccessGranted.TYPE: _granted,
    AlarmRaised.TYPE: _alarmed,
    TransactionClosed.TYPE: _closed,
}
TELLING: Final = frozenset(_STEPS)
"""The types of events that change a record; all others of its transaction only belong to its story."""


def _time_ms(event: Mapping[str, Any]) -> int | None:
    try:
        return round(datetime.fromisoformat(str(event.get("time"))).timestamp() * _MS)
    except (ValueError, OverflowError):
        return None


def _is_erased(kind: str, data: Mapping[str, Any]) -> bool:
    """Whether a plate, a VIN or the like stands as a digest alone."""
    return kind in {AccessDecided.TYPE, TransactionClosed.TYPE} and any(
        digest_in(text) is not None for text in _texts(data)
    )


def _texts(data: Mapping[str, Any]) -> Iterator[object]:
    for name in ("plate", "vin", "vin_read", "declaration", "permit"):
        value = data.get(name)
        yield from value.values() if isinstance(value, dict) else (value,)
