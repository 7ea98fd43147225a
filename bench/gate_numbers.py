"""Counting a journal into numbers, and the page over a year of them.

Usage: bench/gate_numbers.py [--vehicles N] [--journal N]

A year of vehicles at four lanes is counted into a file of numbers; then the report of the whole year is read and drawn
as both screens have it. A vehicle leaves about ten events in a journal: the five that count are made here. The journal:
so many vehicles in a real one, read and counted by the worker's own code, for the cost of an event. Exit code 1 when a
goal is missed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.console.numbers.shift_cards import shift_cards
from agent.console.numbers.summary import concerns, shift_tiles, technical_tiles
from agent.console.numbers.technical_cards import technical_cards
from agent.core.numbers import EventCounter, period_of
from agent.i18n import Language, translate
from agent.numbers import CountingJob, counting_job, local_day, offset_at, report_of
from agent.store.journal import Journal
from agent.store.numbers import NumbersFile, NumbersReader, Progress
from bench.events import fill
from bench.figures import Figure, table
from bench.journal import ClockReading
from bench.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VEHICLES = 100_000
JOURNAL_VEHICLES = 2_000
EVENTS_EACH = 10
YEAR_DAYS = 365
DAY_S = 86_400.0
UTC_S = 1_795_000_000.0
LANES = ("exit-1", "exit-2", "entry-1", "entry-2")
PAGE_GOAL_S = 1.0
COMMIT_EVENTS = 2_000


def year(vehicles: int) -> Iterator[dict[str, Any]]:
    """The events of so many vehicles over a year, as a journal has them, but for those that count nothing."""
    chance = random.Random(1)
    step_s = YEAR_DAYS * DAY_S / vehicles
    for number in range(vehicles):
        began_s = UTC_S - YEAR_DAYS * DAY_S + number * step_s
        yield from _vehicle(began_s, LANES[number % len(LANES)], f"{number:020d}", chance)
        if number % 100 == 0:
            for state in ("lost", "streaming"):
                name = f"{LANES[number // 100 % len(LANES)]}/front"
                data = {"device": name, "family": "camera", "state": state}
                yield _event("device.changed", began_s, None, None, data)


def _vehicle(began_s: float, lane: str, name: str, chance: random.Random) -> Iterator[dict[str, Any]]:
    wait_s = chance.lognormvariate(1.8, 0.5)
    plate, facts = {"verdict": "MATCH"}, {"plate_by": ["front"]}
    passes = chance.random() < 0.95
    verdict, reason = ("PASS", "OK") if passes else ("DENY", chance.choice(("EXPIRED", "WRONG_LANE", "ALREADY_USED")))
    decided = {"verdict": verdict, "reason": reason, "plate": plate, "facts": facts}
    outcome = {"outcome": "passed" if passes else "denied", "reason": reason, "duration_s": wait_s + 20}
    yield _event("vehicle.present", began_s, lane, name, {"seen_by": "inputs"})
    yield _event("permit.presented", began_s + wait_s / 2, lane, name, {"camera": "front"})
    yield _event("access.decided", began_s + wait_s, lane, name, decided)
    if passes:
        yield _event("access.granted", began_s + wait_s, lane, name, {"by": "permit"})
    yield _event("transaction.closed", began_s + wait_s + 20, lane, name, outcome)


def _event(kind: str, utc: float, lane: str | None, transaction: str | None, data: dict[str, Any]) -> dict[str, Any]:
    when = datetime.fromtimestamp(utc, UTC).isoformat(timespec="milliseconds")
    return {"type": kind, "time": when, "lane": lane, "transaction": transaction, "data": data}


def count_year(path: Path, vehicles: int) -> float:
    """Count a year into a file; returns the CPU seconds of counting and writing."""
    counter, spent_s = EventCounter(offset_at), 0.0
    with NumbersFile(path) as numbers:
        for number, event in enumerate(year(vehicles), 1):
            began_s = time.process_time()
            counter.count(event)
            if number % COMMIT_EVENTS == 0:
                numbers.add(counter.take(), Progress("bench", number, "", counter.to_json()))
            spent_s += time.process_time() - began_s
        numbers.add(counter.take(), Progress("bench", vehicles, "", counter.to_json()))
    return spent_s


def page_s(path: Path, days: int) -> float:
    """The CPU seconds in which a screen of a period is read and drawn; of both the slower one."""
    today = local_day(UTC_S)
    slowest = 0.0
    for cards, tiles in ((shift_cards, shift_tiles), (technical_cards, technical_tiles)):
        began_s = time.process_time()
        with NumbersReader(path) as reader:
            report = report_of(reader, period_of(today - days + 1, today, today), "", UTC_S, offset_at)
        cards(report, lambda text: translate(text, Language.RU))
        tiles(report, lambda text: translate(text, Language.RU))
        list(concerns(report, lambda text: translate(text, Language.RU)))
        slowest = max(slowest, time.process_time() - began_s)
    return slowest


def journal_us(folder: Path, vehicles: int) -> float:
    """The CPU of the worker for an event of a real journal, in microseconds."""
    journal = Journal.open(
        folder / "journal.db", gate="bench", boot="1", clock=lambda: ClockReading(UTC_S, synced=True), max_bytes=1 << 30
    )
    fill(journal, vehicles * 8)
    job = CountingJob(folder / "journal.db", folder / "counted.db", lambda: None)
    rest, counting_job.REST_FOR_WORK = counting_job.REST_FOR_WORK, 0.0  # type: ignore[misc]
    try:
        with NumbersFile(folder / "counted.db") as numbers:
            began_s = time.process_time()
            job.count(numbers)
            return (time.process_time() - began_s) / (vehicles * 8) * 1e6
    finally:
        counting_job.REST_FOR_WORK = rest  # type: ignore[misc]
        journal.close()


def measure(vehicles: int, journal_vehicles: int) -> list[Figure]:
    """All of it as figures."""
    with scratch() as folder:
        path = folder / "numbers.db"
        spent_s = count_year(path, vehicles)
        size_mb = path.stat().st_size / 2**20
        year_s, week_s, day_s = (page_s(path, days) for days in (YEAR_DAYS, 7, 1))
        event_us = journal_us(folder, journal_vehicles)
    events = vehicles * EVENTS_EACH
    note = f"{vehicles:,} vehicles, {events:,} events; a week {week_s:.3f} s, a day {day_s:.3f} s"
    return [
        Figure("numbers of a year, read and drawn, CPU", year_s, "s", PAGE_GOAL_S, note=note),
        Figure("file of numbers after that year", size_mb, "MB", 64.0, note=f"counted in {spent_s:.1f} s of CPU"),
        Figure("counting an event of the journal", event_us, "us", note="CPU, with reading it; beside running work"),
    ]


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, default=VEHICLES, help="vehicles of the year")
    parser.add_argument("--journal", type=int, default=JOURNAL_VEHICLES, help="vehicles in the real journal")
    options = parser.parse_args()
    found = measure(options.vehicles, options.journal)
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
