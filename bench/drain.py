"""How fast the uplink empties a journal through mosquitto into the reference consumer.

Plain, plain with acknowledgements that central signs, and with mutual TLS and signed ones. Measured from the connection
that stands to the watermark at the last event. The consumer is a process of its own, as it is in the field, and stores
in SQLite. Goals: 4,000 events/s with signed acknowledgements, 2,000 with mutual TLS.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.broker import TlsFiles
from agent.core.crypto import SigningKey
from agent.core.events import AckPolicy
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

GOAL_TLS_PER_S = 4_000
GOAL_SIGNED_PER_S = 4_000
ACK_KEY = SigningKey.from_seed(bytes(range(32)))
DRAINED_WITHIN_S = 300.0
EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Drained:
    """How it went.

    `cpu_us`: of the gate, an event. `resent`: how many were sent more than once. `acks`: acknowledgements taken.
    """

    events: int
    taken_s: float
    cpu_us: float
    resent: int
    acks: int

    @property
    def per_s(self) -> float:
        return self.events / self.taken_s

    def figure(self, *, tls: bool, signed: bool) -> Figure:
        note = (
            f"{self.events:,} events, {self.cpu_us:.0f} us CPU of the gate each, {self.resent} sent again, "
            f"{self.acks} acknowledgements"
        )
        what = f"drain after an outage, {'mutual TLS' if tls else 'plain'}{', signed' if signed else ''}"
        goal = GOAL_TLS_PER_S if tls else GOAL_SIGNED_PER_S if signed else None
        return Figure(what, self.per_s, "events/s", goal, at_least=True, note=note)


def drain(
    folder: Path,
    events: int,
    *,
    tls: bool,
    signed: bool = False,
    fill: Callable[[Journal, int], None] = record,
) -> Drained:
    """Empty a journal of that many events, which `fill` writes. `signed`: nothing counts that central did not sign."""
    broker = SampleBroker(folder, GATE) if tls else Broker(folder, "max_queued_messages 100000")
    files = TlsFiles(*broker.files(GATE)) if isinstance(broker, SampleBroker) else TlsFiles()
    central_files = broker.files("central") if isinstance(broker, SampleBroker) else None
    settings = quick(local(broker.port, tls=tls, host="localhost" if tls else "127.0.0.1"), tls=files)
    with ExitStack() as stack:
        journal = stack.enter_context(journal_at(folder / "journal.sqlite"))
        fill(journal, events)
        stack.enter_context(broker)
        port = broker.port_of("central") if isinstance(broker, SampleBroker) else broker.port
        consumer = stack.enter_context(reference_consumer(folder, port, central_files, signed=signed))
        policy = AckPolicy(GATE, {"central": ACK_KEY.public}) if signed else AckPolicy(GATE)
        link = stack.enter_context(linked(journal, settings, DeliverySettings(), acks=policy))
        eventually(lambda: link.client.view.state is PortState.UP)
        began, began_cpu = link.client.view.since_at, time.process_time()
        eventually(lambda: journal.watermark == events, DRAINED_WITHIN_S)
        taken_s = time.monotonic() - began
        cpu = time.process_time() - began_cpu
        if consumer.count() != events:
            message = f"the consumer stored {consumer.count()} of {events} events"
            raise RuntimeError(message)
        view = link.uplink.view
        return Drained(events, taken_s, cpu / events * 1e6, view.resent, view.acks["taken"])


def reference_consumer(
    folder: Path, port: int, tls: tuple[Path, Path, Path] | None, *, signed: bool = False
) -> Consumer:
    """The reference consumer, not started yet. `tls`: CA, certificate and key. `signed`: it signs by `ACK_KEY`."""
    options = []
    if signed:
        (folder / "ack.pem").write_bytes(ACK_KEY.to_pem())
        options = ["--ack-key", str(folder / "ack.pem")]
    if tls is None:
        return Consumer(folder, f"mqtt://127.0.0.1:{port}", *options)
    ca, certificate, key = map(str, tls)
    options += ["--ca", ca, "--certificate", certificate, "--key", key]
    return Consumer(folder, f"mqtts://localhost:{port}", *options)


def measure(events: int) -> list[Figure]:
    """Plain, then with signed acknowledgements, then with mutual TLS and signed ones."""
    figures = []
    for tls, signed in ((False, False), (False, True), (True, True)):
        with scratch() as folder:
            figures.append(drain(folder, events, tls=tls, signed=signed).figure(tls=tls, signed=signed))
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "events", nargs="?", type=int, default=EVENTS, help="in the journal, for each way (%(default)s)"
    )
    figures = measure(parser.parse_args().events)
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
