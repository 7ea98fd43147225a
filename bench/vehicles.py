"""How long the pages of vehicles take over a long journal, and how long their index takes to be made.

Usage: bench/vehicles.py [--vehicles N] [--folder DIR]   With --folder the journal stays there, and is used again.

A million events of 100,000 vehicles, then a whole agent with its console: each page is asked for by HTTP several times,
the slowest counts. Exit code 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import threading
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
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
    Point,
    SealedEvent,
    TransactionClosed,
    VehicleEntering,
    VehiclePresent,
    Writer,
    digest_of,
    seal,
    time_text,
)
from agent.core.lane import transaction_id
from agent.core.model import Outcome, Reason, Verdict
from agent.store.journal import Journal, event_table
from agent.store.numbers import NAME as NUMBERS
from agent.store.numbers import NumbersError, NumbersReader
from agent.store.transaction import transaction
from bench.figures import Figure, table
from bench.scratch import scratch
from tests.support.console.consoles import ConsoleGate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

GATE: Final = "gate-7"
VEHICLES: Final = 100_000
EVENTS_EACH: Final = 10
AT_ONCE: Final = 500
GOAL_S: Final = 1.0
TRIES: Final = 5
END_UTC: Final = 1_795_000_000.0
APART_S: Final = 55.0
PROVINCES: Final = "京沪新粤津渝冀晋蒙辽"
LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
LANES: Final = ("out", "entry-1", "exit-1", "exit-2")
CHECKED: Final = tuple(Reason)[1:19]
STREAM: Final = "00000000-0000-4000-8000-000000000000"
KINDS: Final = (
    ((Verdict.PASS, Reason.OK, Outcome.PASSED), 92),
    ((Verdict.DENY, Reason.EXPIRED, Outcome.DENIED), 2),
    ((Verdict.MANUAL, Reason.PLATE_UNSURE, Outcome.OVERRIDDEN), 3),
    ((Verdict.DENY, Reason.ALREADY_USED, Outcome.DENIED), 2),
    ((Verdict.DENY, Reason.WRONG_LANE, Outcome.ABANDONED), 1),
)
"""How vehicles end, and how many of a hundred."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The events of one vehicle as they are stored, with marks where each vehicle has values of its own."""

    events: tuple[tuple[str, int, str], ...]
    """Type, milliseconds after the arrival, and the bytes as text."""


def pattern(verdict: Verdict, reason: Reason, outcome: Outcome) -> Pattern:
    """The ten events of a vehicle that passes, is refused, or is let pass by an officer."""
    permit = PermitRecord(
        permit="@permit@",
        issuer="customs",
        key="adf2a709",
        declaration="@declaration@",
        vin="@vin@",
        plate="@plate@",
        expires_at=round(END_UTC) + 86_400,
    )
    checks = tuple(CheckRecord(reason=one, ok=True, detail="as it must be") for one in CHECKED)
    checks += (CheckRecord(reason=reason, ok=reason is Reason.OK, detail="what was seen"),)
    seen = PlateRecord(verdict="MATCH", declared="@plate@", read="@plate@", score=8.1, frames=3, colour="blue")
    by_officer = AccessGranted(grant="@txn@-1", by="operator", operator="A. Kasymova", cause="checked at the vehicle")
    by_permit = AccessGranted(grant="@txn@-1", by="permit", permit="@permit@")
    events = (
        VehiclePresent(seen_by="inputs", direction="export"),
        PermitPresented(length=282, digest="@digest@", engine="zxing", camera="front", picture="@picture@"),
        AccessDecided(
            verdict=verdict, reason=reason, checks=checks, permit=permit, plate=seen, pictures=("@picture@",)
        ),
        by_permit if verdict is Verdict.PASS else by_officer,
        DeviceChanged(device="relay", family="relay", state="up"),
        BarrierPulsed(grant="@txn@-1", action="open", delivery="delivered"),
        BarrierMoved(position="open"),
        VehicleEntering(),
        BarrierMoved(position="closed"),
        TransactionClosed(
            outcome=outcome,
            reason=reason,
            assumed=False,
            duration_s=21.5,
            permit="@permit@",
            plate="@plate@",
            vin="@vin@",
            declaration="@declaration@",
            pictures=("@picture@",),
        ),
    )
    writer = Writer(GATE, STREAM, "1")
    made = []
    for place, event in enumerate(events):
        is_own = event.TYPE != DeviceChanged.TYPE
        draft = Draft(event, "@lane@" if is_own else None, "@txn@" if is_own else None, END_UTC + 2 * place)
        one = seal(draft, writer, Point(STREAM, 7, "@prev@"), ClockReading(END_UTC, synced=True), bytes(10))
        text = one.payload.decode().replace(one.id, "@id@").replace(time_text(one.utc_ms), "@time@")
        made.append((one.type, 2000 * place, text.replace('"seq":8,', '"seq":@seq@,')))
    return Pattern(tuple(made))


