"""How fast the lists of a site reach a gate, and how fast it looks them up, also while it applies a whole list.

Usage: bench/lists.py [--rows N] [--changes N]

Over a real mosquitto on this computer. The snapshot comes over a line of 2 Mbit/s: the gate is a process in a network
namespace of its own, whose cable is shaped by tc both ways (root only; not measured elsewhere).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from shutil import which
from typing import TYPE_CHECKING

from bench.figures import Figure, p50, p99, table
from bench.scratch import scratch
from tests.races.network import network, why_no_namespaces
from tests.support.lists.gates import ListGate, central_at
from tests.support.lists.lists import DECLARATIONS, REVOCATIONS, declarations, delta, revocations, snapshot
from tests.support.mqtt.mosquitto import Broker
from tests.support.store.registries import open_registry, opened, put_whole, with_trust
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from agent.core.model import Declaration
    from agent.store.registry import Registry

ROWS = 100_000
CHANGES = 50
SNAPSHOT = 12_000
RATE = "2mbit"
LOOKUPS = 2_000
BETWEEN_S = 0.002
RIVALS = 400
DELTA_S, REVOCATION_S, SNAPSHOT_S, LOOKUP_MS = 2.0, 5.0, 10.0, 5.0
PATIENCE_S = 120.0


def measure(rows: int = ROWS, changes: int = CHANGES) -> list[Figure]:
    """All figures."""
    with scratch() as filled, scratch() as changed, scratch() as shaped:
        return [*_registry(filled, declarations(rows)), *_changes(changed, changes), _shaped(shaped)]


# ------------------------------------------------------------------------------------------------------- the registry


def _registry(folder: Path, rows: Sequence[Declaration]) -> Iterator[Figure]:
    registry = with_trust(open_registry(folder / "registry.db"))
    snap = snapshot(DECLARATIONS, rows)
    begun_at = time.perf_counter()
    registry.apply_snapshot(opened(snap), snap.packed, "mqtt")
    count = f"{len(rows):,}"
    yield Figure(f"snapshot of {count} applied", time.perf_counter() - begun_at, "s", note="beside nothing else")
    put_whole(registry, REVOCATIONS, revocations(rows[:1000]))
    note = f"n={LOOKUPS:,}; trust list, standings, declaration and revocation, in turn; {count} declarations"
    quiet = _looked_up(registry, rows, lambda done: done >= LOOKUPS)
    yield Figure("look-ups of one decision, p99", p99(quiet), "ms", LOOKUP_MS, note=note)
    yield Figure("look-ups of one decision, p50", p50(quiet), "ms")
    plates = [row.plate or "" for row in rows[:RIVALS]]
    times = [_timed(lambda: registry.declared(plates, float(rows[0].not_before))) for _ in range(100)]
    yield Figure(f"active declarations of {RIVALS} plates, p99", p99(times), "ms", note="all of them are there")
    yield _while_applying(registry, rows)
    registry.close()


def _while_applying(registry: Registry, rows: Sequence[Declaration]) -> Figure:
    """A whole list of which every row differs, on a thread of its own, as it comes over MQTT."""
    other = snapshot(DECLARATIONS, declarations(len(rows), seed=2), version=2)
    head = opened(other)
    thread = threading.Thread(target=lambda: registry.apply_snapshot(head, other.packed, "mqtt"))
    begun_at = time.perf_counter()
    thread.start()
    times = _looked_up(registry, rows, lambda _done: not thread.is_alive())
    note = (
        f"n={len(times):,} within {time.perf_counter() - begun_at:.1f} s; p50 {p50(times):.2f}, "
        f"worst {max(times):.1f} ms"
    )
    if registry.standings()[0].version != head.said.version:
        message = "the list was not applied"
        raise RuntimeError(message)
    return Figure(f"the same while {len(rows):,} rows are applied, p99", p99(times), "ms", LOOKUP_MS, note=note)


def _looked_up(registry: Registry, rows: Sequence[Declaration], over: Callable[[int], bool]) -> list[float]:
    times: list[float] = []
    pause = threading.Event()
    while not over(len(times)):
        permit = rows[len(times) * 7919 % len(rows)].permit_id
        times.append(_timed(lambda permit=permit: _look_up(registry, permit)))
        pause.wait(BETWEEN_S)
    return times


def _look_up(registry: Registry, permit: bytes) -> None:
    registry.trust()
    registry.standings()
    registry.declaration(permit)
    registry.revocation(permit)


def _timed(work: Callable[[], object]) -> float:
    begun_at = time.perf_counter()
    work()
    return (time.perf_counter() - begun_at) * 1000


# ------------------------------------------------------------------------------------------------- changes over MQTT


def _changes(folder: Path, count: int) -> Iterator[Figure]:
    rows = declarations(SNAPSHOT + count)
    first, later = rows[:SNAPSHOT], rows[SNAPSHOT:]
    with Broker(folder) as broker, central_at(broker.port) as central, ListGate(folder, broker.port) as gate:
        central.trust()
        central.whole(snapshot(DECLARATIONS, first))
        central.whole(snapshot(REVOCATIONS, []))
        gate.wait_version(DECLARATIONS, 1).wait_version(REVOCATIONS, 1)
        seen, revoked = [], []
        for version, row in enumerate(later, start=2):
            change = delta(DECLARATIONS, version - 1, version, upserts=[row])
            seen.append(
                _until(
                    lambda version=version, change=change: central.delta(DECLARATIONS, version, change),
                    lambda row=row: gate.registry.declaration(row.permit_id),
                )
            )
            change = delta(REVOCATIONS, version - 1, version, upserts=revocations([row]))
            revoked.append(
                _until(
                    lambda version=version, change=change: central.delta(REVOCATIONS, version, change),
                    lambda row=row: gate.registry.revocation(row.permit_id),
                )
            )
    note = f"n={count}; publish to look-up, durable; {SNAPSHOT:,} declarations; p50 "
    yield Figure("delta visible at the gate, worst", max(seen), "s", DELTA_S, note=f"{note}{p50(seen):.3f} s")
    yield Figure("revocation effective, worst", max(revoked), "s", REVOCATION_S, note=f"{note}{p50(revoked):.3f} s")


def _until(act: Callable[[], object], condition: Callable[[], object]) -> float:
    pause = threading.Event()
    begun_at = time.monotonic()
    act()
    while not condition():
        if time.monotonic() - begun_at > PATIENCE_S:
            message = "a change never came"
            raise RuntimeError(message)
        pause.wait(0.001)
    return time.monotonic() - begun_at


# ------------------------------------------------------------------------------------------------ over a slow line


def _shaped(folder: Path) -> Figure:
    what = f"snapshot of {SNAPSHOT:,} at 2 Mbit/s"
    missing = why_no_namespaces() or ("" if which("tc") else "there is no tc")
    if missing:
        return Figure(what, None, "s", SNAPSHOT_S, note=missing)
    snap = snapshot(DECLARATIONS, declarations(SNAPSHOT))
    size_kb = sum(map(len, snap.packed)) / 1000
    with network(["gate"], splits=True) as switch:
        space = switch.command("gate")
        cable = switch._gates["gate"][1]  # noqa: SLF001 - the helper of the tests
        _shape(["tc"], cable)
        _shape([*space, "tc"], "eth0")
        plain = f"listener 18{cable[-1]}83 {switch.host}"
        with Broker(folder, plain) as broker, central_at(broker.port) as central:
            central.trust()
            central.whole(snap)
            taken_s = _taken(space, folder, switch.host, int(plain.split()[1]))
    note = f"{size_kb:.0f} kB in {len(snap.packed)} chunks; a new gate, from its start to the commit; tc tbf both ways"
    return Figure(what, taken_s, "s", SNAPSHOT_S, note=note)


def _shape(tc: list[str], device: str) -> None:
    words = ["qdisc", "add", "dev", device, "root", "tbf", "rate", RATE, "burst", "16kb", "latency", "400ms"]
    subprocess.run([*tc, *words], check=True, capture_output=True)


def _taken(space: list[str], folder: Path, host: str, port: int) -> float:
    command = [*space, sys.executable, "-m", "tests.support.lists.gate_process", str(folder), host, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines: list[list[str]] = []
            reader = threading.Thread(target=lambda: lines.extend(line.split() for line in process.stdout or ()))
            reader.start()
            has = eventually(
                lambda: [line for line in list(lines) if line[0] == "has"], within_s=PATIENCE_S, what="the list"
            )
            begin = next(line for line in lines if line[0] == "begin")
        finally:
            process.kill()
    reader.join()
    return float(has[0][1]) - float(begin[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--changes", type=int, default=CHANGES)
    options = parser.parse_args()
    figures = measure(options.rows, options.changes)
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
