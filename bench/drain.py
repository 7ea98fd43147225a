"""How fast the uplink empties a journal through mosquitto into the reference consumer, plain and with mutual TLS.

    python bench/drain.py [EVENTS]

Measured from the connection that stands to the watermark at the last event. The consumer is a process of its own, as
it is in the field, and stores in SQLite. Goal: 2,000 events/s with mutual TLS.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.broker import TlsFiles
from agent.devices import PortState
from agent.mqtt import DeliverySettings
from bench.figures import Figure, table
from bench.scratch import scratch
from tests.faults.consumer import Consumer
from tests.support.mqtt.linking import GATE, journal_at, linked, local, quick, record
from tests.support.mqtt.mosquitto import Broker, SampleBroker
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.store.journal import Journal

GOAL_PER_S = 2_000
DRAINED_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Drained:
    """How it went. `cpu_us`: of the gate, an event. `resent`: how many were sent more than once."""

    events: int
    taken_s: float
    cpu_us: float
    resent: int

    @property
    def per_s(self) -> float:
        return self.events / self.taken_s

    def figure(self, *, tls: bool) -> Figure:
        note = f"{self.events:,} events, {self.cpu_us:.0f} us CPU of the gate each, {self.resent} sent again"
        what = f"drain after an outage, {'mutual TLS' if tls else 'plain'}"
        return Figure(what, self.per_s, "events/s", GOAL_PER_S if tls else None, at_least=True, note=note)


def drain(
    folder: Path,
    events: int,
    *,
    tls: bool,
    fill: Callable[[Journal, int], None] = record,
) -> Drained:
    """Empty a journal of that many events, which `fill` writes."""
    broker = SampleBroker(folder, GATE) if tls else Broker(folder, "max_queued_messages 100000")
    files = TlsFiles(*broker.files(GATE)) if isinstance(broker, SampleBroker) else TlsFiles()
    central_files = broker.files("central") if isinstance(broker, SampleBroker) else None
    settings = quick(local(broker.port, tls=tls, host="localhost" if tls else "127.0.0.1"), tls=files)
    with ExitStack() as stack:
        journal = stack.enter_context(journal_at(folder / "journal.sqlite"))
        fill(journal, events)
        stack.enter_context(broker)
        port = broker.port_of("central") if isinstance(broker, SampleBroker) else broker.port
        consumer = stack.enter_context(reference_consumer(folder, port, central_files))
        link = stack.enter_context(linked(journal, settings, DeliverySettings()))
        eventually(lambda: link.client.view.state is PortState.UP)
        began, began_cpu = link.client.view.since_at, time.process_time()
        eventually(lambda: journal.watermark == events, DRAINED_WITHIN_S)
        taken_s = time.monotonic() - began
        cpu = time.process_time() - began_cpu
        if consumer.count() != events:
            message = f"the consumer stored {consumer.count()} of {events} events"
            raise RuntimeError(message)
        return Drained(events, taken_s, cpu / events * 1e6, link.uplink.view.resent)


def reference_consumer(folder: Path, port: int, tls: tuple[Path, Path, Path] | None) -> Consumer:
    """The reference consumer, not started yet. `tls`: CA, certificate and key."""
    if tls is None:
        return Consumer(folder, f"mqtt://127.0.0.1:{port}")
    ca, certificate, key = map(str, tls)
    return Consumer(folder, f"mqtts://localhost:{port}", "--ca", ca, "--certificate", certificate, "--key", key)


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
