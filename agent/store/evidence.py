"""Pictures kept as evidence, each in a file named by the SHA-256 of its bytes; events name them by that hash.

A picture is whole or not there: it is written beside its place, synced, and then named. The folder has a cap; the
pictures that were kept longest ago go first.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from agent.store.errors import EvidenceError
from agent.store.place import sync_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["EvidenceError", "EvidenceStore"]

log = logging.getLogger(__name__)

NAME: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
ENDING: Final = ".jpg"
UNFINISHED: Final = ".part"


class EvidenceStore:
    """The pictures below one folder, at most `max_bytes` of them. Safe to call from several threads."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Look through the folder, making it where needed; what a crash left unfinished is removed.

        Raises EvidenceError when that fails.
        """
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._total = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._look_through()
        except OSError as error:
            raise EvidenceError(f"cannot use the folder of evidence {folder}: {error}") from error

    @property
    def used_bytes(self) -> int:
        """The bytes of all pictures."""
        return self._total

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._sizes

    def __len__(self) -> int:
        return len(self._sizes)

    def keep(self, sha256: str, jpeg: bytes) -> None:
        """Keep a picture, durable when this returns; a picture that is there already stays as it is.

        Raises EvidenceError when the bytes do not have that hash, are more than the cap, or cannot be written.
        """
        if hashlib.sha256(jpeg).hexdigest() != sha256:
            raise EvidenceError(f"these {len(jpeg)} bytes are not the picture {sha256[:64]}")
        if len(jpeg) > self._max_bytes:
            raise EvidenceError(f"picture {sha256} has {len(jpeg)} bytes, more than all evidence may have")
        with self._lock:
            if sha256 in self._sizes:
                return
            try:
                self._make_room(len(jpeg))
                self._write(self._path(sha256), jpeg)
            except OSError as error:
                raise EvidenceError(f"cannot keep picture {sha256}: {error}") from error
            self._sizes[sha256] = len(jpeg)
            self._total += len(jpeg)

    def get(self, sha256: str) -> bytes | None:
        """The bytes of a picture, None when it is not kept (any more).

        Raises EvidenceError when it cannot be read or was altered on the disk.
        """
        if not NAME.fullmatch(sha256):
            return None
        path = self._path(sha256)
        try:
            jpeg = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise EvidenceError(f"cannot read picture {sha256}: {error}") from error
        if hashlib.sha256(jpeg).hexdigest() != sha256:
            raise EvidenceError(f"picture {sha256} was altered on the disk: {path}")
        return jpeg

    # -------------------------------------------------------------------------------------------------------- the disk

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / f"{sha256}{ENDING}"

    def _look_through(self) -> None:
        found: list[tuple[float, str, int]] = []
        for path in self._folder.glob("??/*"):
            if path.suffix == UNFINISHED:
                path.unlink(missing_ok=True)
            elif path.suffix == ENDING and NAME.fullmatch(path.stem):
                status = path.stat()
                found.append((status.st_mtime, path.stem, status.st_size))
        for _kept_at, name, size in sorted(found):
            self._sizes[name] = size
            self._total += size
        self._make_room(0)

    def _make_room(self, size: int) -> None:
        while self._sizes and self._total + size > self._max_bytes:
            name, freed = next(iter(self._sizes.items()))
            self._path(name).unlink(missing_ok=True)
            del self._sizes[name]
            self._total -= freed

    @staticmethod
    def _write(path: Path, jpeg: bytes) -> None:
        unfinished = path.with_suffix(UNFINISHED)
        new_folder = not path.parent.exists()
        path.parent.mkdir(exist_ok=True)
        try:
            with unfinished.open("wb") as file:
                file.write(jpeg)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
        if new_folder:
            sync_folder(path.parent.parent)
