"""The publisher's database: the rows, the version, the snapshot and the deltas of each list, in one SQLite file.

It keeps everything that it sends in its signed form. So it can send again, byte for byte, what a broker lost.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from agent.core.lists import Chunk, ChunkRef
from agent.service.cleanup import on_failure

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

    from agent.core.model import ListKind

NAME = "lists.db"
SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE site (number INTEGER NOT NULL);
CREATE TABLE list (
    kind TEXT PRIMARY KEY, version INTEGER NOT NULL, snapshot INTEGER NOT NULL, issued_at INTEGER NOT NULL,
    key_id BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE row (kind TEXT NOT NULL, key BLOB NOT NULL, data BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE chunk (
    kind TEXT NOT NULL, number INTEGER NOT NULL, digest BLOB NOT NULL, rows INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (kind, number)
);
CREATE TABLE delta (
    kind TEXT NOT NULL, version INTEGER NOT NULL, rows INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (kind, version)
);
"""


class PublisherDatabaseError(Exception):
    """The folder of the publisher cannot be used; the message names it and says why. Nothing of it was changed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a list stands. `key_id`: of the key that signed its deltas. `issued_at`: of the last head, Unix seconds."""

    version: int
    snapshot: int
    issued_at: int
    key_id: bytes


@dataclass(frozen=True, slots=True)
class ListDifference:
    """How a staged content differs: how many rows are new or other, how many bytes they have, how many are gone."""

    upserts: int
    upsert_bytes: int
    removed: int

    @property
    def rows(self) -> int:
        """How many rows differ."""
        return self.upserts + self.removed


