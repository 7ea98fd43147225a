"""Lock-outs: after some wrong passwords for a name from one source, a delay that grows.

It is the same for names that nobody has.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

    from agent.console.access.database import AccessDatabase
    from agent.console.access.session_clock import SessionClock

FREE_FAILURES: Final = 4
FIRST_DELAY_S: Final = 30.0
LONGEST_DELAY_S: Final = 900.0
FORGOTTEN_AFTER_S: Final = 86_400.0
MOST_PAIRS: Final = 4000


class Lockouts:
    """The failures of each name and source, by hashes: people type passwords where names belong. Survives a restart.

    A source is where the passwords come from, such as an address: nobody can lock another one out from elsewhere.
    """

    def __init__(self, database: AccessDatabase, ticking: SessionClock) -> None:
        self._database = database
        self._ticking = ticking

    def wait_s(self, name: str, source: str) -> float:
        """How long the name is locked for this source; 0: it is not."""
        at, boot = self._ticking.at(), self._ticking.boot
        row = self._database.read(
            lambda db: db.execute(
                "SELECT until_at FROM failures WHERE name = ? AND boot = ?", (_key(name, source), boot)
            ).fetchone()
        )
        return 0.0 if row is None else max(0.0, row[0] - at)

    def failed(self, name: str, source: str) -> float:
        """Note a wrong password; returns for how long the name is locked for this source now, 0 for not."""
        at, boot, key = self._ticking.at(), self._ticking.boot, _key(name, source)

        def work(db: sqlite3.Connection) -> float:
            db.execute("DELETE FROM failures WHERE boot <> ? OR last_at < ?", (boot, at - FORGOTTEN_AFTER_S))
            row = db.execute("SELECT count FROM failures WHERE name = ?", (key,)).fetchone()
            count = 1 if row is None else row[0] + 1
            delay = _delay_s(count)
            db.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)", (key, boot, count, at, at + delay))
            # A flood of made-up names pushes out those that failed least, never one that is being tried in earnest.
            db.execute(
                "DELETE FROM failures WHERE name IN (SELECT name FROM failures WHERE name <> ? "
                "ORDER BY count, last_at LIMIT max(0, (SELECT count(*) FROM failures) - ?))",
                (key, MOST_PAIRS),
            )
            return delay

        return self._database.write(work)

    def entered(self, name: str, source: str) -> None:
        """He is in: what failed before from this source counts no more."""
        key = _key(name, source)
        if self._database.read(lambda db: db.execute("SELECT 1 FROM failures WHERE name = ?", (key,)).fetchone()):
            self._database.write(lambda db: db.execute("DELETE FROM failures WHERE name = ?", (key,)))

    def forget(self, name: str) -> None:
        """He has another password: what failed before counts no more, from wherever it came."""
        pairs = f"{_digest(name)}:*"
        self._database.write(lambda db: db.execute("DELETE FROM failures WHERE name GLOB ?", (pairs,)))


def _delay_s(count: int) -> float:
    if count <= FREE_FAILURES:
        return 0.0
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(count - FREE_FAILURES - 1, 10))


def _key(name: str, source: str) -> str:
    return f"{_digest(name)}:{_digest(source)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
