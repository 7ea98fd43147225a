"""What can go wrong with the journal and the evidence."""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING, Final, TypeAlias

from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path


class JournalError(Exception):
    """The journal could not do what was asked; nothing of it happened."""


class JournalFullError(JournalError):
    """The disk is full, or unacknowledged events alone fill the journal to its cap."""


class JournalUnavailableError(JournalError):
    """The journal cannot be opened, read or written."""


class NoOwnJournalError(JournalUnavailableError):
    """The file is a database of something else, or of a newer agent. `Journal.open` moves it aside."""


class OtherGateError(JournalUnavailableError):
    """The journal is that of another `gate`.

    `is_used`: something has happened to that gate, or central has heard of it.
    """

    def __init__(self, path: Path, gate: str, wanted: str, *, is_used: bool) -> None:
        super().__init__(
            Text(
                "{path} is the journal of gate {gate}, not {wanted}: restore the gate's id, or move the file away",
                path=path,
                gate=gate,
                wanted=wanted,
            )
        )
        self.gate = gate
        self.is_used = is_used


class JournalCorruptError(JournalUnavailableError):
    """The file is damaged. The next `Journal.open` moves it aside and begins a new stream."""


class LedgerConflictError(JournalError):
    """A ledger change does not fit: the permit use is taken, or there is no such reservation."""


class CommandConflictError(JournalError):
    """A command change does not fit: its id or counter was used, or there is no such command."""


class WatermarkError(JournalError):
    """An acknowledgement does not fit: of another stream, or beyond the last event."""


class EvidenceError(Exception):
    """A picture could not be kept or read."""


class RegistryError(Exception):
    """The registry of lists could not do what was asked; nothing of it happened."""


class DamagedError(Exception):
    """The journal's file cannot be trusted any more; the message says what is wrong with it."""


# SQLite names no disk full when it cannot make its shared memory file as long as it must be.
SHM_FULL = sqlite3.SQLITE_IOERR_SHMSIZE
DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


NO_TEXT: Final = "Could not decode to UTF-8 column"  # Python's own message, which comes without a code
# Within SQLite's messages texts of a damaged file that are no UTF-8 any more come as the second.
SqlError: TypeAlias = sqlite3.Error | UnicodeDecodeError
SQL_ERRORS: Final = (sqlite3.Error, UnicodeDecodeError)


def primary_code(error: SqlError) -> int:
    """The primary SQLite result code; the extended one without its upper bytes."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def is_damage(error: SqlError) -> bool:
    """Whether SQLite says that the file is damaged or no database."""
    if isinstance(error, UnicodeDecodeError) or NO_TEXT in str(error):
        return True
    return primary_code(error) in DAMAGE


def is_full(error: Exception) -> bool:
    """Whether the disk or the journal's cap is full."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    if not isinstance(error, sqlite3.Error):
        return False
    return primary_code(error) == sqlite3.SQLITE_FULL or getattr(error, "sqlite_errorcode", 0) == SHM_FULL


def translated(error: SqlError, doing: str) -> JournalError:
    """The JournalError for what SQLite says; `doing` is what was tried, as in "record 3 events"."""
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    text = Text("cannot {doing}: {error} ({name})", doing=doing, error=error, name=name)
    if is_damage(error):
        return JournalCorruptError(text)
    return JournalFullError(text) if is_full(error) else JournalUnavailableError(text)
