"""Erases personal values at the gate in short transactions, until no file contains a byte of them.

It overwrites a value with NULL, and `secure_delete` writes zeros over the freed bytes. Copies remain in two places. One
is the unused parts of pages after SQLite balances a tree: agent.store.journal.secure_delete rewrites these pages. The
other is the log beside the file, which this module empties.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from agent.core.events import Subject, digest_of_value
from agent.core.model import SEQ_MAX
from agent.store.journal import disclosures, event_table
from agent.store.journal.secure_delete import TreeOrder, wipe_tree
from drivers.text import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from agent.store.journal.database import Database
    from agent.store.journal.disclosures import StandingValue

log = logging.getLogger(__name__)

EVENTS_AT_ONCE: Final = 25
"""A transaction has no more, for lanes wait for it: some 15 ms where 400 rows of uses take 14."""
TREE: Final = TreeOrder("disclosures", "seq, place", rows=80)
_TRIES: Final = 10
_PAUSE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class ErasureScope:
    """Which values: those of the events `first` to `last`, both included.

    `digest`: of these only what belongs to a plate, a VIN, a declaration or a name, given by the SHA-256 of its normal
    form (agent.core.events.digest_of_value). Of a vehicle all that the events of its transactions tell of it goes, and
    all words; of a person the name wherever it stands, and the words of these events.
    """

    first: int = 1
    last: int = SEQ_MAX
    digest: str = ""


@dataclass(slots=True)
class ErasureDone:
    """What was erased: values, and of which events. `pictures`: SHA-256 in hex of those that these events name."""

    values: int = 0
    events: set[int] = field(default_factory=set)
    pictures: set[str] = field(default_factory=set)


def values_before(connection: sqlite3.Connection, before_ms: int) -> ErasureScope | None:
    """The values of acknowledged events that were recorded before a Unix time; None: there are none."""
    now = event_table.standing_of(connection)
    young = event_table.first_since(connection, before_ms)
    last = min(now.watermark, now.head.seq if young is None else young - 1)
    found = disclosures.standing(connection, now.tail.seq, last, 1)
    return ErasureScope(found[0].seq, last) if found else None


def erase(database: Database, scope: ErasureScope, utc_ms: int, rule: str) -> ErasureDone:
    """Erase what a scope names; `wipe` sees to the bytes that this leaves. Raises JournalError."""
    done = ErasureDone()
    chosen = _all(database, scope) if not scope.digest else _named(database, scope)
    for values in chosen:
        places = [(one.seq, one.place) for one in values]
        if not places:
            continue
        done.pictures |= database.reading(Text("read events"), partial(_pictures, seqs={seq for seq, _ in places}))
        done.values += database.freeing(
            Text("erase personal values"),
            partial(disclosures.erase, places=places, utc_ms=utc_ms, rule=rule),
        )
        done.events |= {seq for seq, _ in places}
    return done


def wipe(database: Database, stopping: Callable[[], bool]) -> bool:
    """See to it that no byte is left of what was erased, until told to stop; whether it came to the end.

    Raises JournalError.
    """
    if not wipe_tree(database, TREE, stopping):
        return False
    empty_log(database)
    return True


def empty_log(database: Database) -> None:
    """Empty the log beside the file, which holds pages as they were. Raises JournalError.

    Whoever reads an old state of the journal holds the log; such a look takes a moment. It is not waited for under the
    journal's lock: lanes record meanwhile.
    """
    for _ in range(_TRIES):
        if database.reading(Text("empty the write-ahead file"), _truncated):
            return
        threading.Event().wait(_PAUSE_S)
    log.warning("the journal's log cannot be emptied while someone reads it; until then, it contains erased values")


def _truncated(connection: sqlite3.Connection) -> bool:
    """Empty the log, unless somebody reads it; whether it is empty."""
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        (busy, _pages, _done) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
    return not busy


def _all(database: Database, scope: ErasureScope) -> Iterator[Sequence[StandingValue]]:
    after = scope.first - 1
    while found := database.reading(
        Text("look for values"), partial(disclosures.standing, after=after, upto=scope.last, limit=EVENTS_AT_ONCE)
    ):
        yield found
        after = found[-1].seq


def _named(database: Database, scope: ErasureScope) -> Iterator[Sequence[StandingValue]]:
    """What belongs to the value that a scope names, in two goes: where it stands, then the rest of its transactions."""
    exact: set[int] = set()
    of_vehicle: set[int] = set()
    for values in _all(database, scope):
        for one in values:
            if one.subject is not Subject.WORDS and digest_of_value(one.value) == scope.digest:
                exact.add(one.seq)
                if one.subject is Subject.VEHICLE:
                    of_vehicle.add(one.seq)
    transactions = database.reading(Text("read events"), partial(_transactions, seqs=of_vehicle))
    whole = of_vehicle | set(_of_transactions(database, scope, transactions))
    for values in _all(database, scope):
        yield [
            one
            for one in values
            if (one.seq in whole and one.subject is not Subject.PERSON)
            or (one.seq in exact and (one.subject is Subject.WORDS or digest_of_value(one.value) == scope.digest))
        ]


def _of_transactions(database: Database, scope: ErasureScope, wanted: frozenset[str]) -> Iterator[int]:
    """The events of these transactions that have values."""
    for values in _all(database, scope) if wanted else ():
        seqs = {one.seq for one in values}
        yield from (
            seq
            for seq, event in database.reading(Text("read events"), partial(_events, seqs=seqs))
            if event.get("transaction") in wanted
        )


def _transactions(connection: sqlite3.Connection, seqs: set[int]) -> frozenset[str]:
    found = (event.get("transaction") for _, event in _events(connection, seqs))
    return frozenset(str(one) for one in found if one is not None)


def _pictures(connection: sqlite3.Connection, seqs: set[int]) -> set[str]:
    named: set[str] = set()
    for _, event in _events(connection, seqs):
        data = event.get("data")
        if isinstance(data, dict):
            several = data.get("pictures")
            named |= {one for one in (data.get("picture"), *(several or ())) if isinstance(one, str)}
    return named


def _events(connection: sqlite3.Connection, seqs: Iterable[int]) -> list[tuple[int, dict[str, Any]]]:
    """These events as JSON, in order; those that are damaged on the disk are left out."""
    found: list[tuple[int, dict[str, Any]]] = []
    for seq in sorted(seqs):
        for payload in event_table.payloads(connection, seq, seq):
            try:
                said = json.loads(payload)
            except (ValueError, RecursionError):
                continue
            if isinstance(said, dict):
                found.append((seq, said))
    return found
