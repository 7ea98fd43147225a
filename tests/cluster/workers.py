"""The reference consumer as it is run: several processes that share the queue of the cluster and one database."""

import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from agent.core.events.chain import beginning
from agent.core.events.chain_verification import verify
from tests.cluster.gates import ACK_KEY

ROOT = Path(__file__).parents[2]
CENTRAL = ROOT / "examples" / "central" / "central.py"


class Worker:
    """One `central.py run`, which can be killed and started again."""

    def __init__(self, name, folder, cluster, database):
        ca, certificate, key = cluster.files("central")
        self._log = folder / f"{name}.log"
        brokers = [f"amqps://central:{cluster.central_password}@localhost:{node.amqps}" for node in cluster.nodes]
        # Each worker begins at another node.
        place = int(name[-1]) % len(brokers)
        self._command = [sys.executable, str(CENTRAL), "run", "--database", database, "--name", name]
        self._command += ["--ca", str(ca), "--certificate", str(certificate), "--key", str(key)]
        (folder / "ack.pem").write_bytes(ACK_KEY.to_pem())
        self._command += ["--ack-key", str(folder / "ack.pem")]
        for broker in brokers[place:] + brokers[:place]:
            self._command += ["--broker", broker]
        self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self._end(signal.SIGTERM)

    def start(self):
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def kill(self):
        self._end(signal.SIGKILL)

    def check(self):
        """It must never end by itself, whatever happens to the cluster."""
        assert self._process.poll() is None, self.log[-3000:]

    @property
    def log(self):
        return self._log.read_text(errors="replace")

    def _end(self, sign):
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(sign)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)


class Found:
    """What central has of one journal's stream: read from the database, held against the journal."""

    def __init__(self, database, journal, gate):
        self.gate = gate
        source = f"/gate/{gate}"
        with psycopg.connect(database) as connection:
            rows = connection.execute(
                "SELECT seq, payload FROM events WHERE source = %s AND stream = %s ORDER BY seq",
                (source, journal.stream),
            ).fetchall()
            mark = connection.execute(
                "SELECT seq FROM watermarks WHERE source = %s AND stream = %s", (source, journal.stream)
            ).fetchone()
            (self.conflicts,) = connection.execute(
                "SELECT count(*) FROM conflicts WHERE source = %s", (source,)
            ).fetchone()
            (self.rejected,) = connection.execute("SELECT count(*) FROM rejected").fetchone()
        numbers = [seq for seq, _ in rows]
        self.payloads = [bytes(payload) for _, payload in rows]
        self.lost = journal.head - len(set(numbers))
        self.twice = len(numbers) - len(set(numbers))
        self.watermark = 0 if mark is None else mark[0]
        self.proof = verify(self.payloads, anchor=beginning(journal.stream), head=journal.checkpoint())

    @property
    def whole(self):
        """Whether the chain of what is stored is proven, from the first event to the head of the journal."""
        return self.proof.whole and self.proof.proven == len(self.payloads)
