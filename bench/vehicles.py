"""How long the pages of vehicles take over a long journal, and how long their index takes to be made.

Usage: bench/vehicles.py [--vehicles N] [--folder DIR]   With --folder the journal stays there, and is used again.

A million events of 100,000 vehicles, then a whole agent with its console: each page is asked for by HTTP several times,
the slowest counts. Exit code 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.console.vehicles.index_file import NAME, IndexUnavailableError, read_state, reading
from agent.core.events import (
    AccessDecided,
    AccessGranted,
    BarrierMoved,
    BarrierPulsed,
    CheckRecord,
    ClockReading,
    DeviceChanged,
    Draft,
    PermitPresented,
    PermitRecord,
    PlateRecord,
    TransactionClosed,
    VehicleEntering,
    VehiclePresent,
)
from agent.core.lane import transaction_id
from agent.core.model import Outcome, Reason, Verdict
from agent.store.journal import Journal
from bench.figures import Figure, table
from bench.scratch import scratch
from tests.support.console.consoles import ConsoleGate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

GATE: Final = "gate-7"
VEHICLES: Final = 100_000
EVENTS_EACH: Final = 10
AT_ONCE: Final = 50
GOAL_S: Final = 1.0
TRIES: Final = 5
END_UTC: Final = 1_795_000_000.0
APART_S: Final = 55.0
PROVINCES: Final = "京沪新粤津渝冀晋蒙辽"
LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
LANES: Final = ("out", "entry-1", "exit-1", "exit-2")
CHECKED: Final = tuple(Reason)[1:19]
WRONG: Final = (Reason.EXPIRED, Reason.PLATE_UNSURE, Reason.WRONG_LANE, Reason.ALREADY_USED)


def vehicle(number: int, utc: float, chance: random.Random) -> tuple[str, list[Draft]]:
    """The ten events of one vehicle: most pass, some need an officer, some are refused."""
    transaction = transaction_id(utc, 1 + number % len(LANES), number)
    plate = chance.choice(PROVINCES) + "".join(chance.choices(LETTERS, k=6))
    vin = f"LSGJA52U{number:09d}"
    permit_id, declaration = f"{number:032x}", f"9401{number:014d}"
    reason = chance.choices((Reason.OK, *WRONG), (92, 2, 3, 1, 2))[0]
    verdict = {Reason.OK: Verdict.PASS, Reason.PLATE_UNSURE: Verdict.MANUAL}.get(reason, Verdict.DENY)
    outcome = {Verdict.PASS: Outcome.PASSED, Verdict.MANUAL: Outcome.OVERRIDDEN}.get(verdict, Outcome.DENIED)
    permit = PermitRecord(
        permit=permit_id,
        issuer="customs",
        key="adf2a709",
        declaration=declaration,
        vin=vin,
        plate=plate,
        expires_at=round(utc) + 86_400,
    )
    picture = f"{number:064x}"
    checks = tuple(CheckRecord(reason=one, ok=True, detail="as it must be") for one in CHECKED)
    checks += (CheckRecord(reason=reason, ok=reason is Reason.OK, detail="what was seen"),)
    seen = PlateRecord(verdict="MATCH", declared=plate, read=plate, score=8.1, frames=3, colour="blue")
    grant = f"{transaction}-1"
    by = (
        AccessGranted(grant=grant, by="permit", permit=permit_id)
        if verdict is Verdict.PASS
        else AccessGranted(grant=grant, by="operator", operator="A. Kasymova", cause="checked at the vehicle")
    )
    events = [
        VehiclePresent(seen_by="inputs", direction="export"),
        PermitPresented(length=282, digest=permit_id[:16], engine="zxing", camera="front", picture=picture),
        AccessDecided(
            verdict=verdict, reason=reason, checks=checks, permit=permit, plate=seen, pictures=(picture, picture)
        ),
        by,
        BarrierPulsed(grant=grant, action="open", delivery="delivered"),
        BarrierMoved(position="open"),
        VehicleEntering(),
        BarrierMoved(position="closed"),
        TransactionClosed(
            outcome=outcome,
            reason=reason,
            assumed=False,
            duration_s=21.5,
            permit=permit_id,
            plate=plate,
            vin=vin,
            declaration=declaration,
            pictures=(picture,),
        ),
    ]
    lane = LANES[number % len(LANES)]
    drafts = [Draft(event, lane, transaction, utc + 2 * place) for place, event in enumerate(events)]
    drafts.insert(4, Draft(DeviceChanged(device="relay", family="relay", state="up"), None, None, utc + 7))
    return transaction, drafts


def fill(path: Path, vehicles: int) -> list[str]:
    """Write the journal; returns some of its transactions, from the oldest to the newest."""
    chance = random.Random(1)
    journal = Journal.open(
        path, gate=GATE, boot="1", clock=lambda: ClockReading(END_UTC, synced=True), max_bytes=8 << 30
    )
    kept: list[str] = []
    for first in range(0, vehicles, AT_ONCE):
        drafts: list[Draft] = []
        for number in range(first, min(first + AT_ONCE, vehicles)):
            transaction, own = vehicle(number, END_UTC - (vehicles - number) * APART_S, chance)
            drafts += own
        kept.append(transaction)
        journal.record(drafts)
    journal.close()
    return kept


def measure(folder: Path, vehicles: int) -> list[Figure]:
    """Fill a journal, where there is none yet, and time the pages over it."""
    state = folder / "state"
    state.mkdir(exist_ok=True)
    known = folder / "transactions"
    if not known.exists():
        known.write_text("\n".join(fill(state / "journal.db", vehicles)), encoding="utf-8")
    transactions = known.read_text(encoding="utf-8").splitlines()
    with ExitStack() as stack:
        began_at, cpu = time.perf_counter(), time.process_time()
        gate = stack.enter_context(ConsoleGate(folder, vision=False, permits="\n[journal]\nmax_mb = 8000\n"))
        browser = gate.browser("viewer")
        _wait_for_index(state, vehicles)
        made_s, made_cpu_s = time.perf_counter() - began_at, time.process_time() - cpu
        size_mb = (state / NAME).stat().st_size / 1e6
        found = [_figure(browser, what, address) for what, address in pages(transactions)]
    note = f"{vehicles * EVENTS_EACH:,} events of {vehicles:,} vehicles; {made_cpu_s:.0f} s of CPU, {size_mb:.0f} MB"
    return [*found, Figure("index of vehicles made from the whole journal", made_s, "s", note=note)]


def pages(transactions: list[str]) -> Iterator[tuple[str, str]]:
    """The pages to ask for, each with what it is."""
    middle = transactions[len(transactions) // 2]
    yield "vehicles: the newest", "/vehicles"
    yield "vehicles: a part of a plate", "/vehicles?q=B52"
    yield "vehicles: a text that none has", "/vehicles?q=QQQQQQ"
    yield "vehicles: a VIN", "/vehicles?q=LSGJA52U000012345"
    yield "vehicles: refused at a lane for a reason", "/vehicles?result=refused&lane=exit-1&reason=EXPIRED"
    yield "vehicles: a day in the middle", "/vehicles?period=between&since=2026-10-01T00:00&until=2026-10-02T00:00"
    yield "vehicles: far back", "/vehicles?before=500"
    yield "vehicles: news", "/live/vehicles?after=5"
    yield "a vehicle: the newest", f"/vehicles/{transactions[-1]}"
    yield "a vehicle: in the middle", f"/vehicles/{middle}"
    yield "a vehicle: compared with the one before", f"/vehicles/{middle}/compare"


def _figure(browser: httpx.Client, what: str, address: str) -> Figure:
    taken, size = [], 0
    for _ in range(TRIES):
        began_at = time.perf_counter()
        answer = browser.get(address)
        taken.append(time.perf_counter() - began_at)
        assert answer.status_code == 200, (address, answer.status_code)
        size = len(answer.content)
    return Figure(what, max(taken), "s", GOAL_S, note=f"first {taken[0]:.3f} s, {size / 1000:.0f} kB")


def _wait_for_index(state: Path, vehicles: int) -> None:
    while True:
        try:
            with reading(state) as index:
                found = read_state(index)
        except IndexUnavailableError:
            found = None
        if found is not None and found.seq >= vehicles * EVENTS_EACH:
            return
        time.sleep(0.5)  # noqa: TID251 - a measurement waits for what it measures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, default=VEHICLES, help="vehicles in the journal")
    parser.add_argument("--folder", type=Path, default=None, help="a folder that keeps the journal")
    options = parser.parse_args()
    if options.folder is None:
        with scratch() as folder:
            found = measure(folder, options.vehicles)
    else:
        options.folder.mkdir(parents=True, exist_ok=True)
        found = measure(options.folder, options.vehicles)
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
