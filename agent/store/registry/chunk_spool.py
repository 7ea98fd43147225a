"""Incoming chunks: kept on disk as they arrive, named by their digest, until their list is complete."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from agent.core.lists import ListError, check_chunk
from agent.store.durable_files import open_regular, set_misfit_aside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from agent.core.lists import ChunkRef
    from agent.core.model import ListKind


class ChunkSpool:
    """A folder of chunks for each kind of list. Every method may raise OSError.

    What is in it is compared with the signed head before it counts, so what a crash leaves half written does no harm,
    and what it leaves whole need not come again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, kind: ListKind, wanted: Sequence[ChunkRef]) -> list[int]:
        """Let go of all that is not wanted; which of the wanted ones are there, by their place."""
        folder = self._folder / kind
        for place in (self._folder, folder):
            set_misfit_aside(place, folder=True)
        folder.mkdir(parents=True, exist_ok=True)
        names = {ref.digest.hex() for ref in wanted}
        for file in folder.iterdir():
            if file.is_dir() and not file.is_symlink():
                shutil.rmtree(file)
            elif file.name not in names or not file.is_file():
                file.unlink()
        return [number for number, ref in enumerate(wanted) if self._is_there(kind, ref)]

    def keep(self, kind: ListKind, ref: ChunkRef, data: bytes) -> None:
        """Keep a chunk. Raises ListError: CHUNK_WRONG for one that is not what the head names."""
        check_chunk(data, ref)
        (self._folder / kind / ref.digest.hex()).write_bytes(data)

    def chunks(self, kind: ListKind, wanted: Sequence[ChunkRef]) -> Iterator[bytes]:
        """The wanted chunks in their order, read one by one; it ends at the first that is missing."""
        for ref in wanted:
            try:
                yield _read(self._folder / kind / ref.digest.hex())
            except FileNotFoundError:
                return

    def drop(self, kind: ListKind) -> None:
        """Let go of all of a kind."""
        shutil.rmtree(self._folder / kind, ignore_errors=True)

    def _is_there(self, kind: ListKind, ref: ChunkRef) -> bool:
        try:
            check_chunk(_read(self._folder / kind / ref.digest.hex()), ref)
        except (FileNotFoundError, ListError):
            return False
        return True


def _read(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.read()
