"""Eight cameras on one machine, of which two show vehicles with codes at once: are any behind, and what do all take?

Usage: bench/capacity.py [--cameras N] [--busy N] [--codes N] [--all]   With `--all` each picture of each camera is
decoded, as before.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from bench.busy_cameras import BusyCamera
from bench.figures import Figure, p50, p99, table
from bench.idle import IdleCamera
from bench.latency import P50_GOAL_MS, P99_GOAL_MS
from bench.scratch import scratch

CAMERAS, BUSY, CODES = 8, 2, 30


def measure(cameras: int, busy: int, codes: int, *, decode_all: bool = False) -> list[Figure]:
    """So many cameras, of which some are busy. Raises RuntimeError when a vision worker is started anew."""
    way = "each picture decoded, as before" if decode_all else "key pictures decoded at rest"
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        idle = [IdleCamera(folder, "all" if decode_all else "key_pictures", stack) for _ in range(cameras - busy)]
        for camera in idle:
            camera.await_rest()
        readers = [stack.enter_context(BusyCamera(folder, number)) for number in range(busy)]
        begun_at, begun = time.monotonic(), [camera.begin() for camera in idle]
        with ThreadPoolExecutor(busy) as beside:
            workers = list(beside.map(lambda one: one.measure(codes), readers))
        costs = [camera.end(one) for camera, one in zip(idle, begun, strict=True)]
        took_s = time.monotonic() - begun_at
        behind_s = max(camera.behind_s for camera in [*idle, *readers])
    times = [one for worker in workers for one in worker.times_ms]
    missed = sum(worker.missed for worker in workers)
    name = f"{cameras} cameras at 1080p25, {busy} busy, {way}"
    note = f"n={len(times)}, worst {max(times):.0f} ms, {missed} not read; {took_s:.0f} s"
    goals = (None, None) if decode_all else (P50_GOAL_MS, P99_GOAL_MS)
    dropped, read = (sum(getattr(worker, field) for worker in workers) for field in ("dropped", "read"))
    all_percent = sum(one.cpu_percent for one in [*costs, *workers])
    memory = [one.memory_mb for one in [*costs, *workers]]
    return [
        Figure(f"{name}: frame to presentation, p50", p50(times), "ms", goals[0], note=note),
        Figure(f"{name}: frame to presentation, p99", p99(times), "ms", goals[1], note=note),
        Figure(f"{name}: the latest frame, behind its stream", behind_s, "s", 0.5, note="at the end, of all cameras"),
        Figure(f"{name}: frames lost of those that changed", 100 * dropped / max(1, read + dropped), "%"),
        Figure(f"{name}: CPU of all vision workers", all_percent, "% of a core"),
        Figure(f"{name}: memory of all vision workers", sum(memory), "MB", note=f"largest {max(memory):.0f} MB (PSS)"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=CAMERAS)
    parser.add_argument("--busy", type=int, default=BUSY)
    parser.add_argument("--codes", type=int, default=CODES, help="shown to each busy camera")
    parser.add_argument("--all", action="store_true", help="decode each picture of each camera")
    options = parser.parse_args()
    figures = measure(options.cameras, options.busy, options.codes, decode_all=options.all)
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
