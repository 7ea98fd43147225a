"""Sessions: who is logged in, proved by a token that only his browser holds. The disk has its hash alone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.console.access.roles import Role

if TYPE_CHECKING:
    import sqlite3

    from agent.console.access.database import AccessDatabase
    from agent.console.access.session_clock import SessionClock

TOKEN_BYTES: Final = 32
TOKEN_LENGTH: Final = 43
SEEN_EVERY_S: Final = 20.0
"""A session's last sign is kept no finer than this, so that not every request writes to the disk."""

SESSIONS_OF_A_USER: Final = 20


@dataclass(frozen=True, slots=True)
class SessionRules:
    """Without a request for `idle_s` a session ends, and after `longest_s` in any case."""

    idle_s: float
    longest_s: float


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody's stay. `key`: the hash of its token. `seen_at`: monotonic seconds, as the disk has it.

    `must_change`: he has to choose a password first. `has_factor`: he has set up a second factor.
    """

    key: str
    user: str
    role: Role
    must_change: bool
    seen_at: float
    has_factor: bool


class Sessions:
    """The open sessions; they outlive the agent, not a restart of the computer. Methods may raise AccessStoreError."""

    def __init__(self, database: AccessDatabase, rules: SessionRules, ticking: SessionClock) -> None:
        self._database = database
        self._rules = rules
        self._ticking = ticking

    def open(self, user: str) -> str:
        """Begin one for a user; returns its token, 43 letters of base64url. Those that ended are forgotten.

        The token of a user who was removed meanwhile opens nothing: his next request comes to the log-in page.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        at, boot, rules = self._ticking.at(), self._ticking.boot, self._rules
        self._database.write(
            lambda db: (
                db.execute(
                    "DELETE FROM sessions WHERE boot <> ? OR seen_at <= ? OR opened_at <= ?",
                    (boot, at - rules.idle_s, at - rules.longest_s),
                ),
                db.execute(
                    "INSERT INTO sessions SELECT ?, name, ?, ?, ? FROM users WHERE name = ?",
                    (_key(token), boot, at, at, user),
                ),
                db.execute(
                    "DELETE FROM sessions WHERE user = ? AND key NOT IN "
                    "(SELECT key FROM sessions WHERE user = ? ORDER BY opened_at DESC LIMIT ?)",
                    (user, user, SESSIONS_OF_A_USER),
                ),
            )
        )
        return token

    def find(self, token: str) -> Session | None:
        """The session of a token; None: there is none, or it has ended."""
        return self.by_key(_key(token)) if len(token) == TOKEN_LENGTH else None

    def by_key(self, key: str) -> Session | None:
        """The session of a hash."""
        at, boot, rules = self._ticking.at(), self._ticking.boot, self._rules
        row = self._database.read(
            lambda db: db.execute(
                "SELECT sessions.key, name, role, must_change, seen_at, "
                "name IN (SELECT user FROM second_factors UNION SELECT user FROM passkeys) "
                "FROM sessions JOIN users ON user = name "
                "WHERE key = ? AND NOT disabled AND boot = ? AND seen_at > ? AND opened_at > ?",
                (key, boot, at - rules.idle_s, at - rules.longest_s),
            ).fetchone()
        )
        return None if row is None else Session(row[0], row[1], Role(row[2]), bool(row[3]), row[4], bool(row[5]))

    def is_to_be_seen(self, session: Session) -> bool:
        """Whether `saw` would write."""
        return self._ticking.at() - session.seen_at >= min(SEEN_EVERY_S, self._rules.idle_s / 4)

    def saw(self, session: Session) -> None:
        """Note that he is still there."""
        at = self._ticking.at()
        self._database.write(lambda db: db.execute("UPDATE sessions SET seen_at = ? WHERE key = ?", (at, session.key)))

    def close(self, key: str) -> None:
        """End one."""
        self._database.write(lambda db: db.execute("DELETE FROM sessions WHERE key = ?", (key,)))

    def close_others(self, user: str, key: str) -> None:
        """End all of a user but one."""
        self._database.write(lambda db: db.execute("DELETE FROM sessions WHERE user = ? AND key <> ?", (user, key)))


def end_sessions(db: sqlite3.Connection, user: str, but: str = "") -> None:
    """End all of a user but the one with the key `but`, within the caller's transaction."""
    db.execute("DELETE FROM sessions WHERE user = ? AND key <> ?", (user, but))


def csrf_token(token: str) -> str:
    """What proves that a form came from a page of ours: bound to the session, and of no use to find its token."""
    return hmac.new(token.encode(), b"form of the console", hashlib.sha256).hexdigest()


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
