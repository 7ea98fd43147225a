"""The last vehicles of every lane, put together from the events of the journal."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from agent.core.events import (
    AccessCompared,
    AccessDecided,
    AccessGranted,
    AlarmRaised,
    BarrierTested,
    CheckRecord,
    DriverMessageRecord,
    PermitPresented,
    PersonalDataErased,
    TransactionClosed,
    VehicleEntering,
    VehiclePresent,
)
from agent.store.errors import JournalError
from agent.store.journal import JournalReader, opened

if TYPE_CHECKING:
    from pathlib import Path

    from agent.core.events import Alarm
    from agent.core.model import Outcome, Reason, Verdict
    from agent.store.journal import Journal

log = logging.getLogger(__name__)

LOOKED_BACK: Final = 1_500
KEPT: Final = 40
LOOK_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One transaction as far as it has come. `plate`: as it was read.

    `verdict`, `reason`: of the last decision, with its `checks`; `decided`: all of it. `outcome`: None while it is
    open. `pictures`: SHA-256 in hex, the oldest first. `let_pass`: the grant of an officer; `refused`: the outcome,
    where an officer refused it. `revision`: number of the last event behind this. `seen`: inputs or a reader noticed
    it; an officer who opens alone does not. `tested`: it began with a test pulse. `told`: the messages to its driver,
    once it is closed. `dry_run`: its lane moved nothing; `compared`: then, how what was decided agrees with what it
    did.
    """

    transaction: str
    lane: str
    began_at: datetime
    revision: int = 0
    plate: str = ""
    declared: str = ""
    permit: str = ""
    verdict: Verdict | None = None
    reason: Reason | None = None
    checks: tuple[CheckRecord, ...] = ()
    outcome: Outcome | None = None
    duration_s: float | None = None
    alarms: tuple[Alarm, ...] = ()
    pictures: tuple[str, ...] = field(default=())
    seen: bool = False
    tested: bool = False
    told: tuple[DriverMessageRecord, ...] = ()
    dry_run: bool = False
    compared: AccessCompared | None = None
    decided: AccessDecided | None = None
    let_pass: AccessGranted | None = None
    refused: TransactionClosed | None = None

    @property
    def is_there(self) -> bool:
        """Whether there was a vehicle: a test pulse has none, unless one came meanwhile."""
        return self.seen or not self.tested


class Vehicles:
    """Follows the journal. `refresh` and `last` are for the thread of the server; the disk is read by another."""

    def __init__(self, journal: Journal, path: Path) -> None:
        self._journal = journal
        self._path = path
        self._known: OrderedDict[str, Vehicle] = OrderedDict()
        self._seq = 0
        self._looked_at = 0.0
        self._reading = asyncio.Lock()

    def last(self, lane: str, count: int) -> list[Vehicle]:
        """The last vehicles of a lane, the newest first."""
        found = [one for one in reversed(self._known.values()) if one.lane == lane and one.is_there]
        return found[:count]

    async def refresh(self) -> None:
        """Take in what was recorded since, where the last look is old enough."""
        async with self._reading:
            now = time.monotonic()
            if now - self._looked_at < LOOK_EVERY_S:
                return
            self._looked_at = now
            if self._journal.wait_for_news(self._seq, 0):
                self._known = await asyncio.to_thread(self._read, OrderedDict(self._known))

    def _read(self, known: OrderedDict[str, Vehicle]) -> OrderedDict[str, Vehicle]:
        try:
            with JournalReader(self._path) as journal:
                head = journal.standing().head.seq
                for event in journal.events(max(self._seq, head - LOOKED_BACK) + 1, head):
                    self._seq = event.seq
                    if event.type == PersonalDataErased.TYPE:
                        known = self._read_again(journal, event.seq)
                    else:
                        _apply_event(known, event.seq, opened(event))
        except (JournalError, ValidationError) as error:
            log.warning("the last vehicles cannot be shown: %s", error)
        return _newest(known)

    @staticmethod
    def _read_again(journal: JournalReader, upto: int) -> OrderedDict[str, Vehicle]:
        """Read the vehicles from the journal again after an erasure; memory keeps nothing from before."""
        known: OrderedDict[str, Vehicle] = OrderedDict()
        for event in journal.events(max(1, upto - LOOKED_BACK), upto):
            _apply_event(known, event.seq, opened(event))
        return known


