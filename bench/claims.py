"""Times claims between two gates over a mosquitto on this machine.

From the question to the word, durable at the home gate.
Usage: bench/claims.py [--count N] [--folder DIR]   The folder must be on a real disk; without it build/.
"""

from __future__ import annotations

import argparse
import queue
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from agent.broker import BrokerAddress
from agent.core.crypto import SigningKey
from agent.core.events import ClockReading
from agent.core.site import ClaimRequest, Membership
from agent.site import SiteLink, SiteRules, SiteService, site_settings
from agent.store.journal import Journal
from bench.figures import Figure, p50, p99, table
from bench.scratch import scratch
from tests.support.mqtt.mosquitto import Broker
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from agent.core.site import ClaimAnswer

UTC = 1_795_000_000.0
SITE = 7
GATES = ("home", "other")
PATIENCE_S = 10.0


class _Gate:
    def __init__(self, folder: Path, gate: str, keys: dict[str, SigningKey], port: int) -> None:
        membership = Membership(SITE, gate, {name: key.public for name, key in keys.items()})
        self.journal = Journal.open(
            folder / f"{gate}.db", gate=gate, boot="1", clock=lambda: ClockReading(UTC, synced=True), max_bytes=1 << 30
        )
        link = SiteLink(site_settings(gate, (BrokerAddress("127.0.0.1", port, tls=False),)), SITE, membership.peers)
        self.service = SiteService(membership, keys[gate], self.journal, self.journal.site, link, SiteRules(hold_s=600))
        self.membership = membership
        self.service.start()

    def timed(self, number: int, vehicle: str) -> float:
        """Milliseconds until the word on a claim."""
        request = ClaimRequest(number.to_bytes(8, "big"), vehicle, "export", 1, f"transaction {number}")
        box: queue.SimpleQueue[ClaimAnswer] = queue.SimpleQueue()
        began = time.perf_counter()
        word = self.service.claim(request, box.put) or box.get(timeout=PATIENCE_S)
        took_ms = (time.perf_counter() - began) * 1000
        assert word.passes, word
        return took_ms

    def close(self) -> None:
        self.service.stop()
        self.journal.close()


def measure(folder: Path, count: int) -> dict[str, list[float]]:
    """The times, in ms, of claims at the home gate and at another."""
    keys = {gate: SigningKey.from_seed(bytes([number + 1]) * 32) for number, gate in enumerate(GATES)}
    with Broker(folder) as broker:
        home, other = gates = [_Gate(folder, gate, keys, broker.port) for gate in GATES]
        try:
            eventually(lambda: not any(gate.service.status()["missing"] for gate in gates), what="complete ledgers")
            vehicles = [
                vin for vin in (f"LSGXX{n:012}" for n in range(8 * count)) if home.membership.home(vin) == "home"
            ]
            return {
                "at the home gate": [home.timed(n, vehicles[n]) for n in range(count)],
                "at another gate": [other.timed(count + n, vehicles[count + n]) for n in range(count)],
            }
        finally:
            for gate in gates:
                gate.close()


def figures(times: dict[str, list[float]]) -> list[Figure]:
    return [
        Figure(f"claim {where}, p99", p99(wall), "ms", note=f"p50 {p50(wall):.2f}") for where, wall in times.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="how many claims of each kind")
    parser.add_argument("--folder", type=Path, default=None, help="a folder on the disk to measure")
    options = parser.parse_args()
    with scratch(options.folder) as folder:
        times = measure(folder, options.count)
    print(table(figures(times)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
