"""Lists as one file for a stick: a zip whose entries are stored, not compressed, under fixed names.

`trust-list.txt`, `{kind}/head`, `{kind}/snap/{n}` (n from 0), `{kind}/delta/{version}`. Nothing in it is trusted for
being there: every part is signed, or named by its digest in what is signed. What is read of a foreign file is bounded
before it is read: its directory, its number of entries, the size of each.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Self

from agent.core.lists import MAX_CHUNK_SIZE, MAX_CHUNKS, MAX_DELTA_BYTES, MAX_HEAD_BYTES
from agent.core.model import ListKind
from agent.core.permit import MAX_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

MAX_DELTAS = 1000
MAX_ENTRIES = 1 + len(ListKind) * (1 + MAX_CHUNKS + MAX_DELTAS)
TRUST_NAME = "trust-list.txt"

# Signature, disk, disk of the directory, entries here, entries, size and place of the directory, length of a comment.
_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_ZIP64_LOCATOR = 20
_ZIP64_SIGNATURE = b"PK\x06\x07"
_ENTRY_BYTES = 46 + 64  # a directory entry with the longest of the names and no more
_KINDS = "|".join(ListKind)
_NAME = re.compile(rf"({_KINDS})/(head|snap/(0|[1-9][0-9]{{0,9}})|delta/([1-9][0-9]{{0,9}}))")
_LONGEST: Mapping[str, int] = {"head": MAX_HEAD_BYTES, "snap": MAX_CHUNK_SIZE, "delta": MAX_DELTA_BYTES}
_SHOWN = 60
_BROKEN = (
    zipfile.BadZipFile,
    struct.error,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)


class PackError(Exception):
    """A file cannot be read or written as a pack; the message names it, says why, and what a pack is."""


@dataclass(frozen=True, slots=True)
class PackedList:
    """One list for a pack: its signed head, the chunks of its snapshot in order, its deltas by version."""

    kind: ListKind
    head: bytes
    chunks: Iterable[bytes]
    deltas: Iterable[tuple[int, bytes]] = ()


def write_pack(path: Path, trust: bytes, lists: Iterable[PackedList]) -> None:
    """Write a pack, at once and whole: a file that was there is replaced when the new one is complete on the disk.

    `trust`: the text of the signed trust list. Chunks are taken one by one.

    Raises:
        PackError: it cannot be written.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=False) as pack:
                pack.writestr(zipfile.ZipInfo(TRUST_NAME), trust)
                for one in lists:
                    _write_list(pack, one)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except (OSError, zipfile.LargeZipFile) as error:
        reason = error.strerror if isinstance(error, OSError) else "it would have more than 4 GiB"
        raise PackError(f"{path} cannot be written: {reason}") from None
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)


def _write_list(pack: zipfile.ZipFile, one: PackedList) -> None:
    for number, chunk in enumerate(one.chunks):
        pack.writestr(zipfile.ZipInfo(f"{one.kind}/snap/{number}"), chunk)
    for version, delta in one.deltas:
        pack.writestr(zipfile.ZipInfo(f"{one.kind}/delta/{version}"), delta)
    pack.writestr(zipfile.ZipInfo(f"{one.kind}/head"), one.head)


