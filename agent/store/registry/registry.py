"""The data that central sent the gate in advance: trust list, declarations, revocations, watch list, clock floor.

The registry applies each update completely, with its version, in one durable transaction. Readers get the old data
meanwhile and do not wait. If the key that signed a list is disabled later, the applied list stays. That key cannot sign
a new one.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Self, TypeVar

from agent.core.clock import KERNEL_ERROR_S, ClockFloor
from agent.core.lists import ListError, ListFault, ListStanding, decode_row
from agent.core.model import Declaration, DeclarationStatus, ListKind, Revocation, Watched
from agent.service.cleanup import on_failure
from agent.store.registry import list_writer
from agent.store.registry.last_change import Applied, last_applied, mark_told
from agent.store.registry.registry_connections import RegistryDatabase
from agent.store.registry.registry_schema import RegistryDamagedError, RegistryFile, RegistryFullError
from agent.store.registry.trust_lists import TrustStore
from drivers.text import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from agent.core.crypto import PublicKey
    from agent.core.lists import ListDelta, ListHead, OpenedList, Row
    from agent.core.model import Source, Subject
    from agent.core.permit import TrustList

T = TypeVar("T")
Signed = TypeVar("Signed", "Applied", "Applied | None")

PLATES_A_QUERY = 500
NOTE_ERROR = """
INSERT OR REPLACE INTO floors (name, value)
SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM floors WHERE name = ? AND value > ?)
"""
DOUBT_ERROR = """
INSERT INTO floors (value, name) SELECT ?, ? WHERE EXISTS (SELECT 1 FROM floors WHERE name = ?)
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
"""
CLOCK, SYNCED, SYNCED_ERROR = "clock", "synced", "synced_error"
"""The names of the clock's floors: of all times that have passed, and of those that a time server told; how far off it
was then."""


class Registry:
    """The open registry. Safe to use from several threads, and beside other processes that have the file open.

    Every method may raise RegistryError.
    """

    def __init__(
        self, database: RegistryDatabase, site: int, roots: Sequence[PublicKey], latest: Callable[[], float]
    ) -> None:
        """Take over what `Registry.open` has opened."""
        self.latest = latest
        self.site = site
        self._database = database
        self._roots = tuple(roots)
        self._trust_store = TrustStore(roots)

    @classmethod
    def open(
        cls,
        path: Path,
        site: int,
        roots: Sequence[PublicKey],
        max_bytes: int,
        *,
        utc: float = 0.0,
        latest: Callable[[], float] = lambda: inf,
    ) -> Self:
        """Open or create the registry. A damaged file is moved aside, named by the time `utc`, and a new one begun.

        `roots`: the pinned keys of the trust list. `max_bytes`: of the file and its log together; the log of a whole
        new list needs as much room as the list, so the lists may have half of it. `latest`: the latest time that
        anything signed can bear now; what bears a later one does not raise the clock's floor beyond it. Raises
        RegistryError.
        """
        file = RegistryFile(path)
        file.hold()
        with on_failure(file.leave):
            return cls(RegistryDatabase(file, max_bytes, utc), site, roots, latest)

    @property
    def replaced(self) -> str:
        """What was said of a damaged file that was moved aside, for an alarm; "" for none."""
        return self._database.replaced

    @property
    def most_bytes(self) -> int:
        """How large the lists may become on the disk."""
        return self._database.most_bytes

    def stop_applying(self) -> None:
        """Give up what is being applied, soon, with RegistryError for who applies it; nothing is applied any more."""
        self._database.stop_applying()

    def close(self) -> None:
        """Close the file; every call afterwards raises RegistryError."""
        self._database.close()

    def replace_damaged(self, utc: float) -> str:
        """Begin a new file where the old one is damaged or gone.

        Returns what was done, in words, "" for nothing. To be called from time to time. The lists, and the floor of the
        trust list's version, are lost then.
        """
        return self._database.replace_damaged(utc)

    # ------------------------------------------------------------------------------------------------------ trust list

    def trust(self) -> TrustList | None:
        """The trust list in force, verified with the pinned keys; None without one."""
        return self._database.read(Text("read the trust list"), self._trust_store.newest)

    def trust_text(self) -> bytes | None:
        """The text of the newest trust list that is kept, to be proven by who takes it; None without one."""
        return self._database.read(Text("read the trust list"), self._trust_store.newest_text)

    def take_trust(self, text: bytes, source: Source) -> Applied | None:
        """Take a signed trust list; None when it is in force already.

        Raises TrustError for one that is no good, is older than one that was in force, or is of its version and
        another.
        """
        store = TrustStore(self._roots)
        return self._database.write(
            Text("keep a trust list"),
            lambda connection: self._signed(connection, store.keep_list(connection, text, source)),
        )

    # ----------------------------------------------------------------------------------------------------------- lists

    def standings(self) -> tuple[ListStanding, ...]:
        """The lists that are there, as they stand."""
        found = self._database.read(
            Text("read the state of the lists"),
            lambda connection: connection.execute(
                "SELECT kind, version, issued_at, rows FROM lists ORDER BY kind"
            ).fetchall(),
        )
        return tuple(
            ListStanding(ListKind(kind), version, issued_at, count) for kind, version, issued_at, count in found
        )

    def last_applied(self, *, untold: bool = False) -> list[Applied]:
        """The last change of each list, the trust list too; `untold`: only those that no event tells of yet."""
        return self._database.read(
            Text("read what was applied last"), lambda connection: last_applied(connection, untold=untold)
        )

    def mark_told(self, applied: Applied) -> None:
        """Note that an event tells of a change, which another process may have made, or one that crashed."""
        self._database.write(Text("record what was reported"), lambda connection: mark_told(connection, applied))

    def apply_snapshot(self, head: OpenedList[ListHead], chunks: Iterable[bytes], source: Source) -> Applied:
        """Make a list what these chunks say, in the order of the head. Raises ListError for what is wrong with them."""
        said = head.said
        with self._filling(said.kind):
            return self._database.apply(
                Text("apply the {kind}", kind=said.kind),
                lambda connection: list_writer.stage(connection, said, self._database.going_on(chunks)),
                lambda connection: self._signed(connection, list_writer.merge(connection, head, source)),
            )

    def apply_delta(self, delta: OpenedList[ListDelta], source: Source) -> Applied:
        """Apply a change that leads on from the version in use. Raises ListError for one that does not, or is wrong."""
        with self._filling(delta.said.kind):
            read = list_writer.read(delta.said)
            return self._database.write(
                Text("apply a change"),
                lambda connection: self._signed(connection, list_writer.change(connection, delta, read, source)),
            )

    def refresh(self, head: OpenedList[ListHead]) -> bool:
        """Note that central confirms that the version in use is the newest; False when it says that of another."""
        said = head.said

        def work(connection: sqlite3.Connection) -> bool:
            done = connection.execute(
                "UPDATE lists SET issued_at = ? WHERE kind = ? AND version = ? AND issued_at < ?",
                (said.issued_at, said.kind, said.version, said.issued_at),
            )
            if done.rowcount:
                _passed(connection, min(said.issued_at, self.latest()), CLOCK)
            return done.rowcount > 0

        return self._database.write(Text("record that a list is still new"), work)

    def forget(self, before_utc: float, limit: int = 10_000) -> dict[ListKind, int]:
        """Delete rows that expired before this time, so many of each list at most; how many went of each."""
        return {kind: self._forget(kind, before_utc, limit) for kind in ListKind}

    def wipe(self) -> None:
        """See to it that no byte of a deleted row is left in the file. Who asks meanwhile does not wait."""
        self._database.rewrite()

    def _forget(self, kind: ListKind, before_utc: float, limit: int) -> int:
        name = kind.value
        old = f"SELECT key FROM {name} WHERE expires_at < ? LIMIT ?"  # noqa: S608 - the name of a kind

        def work(connection: sqlite3.Connection) -> int:
            query = f"DELETE FROM {name} WHERE key IN ({old})"  # noqa: S608
            gone = connection.execute(query, (before_utc, limit)).rowcount
            connection.execute("UPDATE lists SET rows = ? WHERE kind = ?", (list_writer.count(connection, kind), kind))
            return gone

        if not self._database.read(
            Text("look for old rows"), lambda connection: connection.execute(old, (before_utc, 1)).fetchone()
        ):
            return 0
        return self._database.write(Text("delete old rows"), work)

    # ------------------------------------------------------------------------------------------------------- looking up

    def declaration(self, permit_id: bytes) -> Declaration | None:
        """The declaration behind a permit."""
        found = self._rows(ListKind.DECLARATIONS, "SELECT row FROM declarations WHERE key = ?", (permit_id,))
        return _one(found, Declaration)

    def declaration_by_reference(self, digest16: bytes) -> Declaration | None:
        """The declaration whose `GPR:` code has this digest; None also where two have it, which says of neither."""
        query = "SELECT row FROM declarations WHERE reference = ? LIMIT 2"
        found = self._rows(ListKind.DECLARATIONS, query, (digest16,))
        return _one(found, Declaration) if len(found) == 1 else None

    def declared(self, plates: Sequence[str], utc: float) -> tuple[Declaration, ...]:
        """The released declarations of these plates (normal form) that hold at this time."""
        found: list[Row] = []
        for first in range(0, len(plates), PLATES_A_QUERY):
            part = tuple(plates[first : first + PLATES_A_QUERY])
            places = ", ".join("?" * len(part))
            query = f"SELECT row FROM declarations WHERE plate IN ({places})"  # noqa: S608
            found += self._rows(ListKind.DECLARATIONS, query, part)
        return tuple(
            row
            for row in found
            if isinstance(row, Declaration)
            and row.status is DeclarationStatus.RELEASED
            and row.not_before <= utc <= row.expires_at
        )

    def revocation(self, permit_id: bytes) -> Revocation | None:
        """The revocation of a permit."""
        found = self._rows(ListKind.REVOCATIONS, "SELECT row FROM revocations WHERE key = ?", (permit_id,))
        return _one(found, Revocation)

    def watched(self, subjects: Sequence[tuple[Subject, str]]) -> Watched | None:
        """The entry of the watch list for one of these; of several the one that holds longest."""
        keys = tuple(f"{subject}:{value}".encode() for subject, value in subjects)
        places = ", ".join("?" * len(keys))
        query = (
            f"SELECT row FROM watch WHERE key IN ({places})"  # noqa: S608
            " ORDER BY expires_at IS NULL DESC, expires_at DESC LIMIT 1"
        )
        return _one(self._rows(ListKind.WATCH, query, keys), Watched)

    def _rows(self, kind: ListKind, query: str, values: Sequence[object]) -> list[Row]:
        found = self._database.read(
            Text("look something up"), lambda connection: connection.execute(query, values).fetchall()
        )
        try:
            return [_decoded(kind, encoded) for (encoded,) in found]
        except ListError as error:  # it was good when it was written
            self._database.suspect(str(error))
            message = Text("cannot read the {kind} list: {error}", kind=kind, error=error)
            raise RegistryDamagedError(message) from error

    # ------------------------------------------------------------------------------------------------------ clock floor

    def clock_floor(self) -> ClockFloor:
        """A time that has surely passed."""
        query = "SELECT name, value FROM floors WHERE name IN (?, ?, ?)"
        found = self._database.read(
            Text("read the earliest accepted time"),
            lambda connection: dict(connection.execute(query, (CLOCK, SYNCED, SYNCED_ERROR)).fetchall()),
        )
        if SYNCED not in found:
            return ClockFloor(found.get(CLOCK, 0.0))
        return ClockFloor(found.get(CLOCK, 0.0), found[SYNCED], found.get(SYNCED_ERROR, KERNEL_ERROR_S))

    def raise_clock_floor(self, utc: float, *, synced: bool, error_s: float = 0.0) -> None:
        """Note that this time has passed; `synced`: a time server said so, and was off by at most `error_s`.

        It never goes back.
        """

        def work(connection: sqlite3.Connection) -> None:
            if synced:
                connection.execute(NOTE_ERROR, (SYNCED_ERROR, error_s, SYNCED, utc))
            _passed(connection, utc, *((CLOCK, SYNCED) if synced else (CLOCK,)))

        self._database.write(Text("raise the earliest accepted time"), work)

    def doubt_clock_word(self, error_s: float) -> None:
        """Note that the clock was off by up to `error_s` when a time server kept it last, more than was thought.

        `inf`: nobody knows. A smaller one changes nothing.
        """

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(DOUBT_ERROR, (error_s, SYNCED_ERROR, SYNCED))

        self._database.write(Text("record how far off the clock was"), work)

    def reset_clock_floor(self, utc: float) -> None:
        """Set the floor back: what raised it was wrong, and someone who may say so has said it."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO floors (name, value) VALUES (?, ?)", (CLOCK, utc))
            connection.execute("DELETE FROM floors WHERE name = ? AND value > ?", (SYNCED, utc))

        self._database.write(Text("set the earliest accepted time back"), work)

    def _signed(self, connection: sqlite3.Connection, applied: Signed) -> Signed:
        """Note that the time at which a list was signed has passed, as part of taking it."""
        if applied is not None:
            _passed(connection, min(applied.signed_at, self.latest()), CLOCK)
        return applied

    @contextmanager
    def _filling(self, kind: ListKind) -> Iterator[None]:
        """Say of a list that finds no room what a publisher or an officer would want to know."""
        try:
            yield
        except RegistryFullError as error:
            message = Text(
                "no room for the {kind} list on the disk, or within lists.max_mb ({most_bytes} MB for "
                "the lists, and as much for their log); the old list stays: {error}",
                kind=kind,
                most_bytes=self._database.most_bytes >> 20,
                error=error,
            )
            raise ListError(ListFault.DISK_FULL, message) from error


def _passed(connection: sqlite3.Connection, utc: float, *floors: str) -> None:
    connection.executemany(
        "INSERT INTO floors (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        [(name, utc) for name in floors],
    )


@lru_cache(maxsize=64)
def _decoded(kind: ListKind, data: bytes) -> Row:
    """Kept, because one decision asks for the same rows again: it goes by what the lists say at its end."""
    return decode_row(kind, data)


def _one(found: Sequence[Row], wanted: type[T]) -> T | None:
    return next((row for row in found if isinstance(row, wanted)), None)
