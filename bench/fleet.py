"""How a fleet of gates weighs on one mosquitto: its CPU, and how soon events are acknowledged.

Each gate has its own connection and records one event a second; the consumer runs in the process of the fleet and
stores nothing. Goal: 1,000 gates at 1,000 events/s in total cost the broker at most a tenth of a core, and nothing is
lost.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.broker import BrokerAddress
from bench.figures import Figure, table
from bench.processes import cpu_s
from bench.scratch import scratch
from sim.fleet import Fleet, FleetPlan
from tests.support.mqtt.mosquitto import Broker

if TYPE_CHECKING:
    from sim.fleet import FleetReport, RunProgress

FOR_S = 20.0
RATE = 1.0
GOAL_SHARE = 10.0
PERCENT = 100.0
GATES = 1_000


@dataclass(slots=True)
class Watch:
    """The broker's CPU time when the recording begins."""

    pid: int
    begun_cpu_s: float | None = None
    begun_at_s: float = 0.0

    def __call__(self, progress: RunProgress) -> None:
        if progress.phase != "connecting" and self.begun_cpu_s is None:
            self.begun_cpu_s, self.begun_at_s = cpu_s(self.pid), progress.at_s


def measure(gates: int) -> list[Figure]:
    with scratch() as folder, Broker(folder, "max_queued_messages 100000", "max_inflight_messages 200") as broker:
        address = BrokerAddress("127.0.0.1", broker.port, tls=False)
        plan = FleetPlan(gates, RATE, (address,), FOR_S, start_spread_s=2.0, consume=True)
        watch = Watch(broker.process.pid)
        report = asyncio.run(Fleet(plan, watch).run())
        used_s = cpu_s(broker.process.pid) - (watch.begun_cpu_s or 0.0)
        return figures(report, used_s / max(1.0, report.took_s - watch.begun_at_s) * PERCENT)


def figures(report: FleetReport, broker_percent: float) -> list[Figure]:
    """The figures of a run."""
    per_s = report.gates * report.rate
    title = f"{report.gates:,} gates, {per_s:,.0f} events/s"
    duplicates = 0 if report.consumed is None else report.consumed.duplicates
    note = f"{report.recorded:,} events, {duplicates} duplicates, fleet and consumer {report.cpu_share:.0%} of a core"
    lost = None if report.lost is None else float(report.lost)
    return [
        Figure(f"{title}: CPU of mosquitto", broker_percent, "% of a core", GOAL_SHARE, note=note),
        Figure(f"{title}: lost", lost, "events", 0, note=f"{report.not_acknowledged} not acknowledged at the end"),
        Figure(f"{title}: broker's answer, p99", (report.puback_s.p99 or 0.0) * 1000, "ms"),
        Figure(
            f"{title}: recorded to acknowledged, p50",
            (report.stored_s.p50 or 0.0) * 1000,
            "ms",
            note="consumer in memory, acknowledges every 50 ms",
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gates", nargs="?", type=int, default=GATES, help="how many (%(default)s)")
    found = measure(parser.parse_args().gates)
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