def fill(path: Path, vehicles: int) -> list[str]:
    """Write the journal; returns some of its transactions, from the oldest to the newest.

    The events are those that a gate would write, put together from patterns: to make a million of them in the usual way
    takes an hour of such a computer.
    """
    chance = random.Random(1)
    patterns = [pattern(*one) for one, _ in KINDS]
    shares = [share for _, share in KINDS]
    Journal.open(path, gate=GATE, boot="1", clock=lambda: ClockReading(END_UTC, synced=True), max_bytes=8 << 30).close()
    kept: list[str] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        stream = event_table.standing_of(connection).head.stream
        connection.execute("PRAGMA synchronous = OFF")
        for first in range(0, vehicles, AT_ONCE):
            now = event_table.standing_of(connection)
            prev, sealed = now.head, []
            for number in range(first, min(first + AT_ONCE, vehicles)):
                came_ms = round((END_UTC - (vehicles - number) * APART_S) * 1000)
                values = _values(number, came_ms, max(1, vehicles // 2))
                for kind, after_ms, text in chance.choices(patterns, shares)[0].events:
                    one = _stored(kind, came_ms + after_ms, text, values, prev, stream)
                    prev = Point(stream, one.seq, one.digest)
                    sealed.append(one)
            with transaction(connection):
                event_table.append(connection, now, sealed)
            kept.append(values["@txn@"])
    return kept


def _values(number: int, came_ms: int, fleet: int) -> dict[str, str]:
    chance = random.Random(number % fleet)  # so many plates there are: each comes again
    permit = f"{number:032x}"
    return {
        "@txn@": transaction_id(came_ms / 1000, 1 + number % len(LANES), number),
        "@lane@": LANES[number % len(LANES)],
        "@plate@": chance.choice(PROVINCES) + "".join(chance.choices(LETTERS, k=6)),
        "@vin@": f"LSGJA52U{number:09d}",
        "@permit@": permit,
        "@digest@": permit[-16:],
        "@declaration@": f"9401{number:014d}",
        "@picture@": f"{number:064x}",
    }


def _stored(kind: str, utc_ms: int, text: str, values: dict[str, str], prev: Point, stream: str) -> SealedEvent:
    seq = prev.seq + 1
    own = {"@seq@": str(seq), "@prev@": prev.digest, "@time@": time_text(utc_ms), "@id@": f"{seq:036d}"}
    for mark, value in {**own, STREAM: stream, **values}.items():
        text = text.replace(mark, value)
    payload = text.encode()
    return SealedEvent(seq, own["@id@"], kind, payload, digest_of(payload), utc_ms)


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
        _wait_for_numbers(state, vehicles)
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
    yield "vehicles: a permit", f"/vehicles?q={len(transactions) // 2:032x}"
    yield "vehicles: refused at a lane for a reason", "/vehicles?result=refused&lane=exit-1&reason=EXPIRED"
    yield "vehicles: a day in the middle", "/vehicles?period=between&since=2026-10-01T00:00&until=2026-10-02T00:00"
    yield "vehicles: far back", "/vehicles?before=500"
    yield "vehicles: news", "/live/vehicles?after=5"
    yield "a vehicle: the newest", f"/vehicles/{transactions[-1]}"
    yield "a vehicle: in the middle", f"/vehicles/{middle}"
    yield "a vehicle: compared with the one before", f"/vehicles/{transactions[-1]}/compare"
    yield "numbers: a year", "/numbers?days=365"
    yield "numbers: a year of one lane, technical", "/numbers/technical?days=365&lane=exit-1"


def _figure(browser: httpx.Client, what: str, address: str) -> Figure:
    taken, cpu, size = [], [], 0
    for _ in range(TRIES):
        began_at, before = time.perf_counter(), time.process_time()
        answer = browser.get(address)
        taken.append(time.perf_counter() - began_at)
        cpu.append(time.process_time() - before)
        assert answer.status_code == 200, (address, answer.status_code)
        size = len(answer.content)
    return Figure(what, max(taken), "s", GOAL_S, note=f"{max(cpu):.3f} s of CPU, {size / 1000:.0f} kB")


def _wait_for_index(state: Path, vehicles: int) -> None:
    while True:
        try:
            with reading(state) as index:
                found = read_state(index)
        except IndexUnavailableError:
            found = None
        if found is not None and found.seq >= vehicles * EVENTS_EACH:
            return
        threading.Event().wait(0.5)


def _wait_for_numbers(state: Path, vehicles: int) -> None:
    while True:
        with suppress(NumbersError), NumbersReader(state / NUMBERS) as numbers:
            if numbers.progress().seq >= vehicles * EVENTS_EACH:
                return
        threading.Event().wait(0.5)


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
        found = measure(options.folder.resolve(), options.vehicles)
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
