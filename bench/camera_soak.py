"""A hundred thousand pictures through a vision worker, with every fault of a camera on the way: does its memory grow?

Usage: bench/camera_soak.py [--pictures N]   The camera sends as many a second as it can, up to 250.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import threading
import time
from contextlib import ExitStack

from bench.camera_faults import WatchedCamera, faults, films
from bench.figures import Figure, table
from bench.processes import proportional_mb
from tests.support.vision.packet_rtsp import PacketCamera
from tests.support.waiting import eventually

PICTURES = 100_000
RATE_HZ = 250
BETWEEN_S = 12.0
LASTS_S = 2.0
GROWTH_MB = 8.0


def measure(pictures: int) -> list[Figure]:
    """Send so many pictures. Raises RuntimeError when the vision worker is started anew."""
    shown, pause = films(RATE_HZ), threading.Event()
    with ExitStack() as stack:
        camera = stack.enter_context(PacketCamera(shown.yard))
        watched = WatchedCamera(camera, stack, rests=True)
        memory: list[tuple[int, float]] = []
        begun_at, pid = time.monotonic(), None
        for present, (name, fault) in enumerate(itertools.cycle(faults(camera, shown).items())):
            eventually(lambda: watched.well, within_s=60, what=f"a camera that is well, before: {name}")
            # Now at rest, now with each picture decoded.
            watched.port.set_vehicle_present(present % 2 == 1)
            pause.wait(BETWEEN_S)
            heartbeat = watched.port.last_heartbeat
            pid = pid or watched.port.pid
            if watched.port.pid != pid or pid is None or heartbeat is None:
                message = f"the vision worker was started anew: {watched.port.status.detail}"
                raise RuntimeError(message)
            memory.append((heartbeat.captured, proportional_mb(pid)))
            print(f"{heartbeat.captured} came, {heartbeat.decoded} decoded, {memory[-1][1]:.1f} MB", flush=True)
            if heartbeat.captured >= pictures:
                break
            with fault():
                pause.wait(LASTS_S)
        took_s = time.monotonic() - begun_at
    settled = next(mb for came, mb in memory if came >= memory[-1][0] // 5)
    note = f"{settled:.1f} MB after a fifth, {memory[-1][1]:.1f} MB at the end; {len(memory)} faults in {took_s:.0f} s"
    grew_mb = memory[-1][1] - settled
    return [Figure(f"memory of a vision worker over {memory[-1][0]:,} pictures", grew_mb, "MB", GROWTH_MB, note=note)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=PICTURES)
    figures = measure(parser.parse_args().pictures)
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
