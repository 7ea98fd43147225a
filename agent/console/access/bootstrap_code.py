"""The one-time code by which the first admin is made: it proves that somebody can read the log of this computer."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

from agent.console.access.passwords import PLAIN_LETTERS

if TYPE_CHECKING:
    import sqlite3

    from agent.console.access.database import AccessDatabase
    from agent.console.access.session_clock import SessionClock

LENGTH: Final = 12
LIFE_S: Final = 1800.0
MOST_FAILURES: Final = 10


class BootstrapCode:
    """The code that holds now, of which the disk has a hash. A new one takes the old one's place."""

    def __init__(self, database: AccessDatabase, ticking: SessionClock) -> None:
        self._database = database
        self._ticking = ticking

    def renew(self) -> str:
        """A new code, valid for half an hour, in the form XXXX-XXXX-XXXX. Raises AccessStoreError."""
        code = "".join(secrets.choice(PLAIN_LETTERS) for _ in range(LENGTH))
        row = (_hash(code), self._ticking.boot, self._ticking.at() + LIFE_S)
        self._database.write(lambda db: db.execute("INSERT OR REPLACE INTO code VALUES (1, ?, ?, ?, 0)", row))
        return "-".join(code[place : place + 4] for place in range(0, LENGTH, 4))

    def is_right(self, given: str) -> bool:
        """Whether this is the code. After ten wrong ones none is right until it is renewed. Raises AccessStoreError."""
        at, boot = self._ticking.at(), self._ticking.boot
        hashed = _hash("".join(letter for letter in given.upper() if letter in PLAIN_LETTERS))

        def work(db: sqlite3.Connection) -> bool:
            row = db.execute("SELECT hash, boot, until_at, failures FROM code").fetchone()
            if row is None or row[1] != boot or at > row[2] or row[3] >= MOST_FAILURES:
                return False
            if hmac.compare_digest(row[0], hashed):
                return True
            db.execute("UPDATE code SET failures = failures + 1")
            return False

        return self._database.write(work)

    def end(self) -> None:
        """No code is right any more. Raises AccessStoreError."""
        self._database.write(lambda db: db.execute("DELETE FROM code"))


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
