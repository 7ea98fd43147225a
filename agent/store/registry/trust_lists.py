"""The trust lists in the registry: the last two valid ones as signed text, and the minimum version.

The registry verifies the text with the pinned root keys each time it loads it. So write access to the file cannot make
a key valid. The minimum version outlives the lists: if a change of roots makes all lists invalid, the registry still
refuses an old list.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from agent.core.permit import TrustError, TrustFault, load
from agent.store.registry.last_change import Applied, note_applied
from drivers.text import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from agent.core.crypto import PublicKey
    from agent.core.model import Source
    from agent.core.permit import TrustList

log = logging.getLogger(__name__)

KEPT: Final = 2
FLOOR: Final = "trust_version"


class TrustStore:
    """Loads what is kept, and remembers what it has verified. The caller holds a lock."""

    def __init__(self, roots: Sequence[PublicKey]) -> None:
        self._roots = tuple(roots)
        self._texts: tuple[bytes, ...] = ()
        self._list: TrustList | None = None

    def newest(self, connection: sqlite3.Connection) -> TrustList | None:
        """The newest kept list that a pinned root key has signed; None where there is none. Raises SqlError."""
        texts = tuple(text for (text,) in connection.execute("SELECT text FROM trust ORDER BY version DESC"))
        if texts != self._texts:
            self._list = self._first_good(texts)
            self._texts = texts
        return self._list

    def newest_text(self, connection: sqlite3.Connection) -> bytes | None:
        """The text of the newest kept list; nothing of it is proven. None where there is none. Raises SqlError."""
        row = connection.execute("SELECT text FROM trust ORDER BY version DESC LIMIT 1").fetchone()
        return None if row is None else bytes(row[0])

    def keep_list(self, connection: sqlite3.Connection, text: bytes, source: Source) -> Applied | None:
        """Keep a list, within the caller's transaction; None when it is in force already.

        Raises TrustError for one that is not as good, SqlError.
        """
        now = self.newest(connection)
        fresh = load(text, self._roots, max(1, _floor(connection)))
        if now is not None and fresh.version == now.version:
            if fresh != now:
                message = Text(
                    "another list of version {version} is in use: each version has one content", version=now.version
                )
                raise TrustError(TrustFault.ROLLED_BACK, message)
            return None
        connection.execute("INSERT OR REPLACE INTO trust (version, text) VALUES (?, ?)", (fresh.version, text))
        connection.execute(
            "DELETE FROM trust WHERE version NOT IN (SELECT version FROM trust ORDER BY version DESC LIMIT ?)", (KEPT,)
        )
        connection.execute("INSERT OR REPLACE INTO floors (name, value) VALUES (?, ?)", (FLOOR, fresh.version))
        applied = Applied(
            "trust",
            fresh.version,
            0 if now is None else now.version,
            fresh.issued_at,
            len(fresh.entries),
            self._signer(text, fresh.version),
            source,
            whole=True,
        )
        note_applied(connection, applied)
        return applied

    def _first_good(self, texts: Sequence[bytes]) -> TrustList | None:
        for text in texts:
            try:
                return load(text, self._roots)
            except TrustError as error:
                log.error("a stored trust list is no longer valid: %s", error)  # noqa: TRY400 - told, not a bug
        return None

    def _signer(self, text: bytes, version: int) -> str:
        """The id of the pinned key that signed a list; it is one of two at most."""
        for root in self._roots:
            try:
                load(text, [root], version)
            except TrustError:
                continue
            return root.key_id.hex()
        return ""


def _floor(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM floors WHERE name = ?", (FLOOR,)).fetchone()
    return 0 if row is None else int(row[0])
