"""The registry's SQLite file: its tables, how it is opened, and what becomes of one that is damaged.

WAL with synchronous=FULL. Several processes may have it open: each holds a shared lock beside it, and only one that
is alone may move it aside. It is no place of record: central has all that is in it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from agent.service.cleanup import on_failure
from agent.store.durable_files import misfit_of_database, set_misfit_aside, sync_folder
from agent.store.errors import SQL_ERRORS, RegistryError, is_damage
from agent.store.transaction import transaction
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

APPLICATION_ID: Final = 0x4741524C  # "GARL"
SCHEMA_VERSION: Final = 1
PAGE_BYTES: Final = 4096
WRITE_TIMEOUT_S: Final = 60.0  # another process may be in the middle of a million rows
READ_TIMEOUT_S: Final = 5.0
LOG_KEPT_BYTES: Final = 4 << 20
CHECKED_WHOLE_BYTES: Final = 64 << 20
ENDINGS: Final = ("", "-wal", "-shm", "-journal")
LOCK: Final = "-lock"

# One table a list, all alike: what they are looked up by, when they may go, and the row as it was signed.
_LIST: Final = """
CREATE TABLE {name} (key BLOB PRIMARY KEY, reference BLOB, plate TEXT, expires_at INTEGER, row BLOB NOT NULL)
STRICT, WITHOUT ROWID;
CREATE INDEX {name}_expiring ON {name} (expires_at) WHERE expires_at IS NOT NULL;
"""
# `applied` is the last change of each list, the trust list too, and whether an event has told of it.
_SCHEMA: Final = (
    """
CREATE TABLE applied (
    name TEXT PRIMARY KEY, version INTEGER NOT NULL, before INTEGER NOT NULL, signed_at INTEGER NOT NULL,
    rows INTEGER NOT NULL, key TEXT NOT NULL, source TEXT NOT NULL, whole INTEGER NOT NULL, told INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE lists (
    kind TEXT PRIMARY KEY, version INTEGER NOT NULL, issued_at INTEGER NOT NULL, rows INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE trust (version INTEGER PRIMARY KEY, text BLOB NOT NULL) STRICT;
CREATE TABLE floors (name TEXT PRIMARY KEY, value REAL NOT NULL) STRICT, WITHOUT ROWID;
"""
    + "".join(_LIST.format(name=name) for name in ("declarations", "revocations", "watch"))
    + """
CREATE INDEX declarations_reference ON declarations (reference) WHERE reference IS NOT NULL;
CREATE INDEX declarations_plate ON declarations (plate) WHERE plate IS NOT NULL;
"""
)


class RegistryFullError(RegistryError):
    """The disk is full, or the lists are at their cap."""


class RegistryDamagedError(RegistryError):
    """The file is damaged, or none that this agent can use.

    `replace_damaged` or the next `open` of Registry moves it aside and starts a new one.
    """


class RegistryFile:
    """Where the registry lies, and the lock of this process on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock_file: int | None = None

    def hold(self) -> None:
        """Say that this process has the file open.

        Raises RegistryError while another moves it aside, or for the folder.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = self._beside(LOCK)
            set_misfit_aside(lock)
            self._lock_file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            fcntl.flock(self._lock_file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            self.leave()
            message = Text("cannot use the lists' file {path}: {why}", path=self.path, why=error.strerror or error)
            raise RegistryError(message) from error

    def leave(self) -> None:
        """Let others move it aside."""
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def move_aside(self, utc: float) -> Path:
        """Move the damaged file away, named by the time `utc`; where it lies now.

        Raises RegistryError: another process has it open, or it cannot be moved.
        """
        stamp = datetime.fromtimestamp(utc, UTC).strftime("%Y%m%dT%H%M%S%fZ")
        target = self._beside(f".damaged-{stamp}")
        try:
            self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB)
            for ending in ENDINGS:
                source = self._beside(ending)
                if os.path.lexists(source):
                    source.rename(target.with_name(f"{target.name}{ending}"))
            sync_folder(self.path.parent)
        except BlockingIOError:
            message = Text(
                "the lists' file {path} is damaged, and another process has it open: stop that process", path=self.path
            )
            raise RegistryError(message) from None
        except OSError as error:
            message = Text(
                "the damaged lists' file {path} cannot be moved aside: {why}",
                path=self.path,
                why=error.strerror or error,
            )
            raise RegistryError(message) from error
        finally:
            # A lock that could not become another one is gone (flock(2)), and one that could shuts everybody else out.
            self._lock(fcntl.LOCK_SH)
        return target

    def _lock(self, kind: int) -> None:
        """Have another kind of lock than before."""
        if self._lock_file is not None:
            fcntl.flock(self._lock_file, kind)

    def connect(self, max_pages: int) -> sqlite3.Connection:
        """Open or create the file for writing. Raises SqlError, RegistryDamagedError for a file of something else."""
        connection = sqlite3.connect(self.path, timeout=WRITE_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        with on_failure(connection.close):
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")  # an entry that was deleted is gone, not only unlinked
            connection.execute(f"PRAGMA journal_size_limit = {LOG_KEPT_BYTES}")
            connection.execute("PRAGMA temp_store = FILE")  # what waits to be applied must not fill the memory
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute(f"PRAGMA main.max_page_count = {max_pages}")
            connection.execute(f"PRAGMA temp.max_page_count = {max_pages}")
            self._make_tables(connection)
        return connection

    def connect_to_read(self) -> sqlite3.Connection:
        """Open the file, which must be there, for reading only: sees each commit at once, never waits for one."""
        connection = sqlite3.connect(self.path, timeout=READ_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        with on_failure(connection.close):
            connection.execute("PRAGMA query_only = ON")
        return connection

    def examine(self, connection: sqlite3.Connection) -> None:
        """Look at every page of a file that is not too large for it. Raises RegistryDamagedError, SqlError."""
        if self.path.stat().st_size <= CHECKED_WHOLE_BYTES:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if answer != "ok":
                raise RegistryDamagedError(str(answer))

    def identity(self) -> tuple[int, int] | None:
        """Device and inode of the file, None when it is gone."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        if _version(connection) == SCHEMA_VERSION:
            return
        with transaction(connection):
            found = _version(connection)  # another process may have been first
            tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
            if found == 0 and tables == 0:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif found > SCHEMA_VERSION and _application(connection) == APPLICATION_ID:
                raise RegistryDamagedError(
                    Text(
                        "{path} has schema version {version}, this agent knows up to {count}: update the agent",
                        path=self.path,
                        version=found,
                        count=SCHEMA_VERSION,
                    )
                )
            elif found != SCHEMA_VERSION:
                raise RegistryDamagedError(
                    Text(
                        "{path} is not a file of lists of this agent (schema {found}); move it away",
                        path=self.path,
                        found=found,
                    )
                )

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(f"{self.path.name}{ending}")


def _application(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA application_id").fetchone()[0])


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def opened(file: RegistryFile, max_pages: int) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """Return the file's connections to write and to read. Raises RegistryDamagedError, SqlError, RegistryError."""
    misfit = misfit_of_database(file.path)
    if misfit:
        raise RegistryDamagedError(misfit)
    try:
        writer = file.connect(max_pages)
        with on_failure(writer.close):
            file.examine(writer)
            return writer, file.connect_to_read()
    except SQL_ERRORS as error:
        if is_damage(error):
            raise RegistryDamagedError(str(error)) from error
        raise
