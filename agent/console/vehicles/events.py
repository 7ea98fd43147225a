"""The events of one vehicle, read from the journal between the first and the last that the index knows of it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from agent.console.vehicles.follower import transaction_of
from agent.console.vehicles.index_file import IndexUnavailableError, reading, record_of
from agent.store.journal import JournalReader, opened, search

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.console.vehicles.record import VehicleRecord


def events_of(folder: Path, transaction: str) -> list[tuple[int, dict[str, Any]]]:
    """Every event of a transaction with its number, in order; empty where none is kept. Raises JournalError.

    One that the index does not have yet, or of which more was recorded since, is looked for in the journal alone.
    """
    record = _known(folder, transaction)
    with JournalReader(folder / "journal.db") as reader:
        if record is None or not record.outcome:
            return search.story(reader, transaction)
        return list(_between(reader, record, transaction))


def _known(folder: Path, transaction: str) -> VehicleRecord | None:
    try:
        with reading(folder) as index:
            return record_of(index, transaction)
    except (IndexUnavailableError, sqlite3.Error):
        return None


def _between(reader: JournalReader, record: VehicleRecord, transaction: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for event in reader.events(record.first, record.last):
        if transaction_of(event.payload) != transaction:
            continue
        try:
            said = opened(event)
        except (ValueError, RecursionError):
            continue  # damaged on the disk: the proof of the journal tells
        if isinstance(said, dict):
            yield event.seq, said
