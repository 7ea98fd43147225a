"""What a vision worker's sandbox costs: once as it starts, and with each call of the kernel afterwards.

Usage: bench/sandbox.py [--starts N]

A frame of RTSP at 640x480 makes some 400 calls of the kernel, nearly all poll and recvfrom, counted with strace.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import time

from agent.vision.process import scrubbed_environment
from agent.vision.worker.sandbox.confinement import Confinement
from agent.vision.worker.sandbox.readable_files import find_readable_files
from bench.figures import Figure, p50, table
from drivers.api import CameraNeeds

CALLS = 200_000
CALLS_A_FRAME = 400


def confined() -> dict[str, float]:
    """Measure within this process, which is confined by it.

    Milliseconds to confine, nanoseconds a call before and after.
    """
    around = find_readable_files(CameraNeeds(tcp_ports=(554,), names=True))
    ours, theirs = socket.socketpair()
    theirs.sendall(b"x")
    before_ns = _call_ns(ours)
    begun_at = time.perf_counter()
    confinement = Confinement(around)
    confinement.bar_files()
    said = confinement.complete()
    took_ms = 1000 * (time.perf_counter() - begun_at)
    assert not said.missing, said.missing
    return {"confine_ms": took_ms, "before_ns": before_ns, "after_ns": _call_ns(ours)}


def _call_ns(link: socket.socket) -> float:
    """CPU time of one recvfrom, Python's part included."""
    receive = link.recv
    begun_ns = time.process_time_ns()
    for _ in range(CALLS):
        receive(1, socket.MSG_PEEK)
    return (time.process_time_ns() - begun_ns) / CALLS


def measure(starts: int) -> list[dict[str, float]]:
    """One child each: a process can be confined once."""
    command = [sys.executable, "-c", "import json; from bench.sandbox import confined; print(json.dumps(confined()))"]
    return [
        json.loads(subprocess.run(command, env=scrubbed_environment(), stdout=subprocess.PIPE, check=True).stdout)
        for _ in range(starts)
    ]


def figures(found: list[dict[str, float]]) -> list[Figure]:
    more_ns = p50([one["after_ns"] - one["before_ns"] for one in found])
    note = f"n={len(found)}; a call takes {p50([one['before_ns'] for one in found]):.0f} ns, Python's part included"
    return [
        Figure(
            "sandbox of a worker, at its start, p50", p50([one["confine_ms"] for one in found]), "ms", 50, note=note
        ),
        Figure(
            "sandbox of a worker, a frame", CALLS_A_FRAME * more_ns / 1e6, "ms", 0.1, note=f"{more_ns:+.0f} ns a call"
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=7)
    found = figures(measure(parser.parse_args().starts))
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
