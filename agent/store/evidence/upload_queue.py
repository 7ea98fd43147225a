"""The pictures that wait to be sent to central.

An empty file for each in one folder, so that a restart forgets none.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from itertools import islice
from typing import TYPE_CHECKING, Final

from agent.store.durable_files import sync_folder
from agent.store.errors import EvidenceError
from agent.store.evidence.picture_files import NAME
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

LIMIT: Final = 10_000


class OutgoingPictures:
    """A queue of names, at most `LIMIT`; the oldest first, after a restart as exactly as the disk tells time.

    Safe to call from several threads.
    """

    def __init__(self, folder: Path) -> None:
        """Read the queue, making the folder where needed. Raises OSError."""
        self._folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        marks = sorted((mark.lstat().st_mtime_ns, mark.name) for mark in folder.iterdir())
        self._names = OrderedDict.fromkeys(name for _, name in marks if NAME.fullmatch(name))

    def __len__(self) -> int:
        return len(self._names)

    def add(self, names: Collection[str]) -> None:
        """Queue names, durably, all or none; those that wait already keep their place.

        Raises EvidenceError when too many would wait, or on a disk in trouble.
        """
        with self._lock:
            new = [name for name in dict.fromkeys(names) if name not in self._names]
            if not new:
                return
            if len(self._names) + len(new) > LIMIT:
                raise EvidenceError(
                    Text(
                        "{count} pictures are waiting to be sent; the limit is {limit}",
                        count=len(self._names),
                        limit=LIMIT,
                    )
                )
            try:
                for name in new:
                    (self._folder / name).touch()
                sync_folder(self._folder)
            except OSError as error:
                raise EvidenceError(Text("cannot queue pictures to be sent: {error}", error=error)) from error
            self._names.update(dict.fromkeys(new))

    def first(self) -> str | None:
        """The name whose turn it is, None when nothing waits."""
        with self._lock:
            return next(iter(self._names), None)

    def names(self, count: int) -> list[str]:
        """Those whose turn comes next, at most `count`."""
        with self._lock:
            return list(islice(self._names, count))

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def postpone(self, name: str) -> None:
        """Let all others go first, until the next start."""
        with self._lock:
            if name in self._names:
                self._names.move_to_end(name)

    def remove(self, name: str) -> None:
        """Take a name out, because it was sent or cannot be. Raises EvidenceError."""
        with self._lock:
            try:
                (self._folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise EvidenceError(
                    Text("cannot take picture {name} out of the queue: {error}", name=name, error=error)
                ) from error
            self._names.pop(name, None)
