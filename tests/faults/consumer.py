"""The reference consumer as a process of its own, which can be killed and started again, and what its database holds."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "examples" / "central" / "central.py"
STOP_S = 10


class Consumer:
    """`examples/central/central.py` over SQLite; a context manager that starts and ends it.

    `broker`: its URL. `tls`: paths of CA, certificate and key.
    """

    def __init__(self, folder, broker, *, tls=None):
        self.database = folder / "central.sqlite"
        self._log = folder / "central.log"
        self._command = [sys.executable, PROGRAM, "--broker", broker, "--database", f"sqlite:{self.database}"]
        if tls is not None:
            for option, file in zip(("--ca", "--certificate", "--key"), tls, strict=True):
                self._command += [option, str(file)]
        self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self._process.poll() is None:
            self.kill()

    def start(self):
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        return self

    def kill(self):
        """End it as a loss of power does."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(STOP_S)

    @property
    def runs(self):
        """True; raises AssertionError when it has ended."""
        assert self._process.poll() is None, f"the consumer ended:\n{self._log.read_text(errors='replace')}"
        return True

    @property
    def ready(self):
        """Whether its database has its tables, and it still runs."""
        return self.runs and self._ask("SELECT 1", default=None) is not None

    def count(self):
        """How many events it has stored; 0 while it has no tables yet."""
        return self._ask("SELECT count(*) FROM events", default=[(0,)])[0][0]

    def doubles(self):
        """How many rows it has beyond one for each event's id."""
        return self._ask("SELECT count(*) - count(DISTINCT id) FROM events", default=[(0,)])[0][0]

    def refused(self):
        """What it took for no event, or for one that cannot be true beside the others: topics or kinds, and why."""
        question = "SELECT topic, reason FROM rejected UNION ALL SELECT kind, detail FROM conflicts"
        return [" ".join(row) for row in self._ask(question, default=[])]

    def highest(self, stream):
        """Up to where it has all events of a stream."""
        rows = self._ask("SELECT seq FROM events WHERE stream = ? ORDER BY seq", stream, default=[])
        highest = 0
        for (seq,) in rows:
            if seq != highest + 1:
                break
            highest = seq
        return highest

    def stored(self):
        """What it has: rows of stream, seq and payload."""
        rows = self._ask("SELECT stream, seq, payload FROM events", default=[])
        return [(stream, seq, bytes(payload)) for stream, seq, payload in rows]

    def events(self, kind):
        """The events of one type that it has."""
        return [event for _, _, payload in self.stored() if (event := json.loads(payload))["type"] == kind]

    def _ask(self, question, *values, default):
        if not self.database.exists():
            return default
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            return connection.execute(question, values).fetchall() if "events" in tables else default