class PublisherDatabase:
    """The open file of one site. Of one thread; another process may read and write at the same time.

    Everything raises PublisherDatabaseError where the file cannot be read or written.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._connection = connection
        self._lock: int | None = None

    @classmethod
    def open(cls, folder: Path, site: int) -> Self:
        """Open the file of a folder for this site, made with the folder where there is none."""
        path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise PublisherDatabaseError(f"{path} cannot be opened: {error}") from None
        database = cls(folder, connection)
        with on_failure(connection.close):
            database._prepare(site)
        return database

    def _prepare(self, site: int) -> None:
        with self._translated():
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
        with self.changing():
            found = self._one("PRAGMA user_version")[0]
            if found == 0:
                for statement in _SCHEMA.split(";"):
                    self._connection.execute(statement)
                self._connection.execute("INSERT INTO site VALUES (?)", (site,))
                self._connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            elif found != SCHEMA_VERSION:
                raise PublisherDatabaseError(
                    f"{self._folder / NAME} was written by another release of this program ({found})"
                )
            (kept,) = self._one("SELECT number FROM site")
        if kept != site:
            raise PublisherDatabaseError(
                f"{self._folder} keeps the lists of site {kept}; use another folder for site {site}"
            )

    def close(self) -> None:
        """Close the file and let others hold the folder."""
        self._connection.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def hold(self) -> None:
        """Be the only one who gives this folder new content, until it is closed."""
        try:
            lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise PublisherDatabaseError(f"{self._folder} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise PublisherDatabaseError(f"another publisher is at work in {self._folder}") from None
        self._lock = lock

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One transaction: all of it, or nothing."""
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    # ---------------------------------------------------------------------------------------------------- what is kept

    def standing(self, kind: ListKind) -> Standing | None:
        """How a list stands, None while there is no version of it."""
        with self._translated():
            found = self._one("SELECT version, snapshot, issued_at, key_id FROM list WHERE kind = ?", kind)
        return None if found is None else Standing(*found)

    def stand(self, kind: ListKind, standing: Standing) -> None:
        """Note how a list stands now."""
        self._connection.execute(
            "INSERT OR REPLACE INTO list VALUES (?, ?, ?, ?, ?)",
            (kind.value, standing.version, standing.snapshot, standing.issued_at, standing.key_id),
        )

    def count(self, kind: ListKind) -> int:
        """How many rows a list has."""
        with self._translated():
            return int(self._one("SELECT count(*) FROM row WHERE kind = ?", kind)[0])

    def refs(self, kind: ListKind) -> tuple[ChunkRef, ...]:
        """What the head says of the chunks of the snapshot."""
        with self._translated():
            found = self._connection.execute(
                "SELECT digest, rows, length(data) FROM chunk WHERE kind = ? ORDER BY number", (kind.value,)
            )
            return tuple(ChunkRef(*one) for one in found)

    def chunk(self, kind: ListKind, number: int) -> bytes:
        """The bytes of one chunk of the snapshot."""
        with self._translated():
            return bytes(self._one("SELECT data FROM chunk WHERE kind = ? AND number = ?", kind, number)[0])

    def deltas(self, kind: ListKind) -> tuple[tuple[int, bytes], ...]:
        """The deltas since the snapshot, version and signed bytes, in order."""
        with self._translated():
            found = self._connection.execute(
                "SELECT version, data FROM delta WHERE kind = ? ORDER BY version", (kind.value,)
            )
            return tuple(found)

    def delta_load(self, kind: ListKind) -> tuple[int, int]:
        """How many deltas there are since the snapshot, and how many rows they have in all."""
        found = self._one("SELECT count(*), coalesce(sum(rows), 0) FROM delta WHERE kind = ?", kind)
        return int(found[0]), int(found[1])

    # ------------------------------------------------------------------------------------- within one transaction

    def stage(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Take keys and encoded rows to be compared, None for a row to be removed.

        A key again replaces the one before.
        """
        self._connection.execute(
            "CREATE TEMP TABLE IF NOT EXISTS staged (key BLOB PRIMARY KEY, data BLOB) WITHOUT ROWID"
        )
        self._connection.execute("DELETE FROM staged")
        self._connection.executemany("INSERT OR REPLACE INTO staged VALUES (?, ?)", rows)

    def stage_others_removed(self, kind: ListKind) -> None:
        """Have every row of a list removed that is not staged: what is staged is the whole content."""
        self._connection.execute("INSERT OR IGNORE INTO staged SELECT key, NULL FROM row WHERE kind = ?", (kind.value,))

    def difference(self, kind: ListKind) -> ListDifference:
        """How the staged content differs from the rows of a list."""
        upserts, size = self._one(f"SELECT count(*), coalesce(sum(length(s.data)), 0) {_UPSERTS}", kind)
        (removed,) = self._one(f"SELECT count(*) {_REMOVED}", kind)
        return ListDifference(int(upserts), int(size), int(removed))

    def upserts(self, kind: ListKind) -> tuple[bytes, ...]:
        """The staged rows that are new or other, encoded, in the order of their keys."""
        found = self._connection.execute(f"SELECT s.data {_UPSERTS} ORDER BY s.key", (kind.value,))
        return tuple(data for (data,) in found)

    def removed(self, kind: ListKind) -> tuple[bytes, ...]:
        """The keys of the rows that go."""
        found = self._connection.execute(f"SELECT s.key {_REMOVED} ORDER BY s.key", (kind.value,))
        return tuple(key for (key,) in found)

    def adopt(self, kind: ListKind) -> None:
        """Make the staged content the rows of a list."""
        self._connection.execute(
            "DELETE FROM row WHERE kind = ? AND key IN (SELECT key FROM staged WHERE data IS NULL)", (kind.value,)
        )
        self._connection.execute(f"INSERT OR REPLACE INTO row SELECT ?, s.key, s.data {_UPSERTS}", (kind.value,) * 2)

    def rows(self, kind: ListKind) -> Generator[bytes]:
        """The encoded rows of a list in the order of their keys."""
        for (data,) in self._connection.execute("SELECT data FROM row WHERE kind = ? ORDER BY key", (kind.value,)):
            yield data

    def keep_delta(self, kind: ListKind, version: int, rows: int, data: bytes) -> None:
        """Keep a signed delta."""
        self._connection.execute("INSERT INTO delta VALUES (?, ?, ?, ?)", (kind.value, version, rows, data))

    def keep_snapshot(self, kind: ListKind, chunks: Iterable[Chunk], deltas_from: int | None = None) -> None:
        """Keep a new snapshot in place of the old one, and only the deltas to version `deltas_from` or later."""
        self._connection.execute("DELETE FROM chunk WHERE kind = ?", (kind.value,))
        self._connection.execute(
            "DELETE FROM delta WHERE kind = ?1 AND (?2 IS NULL OR version < ?2)", (kind.value, deltas_from)
        )
        self._connection.executemany(
            "INSERT INTO chunk VALUES (?, ?, ?, ?, ?)",
            ((kind.value, number, chunk.ref.digest, chunk.ref.rows, chunk.data) for number, chunk in enumerate(chunks)),
        )

    def _one(self, statement: str, *arguments: object) -> Any:
        return self._connection.execute(statement, arguments).fetchone()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise PublisherDatabaseError(f"{self._folder / NAME}: {error}") from error


_UPSERTS = (
    "FROM staged s LEFT JOIN row r ON r.kind = ? AND r.key = s.key WHERE s.data IS NOT NULL AND r.data IS NOT s.data"
)
_REMOVED = "FROM staged s JOIN row r ON r.kind = ? AND r.key = s.key WHERE s.data IS NULL"
