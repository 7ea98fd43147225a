"""What was moved aside as damaged or unusable. It is kept for some time, to find out what happened."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from agent.store.durable_files import DATABASE_ENDINGS, database_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

MOVED: Final = ("journal.damaged-*.db", "registry.db.damaged-*", "console.db.damaged*")
"""The names that the stores give to databases, each with what SQLite has beside it."""
SET_ASIDE_IN: Final = (".", "bundles", "evidence", "fleet")
"""The folders in which `set_aside` gives its names: in each, the copies of one file are counted together."""
REQUESTS: Final = "erasure"
"""A folder whose files all have names of their own: there all are counted together."""
KEPT: Final = 3
KEPT_S: Final = 30 * 86_400.0
_SET_ASIDE: Final = re.compile(r"(?P<name>.+)\.unusable(-[0-9]+)?")


@dataclass(frozen=True, slots=True)
class _Copy:
    """One file, and what lies beside a database. `since_utc`: at the earliest when it was moved, Unix seconds."""

    path: Path
    files: tuple[Path, ...]
    since_utc: float


def drop_damaged_copies(folder: Path, utc: float) -> int:
    """Delete what was moved aside longer than KEPT_S ago, but for the newest KEPT of each file; how many went.

    `utc`: Unix seconds, of a clock that is right: evidence goes by it. Raises OSError.
    """
    dropped = 0
    for found in (*(_databases(folder, pattern) for pattern in MOVED), *_set_aside(folder)):
        copies = sorted(map(_copy, _files(found)), key=lambda one: one.since_utc, reverse=True)
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


def _databases(folder: Path, pattern: str) -> list[Path]:
    beside = tuple(filter(None, DATABASE_ENDINGS))
    return [path for path in folder.glob(pattern) if not path.name.endswith(beside)]


def _set_aside(folder: Path) -> Iterator[list[Path]]:
    """The copies of each file that could not be used."""
    for place in SET_ASIDE_IN:
        groups: dict[str, list[Path]] = {}
        for name, path in _unusable(folder / place):
            groups.setdefault(name, []).append(path)
        yield from groups.values()
    yield [path for _, path in _unusable(folder / REQUESTS)]


def _unusable(folder: Path) -> Iterator[tuple[str, Path]]:
    """What was put aside in a folder, with the name that it had."""
    for path in folder.glob("*.unusable*"):
        if found := _SET_ASIDE.fullmatch(path.name):
            yield found["name"], path


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """All but folders: one that lay in the place of a file is left where it is."""
    return (path for path in paths if path.is_symlink() or not path.is_dir())


def _copy(path: Path) -> _Copy:
    files = tuple(database_files(path))
    # A name that is new is a change of the file (stat(2), ctime), whenever somebody wrote to it last.
    found = [file.lstat() for file in files]
    return _Copy(path, files, max(max(one.st_mtime, one.st_ctime) for one in found))
