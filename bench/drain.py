"""How fast the uplink empties a journal into mosquitto, plain and with mutual TLS.

    python bench/drain.py [EVENTS]

Measured from the connection that stands to the watermark at the last event; the consumer stores in memory and
publishes the watermark every 30 ms. Goal: 2,000 events/s with mutual TLS.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.link.flow import FlowSettings
from agent.link.tls import TlsFiles
from agent.port_state import PortState
from bench.figures import Figure, table
from bench.scratch import scratch
from tests.central import Central
from tests.linking import GATE, journal_at, linked, local, quick, record
from tests.mosquitto import Broker, SampleBroker
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

GOAL_PER_S = 2_000


@dataclass(frozen=True, slots=True)
class Drained:
    """How it went. `cpu_us`: of gate and consumer together, an event."""

    events: int
    per_s: float
    cpu_us: float
    duplicates: int

    def figure(self, *, tls: bool) -> Figure:
        note = (
            f"{self.events:,} events, {self.cpu_us:.0f} us CPU each (gate and consumer), {self.duplicates} duplicates"
        )
        goal = GOAL_PER_S if tls else None
        what = f"drain after an outage, {'mutual TLS' if tls else 'plain'}"
        return Figure(what, self.per_s, "events/s", goal, at_least=True, note=note)


def drain(folder: Path, events: int, *, tls: bool) -> Drained:
    """Empty a journal of that many events."""
    broker = SampleBroker(folder, GATE) if tls else Broker(folder, "max_queued_messages 100000")
    files = TlsFiles(*broker.files(GATE)) if isinstance(broker, SampleBroker) else TlsFiles()
    central_files = broker.files("central") if isinstance(broker, SampleBroker) else None
    settings = quick(local(broker.port, tls=tls, host="localhost" if tls else "127.0.0.1"), tls=files)
    with (
        journal_at(folder / "journal.sqlite") as journal,
        broker,
        Central(broker.port, GATE, tls=central_files) as central,
    ):
        record(journal, events)
        with linked(journal, settings, FlowSettings()) as link:
            eventually(lambda: link.session.view.state is PortState.UP)
            began, began_cpu = link.session.view.since_at, time.process_time()
            eventually(lambda: journal.watermark == events, within_s=120)
            taken = time.monotonic() - began
            cpu = time.process_time() - began_cpu
    return Drained(events, events / taken, cpu / events * 1e6, len(central.arrivals) - events)


def measure(events: int) -> list[Figure]:
    """Plain, then with mutual TLS."""
    figures = []
    for tls in (False, True):
        with scratch() as folder:
            figures.append(drain(folder, events, tls=tls).figure(tls=tls))
    return figures


def main() -> int:
    figures = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
