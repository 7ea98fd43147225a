"""A thousand pictures into object storage that is in trouble, and whether events wait for them.

Usage: python -m bench.uploads [--pictures N] [--store URL]

The gate is its real parts: journal, link to a mosquitto, evidence, uploads; central is a consumer that acknowledges,
and a signer that answers what the gate wants with places. Of the requests of the store a fifth is refused, fails,
breaks off, is answered before its time, or is kept by half. Events come all the while, one each 20 ms: from their
recording to central, with the uploads under way and without any. `--store`: the address of a store of others that
speaks S3, such as `moto_server`; it is given no faults.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import random
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.assembly.upload_routes import shelves
from agent.mqtt import DeliverySettings
from agent.store.evidence import BundleStore, EvidenceStore
from agent.uploads import UploadDependencies, UploadRules, UploadService
from bench.figures import Figure, p50, p99, table
from bench.scratch import scratch
from tests.support.mqtt.central import Central
from tests.support.mqtt.linking import GATE, journal_at, linked, quick, record
from tests.support.mqtt.mosquitto import Broker
from tests.support.uploads import object_store as store_does
from tests.support.uploads.object_store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.store.journal import Journal

PICTURES = 1_000
FAULTY = 0.2
EVENTS = 400
EVENT_EVERY_S = 0.02
PATIENCE_S = 300.0
SEED = 20
FAULTS = (
    store_does.refusing(403, "AccessDenied"),
    store_does.refusing(500),
    store_does.refusing(503, "SlowDown"),
    store_does.hanging_up,
    store_does.lying_early,
    store_does.keeping_half,
    store_does.talking_nonsense,
)


@dataclass
class Measured:
    """What came of it. `whole`: pictures that the store has byte for byte. `outcomes`: how the tries ended."""

    whole: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    took_s: float = 0.0
    alone_s: list[float] = field(default_factory=list)
    beside_s: list[float] = field(default_factory=list)


def picture(number: int) -> tuple[str, bytes]:
    made = random.Random(number)
    jpeg = b"\xff\xd8" + made.randbytes(made.randrange(20_000, 200_000))
    return hashlib.sha256(jpeg).hexdigest(), jpeg


def event_delays(journal: Journal, central: Central, count: int) -> list[float]:
    """From the recording of each event to its arrival at central."""
    found = []
    for _ in range(count):
        began = time.monotonic()
        record(journal)
        head = journal.head
        while head not in central.events and time.monotonic() - began < PATIENCE_S:
            time_off.wait(0.0005)
        found.append(time.monotonic() - began)
        time_off.wait(EVENT_EVERY_S)
    return found


time_off = threading.Event()
"""Never set: to wait on."""


class OtherStore:
    """A store of others, by its address."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self.host = self._parts.netloc
        self._ask("PUT", "/gates")

    def url(self, name: str) -> str:
        return f"http://{self.host}/gates/{name}?X-Amz-Expires=900&X-Amz-Signature=0"

    def taken(self, name: str) -> bytes | None:
        return self._ask("GET", f"/gates/{name}")

    def _ask(self, method: str, path: str) -> bytes | None:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        connection.request(
            method, path, headers={"Authorization": "AWS4-HMAC-SHA256 Credential=bench/x/us-east-1/s3/x"}
        )
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return body if answer.status < 300 else None


def measure(folder: Path, count: int = PICTURES, events: int = EVENTS, other: str = "") -> Measured:
    """Do all of it. Raises TimeoutError where not all pictures have gone within PATIENCE_S."""
    measured = Measured()
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(folder))
        journal = stack.enter_context(journal_at(folder / "journal.db"))
        central = stack.enter_context(Central(broker.port, GATE))
        link = stack.enter_context(linked(journal, quick(broker.port), DeliverySettings()))
        store = OtherStore(other) if other else stack.enter_context(in_trouble(count).running())
        record(journal)
        measured.alone_s = event_delays(journal, central, events)
        pictures, bundles = EvidenceStore(folder / "evidence", 1 << 30), BundleStore(folder / "bundles")
        names = [keep(pictures, number) for number in range(count)]
        granting = Granting(store)
        dependencies = UploadDependencies(lambda _event: None, lambda: bool(link.uplink.caught_up), granting.news.set)
        rules = UploadRules(hosts=(store.host,), fallback_s=0, look_s=0.05, first_pause_s=0.05)
        service = UploadService(shelves(pictures, bundles), rules, dependencies)
        began = time.monotonic()
        pictures.request(names)
        with granting.running(service):
            measured.beside_s = event_delays(journal, central, events)
            while pictures.outgoing and time.monotonic() - began < PATIENCE_S:
                time_off.wait(0.05)
        measured.took_s = time.monotonic() - began
        if pictures.outgoing:
            raise TimeoutError(f"{len(pictures.outgoing)} pictures still wait: {service.outcomes}")
        measured.whole = sum(store.taken(name) == pictures.get(name) for name in names)
        measured.outcomes = dict(service.outcomes)
    return measured


def in_trouble(count: int) -> ObjectStore:
    store, chance = ObjectStore(), random.Random(SEED)
    store.faults = [chance.choice(FAULTS) if chance.random() < FAULTY else store_does.taken for _ in range(2 * count)]
    return store


def keep(pictures: EvidenceStore, number: int) -> str:
    name, jpeg = picture(number)
    pictures.keep(name, jpeg)
    return name


class Granting:
    """Central's answer to what the gate wants: a place for each."""

    def __init__(self, store: ObjectStore | OtherStore) -> None:
        self._store = store
        self.news = threading.Event()
        self._ends = False

    @contextmanager
    def running(self, service: UploadService) -> Iterator[None]:
        """The service at work, and granted what it wants."""
        thread = threading.Thread(target=self._run, args=(service,), daemon=True)
        service.start()
        thread.start()
        yield
        self._ends = True
        self.news.set()
        thread.join()
        service.stop()

    def _run(self, service: UploadService) -> None:
        while not self._ends:
            self.news.wait(0.5)
            self.news.clear()
            if wanted := service.wanted:
                service.grant([(one.sha256, self._store.url(one.sha256)) for one in wanted], 600)


def figures(measured: Measured, count: int) -> list[Figure]:
    """As the table has them."""
    tries = ", ".join(f"{name} {number}" for name, number in sorted(measured.outcomes.items()))
    alone, beside = p99(measured.alone_s) * 1000, p99(measured.beside_s) * 1000
    return [
        Figure("pictures in the store byte for byte", measured.whole, "", count, at_least=True, note=tries),
        Figure("all of them", measured.took_s, "s", note=f"{count / measured.took_s:.0f} a second"),
        Figure("event to central, no uploads, p50", p50(measured.alone_s) * 1000, "ms"),
        Figure("event to central, no uploads, p99", alone, "ms"),
        Figure("event to central, uploads under way, p50", p50(measured.beside_s) * 1000, "ms"),
        Figure("event to central, uploads under way, p99", beside, "ms", goal=max(3 * alone, alone + 50)),
    ]


def main() -> int:
    """The exit code: 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=PICTURES)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--store", default="")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with scratch() as folder:
        measured = measure(folder, arguments.pictures, arguments.events, arguments.store)
    found = figures(measured, arguments.pictures)
    print(json.dumps([one.as_json() for one in found], indent=2) if arguments.json else table(found))
    return int(any(one.kept is False for one in found))


if __name__ == "__main__":
    sys.exit(main())
