"""Files below the databases: durable names, and reading what is no pipe and no device.

What else may lie under a name, such as a pipe or a device, has its reader wait without an end.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

DATABASE_ENDINGS: Final = ("", "-wal", "-shm", "-journal")


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
        raise OSError(errno.EINVAL, Text("It is no regular file"))
    return os.fdopen(handle, "rb")


def check_database(path: Path) -> None:
    """Raise OSError where a database, or a file of SQLite's beside it, is there and is no regular file."""
    for ending in DATABASE_ENDINGS:
        file = path.with_name(f"{path.name}{ending}")
        if file.exists() and not file.is_file():
            raise OSError(errno.EINVAL, Text("It is no regular file"), str(file))
