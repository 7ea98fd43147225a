"""How soon central has the events: after a day without a network, and while all is well.

Usage: bench/events.py [--vehicles N] [--decisions N]

The broker is mosquitto with the sample configuration and mutual TLS, the consumer is the reference consumer with
SQLite. The outage: the events of 5,000 vehicles, which is a busy day, are in the journal when the link comes up. The
decisions: the installed agent with vehicles at four lanes; from the time that each decision bears to the watermark that
covers it, which the consumer publishes after its commit, as it arrives at a listener. All on one clock.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING

from agent.broker import BrokerAddress, TlsFiles, Topics
from agent.clock import Clock
from agent.core.events import (
    AccessDecided,
    AccessGranted,
    BarrierMoved,
    BarrierPulsed,
    CheckRecord,
    Draft,
    PermitPresented,
    TransactionClosed,
    VehicleEntering,
    VehiclePresent,
)
from agent.core.model import Outcome, Reason, Verdict
from agent.mqtt import OneShotClient
from bench.drain import drain, reference_consumer
from bench.figures import Figure, p50, p99, table
from bench.scratch import scratch
from tests.faults.gate import Gate
from tests.support.gate.gate_site import GATE
from tests.support.gate.installed import build_wheel, install
from tests.support.mqtt.mosquitto import SampleBroker
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from agent.store.journal import Journal

VEHICLES = 5_000
DECISIONS = 300
OUTAGE_GOAL_S = 30.0
P99_GOAL_MS = 250.0
UTC = 1_800_000_000.0
PERMIT = "0102030405060708"
WITHIN_S = 300.0
LISTEN_S = 1.0
WATCHER = "watcher"
SEED = 1


def vehicle(number: int) -> list[Draft]:
    """The eight events of one vehicle that passes in order."""
    transaction = f"0198f3a2-7c1e-7000-8000-{number:012x}"
    checks = tuple(CheckRecord(reason=reason, ok=True, detail="as it must be") for reason in list(Reason)[:18])
    events = [
        VehiclePresent(seen_by="inputs"),
        PermitPresented(length=342, digest=PERMIT, engine="zxing", camera="front"),
        AccessDecided(verdict=Verdict.PASS, reason=Reason.OK, checks=checks),
        AccessGranted(grant=f"{transaction}-1", by="permit", permit=PERMIT),
        BarrierPulsed(grant=f"{transaction}-1", action="open", delivery="delivered"),
        BarrierMoved(position="open"),
        VehicleEntering(),
        TransactionClosed(outcome=Outcome.PASSED, reason=Reason.OK, assumed=False, duration_s=21.5, permit=PERMIT),
    ]
    return [Draft(event, "exit-1", transaction, UTC) for event in events]


def fill(journal: Journal, events: int) -> None:
    """Write the events of vehicles until there are so many."""
    for first in range(0, events // 8, 25):
        journal.record([draft for number in range(first, min(first + 25, events // 8)) for draft in vehicle(number)])


def outage(vehicles: int) -> Figure:
    """The drain of what so many vehicles left behind."""
    with scratch() as folder:
        drained = drain(folder, vehicles * 8, tls=True, fill=fill)
    note = (
        f"{drained.events:,} events of {vehicles:,} vehicles, {drained.per_s:,.0f} events/s, "
        f"{drained.cpu_us:.0f} us CPU each (gate)"
    )
    goal = OUTAGE_GOAL_S if vehicles == VEHICLES else None
    return Figure("drain after an outage of 24 h, mutual TLS", drained.taken_s, "s", goal, note=note)


class Watermarks(threading.Thread):
    """Listens to the watermarks of the gate: `heard` holds when (Unix seconds) each came, and up to which event."""

    def __init__(self, client: OneShotClient) -> None:
        super().__init__(daemon=True)
        self.heard: list[tuple[float, int]] = []
        self._client = client
        self._clock = Clock()
        self._closing = threading.Event()
        client.subscribe(Topics(GATE).ack)

    def run(self) -> None:
        while not self._closing.is_set():
            for message in self._client.messages(LISTEN_S):
                self.heard.append((self._clock.now().utc, json.loads(message.payload)["seq"]))

    def close(self) -> None:
        self._closing.set()
        self.join()

    @property
    def last(self) -> int:
        return max((seq for _, seq in list(self.heard)), default=0)


def _watched_broker(folder: Path) -> SampleBroker:
    """The sample, where one more client may hear the watermarks of the gate."""
    broker = SampleBroker(folder, GATE, WATCHER)
    with (folder / "gates.acl").open("a") as rules:
        rules.write(f"\nuser {WATCHER}\ntopic read gate/v1/{GATE}/ack\n")
    return broker


def decisions(count: int) -> list[Figure]:
    """How long at least so many decisions took to central."""
    with scratch() as folder, ExitStack() as stack:
        installed = install(build_wheel(folder), folder)
        broker = stack.enter_context(_watched_broker(folder))
        files = [str(file) for file in broker.files(GATE)]
        consumer = stack.enter_context(reference_consumer(folder, broker.central_port, broker.files("central")))
        tls = TlsFiles(*broker.files(WATCHER))
        client = OneShotClient(BrokerAddress.parse(f"mqtts://localhost:{broker.port}"), tls=tls)
        watermarks = Watermarks(stack.enter_context(client))
        gate = stack.enter_context(Gate(installed, folder, mqtt=_mqtt(broker.port, files), seed=SEED))
        watermarks.start()
        stack.callback(watermarks.close)
        gate.agent.start()
        gate.agent.until(lambda: consumer.count() > 0, "the first event at central")
        gate.traffic.set()
        gate.agent.until(lambda: consumer.count(AccessDecided.TYPE) >= count, "the decisions", WITHIN_S)
        gate.traffic.clear()
        decided = consumer.events(AccessDecided.TYPE)
        eventually(lambda: watermarks.last >= decided[-1]["seq"], what="the last watermark")
        times = _times_ms(decided, watermarks.heard)
    note = f"n={len(times)}, worst {max(times):.0f} ms; from the time of the decision to the watermark over it"
    return [
        Figure("decision to central, link up, p50", p50(times), "ms", note=note),
        Figure("decision to central, link up, p99", p99(times), "ms", P99_GOAL_MS, note=note),
    ]


def _mqtt(port: int, files: list[str]) -> str:
    ca, certificate, key = files
    return f"""\
brokers = ["mqtts://localhost:{port}"]
ca_file = "{ca}"
certificate_file = "{certificate}"
key_file = "{key}"
start_spread_s = 0.1
"""


def _times_ms(decided: list[dict[str, object]], heard: list[tuple[float, int]]) -> list[float]:
    """From each decision to the first watermark that covers it."""
    times = []
    for event in decided:
        at = datetime.fromisoformat(str(event["time"])).timestamp()
        covered = next(came for came, seq in heard if seq >= int(str(event["seq"])))
        times.append((covered - at) * 1000)
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, default=VEHICLES, help="that passed during the outage")
    parser.add_argument("--decisions", type=int, default=DECISIONS, help="decisions to time")
    options = parser.parse_args()
    figures = [outage(options.vehicles), *decisions(options.decisions)]
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
