"""Fetching a package and the lists that vouch for it into the state directory, beside running work.

What is there already is not fetched again: a package goes on where it was cut off, in this process or in another.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from typing import TYPE_CHECKING, Final

from agent.core.fleet import DocumentFault, DocumentRefusedError
from agent.software.repository_lists import LIST_LIMIT_BYTES, LISTS, checked_listing, list_paths
from agent.software.repository_source import SourceError
from agent.store.durable_files import open_regular, sync_folder
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from agent.core.software import ChosenPackage
    from agent.software.repository_source import RepositorySource, Stream

SPOOL: Final = "software"
"""Below the state directory."""
PART_BYTES: Final = 64 << 10
LONGEST_S: Final = 6 * 3600.0
ROOM_BYTES: Final = 256 << 20
"""That must stay free beside the package: the journal comes first."""


class FetchStoppedError(Exception):
    """The agent stops."""


class Fetching:
    """Fetches into one folder. `pause` waits for some seconds, and says whether to stop. `keyring`: of release keys."""

    def __init__(
        self,
        folder: Path,
        sources: Sequence[RepositorySource],
        rate_bytes_s: float,
        pause: Callable[[float], bool],
        keyring: Path,
    ) -> None:
        self._folder, self._sources, self._rate = folder, sources, rate_bytes_s
        self._pause, self._keyring = pause, keyring

    def fetch(self, chosen: ChosenPackage) -> tuple[Path, ...]:
        """The package and its lists, whole and checked. Raises DocumentRefusedError, SourceError, OSError.

        DocumentRefusedError is what the source is at fault for, too: another try may find it fixed.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._clear(chosen)
        failure: Exception | None = None
        for source in self._sources:
            try:
                return self._from(source, chosen)
            except (SourceError, DocumentRefusedError) as error:
                failure = error
        if failure is None:
            raise DocumentRefusedError(
                DocumentFault.NOT_FETCHED, Text("no repository is set: software.repositories in the configuration")
            )
        raise failure

    def clear(self) -> None:
        """Nothing is wanted: give the room back."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _from(self, source: RepositorySource, chosen: ChosenPackage) -> tuple[Path, ...]:
        base = f"{chosen.path}/" if chosen.path else ""
        for name, path in list_paths(chosen).items():
            self._fetch_list(source, base + path, self._folder / name)
        listed = checked_listing(self._folder, chosen, self._keyring)
        package = self._folder / f"{chosen.sha256}.deb"
        if not package.exists():
            self._fetch_package(source, base + listed.path, chosen)
        return (package, *(self._folder / name for name in LISTS))

    def _fetch_list(self, source: RepositorySource, path: str, target: Path) -> None:
        found = bytearray()
        with source.opened(path) as (stream, _):
            while part := stream.read(PART_BYTES):
                found += part
                if len(found) > LIST_LIMIT_BYTES:
                    raise DocumentRefusedError(
                        DocumentFault.NOT_AUTHENTIC, Text("{path} is too large for an index", path=path)
                    )
        target.write_bytes(found)

    def _fetch_package(self, source: RepositorySource, path: str, chosen: ChosenPackage) -> None:
        part = self._folder / f"{chosen.sha256}.part"
        here = part.stat().st_size if part.exists() else 0
        self._check_room(chosen.bytes - here)
        if here < chosen.bytes:
            with source.opened(path, here) as (stream, begin), part.open("r+b" if here else "wb") as file:
                file.truncate(begin)
                file.seek(begin)
                self._copy(stream, file, chosen.bytes - begin)
                file.flush()
                os.fsync(file.fileno())
        if _sha256(part) != chosen.sha256:
            if part.stat().st_size >= chosen.bytes:
                part.unlink()  # another package, or one that was spoilt: from the beginning the next time
            raise DocumentRefusedError(
                DocumentFault.NOT_AUTHENTIC, Text("{path} is not the package that the document orders", path=path)
            )
        part.replace(self._folder / f"{chosen.sha256}.deb")
        sync_folder(self._folder)

    def _copy(self, stream: Stream, file: BinaryIO, most: int) -> None:
        """So many bytes at most, and no faster than the rate: what vehicles need of line and disk comes first."""
        began, copied = time.monotonic(), 0
        while copied < most:
            data = stream.read(min(PART_BYTES, most - copied))
            if not data:
                return
            file.write(data)
            copied += len(data)
            spent = time.monotonic() - began
            if spent > LONGEST_S:
                return
            if self._pause(max(0.0, copied / self._rate - spent)):
                raise FetchStoppedError

    def _check_room(self, wanted: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if free < wanted + ROOM_BYTES:
            raise DocumentRefusedError(
                DocumentFault.NO_ROOM,
                Text(
                    "{path} has {free_mb} MB free, and {wanted_mb} are needed",
                    path=self._folder,
                    free_mb=free >> 20,
                    wanted_mb=(wanted + ROOM_BYTES) >> 20,
                ),
            )

    def _clear(self, chosen: ChosenPackage) -> None:
        for path in self._folder.iterdir():
            if path.stem != chosen.sha256 and path.name not in LISTS:
                path.unlink()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()
