"""Reading a journal from outside, also while an agent writes it."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from agent.core.chain import SEQ_MAX
from agent.core.verification import Verification, verify
from agent.store import history, schema
from agent.store.errors import JournalUnavailableError, translated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from agent.store.history import Recorded, Standing

BATCH: Final = 500


class JournalReader:
    """A journal, open for reading only. Used in `with`. Every method may raise JournalUnavailableError."""

    def __init__(self, path: Path) -> None:
        """Open the journal at `path`."""
        self._path = path
        self._connection = schema.connect_to_read(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def standing(self) -> Standing:
        """Where the stream stands."""
        with self._translating():
            return history.standing_of(self._connection)

    def events(self, first: int = 1, last: int = SEQ_MAX) -> Iterator[Recorded]:
        """The events from `first` to `last`, both included; read in batches while iterated.

        Nothing is held open between batches: a reader that stalls must not keep the agent from checkpointing its log.
        """
        while batch := self._batch(first, last):
            yield from batch
            first = batch[-1].seq + 1

    def payloads(self, first: int = 1, last: int = SEQ_MAX) -> Iterator[bytes]:
        """The bytes of those events, as stored."""
        return (event.payload for event in self.events(first, last))

    def _batch(self, first: int, last: int) -> list[Recorded]:
        with self._translating():
            return history.read(self._connection, first, last, BATCH)

    def first_since(self, utc: float) -> int | None:
        """The sequence number of the first event from `utc` (Unix seconds) on, None when there is none."""
        with self._translating():
            return history.first_since(self._connection, round(utc * 1000))

    def verify(self) -> Verification:
        """Prove the whole chain against the tail and the head that the journal itself holds, as of this moment."""
        with self._translating(), self._moment():
            now = history.standing_of(self._connection)
            return verify(history.payloads(self._connection, 1, SEQ_MAX), anchor=now.tail, head=now.head)

    @contextmanager
    def _moment(self) -> Iterator[None]:
        """All reads inside see the journal as it is at the first of them."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise translated(error, f"read {self._path}") from error


def is_database(path: Path) -> bool:
    """Whether a file is an SQLite database, by its first bytes. Raises JournalUnavailableError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError as error:
        raise JournalUnavailableError(f"cannot read {path}: {error.strerror}") from error