def _newest(known: OrderedDict[str, Vehicle]) -> OrderedDict[str, Vehicle]:
    """The last `KEPT`, and of those before them the last of each lane that has none among these."""
    lanes: set[str] = set()
    kept: list[tuple[str, Vehicle]] = []
    for place, (transaction, vehicle) in enumerate(reversed(known.items())):
        if place < KEPT or (vehicle.is_there and vehicle.lane not in lanes):
            kept.append((transaction, vehicle))
        if vehicle.is_there:
            lanes.add(vehicle.lane)
    return OrderedDict(reversed(kept))


def _apply_event(known: OrderedDict[str, Vehicle], seq: int, event: dict[str, Any]) -> None:
    """Bring one event into the story of its vehicle."""
    transaction, lane = event.get("transaction"), event.get("lane")
    if transaction is None or lane is None:
        return
    before = known.get(transaction)
    if before is None:
        if event["type"] != VehiclePresent.TYPE:
            return
        seen = VehiclePresent.model_validate(event["data"]).seen_by != "operator"
        dry_run = event.get("dryrun") is True
        before = Vehicle(transaction, lane, datetime.fromisoformat(event["time"]), seen=seen, dry_run=dry_run)
    known[transaction] = replace(_with(before, event["type"], event["data"]), revision=seq)


def _with(vehicle: Vehicle, kind: str, data: dict[str, Any]) -> Vehicle:
    match kind:
        case BarrierTested.TYPE | VehicleEntering.TYPE:
            entering = kind == VehicleEntering.TYPE
            return replace(vehicle, seen=vehicle.seen or entering, tested=vehicle.tested or not entering)
        case PermitPresented.TYPE:
            shown = PermitPresented.model_validate(data)
            return replace(vehicle, seen=True, pictures=_more(vehicle.pictures, (shown.picture,)))
        case AccessGranted.TYPE:
            granted = AccessGranted.model_validate(data)
            return replace(vehicle, let_pass=granted if granted.by == "operator" else vehicle.let_pass)
        case AccessDecided.TYPE:
            return _decided(vehicle, AccessDecided.model_validate(data))
        case AccessCompared.TYPE:
            vehicle = replace(vehicle, compared=AccessCompared.model_validate(data))
        case AlarmRaised.TYPE:
            vehicle = replace(vehicle, alarms=(*vehicle.alarms, AlarmRaised.model_validate(data).alarm))
        case TransactionClosed.TYPE:
            closed = TransactionClosed.model_validate(data)
            return replace(
                vehicle,
                outcome=closed.outcome,
                reason=closed.reason,
                duration_s=closed.duration_s,
                plate=closed.plate or vehicle.plate,
                pictures=_more(vehicle.pictures, closed.pictures),
                seen=vehicle.seen or closed.plate is not None,
                told=closed.driver_messages,
                refused=closed if closed.operator else None,
            )
        case _:
            pass
    return vehicle


def _decided(vehicle: Vehicle, decided: AccessDecided) -> Vehicle:
    plate, permit = decided.plate, decided.permit
    return replace(
        vehicle,
        verdict=decided.verdict,
        reason=decided.reason,
        checks=decided.checks,
        plate=plate.read if plate is not None and plate.read else vehicle.plate,
        declared=plate.declared if plate is not None else vehicle.declared,
        permit=permit.permit if permit is not None else vehicle.permit,
        pictures=_more(vehicle.pictures, decided.pictures),
        decided=decided,
    )


def _more(pictures: tuple[str, ...], others: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*pictures, *(one for one in others if one))))
