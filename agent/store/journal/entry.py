"""What one transaction writes to the journal: events with changes of the permit ledger and of commands."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.events import RANDOM_BYTES, Point, TransactionClosed, seal
from agent.store.journal import commands, event_table, lane_orders, ledger, open_transactions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from agent.core.commands import CommandChange
    from agent.core.events import ClockReading, Draft, SealedEvent, Writer
    from agent.core.model import LedgerChange


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Events, in order, and the changes that go with them."""

    drafts: Sequence[Draft]
    ledger: Sequence[LedgerChange] = ()
    commands: Sequence[CommandChange] = ()


def write(
    connection: sqlite3.Connection, entry: JournalEntry, writer: Writer, reading: ClockReading
) -> list[SealedEvent]:
    """Write an entry, and behind its events those of the conflicts that its ledger changes make; returns all events.

    Raises LedgerConflictError or CommandConflictError when a change does not fit; the caller rolls back.
    """
    now_ms = round(reading.utc * 1000)
    made = [ledger.apply(connection, change, writer, now_ms) for change in entry.ledger]
    for order in entry.commands:
        commands.apply(connection, order, writer.boot, now_ms)
    conflicts = [conflict.draft(reading.utc) for conflict in made if conflict is not None]
    return append([*entry.drafts, *conflicts], connection, writer, reading)


def append(
    drafts: Sequence[Draft], connection: sqlite3.Connection, writer: Writer, reading: ClockReading
) -> list[SealedEvent]:
    """Give events their places behind the head."""
    if not drafts:
        return []
    now = event_table.standing_of(connection)
    sealed: list[SealedEvent] = []
    before = now.head
    for draft in drafts:
        one = seal(draft, writer, before, reading, os.urandom(RANDOM_BYTES))
        open_transactions.track(connection, draft, one.seq, one.utc_ms, writer.boot)
        if isinstance(draft.event, TransactionClosed) and draft.transaction is not None:
            ledger.leave_in_doubt(connection, draft.transaction, writer.boot)
        lane_orders.keep(connection, draft, one.utc_ms)
        before = Point(before.stream, one.seq, one.digest)
        sealed.append(one)
    event_table.append(connection, now, sealed)
    return sealed
