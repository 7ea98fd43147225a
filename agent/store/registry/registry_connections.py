"""The registry's open file: connections to read and to write, whole transactions, and a new file for a damaged one."""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from agent.store.errors import SQL_ERRORS, RegistryError, is_damage, is_full
from agent.store.registry.registry_schema import PAGE_BYTES, RegistryDamagedError, RegistryFullError, opened
from agent.store.transaction import transaction
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from agent.store.errors import SqlError
    from agent.store.registry.registry_schema import RegistryFile

log = logging.getLogger(__name__)

T = TypeVar("T")

LEAST_PAGES = 64
LOOK_EVERY_STEPS = 100_000  # of SQLite's machine: a millisecond or so
GIVEN_UP = Text("a list is not applied, because the agent is stopping")


class RegistryDatabase:
    """Safe to use from several threads; who reads waits for no one. Every method may raise RegistryError.

    `replaced`: what was said of a damaged file that was moved aside, "" for none. `most_bytes`: that the lists may
    have.
    """

    def __init__(self, file: RegistryFile, max_bytes: int, utc: float) -> None:
        """Open the file, which is held. `max_bytes`: of file and log together; `utc`: for the name of a damaged one."""
        self.replaced = ""
        self._file = file
        # The log of a whole new list needs as much room as the list.
        self._max_pages = max(LEAST_PAGES, max_bytes // 2 // PAGE_BYTES)
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        self._applying = threading.Lock()
        self._damage = ""
        self._reader: sqlite3.Connection
        self._writer: sqlite3.Connection
        self._closed = self._giving_up = False
        self._attach(utc)

    @property
    def most_bytes(self) -> int:
        """How large the file may become, without its log."""
        return self._max_pages * PAGE_BYTES

    def stop_applying(self) -> None:
        """Give up what is being applied, soon, with RegistryError for who applies it; nothing is applied any more."""
        self._giving_up = True

    def going_on(self, items: Iterable[T]) -> Iterator[T]:
        """The items, until applying is to be given up."""
        for item in items:
            if self._giving_up:
                raise RegistryError(GIVEN_UP)
            yield item

    def close(self) -> None:
        """Close the file; every call afterwards raises RegistryError."""
        self.stop_applying()
        with self._applying, self._writing, self._reading:
            if not self._closed:
                self._closed = True
                self._reader.close()
                self._writer.close()
                self._file.leave()

    def replace_damaged(self, utc: float) -> str:
        """Begin a new file where the old one is damaged or gone; what was done, "" for nothing."""
        gone = self._file.identity() != self._identity
        if not self._damage and not gone:
            return ""
        with self._applying, self._writing, self._reading:
            if self._closed:
                return ""
            cause = self._damage or Text("its file is gone")
            self._reader.close()
            self._writer.close()
            if not gone:
                self._move_aside(cause, utc)
            self._attach(utc)
            self._damage = ""
            return self.replaced or Text("the registry of lists was recreated, because {cause}", cause=cause)

    def suspect(self, cause: str) -> None:
        """Note that the file is damaged, for `replace_damaged`."""
        if not self._damage:
            log.critical("the registry of lists is damaged: %s", cause)
        self._damage = self._damage or cause

    def read(self, doing: str, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work that only reads. `doing` says in an error what was tried."""
        with self._reading:
            return self._guarded(doing, lambda: work(self._reader))

    def write(self, doing: str, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work as one durable transaction, or none of it."""
        with self._writing:
            return self._guarded(doing, lambda: _transaction(self._writer, work))

    def apply(
        self,
        doing: str,
        gather: Callable[[sqlite3.Connection], None],
        work: Callable[[sqlite3.Connection], T],
    ) -> T:
        """Gather what is to be applied in temporary tables, which locks nothing.

        Then do the work as one transaction.
        """
        with self._applying, self._connected() as connection:
            self._guarded(Text("prepare to {doing}", doing=doing), lambda: gather(connection))
            with self._writing:
                if self._giving_up:
                    raise RegistryError(GIVEN_UP)
                result = self._guarded(doing, lambda: _transaction(connection, work))
                _shorten_log(connection)
            return result

    def rewrite(self) -> None:
        """Rewrite the file, without what is left of deleted rows in unused parts of its pages."""
        with self._applying, self._writing:
            self._guarded(Text("rewrite the registry of lists"), lambda: self._writer.execute("VACUUM").fetchall())
            _shorten_log(self._writer)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own: its temporary tables go with it."""
        connection = self._guarded(Text("open the registry of lists"), lambda: self._file.connect(self._max_pages))
        connection.set_progress_handler(lambda: self._giving_up, LOOK_EVERY_STEPS)
        try:
            yield connection
        finally:
            connection.close()

    def _attach(self, utc: float) -> None:
        try:
            self._writer, self._reader = self._opened()
        except RegistryDamagedError as error:
            self._move_aside(str(error), utc)
            self._writer, self._reader = self._opened()
        self._identity = self._file.identity()

    def _opened(self) -> tuple[sqlite3.Connection, sqlite3.Connection]:
        try:
            return opened(self._file, self._max_pages)
        except SQL_ERRORS as error:
            raise _translated(error, Text("open the registry of lists {path}", path=self._file.path)) from error

    def _move_aside(self, cause: str, utc: float) -> None:
        target = self._file.move_aside(utc)
        self.replaced = Text(
            "the registry of lists was damaged ({cause}) and moved to {target}; the lists must come "
            "again from central or from a file, and an old trust list could be accepted once",
            cause=cause,
            target=target,
        )
        log.critical("%s", self.replaced)

    def _guarded(self, doing: str, work: Callable[[], T]) -> T:
        """Do work, with the registry's own errors."""
        if self._closed:
            message = Text("cannot {doing}: the registry of lists is closed", doing=doing)
            raise RegistryError(message)
        try:
            return work()
        except SQL_ERRORS as error:
            told = _translated(error, doing)
            if isinstance(told, RegistryDamagedError):
                self.suspect(str(told))
            raise told from error


def _transaction(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    with transaction(connection):
        return work(connection)


def _shorten_log(connection: sqlite3.Connection) -> None:
    """Give back the room that only applying took; what does not succeed now is done at a later time."""
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        log.warning("the log of the registry cannot be shortened now: %s", error)


def _translated(error: SqlError, doing: str) -> RegistryError:
    text = Text(
        "cannot {doing}: {error} ({name})",
        doing=doing,
        error=error,
        name=getattr(error, "sqlite_errorname", type(error).__name__),
    )
    if is_damage(error):
        return RegistryDamagedError(text)
    return RegistryFullError(text) if is_full(error) else RegistryError(text)
