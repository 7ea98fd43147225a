"""The reference consumer (examples/central) at work in tests: its processes, its database, and gates that feed it."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg

from agent.core.events.acknowledgement import AckPolicy
from agent.mqtt.central_link import CentralLink
from agent.mqtt.client_settings import NO_FILES
from agent.mqtt.delivery_settings import DeliverySettings
from agent.mqtt.presence import GateIdentity
from agent.store.journal.journal import Journal
from tests.support.mqtt.linking import clock, quick
from tests.support.waiting import PATIENCE_S, eventually, scaled

PROGRAM = Path(__file__).parents[3] / "examples" / "central" / "central.py"
JOURNAL_BYTES = 1 << 26


class Worker:
    """One process of it. It works when `start` returns, unless told not to wait."""

    def __init__(self, folder, broker, database, *options, name="worker-1"):
        self.log = folder / f"{name}.log"
        self._command = [sys.executable, PROGRAM, "run", "--broker", broker, "--database", database, "--name", name]
        self._command += options
        self.process: subprocess.Popen | None = None
        self._starts = 0

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self, *, wait=True):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([str(part) for part in self._command], stdout=log, stderr=log)
        self._starts = self.said("works at") + 1
        if wait:
            self.works()
        return self

    def works(self):
        """Wait until it has its database and its broker."""
        eventually(self._is_up, what="the consumer working")

    def _is_up(self):
        assert self.process.poll() is None, self.log.read_text()
        return self.said("works at") >= self._starts

    def kill(self):
        """End it like a power cut."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def stop(self):
        """End it in order."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(PATIENCE_S) == 0, self.log.read_text()

    def said(self, text):
        """How often its log says this."""
        return self.log.read_text().count(text)


def query(database, statement):
    """The rows of a query to the database of this URL."""
    if database.startswith("sqlite:"):
        with closing(sqlite3.connect(database.removeprefix("sqlite:"))) as connection:
            return connection.execute(statement).fetchall()
    with psycopg.connect(database) as connection:
        return connection.execute(statement).fetchall()


def report(command, database):
    """What `central.py gaps` says: exit status and lines."""
    done = subprocess.run(
        [sys.executable, PROGRAM, command, "--database", database],
        check=False,
        capture_output=True,
        text=True,
        timeout=scaled(30),
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


@contextmanager
def journals(folder, *gates, erasable=False):
    """An open journal for each gate. `erasable`: with personal values beside their events."""
    with ExitStack() as stack:
        opened = [
            Journal.open(
                folder / f"{gate}.sqlite",
                gate=gate,
                boot="b1",
                clock=clock,
                max_bytes=JOURNAL_BYTES,
                erasable=erasable,
            )
            for gate in gates
        ]
        for journal in opened:
            stack.callback(journal.close)
        yield dict(zip(gates, opened, strict=True))


@contextmanager
def uplinks(broker, journals, resend_s=0.5, tls=NO_FILES, ack_keys=None):
    """The product's own link for each journal, by gate. `broker`: a port on this machine, or an address.

    `ack_keys`: the keys of central by their ids; with them only what is signed is believed.
    """
    links = []
    try:
        for gate, journal in journals.items():
            identity = GateIdentity(gate, "0.1.0", "b1", {})
            links.append(
                CentralLink(
                    quick(broker, gate=gate, tls=tls),
                    DeliverySettings(resend_s=resend_s),
                    identity,
                    journal,
                    clock,
                    acks=AckPolicy(gate, ack_keys or {}),
                )
            )
            links[-1].start()
        yield links
    finally:
        stopped = [link.stop() for link in links]
        assert all(stopped), "a link did not stop in time"


def acknowledged(journals):
    """Wait until every gate has heard that all it recorded is stored."""
    eventually(lambda: all(journal.watermark == journal.head for journal in journals.values()), 60, "all acknowledged")


def sent(journals):
    """All events of these journals by (source, stream, seq)."""
    return {
        (f"/gate/{gate}", journal.stream, event.seq): event.payload
        for gate, journal in journals.items()
        for event in journal.range(1, journal.head)
    }


def stored(database):
    """All events in a database by (source, stream, seq)."""
    rows = query(database, "SELECT source, stream, seq, payload FROM events")
    assert len({row[:3] for row in rows}) == len(rows)
    return {tuple(row[:3]): bytes(row[3]) for row in rows}
