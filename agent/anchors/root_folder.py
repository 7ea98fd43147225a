"""A folder of root's, and files in it that are put there whole: below its descriptor, and through no link."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from agent.service.privileges import ROOT, owner_of
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PUBLIC: Final = 0o644
PRIVATE: Final = 0o600
LOCK: Final = "lock"
LONGEST_WAIT_S: Final = 5.0
_TRY_AGAIN_S: Final = 0.05
_PART_BYTES: Final = 1 << 20


class RootFolder:
    """An open folder that belongs to `owner` alone. For one that holds the lock."""

    def __init__(self, handle: int, owner: int) -> None:
        self._handle = handle
        self._owner = owner

    def read(self, name: str, most_bytes: int) -> bytes | None:
        """Return the bytes of a file, None if it does not exist. Raises OSError if it is not a file of the owner."""
        try:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._handle)
        except FileNotFoundError:
            return None
        with os.fdopen(handle, "rb") as file:
            _check_file(os.fstat(handle), self._owner, name)
            found = file.read(most_bytes + 1)
        if len(found) > most_bytes:
            raise OSError(errno.EFBIG, Text("It is larger than {largest_kb} kB", largest_kb=most_bytes // 1024))
        return found

    def replace(self, name: str, data: bytes) -> None:
        """Put a file in the place of one of that name, readable by all; after a power cut it is one or the other.

        Raises OSError.
        """
        part = f".{name}.part"
        with suppress(FileNotFoundError):
            os.unlink(part, dir_fd=self._handle)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(part, flags, PRIVATE, dir_fd=self._handle), "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), PUBLIC)
            os.fsync(file.fileno())
        os.rename(part, name, src_dir_fd=self._handle, dst_dir_fd=self._handle)
        os.fsync(self._handle)

    def receive(self, name: str, source: int, most_bytes: int) -> tuple[str, int]:
        """Copy what an open file holds into a file of the owner's alone: its SHA-256, in hex, and its size.

        `source`: a descriptor of somebody else, whose file may change meanwhile: what counts is what was copied.
        Raises OSError, also where it is no regular file, or larger than it may be.
        """
        if not stat.S_ISREG(os.fstat(source).st_mode):
            raise OSError(errno.EINVAL, Text("It is not a regular file"))
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._handle)
        digest, size = hashlib.sha256(), 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, PRIVATE, dir_fd=self._handle), "wb") as file:
            while part := os.pread(source, _PART_BYTES, size):
                size += len(part)
                if size > most_bytes:
                    raise OSError(errno.EFBIG, Text("It is larger than {largest_kb} kB", largest_kb=most_bytes // 1024))
                digest.update(part)
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.fsync(self._handle)
        return digest.hexdigest(), size

    def names(self) -> list[str]:
        """What is in it."""
        return os.listdir(self._handle)  # noqa: PTH208 - by the descriptor, not by a path

    def remove(self, name: str) -> None:
        """Take a file away. Raises OSError."""
        os.unlink(name, dir_fd=self._handle)


def make_folder(path: Path, mode: int, owner: int = ROOT) -> None:
    """Make a folder where there is none. Raises OSError, also where another than root could change the way there."""
    _check_way(path, owner)
    with suppress(FileExistsError):
        path.mkdir(mode=mode)
        path.chmod(mode)  # whatever the shell's umask


@contextmanager
def held_folder(path: Path, owner: int = ROOT) -> Iterator[RootFolder]:
    """Open a folder and hold its lock. Raises OSError where somebody else than root could change it, or holds it.

    `owner`: whose it must be.
    """
    _check_way(path, owner)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if status.st_uid != owner or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(errno.EPERM, Text("users other than root can change it"), str(path))
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        lock = os.open(LOCK, flags, PRIVATE, dir_fd=handle)
        try:
            _check_file(os.fstat(lock), owner, LOCK)
            _lock(lock, path)
            yield RootFolder(handle, owner)
        finally:
            os.close(lock)
    finally:
        os.close(handle)


def read_root_file(path: Path, most_bytes: int, owner: int = ROOT) -> bytes:
    """The bytes of a file that root alone can change, in a folder of which the same holds. Raises OSError.

    For files that somebody names to a command of root's.
    """
    _check_way(path, owner)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        _check_file(os.fstat(handle), owner, str(path))
        found = file.read(most_bytes + 1)
    if len(found) > most_bytes:
        raise OSError(errno.EFBIG, Text("It is larger than {largest_kb} kB", largest_kb=most_bytes // 1024), str(path))
    return found


def _check_way(path: Path, owner: int) -> None:
    """See that root alone can change what stands on the way to a path. Raises PermissionError."""
    if owner == ROOT and owner_of(path) is not None:
        raise PermissionError(errno.EPERM, Text("users other than root can change it"), str(path))


def _check_file(status: os.stat_result, owner: int, name: str) -> None:
    shared = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != owner or status.st_nlink != 1 or shared:
        raise PermissionError(
            errno.EPERM, Text("expected a regular file with one name that root alone can change"), name
        )


def _lock(handle: int, path: Path) -> None:
    wait, until_at = threading.Event(), time.monotonic() + LONGEST_WAIT_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until_at:
                message = Text("another command is changing it now: try again")
                raise OSError(errno.EBUSY, message, str(path)) from None
            wait.wait(_TRY_AGAIN_S)
        else:
            return
