"""A day of made-up vehicles in the numbers of the demo's gate: its own fourteen come within one minute."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from agent.core.events import (
    AccessDecided,
    AccessGranted,
    ClockReading,
    Draft,
    PermitPresented,
    PlateRecord,
    TransactionClosed,
    VehiclePresent,
    Writer,
    beginning,
    seal,
)
from agent.core.events.chain import RANDOM_BYTES
from agent.core.model import Outcome, Reason, Verdict
from agent.core.numbers import EventCounter
from agent.numbers import offset_at
from agent.store.numbers import NAME, NumbersFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LANE: Final = "exit-1"
AN_HOUR: Final = (3, 5, 9, 14, 18, 16, 11, 15, 12, 7)
"""Vehicles in each of the hours before this one, the oldest first."""

REFUSED_FOR: Final = (Reason.EXPIRED, Reason.PLATE_MISMATCH, Reason.QR_NONE, Reason.EXPIRED)
EVERY_REFUSED, EVERY_OFFICER = 9, 14
PLATE: Final = PlateRecord(verdict="MATCH", declared="新B52K18", read="新B52K18", score=9.0, frames=3)


def add_traffic(state: Path, utc: float) -> None:
    """Count the vehicles into the file of numbers in a state directory. Raises NumbersError."""
    counter = EventCounter(offset_at)
    for draft in sorted(_day(utc), key=lambda one: one.utc):
        sealed = seal(
            draft, Writer("g", "s", "b"), beginning("s"), ClockReading(draft.utc, synced=True), bytes(RANDOM_BYTES)
        )
        counter.count(json.loads(sealed.payload))
    with NumbersFile(state / NAME) as numbers:
        numbers.add(counter.take(), numbers.progress())


def _day(utc: float) -> Iterator[Draft]:
    begin = utc // 3600 * 3600 - 3600 * len(AN_HOUR)
    number = 0
    for hour, count in enumerate(AN_HOUR):
        for place in range(count):
            number += 1
            yield from _vehicle(number, begin + 3600 * (hour + (place + 0.5) / count))


def _vehicle(number: int, came: float) -> Iterator[Draft]:
    """One vehicle: most pass, some are refused, for some an officer decides."""
    wait_s = 2.0 + number * 7 % 5

    def at(after_s: float, event: object) -> Draft:
        return Draft(event, LANE, f"{number:020d}", came + after_s)  # type: ignore[arg-type]

    def decided(verdict: Verdict, reason: Reason) -> AccessDecided:
        return AccessDecided(verdict=verdict, reason=reason, checks=(), plate=PLATE)

    def closed(outcome: Outcome, reason: Reason, after_s: float) -> Draft:
        return at(after_s, TransactionClosed(outcome=outcome, reason=reason, assumed=False, duration_s=after_s))

    yield at(0.0, VehiclePresent(seen_by="inputs"))
    yield at(wait_s - 1.0, PermitPresented(length=300, digest="aa", engine="zxing", camera="front"))
    if number % EVERY_OFFICER == 0:
        yield at(wait_s, decided(Verdict.MANUAL, Reason.PLATE_UNSURE))
        yield at(wait_s + 40.0, AccessGranted(grant=f"{number:020d}-1", by="operator"))
        yield closed(Outcome.OVERRIDDEN, Reason.PLATE_UNSURE, wait_s + 55.0)
    elif number % EVERY_REFUSED == 0:
        reason = REFUSED_FOR[number // EVERY_REFUSED % len(REFUSED_FOR)]
        yield at(wait_s, decided(Verdict.DENY, reason))
        yield closed(Outcome.DENIED, reason, wait_s + 1.0)
    else:
        yield at(wait_s, decided(Verdict.PASS, Reason.OK))
        yield at(wait_s, AccessGranted(grant=f"{number:020d}-1", by="permit"))
        yield closed(Outcome.PASSED, Reason.OK, wait_s + 12.0)
