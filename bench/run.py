"""Measures the product and shows one table with the goals beside the figures; the same as JSON in build/bench.json.

Usage: bench/run.py [--only NAME ...]

Takes an hour and a quarter on two cores that have nothing else to do. Exit code 1 when a goal is missed or a
measurement fails.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
import time
import traceback
from importlib.metadata import version
from typing import TYPE_CHECKING

from bench import (
    broker_kills,
    busy_cameras,
    camera_faults,
    capacity,
    claims,
    codes,
    console_attacks,
    drain,
    events,
    fleet,
    fleet_kills,
    gate_numbers,
    idle,
    journal,
    lane,
    latency,
    ledger,
    lists,
    new_cars,
    permits,
    plates,
    preview,
    pulses,
    reading,
    relay,
    replay,
    sandbox,
    second_reading,
    starting,
    telling,
    vehicles,
    vin_codes,
    vin_print,
    waking,
)
from bench.figures import Figure, table
from bench.scratch import BUILD, scratch

if TYPE_CHECKING:
    from collections.abc import Callable

VEHICLES = 40
PULSES = 600
TIMED_PULSES = 50
PASSAGES = 500
TOLD = 100
DECISIONS = 2_000
LEDGER = 100_000
DECLARED = 100_000
EVENTS = 1_000
CLAIMS = 1_000
STARTS = 5
SECOND_READINGS = 30
DRAINED = 10_000
BROKER_KILLS = 10
SITE_CLAIMS = 600
GATES = 1_000
KILLED_GATES = 200

ELSEWHERE = (
    Figure(
        "events lost, grants doubled over faults", None, "", note="make faults: the loss table; make races: three gates"
    ),
    Figure(
        "growth over a soak",
        None,
        "MB",
        note="make soak-vision: a vision worker over 100,000 pictures; of the whole agent: takes hours",
    ),
    Figure(
        "hardening score of the unit", None, "", note="make test: 1.4 by tests/packaging/test_unit_file.py, goal 1.5"
    ),
)


def site_claims() -> list[Figure]:
    with scratch() as folder:
        return claims.figures(claims.measure(folder, SITE_CLAIMS))


def append() -> list[Figure]:
    with scratch() as folder:
        return journal.figures(journal.measure(folder, EVENTS))


def shared_ledger() -> list[Figure]:
    with scratch() as folder:
        return ledger.figures(ledger.measure(folder, LEDGER, CLAIMS), LEDGER)


def vehicle_pages() -> list[Figure]:
    with scratch() as folder:
        return vehicles.measure(folder, vehicles.VEHICLES)


MEASUREMENTS: dict[str, tuple[str, Callable[[], list[Figure]]]] = {
    "latency": (
        f"{2 * VEHICLES} vehicles through a whole gate",
        lambda: latency.measure(VEHICLES, _progress).figures(),
    ),
    "full_post": (
        f"{2 * VEHICLES} vehicles through a gate with signs, speech, driver page, VINs and a witness",
        lambda: latency.measure(VEHICLES, _progress, is_full_post=True).figures(),
    ),
    "relay": (f"{PULSES} pulses on a serial line", lambda: relay.measure(PULSES).figures()),
    "pulses": (f"{2 * TIMED_PULSES} pulses, timed", lambda: pulses.measure(TIMED_PULSES)),
    "telling": (
        f"{TOLD} decisions told on each kind of sign, and aloud",
        lambda: telling.measure(TOLD),
    ),
    "lane": (f"{PASSAGES} vehicles through the lane's rules", lambda: lane.measure(PASSAGES)),
    "permits": (
        f"{DECISIONS} permits checked in each way, of {DECLARED} declared ones",
        lambda: permits.measure(DECISIONS, DECLARED).figures(),
    ),
    "vehicles": (f"pages over {vehicles.EVENTS_EACH * vehicles.VEHICLES:,} events", vehicle_pages),
    "replay": (f"a day of {replay.VEHICLES:,} vehicles judged by other rules", replay.measure),
    "codes": ("the QR codes of permits in each form", codes.figures),
    "lists": (f"{lists.ROWS:,} declarations, {2 * lists.CHANGES} changes, a list over a slow line", lists.measure),
    "journal": (f"{EVENTS} durable appends", append),
    "numbers": (
        f"a year of {gate_numbers.VEHICLES:,} vehicles, counted and shown",
        lambda: gate_numbers.measure(gate_numbers.VEHICLES, gate_numbers.JOURNAL_VEHICLES),
    ),
    "ledger": (f"{CLAIMS} claims on a ledger of {LEDGER} rows", shared_ledger),
    "idle": (
        f"{', '.join(map(str, idle.CAMERAS))} cameras with nothing to see, as before and at rest",
        lambda: [
            idle.figure(way, idle.measure(count, way)) for count in idle.CAMERAS for way in ("all", "key_pictures")
        ],
    ),
    "capacity": (
        f"{capacity.CAMERAS} cameras, of which {capacity.BUSY} are busy",
        lambda: capacity.measure(capacity.CAMERAS, capacity.BUSY, capacity.CODES),
    ),
    "waking": (
        f"{waking.CODES} codes that appear before a camera at rest in each way",
        lambda: waking.measure(waking.CODES),
    ),
    "camera_faults": ("seven faults of a camera, at rest and awake", camera_faults.measure),
    "busy_cameras": (
        f"{busy_cameras.CODES} codes shown to each of {', '.join(map(str, busy_cameras.CAMERAS))} cameras at once",
        lambda: [
            figure
            for count in busy_cameras.CAMERAS
            for figure in busy_cameras.measure(count, busy_cameras.CODES).figures()
        ],
    ),
    "sandbox": (f"the sandbox of {STARTS} vision workers", lambda: sandbox.figures(sandbox.measure(STARTS))),
    "second_reading": (
        f"the second reading of {SECOND_READINGS} vehicles' pictures",
        lambda: second_reading.measure(SECOND_READINGS).figures(),
    ),
    "preview": (
        f"open pages, {preview.ROUNDS} rounds; {preview.VEHICLES} vehicles with one and as many without",
        lambda: preview.measure(preview.ROUNDS) + preview.delays(preview.VEHICLES),
    ),
    "starting": (f"{STARTS} starts of the agent", lambda: starting.figures(starting.measure(STARTS))),
    "console_attacks": (
        f"log-ins under a hundred attacks on the console, {console_attacks.MEASURED_S:.0f} s",
        lambda: console_attacks.measure(progress=_progress),
    ),
    "drain": (
        f"{DRAINED} events drained, plain and with mutual TLS",
        lambda: drain.measure(DRAINED),
    ),
    "events": (
        f"{events.VEHICLES} vehicles of an outage, {events.DECISIONS} decisions, to the reference consumer",
        lambda: [events.outage(events.VEHICLES), *events.decisions(events.DECISIONS)],
    ),
    "claims": (f"{2 * SITE_CLAIMS} claims between two gates", site_claims),
    "broker_kills": (
        f"{BROKER_KILLS} kills of the broker, and as many cuts",
        lambda: broker_kills.measure(BROKER_KILLS),
    ),
    "fleet": (f"{GATES} gates at one broker", lambda: fleet.measure(GATES)),
    "fleet_kills": (f"a broker away under {KILLED_GATES} gates", lambda: fleet_kills.measure(KILLED_GATES)),
    "reading": ("codes and plates in pictures", reading.measure),
    "plates": ("the match of plates in photographs", plates.measure),
    "vin_codes": (
        f"VINs in codes on {vin_codes.LABELS} labels of each kind and size",
        lambda: vin_codes.figures(vin_codes.measure()),
    ),
    "new_cars": (
        f"{new_cars.CARS} new cars without a plate",
        lambda: new_cars.figures(new_cars.measure(progress=_progress)),
    ),
    "vin_print": (
        f"VINs in print on {vin_print.LABELS} labels of each height",
        lambda: vin_print.figures(vin_print.measure()),
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS), help="measure only these"
    )
    names = parser.parse_args().only
    logging.basicConfig(level=logging.ERROR)
    begun_at = time.monotonic()
    about = {
        "version": version("gate-agent"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
    }
    figures: list[Figure] = []
    failed = False
    for place, name in enumerate(names, start=1):
        title, measure = MEASUREMENTS[name]
        print(f"[{place}/{len(names)}] {name}: {title} ...", flush=True)
        started_at = time.monotonic()
        try:
            figures += measure()
        except Exception:  # noqa: BLE001 - one measurement that fails must not hide the others; it is shown and told
            traceback.print_exc()
            figures.append(Figure(f"{name}: {title}", None, "", note="FAILED, see above"))
            failed = True
        print(f"        {time.monotonic() - started_at:.0f} s", flush=True)
    if len(names) == len(MEASUREMENTS):
        figures += ELSEWHERE
    about["load_after"] = round(os.getloadavg()[0], 2)
    print(
        f"\ngate-agent {about['version']}, Python {about['python']}, {about['cores']} cores, "
        f"load {about['load_before']} before, {about['load_after']} after"
    )
    print(table(figures))
    return _conclude(figures, about | {"took_s": round(time.monotonic() - begun_at)}, failed=failed)


def _conclude(figures: list[Figure], about: dict[str, object], *, failed: bool) -> int:
    missed = [figure for figure in figures if figure.kept is False]
    path = BUILD / "bench.json"
    BUILD.mkdir(exist_ok=True)
    path.write_text(
        json.dumps({"about": about, "figures": [one.as_json() for one in figures]}, indent=2, ensure_ascii=False)
        + "\n",
        encoding="utf-8",
    )
    goals = sum(figure.kept is not None for figure in figures)
    unmeasured = sum(figure.value is None for figure in figures)
    print(
        f"\n{goals - len(missed)} of {goals} goals kept, {unmeasured} not measured here; took {about['took_s']} s; "
        f"{path}"
    )
    return 1 if missed or failed else 0


def _progress(text: str) -> None:
    print(f"        {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