class Pack:
    """An open pack, to be used as a context manager. Each part is read when it is asked for; nothing is verified.

    All methods raise PackError where the file is damaged, ends early, or can no longer be read.
    """

    def __init__(self, path: Path, file: BinaryIO, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._file = file
        self._zip = archive
        self._entries = {info.filename: info for info in archive.infolist()}

    def __enter__(self) -> Self:
        """Give the open pack."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    @property
    def trust(self) -> bytes | None:
        """The text of the trust list, None without one."""
        return self._read(TRUST_NAME) if TRUST_NAME in self._entries else None

    @property
    def kinds(self) -> tuple[ListKind, ...]:
        """The lists that have a head."""
        return tuple(kind for kind in ListKind if f"{kind}/head" in self._entries)

    def head(self, kind: ListKind) -> bytes:
        """The signed head of a list."""
        return self._read(f"{kind}/head")

    def chunk(self, kind: ListKind, number: int) -> bytes | None:
        """One chunk of a snapshot, None where it is missing."""
        name = f"{kind}/snap/{number}"
        return self._read(name) if name in self._entries else None

    def deltas(self, kind: ListKind) -> tuple[int, ...]:
        """The versions that deltas of a list lead to, ascending."""
        found = (_NAME.fullmatch(name) for name in self._entries)
        return tuple(sorted(int(match[4]) for match in found if match and match[1] == kind and match[4]))

    def delta(self, kind: ListKind, version: int) -> bytes:
        """The delta that leads to a version."""
        return self._read(f"{kind}/delta/{version}")

    def _read(self, name: str) -> bytes:
        if name not in self._entries:
            raise PackError(f"{self._path}: {name} is missing")
        try:
            return self._zip.read(self._entries[name])
        except _BROKEN as error:
            raise PackError(f"{self._path}: {name} is damaged: {error}") from None
        except OSError as error:
            raise PackError(f"{self._path} cannot be read: {error.strerror}") from None


def read_pack(path: Path) -> Pack:
    """Open a pack and look at its directory; parts are read later.

    Raises:
        PackError: no file, no zip, cut short, compressed, or with more, larger or other entries than a pack has.
    """
    with contextlib.ExitStack() as opened:
        try:
            file = opened.enter_context(open(path, "rb", opener=_opener))
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PackError(f"{path} is not a regular file")
            size = file.seek(0, os.SEEK_END)
            _check_end(path, file, size)
            archive = opened.enter_context(zipfile.ZipFile(file))
        except _BROKEN as error:
            raise PackError(f"{path} is no pack of lists: its directory is damaged ({error})") from None
        except OSError as error:
            raise PackError(f"{path} cannot be read: {error.strerror}") from None
        for problem in _problems(archive, size):
            raise PackError(f"{path} is no pack of lists: {problem}")
        opened.pop_all()
    return Pack(path, file, archive)


def _opener(path: str, flags: int) -> int:
    """Open without waiting for the other end of what is no file."""
    return os.open(path, flags | os.O_NONBLOCK)


def _check_end(path: Path, file: BinaryIO, size: int) -> None:
    """Look at the record at the end of a zip, which bounds what the library is going to read."""
    tail_size = min(size, _END.size + _ZIP64_LOCATOR)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    if len(tail) < _END.size or tail[-_END.size :][:4] != _END_SIGNATURE:
        message = f"{path} is no pack of lists: it does not end as a zip file does (cut short, or something else?)"
        raise PackError(message)
    _, _, _, _, entries, directory, place, _ = _END.unpack(tail[-_END.size :])
    if tail[:4] == _ZIP64_SIGNATURE and tail_size > _END.size:
        raise PackError(f"{path} is no pack of lists: a zip of the 64-bit form, which a pack never is")
    if entries > MAX_ENTRIES or directory > entries * _ENTRY_BYTES:
        raise PackError(
            f"{path} is no pack of lists: {entries} entries or long names; a pack has {MAX_ENTRIES} at most"
        )
    if place + directory + _END.size != size:
        raise PackError(f"{path} is no pack of lists: something stands before, between or behind its parts")


def _problems(archive: zipfile.ZipFile, size: int) -> Iterator[str]:
    """What is wrong with the entries of a zip."""
    seen: set[str] = set()
    total = 0
    for info in archive.infolist():
        name = info.filename
        shown = ascii(name[:_SHOWN])
        match = _NAME.fullmatch(name)
        if match is None and name != TRUST_NAME:
            yield f"an entry {shown}, which no pack has"
        if name in seen:
            yield f"the entry {shown} occurs twice"
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size or info.flag_bits & 1:
            yield f"the entry {shown} is compressed or encrypted; the entries of a pack are stored as they are"
        longest = MAX_TEXT + 2 if match is None else _LONGEST[match[2].partition("/")[0]]
        if info.file_size > longest:
            yield f"the entry {shown} has {info.file_size} bytes; it may have {longest}"
        seen.add(name)
        total += info.file_size
    if total > size:
        yield "its entries overlap"
