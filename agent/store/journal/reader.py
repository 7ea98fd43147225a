"""Reading a journal from outside, also while an agent writes it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from agent.core.events import UTC_MS_MAX, ChainFault, ChainFlaw, Verification, time_text, verify
from agent.core.model import SEQ_MAX
from agent.store.durable_files import open_regular
from agent.store.errors import SQL_ERRORS, JournalCorruptError, JournalUnavailableError, translated
from agent.store.journal import disclosures, event_table, kept_texts, schema
from agent.store.journal.integrity import check_integrity
from agent.store.journal.salvage import SINCE_KEPT
from drivers.text import Text, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    from agent.core.crypto import PublicKey
    from agent.store.journal.event_table import Row, StreamState
    from agent.store.journal.recorded_event import Recorded

BATCH: Final = 500
ERASED_AT_ONCE: Final = 20_000
"""Events whose values one look at what was erased goes over."""
_SINCE_ERASABLE: Final = 7
"""The first version of the file that keeps personal values beside events."""


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

    def standing(self) -> StreamState:
        """Where the stream stands."""
        with self._translating():
            return event_table.standing_of(self._connection)

    def kept(self, name: str) -> str | None:
        """The text that is kept by this name; None without one, also in a file of an earlier version."""
        with self._translating():
            if schema.version_of(self._connection) < SINCE_KEPT:
                return None
            return kept_texts.kept(self._connection, name)

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
            return event_table.read(self._connection, first, last, BATCH)

    def first_since(self, utc: float) -> int | None:
        """The sequence number of the first event from `utc` (Unix seconds) on, None when there is none."""
        with self._translating():
            return event_table.first_since(self._connection, round(utc * 1000))

    def erased_values(self) -> Iterator[tuple[int, int]]:
        """Each event of which personal values were erased, and how many, in order; read in short steps."""
        now = self.standing()
        if schema.version_of(self._connection) < _SINCE_ERASABLE:
            return
        for first in range(now.tail.seq + 1, now.head.seq + 1, ERASED_AT_ONCE):
            with self._translating():
                found = disclosures.gone(self._connection, first, min(first + ERASED_AT_ONCE - 1, now.head.seq))
            yield from found

    def sound_events(self, first: int, last: int) -> Iterator[Recorded]:
        """The events from `first` to `last`, both included, each as it was recorded.

        Raises JournalCorruptError at the first that is not, or is not there.
        """
        while first <= last:
            with self._translating():
                found = check_integrity(self._connection, first, last, BATCH)
            yield from found.events
            if found.bad or not found.events:
                raise JournalCorruptError(
                    joined([str(self._path), found.trouble or Text("there is no event {first}", first=first)], ": ")
                )
            first = found.events[-1].seq + 1

    def verify(self, keys: Mapping[str, PublicKey] | None = None) -> Verification:
        """Prove the whole chain against the tail and the head that the journal itself holds, as of this moment.

        `keys`: the gate's keys by their ids, for the signatures of its checkpoints. What the rows say beside the events
        must be what the events say.
        """
        with self._translating(), self._moment():
            now = event_table.standing_of(self._connection)
            odd: list[ChainFlaw] = []
            payloads = self._compared(event_table.rows(self._connection), now, odd)
            found = verify(payloads, anchor=now.tail, head=now.head, keys=keys)
            if odd and (found.flaw is None or odd[0].index < found.flaw.index):
                return replace(found, flaw=odd[0])
            return found

    def trouble_with_pages(self) -> str:
        """What SQLite finds wrong with the file itself, "" for nothing. Reads all of it."""
        with self._translating():
            (answer,) = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
        return "" if answer == "ok" else str(answer)

    def _compared(self, rows: Iterator[Row], now: StreamState, odd: list[ChainFlaw]) -> Iterator[bytes]:
        """The payloads of rows; flaws of what stands beside them go into `odd`."""
        seq, total, payload = now.tail.seq, now.tail_total, b""
        try:
            for index, row in enumerate(rows):
                seq, payload = row.seq, row.payload
                total += len(payload)
                if not odd and not _agrees(row, total):
                    odd.append(ChainFlaw(index, seq, ChainFault.ALTERED, Text("its row differs from the event itself")))
                yield payload
        except SQL_ERRORS as error:
            raise translated(error, Text("read {path} behind event {seq}", path=self._path, seq=seq)) from error

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
        except SQL_ERRORS as error:
            raise translated(error, Text("read {path}", path=self._path)) from error


def _agrees(row: Row, total: int) -> bool:
    """Whether a row says of its event what the event says.

    Also where the event cannot be read: the chain tells then.
    """
    try:
        event = json.loads(row.payload)
    except (ValueError, RecursionError):
        return True
    when = time_text(row.utc_ms) if row.utc_ms in range(UTC_MS_MAX + 1) else None
    stated = [event.get(name) for name in ("seq", "id", "type", "time")] if isinstance(event, dict) else None
    return stated is None or (stated, total) == ([row.seq, row.id, row.type, when], row.total)


def is_database(path: Path) -> bool:
    """Whether a file is an SQLite database, by its first bytes.

    Raises JournalUnavailableError when it cannot be read.
    """
    try:
        with open_regular(path) as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError as error:
        raise JournalUnavailableError(
            Text("cannot read {path}: {strerror}", path=path, strerror=error.strerror)
        ) from error
