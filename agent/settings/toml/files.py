"""Reading and replacing the files of the configuration: bounded, whole, and durable."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from agent.service.cleanup import on_failure
from agent.store.durable_files import open_regular, sync_folder
from drivers.text import Text

if TYPE_CHECKING:
    from os import stat_result

LARGEST_BYTES: Final = 1 << 18
"""Of one file. A gate of 64 lanes with every key written out has room in it."""


class FileReader(Protocol):
    """Gives the bytes of a file of the configuration. Raises OSError."""

    def __call__(self, path: Path) -> bytes:
        """The bytes of the file at the path."""
        ...


def read_file(path: Path, most_bytes: int = LARGEST_BYTES) -> bytes:
    """The bytes of a regular file. Raises OSError, also for a pipe, which might never end, and for a file too large."""
    with open_regular(path) as file:
        found = file.read(most_bytes + 1)
    if len(found) > most_bytes:
        raise OSError(errno.EFBIG, Text("It is larger than {largest_kb} kB", largest_kb=most_bytes // 1024))
    return found


def replace_file(path: Path, data: bytes, like: stat_result | None) -> None:
    """Put new bytes in a file's place in one step: after a power cut it is the old one or the new one, whole.

    Mode and group are those of `like`, and its owner where this user may give files away, as root may; without,
    readable by the owner alone. What a link leads to is replaced, not the link. Raises OSError.
    """
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    fresh = Path(name)
    with on_failure(partial(fresh.unlink, missing_ok=True)):
        with os.fdopen(handle, "wb") as file:
            if like is not None:
                os.fchmod(handle, stat.S_IMODE(like.st_mode))
                keep_owner(handle, like)
            file.write(data)
            file.flush()
            os.fsync(handle)
        fresh.replace(path)
    sync_folder(path.parent)


def keep_owner(handle: int, like: stat_result) -> None:
    """Give an open file the owner and group of another; at least the group, by which the service reads it.

    The console writes what root made: the file is the service's then. Raises PermissionError where this user may not
    give it the group either.
    """
    found = os.fstat(handle)
    if (found.st_uid, found.st_gid) == (like.st_uid, like.st_gid):
        return
    try:
        os.fchown(handle, like.st_uid, like.st_gid)
    except PermissionError:
        # Where the group is right there is nothing to ask for: the service's filter of calls refuses even that.
        if found.st_gid != like.st_gid:
            os.fchown(handle, -1, like.st_gid)
