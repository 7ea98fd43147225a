"""The head file: the gate's signed head in a second place, outside the state folder.

Two slots are written in turn, each with a counter and a checksum, so that a write that a power cut tears leaves the
other. The file has its size from the beginning: to write is one `pwrite` and one `fdatasync`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.service.cleanup import on_failure
from agent.store.durable_files import sync_folder
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

SLOT_BYTES: Final = 8192
SLOTS: Final = 2
MARK: Final = b"GATEHEAD1"
_HEAD: Final = struct.Struct(f">{len(MARK)}sQI")  # mark, counter, bytes of the text
_SUM_BYTES: Final = 32
LONGEST: Final = SLOT_BYTES - _HEAD.size - _SUM_BYTES
MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class HeadFileContent:
    """What the head file holds. `text`: the newest record, "" without one. `trouble`: why there is none, in words.

    `missing`: there is no file.
    """

    text: str = ""
    trouble: str = ""
    missing: bool = False


class HeadFileError(OSError):
    """The head file cannot be used; the message says why and how to fix it."""


class HeadFile:
    """One head file. Safe to call from several threads; one process at a time writes it: who holds the journal."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._counter = 0

    def read(self) -> HeadFileContent:
        """The newest record that is whole. Never raises: what is wrong is in the answer."""
        with self._lock:
            try:
                descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            except FileNotFoundError:
                return HeadFileContent(trouble=Text("there is no head file {path}", path=self.path), missing=True)
            except OSError as error:
                return HeadFileContent(trouble=self._unreadable(error))
            try:
                _check(self.path, os.fstat(descriptor))
                data = os.pread(descriptor, SLOTS * SLOT_BYTES, 0)
            except OSError as error:
                return HeadFileContent(trouble=self._unreadable(error))
            finally:
                os.close(descriptor)
        found = max(filter(None, (_slot(data, number) for number in range(SLOTS))), default=None)
        if found is None:
            return HeadFileContent(trouble=Text("the head file {path} is damaged", path=self.path))
        self._counter = max(self._counter, found[0])
        return HeadFileContent(found[1])

    def write(self, text: str) -> None:
        """Keep a record; it is on the disk when this returns.

        Raises OSError; ValueError for a text that is too long.
        """
        data = text.encode()
        if len(data) > LONGEST:
            raise ValueError(f"a record of {len(data)} bytes is longer than {LONGEST}")
        with self._lock:
            counter = self._counter + 1
            head = _HEAD.pack(MARK, counter, len(data)) + data
            slot = head + hashlib.sha256(head).digest()
            descriptor = self._opened()
            with on_failure(self._close):
                _write_whole(descriptor, slot.ljust(SLOT_BYTES, b"\0"), counter % SLOTS * SLOT_BYTES)
                os.fdatasync(descriptor)
            self._counter = counter

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _opened(self) -> int:
        """The open file: that of the path, also where somebody has put another there since."""
        if self._descriptor is not None and not _is_at(self.path, self._descriptor):
            self._close()
        if self._descriptor is None:
            self._descriptor = self._open()
        return self._descriptor

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self.path, flags, MODE)
        with on_failure(lambda: os.close(descriptor)):
            status = os.fstat(descriptor)
            _check(self.path, status)
            if status.st_size != SLOTS * SLOT_BYTES:
                os.ftruncate(descriptor, 0)
                _write_whole(descriptor, bytes(SLOTS * SLOT_BYTES), 0)
                os.fsync(descriptor)
                sync_folder(self.path.parent)
        return descriptor

    def _unreadable(self, error: OSError) -> Text:
        return Text("the head file {path} cannot be read: {why}", path=self.path, why=error.strerror or error)


def inside(path: Path, folder: Path) -> bool:
    """Whether a path lies in a folder, links followed: what restores the folder would restore the file with it."""
    return path.resolve().is_relative_to(folder.resolve())


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        raise HeadFileError(errno.EINVAL, Text("It is not a regular file with one name"), str(path))


def _write_whole(descriptor: int, data: bytes, place: int) -> None:
    """Write all of it. Raises OSError, also where the disk took a part alone: it is full then."""
    if os.pwrite(descriptor, data, place) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        there = path.lstat()
    except OSError:
        return False
    held = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)


def _slot(data: bytes, number: int) -> tuple[int, str] | None:
    """Counter and text of a slot; None where it is empty or torn."""
    slot = data[number * SLOT_BYTES : (number + 1) * SLOT_BYTES]
    if len(slot) < SLOT_BYTES:
        return None
    mark, counter, length = _HEAD.unpack_from(slot)
    end = _HEAD.size + length
    if mark != MARK or length > LONGEST or hashlib.sha256(slot[:end]).digest() != slot[end : end + _SUM_BYTES]:
        return None
    try:
        return counter, slot[_HEAD.size : end].decode()
    except UnicodeDecodeError:
        return None
