"""What killing the broker costs: events lost, duplicates, and how long until central has everything again.

mosquitto without persistence is killed and started again at once while events are recorded at a steady rate; it loses
whatever it had taken and not handed on yet. Then as many cuts of the connection alone, with nothing lost. Central is
never killed. Goal: nothing lost; no more than one percent of duplicates from cuts alone.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.devices import PortState
from agent.mqtt import DeliverySettings
from bench.figures import Figure, table
from bench.scratch import scratch
from tests.support.mqtt.central import Central
from tests.support.mqtt.linking import GATE, journal_at, linked, quick, record
from tests.support.mqtt.mosquitto import Broker
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.mqtt import CentralLink

RATE_S = 200
EVERY_S = 1.5
DUPLICATES_GOAL = 1.0
KILLS = 10


@dataclass(frozen=True, slots=True)
class Cost:
    """How it went. `recovered_s`: after each fault, until everything recorded by then was acknowledged."""

    events: int
    lost: int
    duplicates: int
    recovered_s: list[float]

    def figures(self, what: str, goal: float | None) -> list[Figure]:
        share = 100 * self.duplicates / self.events
        worst, middle = max(self.recovered_s), sorted(self.recovered_s)[len(self.recovered_s) // 2]
        note = f"{len(self.recovered_s)} times at {RATE_S} events/s"
        return [
            Figure(f"{what}: events lost", self.lost, "events", 0, note=f"of {self.events:,}, {note}"),
            Figure(f"{what}: duplicates", share, "%", goal, note=f"{self.duplicates:,} events"),
            Figure(f"{what}: all at central again", worst, "s", note=f"the longest; the middle one {middle:.2f} s"),
        ]


def cost(folder: Path, times: int, harm: Callable[[Broker, CentralLink], None]) -> Cost:
    """Harm the link so many times while events are recorded."""
    ending = threading.Event()
    with (
        Broker(folder, "max_queued_messages 100000") as broker,
        journal_at(folder / "journal.sqlite") as journal,
        Central(broker.port, GATE) as central,
        linked(journal, quick(broker.port), DeliverySettings()) as link,
    ):

        def work() -> None:
            while not ending.wait(1 / RATE_S):
                record(journal)

        worker = threading.Thread(target=work)
        worker.start()
        recovered = []
        for _ in range(times):
            ending.wait(EVERY_S)
            harm(broker, link)
            began, upto = time.monotonic(), journal.head
            eventually(lambda upto=upto: journal.watermark >= upto, within_s=120)
            recovered.append(time.monotonic() - began)
        ending.set()
        worker.join()
        eventually(lambda: journal.watermark == journal.head, within_s=120)
        lost = journal.head - len(central.events)
        return Cost(journal.head, lost, len(central.arrivals) - len(central.events), recovered)


def kill(broker: Broker, _link: CentralLink) -> None:
    """End the broker in the middle of its work, and start it."""
    broker.kill()
    broker.start()


def cut(_broker: Broker, link: CentralLink) -> None:
    """End the connection, and wait for the next."""
    number = link.client.view.connections
    link.client.reconnect("for the measurement")
    eventually(lambda: link.client.view.connections > number and link.client.view.state is PortState.UP)


def measure(times: int) -> list[Figure]:
    """Kills, then cuts."""
    figures = []
    for what, harm, goal in (("broker killed", kill, None), ("connection cut", cut, DUPLICATES_GOAL)):
        with scratch() as folder:
            figures += cost(folder, times, harm).figures(what, goal)
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", nargs="?", type=int, default=KILLS, help="and as many cuts (%(default)s)")
    figures = measure(parser.parse_args().kills)
    print(table(figures))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
