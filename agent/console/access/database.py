"""The file of users and sessions: /STATE/console.db, readable by the agent alone."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, Final, TypeVar

from agent.store.durable_files import database_files, misfit_of_database
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

NAME: Final = "console.db"
MODE: Final = 0o600
BUSY_S: Final = 5.0
VERSION: Final = 1
SCHEMA: Final = """
CREATE TABLE users (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    hash TEXT NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    must_change INTEGER NOT NULL,
    changed_utc REAL NOT NULL
) STRICT;
CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    boot TEXT NOT NULL,
    opened_at REAL NOT NULL,
    seen_at REAL NOT NULL
) STRICT;
CREATE TABLE failures (
    name TEXT PRIMARY KEY,
    boot TEXT NOT NULL,
    count INTEGER NOT NULL,
    last_at REAL NOT NULL,
    until_at REAL NOT NULL
) STRICT;
CREATE TABLE acts (
    number INTEGER PRIMARY KEY,
    operator TEXT NOT NULL,
    act TEXT NOT NULL,
    detail TEXT NOT NULL,
    utc REAL NOT NULL
) STRICT;
CREATE TABLE code (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    hash TEXT NOT NULL,
    boot TEXT NOT NULL,
    until_at REAL NOT NULL,
    failures INTEGER NOT NULL
) STRICT;
"""
# Beside the tables of every version: an older agent leaves them alone.
ADDED: Final = """
CREATE TABLE IF NOT EXISTS known_browsers (
    key TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    until_utc REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS second_factors (
    user TEXT PRIMARY KEY REFERENCES users (name) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    last_step INTEGER NOT NULL,
    drift_steps INTEGER NOT NULL,
    since_utc REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS passkeys (
    id TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    public_key BLOB NOT NULL,
    sign_count INTEGER NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    since_utc REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS recovery_codes (
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    PRIMARY KEY (user, hash)
) STRICT;
"""

T = TypeVar("T")


class AccessStoreError(Exception):
    """The file of users cannot be used; the message says why and how to fix it."""


class AccessDatabase:
    """The open file. For all threads, and beside another process that has it open; readers wait for nobody.

    A file that cannot be used is moved aside and a new one begun: then there is no user, and the first admin is made
    again. `replaced`: what was moved and why, in words; "" for nothing.
    """

    def __init__(self, folder: Path) -> None:
        """Open it, or make it. Raises AccessStoreError."""
        self._path = folder / NAME
        self._reading, self._writing = threading.Lock(), threading.Lock()
        try:
            self.replaced = _prepare(self._path)
            self._writer = _opened(self._path)
            self._reader = _opened(self._path)
        except (OSError, sqlite3.Error) as error:
            raise AccessStoreError(f"the file of users {self._path} cannot be opened: {error}") from error

    def close(self) -> None:
        """Close it."""
        with self._writing, self._reading:
            self._writer.close()
            self._reader.close()

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work that only reads. Raises AccessStoreError."""
        with self._reading:
            try:
                return work(self._reader)
            except sqlite3.Error as error:
                raise AccessStoreError(f"the file of users {self._path} cannot be read: {error}") from error

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work as one durable transaction, or none of it. Raises AccessStoreError."""
        with self._writing:
            try:
                with self._writer:
                    self._writer.execute("BEGIN IMMEDIATE")
                    return work(self._writer)
            except sqlite3.Error as error:
                raise AccessStoreError(f"the file of users {self._path} cannot be written: {error}") from error


def _prepare(path: Path) -> str:
    """Make a sound file; what was put aside for it, in words. Raises OSError and sqlite3.Error."""
    why = _why_unusable(path)
    replaced = _move_aside(path, why) if why else ""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
    try:
        os.fchmod(descriptor, MODE)
    finally:
        os.close(descriptor)
    with closing(_opened(path)) as connection, connection:
        connection.execute("BEGIN EXCLUSIVE")
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in SCHEMA.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        for statement in ADDED.split(";\n"):
            connection.execute(statement)
    return replaced


def _why_unusable(path: Path) -> str:
    """Why a file of users cannot be used; "" for a good one, or none. Raises sqlite3.Error."""
    misfit = misfit_of_database(path)
    if misfit or not path.exists():
        return misfit
    try:
        with closing(_opened(path)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (sound,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    if version > VERSION:
        return Text("it was written by a newer agent")
    return "" if sound == "ok" else str(sound)


def _move_aside(path: Path, why: str) -> str:
    aside = next(one for one in _names(path) if not database_files(one))
    for file in database_files(path):
        file.rename(file.with_name(file.name.replace(path.name, aside.name, 1)))
    done = Text(
        "the file of users {path} could not be used ({why}) and was moved to {aside}: create the first "
        "administrator again",
        path=path,
        why=why,
        aside=aside,
    )
    log.critical("%s", done)
    return done


def _names(path: Path) -> Iterator[Path]:
    """Names for a file that is moved aside."""
    return (path.with_name(f"{path.name}.damaged{'' if number == 1 else f'-{number}'}") for number in count(1))


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
