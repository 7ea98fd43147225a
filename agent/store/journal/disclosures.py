"""The personal values of events: written, read and deleted with their events, or erased earlier.

These functions run inside a transaction. The row of an erased value stays, and records when and by which rule it was
erased.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from agent.core.events import (
    DisclosureInvalidError,
    Subject,
    digest_of_disclosure,
    digests_in,
    may_hide,
    opened_event,
    read_disclosure,
)
from agent.store.journal.recorded_event import KeptDisclosure

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from agent.core.events import Disclosure, SealedEvent
    from agent.store.journal.recorded_event import Recorded

LOST: Final = "lost"
"""The rule by which a value is gone that the disk lost: nobody erased it."""
_OF: Final = (
    "SELECT seq, place, digest, subject, disclosure, erased_ms, rule FROM disclosures"
    " WHERE seq BETWEEN ? AND ? ORDER BY seq, place"
)
_ERASE: Final = (
    "UPDATE disclosures SET disclosure = NULL, erased_ms = ?, rule = ?"
    " WHERE seq = ? AND place = ? AND disclosure IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class StandingValue:
    """A value that was not erased yet, in its place."""

    seq: int
    place: int
    subject: Subject
    text: str

    @property
    def value(self) -> str:
        """The value; empty where the disk has altered it."""
        try:
            return read_disclosure(self.text).value
        except DisclosureInvalidError:
            return ""


def kept_disclosures(made: Iterable[Disclosure]) -> tuple[KeptDisclosure, ...]:
    """What is kept of values that were hidden just now."""
    return tuple(KeptDisclosure(one.digest, one.text) for one in made)


def append(connection: sqlite3.Connection, sealed: Iterable[SealedEvent]) -> None:
    """Write the disclosures of events, in the transaction that writes these."""
    connection.executemany(
        "INSERT INTO disclosures (seq, place, digest, subject, disclosure) VALUES (?, ?, ?, ?, ?)",
        (
            (event.seq, place, one.digest, one.subject.value, one.text)
            for event in sealed
            for place, one in enumerate(event.disclosures)
        ),
    )


def attached(connection: sqlite3.Connection, events: Sequence[Recorded]) -> list[Recorded]:
    """The events with what is kept of their personal values.

    Each digest of an event has its one: what the disk lost or altered is said to be gone.
    """
    hiding = [one.seq for one in events if may_hide(one.payload)]
    if not hiding:
        return list(events)
    found: dict[int, dict[str, KeptDisclosure]] = {}
    for seq, _place, digest, _subject, text, erased_ms, rule in connection.execute(_OF, (hiding[0], hiding[-1])):
        if text is None or digest_of_disclosure(text) == digest:
            found.setdefault(seq, {})[digest] = KeptDisclosure(digest, text, erased_ms, rule or "")
    return [_with(one, found.get(one.seq, {})) for one in events]


def _with(event: Recorded, found: dict[str, KeptDisclosure]) -> Recorded:
    digests = digests_in(event.payload)
    if not digests:
        return event
    return replace(event, disclosures=tuple(found.get(one, KeptDisclosure(one, None, None, LOST)) for one in digests))


def opened(event: Recorded, erased: str | None = None) -> Any:
    """The JSON of an event, with its values in place where they are kept.

    `erased`: what stands for the others; None: their digests. Raises ValueError where the event is no JSON, and
    RecursionError.
    """
    said = json.loads(event.payload)
    if not event.disclosures or not isinstance(said, dict):
        return said
    values = {one.digest: read_disclosure(one.text).value for one in event.disclosures if one.text is not None}
    return opened_event(said, values, erased)


def standing(connection: sqlite3.Connection, after: int, upto: int, limit: int) -> list[StandingValue]:
    """The values of the next `limit` events above `after` and up to `upto` that have any which were not erased."""
    row = connection.execute(
        "SELECT max(seq) FROM (SELECT DISTINCT seq FROM disclosures INDEXED BY disclosed"
        " WHERE disclosure IS NOT NULL AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?)",
        (after, upto, limit),
    ).fetchone()
    if row[0] is None:
        return []
    rows = connection.execute(
        "SELECT seq, place, subject, disclosure FROM disclosures"
        " WHERE seq > ? AND seq <= ? AND disclosure IS NOT NULL ORDER BY seq, place",
        (after, row[0]),
    )
    return [StandingValue(seq, place, Subject(subject), text) for seq, place, subject, text in rows]


def erase(connection: sqlite3.Connection, places: Iterable[tuple[int, int]], utc_ms: int, rule: str) -> int:
    """Erase values, each given by its event and its place; returns how many were there."""
    return sum(connection.execute(_ERASE, (utc_ms, rule, seq, place)).rowcount for seq, place in places)


def gone(connection: sqlite3.Connection, first: int, last: int) -> list[tuple[int, int]]:
    """Which of these events, both included, have values that were erased, and how many, in order."""
    rows = connection.execute(
        "SELECT seq, count(*) FROM disclosures WHERE seq BETWEEN ? AND ? AND disclosure IS NULL GROUP BY seq",
        (first, last),
    )
    return rows.fetchall()


def cut(connection: sqlite3.Connection, upto: int) -> None:
    """Delete what belongs to the events up to `upto`."""
    connection.execute("DELETE FROM disclosures WHERE seq <= ?", (upto,))
