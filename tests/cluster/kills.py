"""Kills of nodes and consumers under load.

Nothing lost, nothing twice, every chain proven, every watermark at the head.
    python -m tests.cluster.kills [--kills 20] [--gates 6] [--rate 60]

Single nodes in turn, with consumers in between, then all three nodes at once. Prints a table; exit code 1 for a loss.
"""

import argparse
import ssl
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pika

from sim.fleet.counters import Percentiles
from tests.cluster.gates import Gates
from tests.cluster.nodes import Cluster
from tests.cluster.workers import Found, Worker
from tests.support.consumer.postgres import Postgres
from tests.support.waiting import eventually

WORKERS = 3
DOWN_S = 4.0
BETWEEN_S = 3.0
BACK_S = 60.0
DRAIN_S = 180.0
TAP = "tap"
TESTER = ("tester", "of-the-test")


@dataclass
class Outcome:
    """What came of it. `singles_s`, `all_s`: how long gates were without a broker, by the sort of kill.

    `found`: what central has of each gate. `tapped`: every event as the broker took it.
    """

    kills: str
    decided: int
    singles_s: list[float]
    all_s: list[float]
    stored_s: list[float]
    found: list[Found]
    tapped: list[tuple[str, bytes]] = field(repr=False)

    @property
    def lost(self):
        return sum(one.lost for one in self.found)

    @property
    def twice(self):
        return sum(one.twice for one in self.found)

    @property
    def raw_duplicates(self):
        """How often an event came to the broker that it had taken before."""
        return len(self.tapped) - len({payload for _, payload in self.tapped})

    @property
    def unproven(self):
        return [one.gate for one in self.found if not one.whole]

    @property
    def behind(self):
        return [one.gate for one in self.found if one.watermark != len(one.payloads)]

    @property
    def well(self):
        conflicts = sum(one.conflicts + one.rejected for one in self.found)
        return not (self.lost or self.twice or self.unproven or self.behind or conflicts)

    def lines(self):
        return [
            f"kills                          {self.kills}",
            f"decided                        {self.decided:,}",
            f"lost                           {self.lost}",
            f"raw duplicates at the broker   {self.raw_duplicates}",
            f"duplicates after dedupe        {self.twice}",
            f"chains not proven              {self.unproven or 'none'}",
            f"watermarks behind the head     {self.behind or 'none'}",
            f"back after one node            {len(self.singles_s)}: {Percentiles.of(self.singles_s).words}",
            f"back after all nodes           {len(self.all_s)}: {Percentiles.of(self.all_s).words}",
            f"recorded to acknowledged       {Percentiles.of(self.stored_s).words}",
        ]


def play(folder, *, kills, gates=6, rate=60, say=lambda _text: None):
    """Kill `kills` single nodes in turn, then all three; the outcome."""
    names = [f"gate-{number}" for number in range(1, gates + 1)]
    with ExitStack() as stack:
        database = stack.enter_context(Postgres()).new_database()
        cluster = stack.enter_context(Cluster(folder, names, users=[TESTER]))
        say("three nodes stand, with three members of the queue")
        _lay_tap(cluster)
        workers = [
            stack.enter_context(Worker(f"worker-{number}", folder, cluster, database))
            for number in range(1, WORKERS + 1)
        ]
        site = stack.enter_context(Gates(names, folder, cluster, rate=rate))
        eventually(lambda: site.up, BACK_S, "all gates connected")
        site.recording.set()
        for number in range(kills):
            _kill_one(cluster, workers, site, number, say)
        singles_s = site.reconnects_s
        _kill_all(cluster, site, say)
        site.recording.clear()
        for worker in workers:
            worker.check()
        eventually(lambda: site.settled, DRAIN_S, "every event acknowledged")
        # What a worker had stored but not settled with the broker comes again: until the queue is empty.
        eventually(lambda: cluster.waiting() == 0, DRAIN_S, "an empty queue")
        return Outcome(
            f"{kills} nodes, {kills} consumers, then 3 nodes at once",
            site.decided,
            singles_s,
            site.reconnects_s[len(singles_s) :],
            [seconds for gate in site.all for seconds in gate.stored_s],
            [Found(database, gate.journal, gate.name) for gate in site.all],
            _drain_tap(cluster),
        )


def _kill_one(cluster, workers, site, number, say):
    node = cluster.nodes[number % len(cluster.nodes)]
    began = time.monotonic()
    node.kill()
    _pause(DOWN_S)
    eventually(lambda: site.up, BACK_S, "all gates back while a node is down")
    worker = workers[number % len(workers)]
    worker.kill()
    node.start()
    worker.start()
    cluster.settle()
    say(f"kill {number + 1}: {node.name} and a consumer; whole again after {time.monotonic() - began:.0f} s")
    _pause(BETWEEN_S)


def _kill_all(cluster, site, say):
    began = time.monotonic()
    for node in cluster.nodes:
        node.kill()
    _pause(DOWN_S)
    for node in cluster.nodes:
        node.start()
    cluster.settle()
    eventually(lambda: site.up, BACK_S, "all gates back after all nodes")
    say(f"all three nodes at once; whole again after {time.monotonic() - began:.0f} s")
    _pause(BETWEEN_S)


def _pause(pause_s):
    """Let the load run for a time."""
    threading.Event().wait(pause_s)


# ------------------------------------------------------------------------------------ a tap: all that the broker took


def _channel(cluster, node):
    name, password = TESTER
    ca, certificate, key = cluster.files("central")
    context = ssl.create_default_context(cafile=str(ca))
    context.load_cert_chain(str(certificate), str(key))
    parameters = pika.ConnectionParameters(
        "localhost",
        node.amqps,
        credentials=pika.PlainCredentials(name, password),
        ssl_options=pika.SSLOptions(context, "localhost"),
    )
    return pika.BlockingConnection(parameters)


def _lay_tap(cluster):
    """One more queue like that of the events, which nobody reads until the end."""
    connection = _channel(cluster, cluster.nodes[0])
    channel = connection.channel()
    channel.queue_declare(TAP, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(TAP, "amq.topic", "gate.v1.*.event.#")
    connection.close()


def _drain_tap(cluster):
    connection = _channel(cluster, cluster.nodes[0])
    channel = connection.channel()
    taken = []
    for method, _properties, body in channel.consume(TAP, inactivity_timeout=5.0):
        if method is None:
            break
        taken.append((method.routing_key, body))
    channel.cancel()
    connection.close()
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="kills of single nodes")
    parser.add_argument("--gates", type=int, default=6)
    parser.add_argument("--rate", type=float, default=60, help="events a second of all gates together")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gate-cluster-") as folder:
        outcome = play(
            Path(folder),
            kills=options.kills,
            gates=options.gates,
            rate=options.rate,
            say=lambda text: print(text, flush=True),  # noqa: T201
        )
    print(*outcome.lines(), sep="\n")  # noqa: T201
    return 0 if outcome.well else 1


if __name__ == "__main__":
    sys.exit(main())
