"""How long a day's journal takes to be judged by other rules, and whether a difference put in by hand is found."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.replay import recorded_vehicles, replay
from agent.store.journal import JournalReader
from bench.figures import Figure, table
from bench.scratch import scratch
from tests.support.lane.judging import GOOD, READ, declared
from tests.support.lane.past_vehicles import LANE, RULES, Situation, answered, by, drafts, record_day, shown
from tests.support.pki.permits import NOW
from tests.support.store.journals import open_journal

if TYPE_CHECKING:
    from pathlib import Path

VEHICLES = 3_000
DAY_S = 86_400
GOAL_S = 5.0
ODD = "20261124235959019999"


def measure(vehicles: int = VEHICLES) -> list[Figure]:
    """All figures."""
    with scratch() as folder:
        return _figures(folder / "journal.db", vehicles)


def _figures(path: Path, vehicles: int) -> list[Figure]:
    car = Situation(shown(GOOD), READ, declaration=declared())
    kinds = (car, replace(car, readings=()), replace(car, revoked=True), replace(car, readings=(), final=True))
    journal = open_journal(path, max_bytes=1 << 30)
    try:
        record_day(journal, [answered(one, RULES) for one in kinds], vehicles, DAY_S / vehicles)
        # The one vehicle whose declaration had not come to the gate yet.
        journal.record(drafts((answered(replace(car, declaration=None), RULES),), ODD, NOW + DAY_S / 2))
    finally:
        journal.close()
    began_at, began_cpu = time.perf_counter(), time.process_time()
    with JournalReader(path) as reader:
        found = replay(recorded_vehicles(reader), {LANE: by(declaration="required")})
    took_s, cpu_s = time.perf_counter() - began_at, time.process_time() - began_cpu
    if found.vehicles != vehicles + 1:
        raise RuntimeError(f"{found.vehicles} vehicles were found of {vehicles + 1}")
    named = [one.vehicle.transaction for one in found.differences]
    what = f"replay of a day of {vehicles:,} vehicles"
    return [
        Figure(what, round(took_s, 2), "s", GOAL_S, note=f"{cpu_s:.2f} s of CPU, {path.stat().st_size >> 20} MB"),
        Figure("differences found of one put in by hand", float(named == [ODD]), "", 1.0, at_least=True),
    ]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vehicles", nargs="?", type=int, default=VEHICLES, help="of the day (%(default)s)")
    print(table(measure(parser.parse_args().vehicles)))


if __name__ == "__main__":
    main()
