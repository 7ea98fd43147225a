"""The reference consumer over SQLite, and what its database holds at any moment."""

import json
import sqlite3
from contextlib import closing

from tests.support.consumer.consumer import Worker


class Consumer(Worker):
    """One process of it; a context manager that starts and ends it.

    Its database may be read while it runs or is dead.
    """

    def __init__(self, folder, broker, *options):
        self.database = folder / "central.sqlite"
        super().__init__(folder, broker, f"sqlite:{self.database}", *options, name="central")

    @property
    def runs(self):
        """True; raises AssertionError when it has ended."""
        assert self.process.poll() is None, f"the consumer ended: {self.log.read_text(errors='replace')[-2000:]}"
        return True

    def count(self, kind="%"):
        """How many events it has stored, of one type or of all; 0 while it has no tables yet."""
        return self._ask("SELECT count(*) FROM events WHERE type LIKE ?", kind, default=[(0,)])[0][0]

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
