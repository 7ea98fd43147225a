"""Databases that were moved aside as damaged. They are kept for some time, to find out what happened."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from agent.store.files import DATABASE_ENDINGS, database_files

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

MOVED: Final = ("journal.damaged-*.db", "registry.db.damaged-*", "console.db.damaged*")
"""The names that the stores give, each with what SQLite has beside it."""
KEPT: Final = 3
KEPT_S: Final = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class _Copy:
    """One database and what lies beside it. `since_utc`: at the earliest when it was moved, Unix seconds."""

    path: Path
    files: tuple[Path, ...]
    since_utc: float


def drop_damaged_copies(folder: Path, utc: float) -> int:
    """Delete what was moved aside longer than KEPT_S ago, but for the newest KEPT of each database; how many went.

    `utc`: Unix seconds, of a clock that is right: evidence goes by it. Raises OSError.
    """
    dropped = 0
    for pattern in MOVED:
        copies = sorted(_copies(folder, pattern), key=lambda one: one.since_utc, reverse=True)
        for copy in copies[KEPT:]:
            if utc - copy.since_utc < KEPT_S:
                continue
            for file in copy.files:
                file.unlink(missing_ok=True)
            dropped += 1
            since = datetime.fromtimestamp(copy.since_utc, UTC)
            log.warning(
                "%s is deleted: it was moved aside on %s, and %d newer ones stay", copy.path, since.date(), KEPT
            )
    return dropped


def _copies(folder: Path, pattern: str) -> list[_Copy]:
    """All under these names; a folder that lay in the place of a file is left where it is."""
    beside = tuple(filter(None, DATABASE_ENDINGS))
    paths = [path for path in folder.glob(pattern) if not path.name.endswith(beside)]
    return [_copy(path) for path in paths if path.is_symlink() or not path.is_dir()]


def _copy(path: Path) -> _Copy:
    files = tuple(database_files(path))
    # A name that is new is a change of the file (stat(2), ctime), whenever somebody wrote to it last.
    found = [file.lstat() for file in files]
    return _Copy(path, files, max(max(one.st_mtime, one.st_ctime) for one in found))
