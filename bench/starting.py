"""From the start of the agent's process to READY=1, with every part configured: broker, boards, camera.

Usage: bench/starting.py [--starts N]
"""

from __future__ import annotations

import argparse
import sys

from bench.figures import Figure, p50, table
from bench.gate import BenchGate
from bench.scratch import scratch

GOAL_S = 3.0


def measure(starts: int) -> list[float]:
    """The times of that many starts over one state directory, in seconds."""
    with scratch() as folder, BenchGate(folder) as gate:
        times = []
        for _ in range(starts):
            agent = gate.start('kind = "simulated"')
            times.append(agent.ready_s)
            agent.stop()
        return times


def figures(times: list[float]) -> list[Figure]:
    note = f"n={len(times)}, worst {max(times):.2f} s; the agent waits for no device"
    return [Figure("process start to READY=1, p50", p50(times), "s", GOAL_S, note=note)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=5)
    found = figures(measure(parser.parse_args().starts))
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
