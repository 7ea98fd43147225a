"""Browsers by which a user has logged in before: what others do to his name does not keep him out there.

What a browser holds lets nobody in. It only has its wrong passwords counted apart from those of all others.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final

from agent.console.access.sessions import TOKEN_BYTES, TOKEN_LENGTH

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from agent.console.access.database import AccessDatabase

LIFE_S: Final = 90 * 86_400
BROWSERS_OF_A_USER: Final = 20
ANSWER_LOST_S: Final = 3_600
"""How long a token holds after its follower was made: the answer with that one may not have reached the browser."""


class KnownBrowsers:
    """The browsers of each user, by the hash of a random token. Methods may raise AccessStoreError."""

    def __init__(self, database: AccessDatabase, utc: Callable[[], float]) -> None:
        self._database = database
        self._utc = utc

    def has(self, token: str) -> bool:
        """Whether somebody has logged in by the browser of this token, and not too long ago."""
        if len(token) != TOKEN_LENGTH:
            return False
        query, values = "SELECT 1 FROM known_browsers WHERE key = ? AND until_utc > ?", (_key(token), self._utc())
        return self._database.read(lambda db: db.execute(query, values).fetchone()) is not None

    def find(self, token: str, user: str) -> str | None:
        """The hash of a browser's token, where this user has logged in by it and that is not too long ago."""
        if len(token) != TOKEN_LENGTH:
            return None
        key, utc = _key(token), self._utc()
        query = "SELECT key FROM known_browsers WHERE key = ? AND user = ? AND until_utc > ?"
        row = self._database.read(lambda db: db.execute(query, (key, user, utc)).fetchone())
        return None if row is None else str(row[0])

    def remember(self, user: str, before: str) -> str:
        """Note that a user has logged in; returns the token for his browser, which follows the one that it had.

        That one holds for ANSWER_LOST_S more. The token for a user who was removed meanwhile is of no browser.
        """
        token, utc = secrets.token_urlsafe(TOKEN_BYTES), self._utc()

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM known_browsers WHERE until_utc <= ?", (utc,))
            db.execute(
                "UPDATE known_browsers SET until_utc = min(until_utc, ?) WHERE key = ? AND user = ?",
                (utc + ANSWER_LOST_S, _key(before), user),
            )
            db.execute(
                "INSERT INTO known_browsers SELECT ?, name, ? FROM users WHERE name = ?",
                (_key(token), utc + LIFE_S, user),
            )
            db.execute(
                "DELETE FROM known_browsers WHERE user = ? AND key NOT IN "
                "(SELECT key FROM known_browsers WHERE user = ? ORDER BY until_utc DESC, rowid DESC LIMIT ?)",
                (user, user, BROWSERS_OF_A_USER),
            )

        self._database.write(work)
        return token


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
