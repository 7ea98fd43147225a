"""The files beside a journal on the disk: its lock, and the blocks held back for a full disk."""

from __future__ import annotations

import fcntl
import logging
import os
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from agent.store.durable_files import set_misfit_aside, sync_folder
from agent.store.errors import JournalUnavailableError, is_full
from agent.store.journal import schema
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

_LOCK: Final = "-lock"
ENDINGS_OF_NO_CONTENT: Final = (
    *("-shm", "-journal", _LOCK, "-reserve", "-suspect"),
    *("-superseded", "-superseded.new", "-replacing", "-replacing.new"),
)
"""What may lie beside a journal and holds nothing that was recorded. Where it is no file, whoever reads it fails."""
BEFORE_UPGRADE: Final = "before-upgrade"
"""The folder of copies that the package makes before an upgrade, and removes once the new version is up."""
UPGRADE_S: Final = 3600.0
RESERVE_BYTES: Final = 2 * schema.WAL_PAGES * schema.PAGE_BYTES


class JournalFiles:
    """Where a journal lies. One holder at a time, in this process and among all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reserve = self.beside("-reserve")
        self._lock_file: int | None = None

    def beside(self, ending: str) -> Path:
        """The file of the same name with an ending; "" is the journal itself."""
        return self.path.with_name(f"{self.path.name}{ending}")

    def hold(self) -> None:
        """Take the lock. Raises JournalUnavailableError when another has it, also one in this process."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for ending in ENDINGS_OF_NO_CONTENT:
                set_misfit_aside(self.beside(ending))
            lock_file = os.open(self.beside(_LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise JournalUnavailableError(
                Text("cannot use the folder of the journal {path}: {error}", path=self.path, error=error)
            ) from error
        try:
            # Of the open file, not of the process: a second one here is refused, and cannot free the lock of the first
            # by closing its own. No child can keep it when the agent is killed, because every one is a new program
            # (O_CLOEXEC).
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock_file)
            raise JournalUnavailableError(Text("another agent writes the journal {path}", path=self.path)) from error
        self._lock_file = lock_file

    def leave(self) -> None:
        """Give the lock back."""
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def keep_reserve(self) -> None:
        """Hold blocks of the disk back, so that events can still be deleted when it is full.

        Raises JournalUnavailableError when that fails for another reason than a full disk.
        """
        if self._reserve.exists():
            return
        try:
            _allocate(self._reserve, RESERVE_BYTES)
        except OSError as error:
            self.spend_reserve()
            if not is_full(error):
                raise JournalUnavailableError(
                    Text("cannot keep a reserve for the journal: {error}", error=error)
                ) from error
            log.warning("the disk is full: there is no space for the reserve of the journal")

    def spend_reserve(self) -> bool:
        """Let the blocks go; whether there were any."""
        try:
            self._reserve.unlink()
        except FileNotFoundError:
            return False
        return True


def is_written(path: Path) -> bool:
    """Whether an agent has the journal of this path open now; also where that cannot be seen."""
    try:
        lock_file = os.open(path.with_name(f"{path.name}{_LOCK}"), os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    try:
        fcntl.flock(lock_file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock_file)
    return False


def _allocate(path: Path, size: int) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        os.posix_fallocate(descriptor, 0, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class JournalCopy:
    """A copy of a journal: its file and what lies beside it. `utc`: since when it lies there, Unix seconds."""

    files: tuple[Path, ...]
    utc: float


def copies_of(path: Path, utc: float) -> list[JournalCopy]:
    """The copies that were made of a journal: moved aside as damaged, or left by an upgrade that did not end.

    The copy of an upgrade that may be under way at `utc` is none: it is what the version before would go on with.
    Raises OSError.
    """
    damaged = sorted(path.parent.glob(f"{path.stem}.damaged-*{path.suffix}"))
    found = [JournalCopy(_with_beside(one), one.lstat().st_mtime) for one in damaged]
    folder = path.parent / BEFORE_UPGRADE
    left = folder / path.name
    if os.path.lexists(left) and folder.stat().st_mtime < utc - UPGRADE_S:
        found.append(JournalCopy(_with_beside(left), folder.stat().st_mtime))
    return found


def _with_beside(file: Path) -> tuple[Path, ...]:
    return (file, *file.parent.glob(f"{file.name}-*"))


def set_aside(path: Path, gate: str) -> None:
    """Give the files of a closed journal, that of `gate`, another name. Raises JournalUnavailableError."""
    names = (f"{path.stem}.{gate}{'' if number == 1 else f'-{number}'}{path.suffix}" for number in count(1))
    target = next(found for name in names if not (found := path.with_name(name)).exists())
    try:
        for ending in ("-wal", "-shm", ""):
            old = path.with_name(path.name + ending)
            if old.exists():
                old.replace(target.with_name(target.name + ending))
        sync_folder(path.parent)
    except OSError as error:
        raise JournalUnavailableError(
            Text("the journal {path} cannot be set aside: {error}", path=path, error=error)
        ) from error
    log.warning("the journal of gate %s, to which nothing has happened, is set aside as %s", gate, target)
