"""Files below the databases: durable names, reading what is no pipe and no device, and putting aside what is no file.

What else may lie under a name, such as a pipe or a device, has its reader wait without an end.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import stat
from itertools import count
from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

log = logging.getLogger(__name__)

DATABASE_ENDINGS: Final = ("", "-wal", "-shm", "-journal")
MOST_SET_ASIDE: Final = 20
"""Copies of one file, however young they are: a fault that comes back at every start must not fill the disk."""


def sync_folder(folder: Path) -> None:
    """Make new names in a folder durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read it. Raises OSError, also for what is no regular file, before it waits."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        raise OSError(errno.EINVAL, Text("It is not a regular file"))
    return os.fdopen(handle, "rb")


def check_database(path: Path) -> None:
    """Raise OSError where a database, or a file of SQLite's beside it, is there and is no regular file.

    Nor may it be a link that leads nowhere: SQLite would make a file there.
    """
    for file in database_files(path):
        if not file.is_file():
            raise OSError(errno.EINVAL, Text("It is not a regular file"), str(file))


def misfit_of_database(path: Path) -> str:
    """Why a database of the agent's own cannot be opened, or a file of SQLite's beside it; "" where it can.

    It may be no link either: SQLite opens none beside a database, and nobody else shall write what it leads to.
    """
    found = next((file for file in database_files(path) if file.is_symlink() or not file.is_file()), None)
    return "" if found is None else Text("{path} is not a regular file", path=found)


def database_files(path: Path) -> list[Path]:
    """What there is of a database: it, and what SQLite has beside it."""
    names = [path.with_name(f"{path.name}{ending}") for ending in DATABASE_ENDINGS]
    return [file for file in names if os.path.lexists(file)]


def set_aside(path: Path) -> Path:
    """Give what lies under a name another one beside it, whatever it is; which one. Raises OSError.

    Of its earlier copies the oldest go where there are more than MOST_SET_ASIDE. Folders stay.
    """
    names = (f"{path.name}.unusable{'' if number == 1 else f'-{number}'}" for number in count(1))
    target = next(found for name in names if not os.path.lexists(found := path.with_name(name)))
    path.rename(target)
    sync_folder(path.parent)
    try:
        _drop_oldest_copies(path, target)
    except OSError as error:
        log.error("an earlier copy of %s cannot be deleted: %s", path, error)  # noqa: TRY400 - told
    return target


def _drop_oldest_copies(path: Path, newest: Path) -> None:
    """Delete the copies of a file beyond MOST_SET_ASIDE. `newest`: stays, whatever the clock said. Raises OSError."""
    is_copy = re.compile(re.escape(path.name) + r"\.unusable(-[0-9]+)?").fullmatch
    others = [
        (status.st_ctime_ns, found)
        for found in path.parent.iterdir()
        if is_copy(found.name) and found != newest and not stat.S_ISDIR((status := found.lstat()).st_mode)
    ]
    for _, found in sorted(others, reverse=True)[MOST_SET_ASIDE - 1 :]:
        found.unlink()
        log.warning("%s is deleted: %d newer copies of this file were moved aside", found, MOST_SET_ASIDE)


def set_misfit_aside(path: Path, *, folder: bool = False) -> str:
    """Put aside what lies under the name of a file, or of a folder, and is none; what was done, "" for nothing.

    A link is no file; one that leads to a folder is as good as the folder. Raises OSError.
    """
    fits = path.is_dir() if folder else path.is_file() and not path.is_symlink()
    if fits or not os.path.lexists(path):
        return ""
    target = set_aside(path)
    if folder:
        done = Text("{path} was not a folder and was moved to {target}", path=path, target=target)
    else:
        done = Text("{path} was not a file and was moved to {target}", path=path, target=target)
    log.critical("%s", done)
    return done
