"""How fast the uplink empties a journal into mosquitto, plain and with mutual TLS.

    python bench/drain.py [EVENTS]

Measured from the connection that stands to the watermark at the last event; the consumer stores in memory and
publishes the watermark every 30 ms. Goal: 2,000 events/s with mutual TLS.
"""

import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from agent.link.flow import FlowSettings
from agent.link.tls import TlsFiles
from agent.port_state import PortState
from tests.central import Central
from tests.linking import GATE, journal_at, linked, local, quick, record
from tests.mosquitto import Broker, SampleBroker
from tests.waiting import eventually

GOAL_PER_S = 2_000


def drain(folder: Path, events: int, *, tls: bool) -> None:
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
    rate = events / taken
    print(
        f"{'mutual TLS' if tls else 'plain':10}  {rate:8,.0f} events/s  {rate / GOAL_PER_S:5.1f} x goal"
        f"  {cpu / events * 1e6:6.0f} us CPU/event (gate and consumer)  {len(central.arrivals) - events} duplicates"
    )


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    load = os.getloadavg()[0]
    print(f"{events} events, Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}")
    for tls in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            drain(Path(folder), events, tls=tls)


if __name__ == "__main__":
    main()
