"""Store the events of all gates, acknowledge them by watermark, and tell what is missing.

    python central.py run  --broker mqtt://localhost --database sqlite:events.db
    python central.py gaps --database sqlite:events.db
    python central.py live --database sqlite:events.db

Everything rests on one order of things: commit, then settle with the broker, then tell the gate. Whatever dies in
between, the broker or the gate sends again what was not told, and the key (source, stream, seq) stores it once.
"""

import argparse
import itertools
import json
import logging
import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
from brokers import Amqp, Mqtt, batch_of
from pika.exceptions import AMQPError
from reports import gaps, live_table
from rich.live import Live
from store import Store

log = logging.getLogger("central")
TROUBLE = (OSError, AMQPError, psycopg.Error, sqlite3.Error)
BACKENDS: dict[str, type[Amqp | Mqtt]] = {"mqtt": Mqtt, "mqtts": Mqtt, "amqp": Amqp, "amqps": Amqp}
PAUSE_S, PAUSE_CAP_S = 0.5, 30.0


def work(store: Store, broker: Amqp | Mqtt) -> None:
    """One batch."""
    messages = batch_of(broker)
    watermarks = store.store([(message.topic, message.payload) for message in messages])
    broker.settle(messages)
    # After every batch, also where nothing is new: a gate that sends again is a gate that has not heard its watermark.
    for source, stream, seq in watermarks:
        body = json.dumps({"stream": stream, "seq": seq}).encode()
        broker.publish(f"gate/v1/{source.removeprefix('/gate/')}/ack", body)


def run(options: argparse.Namespace) -> None:
    """Work for ever. Any trouble, of the database or of the broker, ends both connections: then everything begins anew.

    So while the database is away the messages wait at the broker, or go to a worker that still has one.
    """
    pause_s = PAUSE_S
    for url in itertools.cycle(options.broker):
        try:
            with closing(Store(options.database)) as store:
                store.set_up()
                with closing(BACKENDS[urlsplit(url).scheme](url, options)) as broker:
                    log.info("%s works at %s", options.name, urlsplit(url).hostname)
                    while True:
                        work(store, broker)
                        pause_s = PAUSE_S
        except TROUBLE as trouble:
            log.warning("%s: %r; tries again", options.name, trouble)
        except Exception:
            log.exception("%s: nobody has thought of this; tries again", options.name)
        # Full jitter: workers, and gates, that lost the same broker must not come back in the same moment.
        time.sleep(random.uniform(0, pause_s))  # noqa: S311 - no secret
        pause_s = min(2 * pause_s, PAUSE_CAP_S)


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="The reference consumer of the gates' events.")
    parser.add_argument("command", nargs="?", choices=("run", "gaps", "live"), default="run")
    parser.add_argument("--database", required=True, help="sqlite:FILE or postgresql://...")
    # From the environment, a password in it does not show in the list of processes.
    brokers = os.environ.get("CENTRAL_BROKER", "").split()
    words = "mqtt(s):// or amqp(s)://; several are taken in turn; or CENTRAL_BROKER in the environment"
    parser.add_argument("--broker", action="append", default=brokers, help=words)
    parser.add_argument("--ca", help="file of the CA that the broker's certificate is from")
    parser.add_argument("--certificate", help="our own certificate")
    parser.add_argument("--key", help="its key")
    parser.add_argument("--name", default="worker-1", help="of this worker; each has its own, and keeps it")
    parser.add_argument("--gates", action="append", help="only this gate; may be repeated")
    parser.add_argument("--queue", default="events", help="AMQP: the queue; MQTT with --share: the group")
    parser.add_argument("--share", action="store_true", help="MQTT: share the events with the others of the group")
    options = parser.parse_args(arguments)
    options.gates = options.gates or ["+"]
    if options.command == "run" and not options.broker:
        parser.error("run needs --broker")
    if any(urlsplit(url).scheme not in BACKENDS for url in options.broker):
        parser.error(f"a broker is one of {', '.join(BACKENDS)}")
    return options


def main() -> int:
    """Do what the command line says."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("pika").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    options = options_of()
    if options.command == "run":
        run(options)
    with closing(Store(options.database)) as store:
        if options.command == "gaps":
            lines, well = gaps(store)
            print(*lines, sep="\n")
            return int(not well)
        with Live(screen=True) as live:
            while True:
                live.update(live_table(store, datetime.now(UTC)), refresh=True)
                time.sleep(1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
    except TROUBLE as trouble:
        sys.exit(f"central: {trouble}")
