"""What a broker that is killed and away for a while costs a fleet: events lost, sends an event, when gates are back.

One mosquitto without persistence is killed in the middle of a run and started again after a while. Every gate
records an event in five seconds; the consumer of the fleet is asked at the end what it has. Goals: nothing lost; at
most 1.2 sends an event; 99 of 100 gates back within 15 s of the return. Where the fleet itself was short of CPU, the
figures say so.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from typing import TYPE_CHECKING

from agent.broker import BrokerAddress
from bench.figures import Figure, table
from bench.scratch import scratch
from sim.fleet import Fleet, FleetPlan
from tests.support.mqtt.mosquitto import Broker

if TYPE_CHECKING:
    from sim.fleet import FleetReport, RunProgress

GATES = (200, 1_000)
FOR_S = 60.0
RATE = 0.2
AWAY_S = 10.0
SENDS_GOAL = 1.2
BACK_GOAL_S = 15.0


class Killer:
    """Kills the broker at the first progress of the recording, and starts it after a while, on a thread of its own."""

    def __init__(self, broker: Broker, away_s: float) -> None:
        self._broker = broker
        self._timer = threading.Timer(away_s, broker.start)
        self.done = False

    def __call__(self, progress: RunProgress) -> None:
        if progress.phase == "recording" and not self.done:
            self.done = True
            self._broker.kill()
            self._timer.start()

    def join(self) -> None:
        """Wait until the broker is there again."""
        if self.done:
            self._timer.join()


def measure(gates: int, away_s: float = AWAY_S) -> list[Figure]:
    """One run with one kill."""
    with scratch() as folder, Broker(folder, "max_queued_messages 100000", "max_inflight_messages 200") as broker:
        address = BrokerAddress("127.0.0.1", broker.port, tls=False)
        plan = FleetPlan(gates, RATE, (address,), FOR_S, start_spread_s=5.0, settle_s=120.0, consume=True)
        killer = Killer(broker, away_s)
        report = asyncio.run(Fleet(plan, killer).run())
        killer.join()
    return figures(report, away_s)


def figures(report: FleetReport, away_s: float) -> list[Figure]:
    """The figures of a run. A gate that has been away for shorter than the broker is back at once."""
    title = f"{report.gates:,} gates, broker killed and away for {away_s:g} s"
    back = report.reconnect_s
    starved = "" if report.believable else f"NOT TO BE BELIEVED, short of CPU: loop lag {report.loop_lag_s.words}"
    note = f"{report.recorded:,} events, not acknowledged at the end {report.not_acknowledged}; {starved}".rstrip("; ")
    return [
        Figure(f"{title}: lost", None if report.lost is None else float(report.lost), "events", 0, note=note),
        Figure(f"{title}: sends an event", report.sends_an_event, "", SENDS_GOAL, note=f"{report.sent:,} sends"),
        Figure(f"{title}: back after its return, p50", after(back.p50, away_s), "s", note=f"{back.count} reconnects"),
        Figure(f"{title}: back after its return, p99", after(back.p99, away_s), "s", BACK_GOAL_S, note=starved),
        Figure(f"{title}: back after its return, the last", after(back.max, away_s), "s"),
    ]


def after(reconnect_s: float | None, away_s: float) -> float | None:
    """How long after the return, by how long the gate was away."""
    return None if reconnect_s is None else max(0.0, reconnect_s - away_s)


def main() -> int:
    """Run with the gates that are named, or with both sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = " and ".join(str(count) for count in GATES)
    parser.add_argument("gates", nargs="?", type=int, help=f"how many; without it, {sizes} after one another")
    parser.add_argument(
        "away_s", nargs="?", type=float, default=AWAY_S, help="how long the broker is away (%(default)g s)"
    )
    options = parser.parse_args()
    gates = GATES if options.gates is None else (options.gates,)
    found = [figure for count in gates for figure in measure(count, options.away_s)]
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
