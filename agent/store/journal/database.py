"""The journal's open SQLite file: one connection, one lock, whole transactions, the journal's own errors."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self, TypeVar

from agent.service.cleanup import on_failure
from agent.store.errors import (
    SQL_ERRORS,
    DamagedError,
    JournalCorruptError,
    JournalError,
    JournalFullError,
    JournalUnavailableError,
    NoOwnJournalError,
    is_damage,
    is_full,
    translated,
)
from agent.store.journal import damage, salvage, schema
from agent.store.transaction import transaction
from drivers.fair_lock import FairLock
from drivers.text import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from agent.store.errors import SqlError
    from agent.store.journal.damage import JournalReplacement
    from agent.store.journal.journal_files import JournalFiles

log = logging.getLogger(__name__)

T = TypeVar("T")


class Database:
    """A journal's file, held and open for writing. Safe to call from several threads.

    `doing` says in an error what was tried. `doubt`: the first damage that was met, "" for none; the next start looks
    at the whole file then. Also why the stream must not go on. Every method may raise JournalUnavailableError.
    """

    def __init__(
        self, place: JournalFiles, connection: sqlite3.Connection, replaced: JournalReplacement | None
    ) -> None:
        """Take over what `Database.open` opened."""
        self.lock = FairLock()
        self.replaced = replaced
        self.doubt = ""
        self._place = place
        self._connection: sqlite3.Connection | None = connection

    @classmethod
    def open(cls, place: JournalFiles, max_bytes: int, utc: float, gate: str | None) -> Self:
        """Open or create the file at the newest schema; one that cannot be used is moved aside first.

        `gate`: whose it must be where something has happened in it; None: anybody's. Raises JournalError.
        """
        place.hold()
        with on_failure(place.leave):
            try:
                connection, replaced = _opened(place, max_bytes, utc, gate)
            except SQL_ERRORS as error:
                raise translated(error, Text("open the journal {path}", path=place.path)) from error
        return cls(place, connection, replaced)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._connection is None

    def close(self) -> None:
        """Close the file and let others have it."""
        with self.lock:
            if self._connection is not None:
                try:
                    self._connection.close()
                finally:
                    self._connection = None
                    self._place.leave()

    def reading(self, doing: str, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work that only reads."""
        with self.lock:
            try:
                return work(self._usable())
            except SQL_ERRORS as error:
                raise self._translated(error, doing) from error
            except JournalCorruptError as error:
                self._suspect(str(error))
                raise

    def writing(self, doing: str, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work as one durable transaction, or none of it. Raises JournalFullError."""
        with self.lock:
            connection = self._usable()
            try:
                with transaction(connection):
                    return work(connection)
            except SQL_ERRORS as error:
                raise self._translated(error, doing) from error
            except JournalCorruptError as error:
                self._suspect(str(error))
                raise

    def freeing(self, doing: str, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work that takes no room, as one transaction; on a full disk with the blocks held back for it."""
        with self.lock:
            try:
                return self.writing(doing, work)
            except JournalFullError:
                if not self._place.spend_reserve():
                    raise
            log.warning("the disk is full: the journal's reserve is used to %s", doing)
            return self._without_wiping(doing, lambda: self.writing(doing, work))

    def _without_wiping(self, doing: str, work: Callable[[], T]) -> T:
        """Do work that frees pages without writing zeros over each, which would take a log as long as what is freed."""
        self.reading(doing, lambda connection: connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall())
        self.reading(doing, lambda connection: connection.execute("PRAGMA secure_delete = FAST").fetchall())
        try:
            return work()
        finally:
            self.reading(doing, lambda connection: connection.execute("PRAGMA secure_delete = ON").fetchall())

    def keep_reserve(self) -> None:
        """Hold blocks of the disk back for `freeing`, if there are none and the disk has room."""
        self._place.keep_reserve()

    def supersede(self, stream: str, cause: str) -> None:
        """Give the file up, sound as it is: the stream must not go on, and the next start moves it aside."""
        with self.lock:
            self.doubt = self.doubt or cause
            damage.supersede(self._place, stream, cause)

    def _usable(self) -> sqlite3.Connection:
        if self._connection is None:
            raise JournalUnavailableError(Text("the journal is closed"))
        return self._connection

    def _translated(self, error: SqlError, doing: str) -> JournalError:
        told = translated(error, doing)
        if isinstance(told, JournalCorruptError):
            self._suspect(str(told))
        return told

    def _suspect(self, cause: str) -> None:
        self.doubt = self.doubt or cause
        damage.suspect(self._place, cause)


def _opened(
    place: JournalFiles, max_bytes: int, utc: float, gate: str | None
) -> tuple[sqlite3.Connection, JournalReplacement | None]:
    told = damage.untold(place, gate)
    if told is None:
        try:
            return _sound(place, max_bytes, gate), None
        except DamagedError as error:
            told = damage.move_aside(place, str(error), utc, gate)
    replaced, salvaged = told
    connection = _sound(place, max_bytes, gate)
    with on_failure(connection.close):
        salvage.put_back(connection, salvaged)
    return connection, replaced


def _sound(place: JournalFiles, max_bytes: int, gate: str | None) -> sqlite3.Connection:
    """The file, once it is known to be a journal that this agent can go on with. Raises DamagedError."""
    try:
        return _examined(place, max_bytes, gate)
    except SQL_ERRORS as error:
        if is_full(error) and place.spend_reserve():
            return _examined(place, max_bytes, gate)
        raise


def _examined(place: JournalFiles, max_bytes: int, gate: str | None) -> sqlite3.Connection:
    damage.examine_files(place)
    try:
        connection = schema.connect(place.path, max_bytes)
        with on_failure(connection.close):
            schema.check_owner(connection, place.path)
            damage.examine_pages(place, connection)
            schema.migrate(connection)
            damage.examine_stream(place, connection, gate)
    except (JournalCorruptError, NoOwnJournalError) as error:
        raise DamagedError(str(error)) from error
    except SQL_ERRORS as error:
        if is_damage(error):
            raise DamagedError(str(error)) from error
        raise
    return connection
