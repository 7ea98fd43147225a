"""Limits the size of the journal: deletes acknowledged events and old data."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from agent.store.journal import event_table
from drivers.text import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from agent.core.events import ClockReading
    from agent.store.journal.database import Database

log = logging.getLogger(__name__)

BATCH: Final = 500


def make_room(database: Database) -> bool:
    """Give up the oldest acknowledged events; False when there are none."""
    now = database.reading(Text("read how far the stream is"), event_table.standing_of)
    upto = min(now.watermark, now.tail.seq + BATCH)
    if upto == now.tail.seq:
        return False
    database.freeing(Text("make room"), lambda connection: event_table.cut(connection, upto))
    log.warning("the journal is full: acknowledged events up to %d were deleted", upto)
    return True


def prune(database: Database, reading: ClockReading, max_age_s: float, max_bytes: int) -> int:
    """Give up acknowledged events that are too old or too many; returns how many. Age counts only by a synced clock."""
    before_ms = round((reading.utc - max_age_s) * 1000) if reading.synced else None
    pruned = 0
    while step := _prune_step(database, before_ms, max_bytes):
        pruned += step
    database.keep_reserve()
    return pruned


def _prune_step(database: Database, before_ms: int | None, max_bytes: int) -> int:
    with database.lock:
        now = database.reading(Text("read how far the stream is"), event_table.standing_of)
        goal = database.reading(
            Text("look for old events"), lambda connection: event_table.prunable(connection, before_ms, max_bytes)
        )
        upto = min(goal, now.tail.seq + BATCH)
        if upto > now.tail.seq:
            database.freeing("prune", lambda connection: event_table.cut(connection, upto))
        return upto - now.tail.seq


def forget(
    database: Database,
    doing: str,
    step: Callable[[sqlite3.Connection, int, int], int],
    reading: ClockReading,
    max_age_s: float,
) -> int:
    """Delete rows older than `max_age_s`, in steps of so many; returns how many.

    Nothing while the clock is not synced.
    """
    before_ms = round((reading.utc - max_age_s) * 1000)
    forgotten = 0
    while reading.synced:
        done = database.freeing(doing, lambda connection: step(connection, before_ms, BATCH))
        forgotten += done
        if done < BATCH:
            break
    return forgotten
