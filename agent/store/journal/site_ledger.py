"""The permit ledger as the gates of a site share it.

Claims on this gate as a home gate, and what gates tell one another.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol, TypeVar

from agent.core.site import ClaimVerdict, Taken
from agent.store.journal import entry, home_claims, ledger, peer_uses
from drivers.text import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from agent.core.events import ClockReading, SealedEvent, Writer
    from agent.core.site import ClaimRow, Conflict, Consent, Cursor, PeerRow
    from agent.store.journal.database import Database

T = TypeVar("T")


class Commit(Protocol):
    """How the journal writes. No mere Callable, which cannot return what each piece of work does.

    One durable transaction, at the time that its clock reads, with events told to all waiters.
    """

    def __call__(
        self, doing: str, work: Callable[[sqlite3.Connection, ClockReading], tuple[T, list[SealedEvent]]]
    ) -> T:
        """Do the work, which returns its result and the events that it wrote.

        Raises JournalFullError and those of the work.
        """
        ...


class SiteLedger:
    """The shared side of a journal's permit ledger. Safe to call from several threads; each call is one transaction.

    What a method that writes returned from is on the disk. Every method may raise JournalUnavailableError, those that
    write JournalFullError too.
    """

    def __init__(self, database: Database, writer: Writer, clock: Callable[[], ClockReading], commit: Commit) -> None:
        """Serve the ledger of a journal."""
        self._database = database
        self._writer = writer
        self._clock = clock
        self._commit = commit
        self._news = threading.Condition()
        self._head = self.head()

    # ------------------------------------------------------------------------------------------------- as a home gate

    def claim(self, row: ClaimRow) -> ClaimVerdict:
        """Grant the lowest use of a permit that no other gate has, or say why not.

        What is granted to another gate is kept for it, until its rows tell what its transaction did, or
        `release_claim`. For this gate itself nothing is kept: the record with the reservation is what counts, and fails
        where another gate came first.
        """
        if row.gate == self._writer.gate:
            return self._reading(lambda c: home_claims.judge(c, row, row.gate, round(self._clock().utc * 1000)))

        def work(connection: sqlite3.Connection, reading: ClockReading) -> tuple[ClaimVerdict, list[SealedEvent]]:
            utc_ms = round(reading.utc * 1000)
            verdict = home_claims.judge(connection, row, self._writer.gate, utc_ms)
            if verdict.use:
                home_claims.consent(connection, row, verdict.use, utc_ms)
            return verdict, []

        return self._commit(Text("record a claim"), work)

    def release_claim(self, gate: str, permit_id: bytes, use: int, transaction: str) -> bool:
        """Take back what was granted to a transaction of another gate, as that gate says.

        Returns whether it was kept still.
        """
        return self._database.freeing(
            Text("release a claim"), lambda c: home_claims.give_back(c, permit_id, use, gate, transaction)
        )

    def unconfirmed(self, min_age_s: float, limit: int) -> tuple[Consent, ...]:
        """Up to `limit` uses that were granted so long ago and never told of, the oldest first.

        Only the gate that got one can say that its transaction is over: `release_claim` it then, once that gate's rows
        are known as far as they stood. Else it stays granted until `forget_uses` takes it by its age.
        """
        before_ms = round((self._clock().utc - min_age_s) * 1000)
        return self._reading(lambda c: home_claims.unconfirmed(c, before_ms, limit))

    # ------------------------------------------------------------------------------------------------- telling others

    def head(self) -> int:
        """The newest place in this gate's row log, 0 before the first. It belongs to the journal's stream."""
        return self._reading(ledger.last_seq)

    def rows_after(self, seq: int, limit: int) -> tuple[PeerRow, ...]:
        """Up to `limit` of this gate's own rows that changed after that place in its row log, in order.

        A row stands at its newest change only, so places are left out; together the rows are complete from `seq` + 1 to
        the last one's place. All of them, from 0 on, are all that the gate knows of its own.
        """
        return self._reading(lambda c: peer_uses.log_rows(c, seq, limit))

    def wait_for_rows(self, after_seq: int, timeout: float) -> bool:
        """Wait until a row changed after that place, at most `timeout` seconds; whether one did."""
        with self._news:
            self._news.wait_for(lambda: self._head > after_seq or self._database.closed, timeout)
            return self._head > after_seq

    def dump_rows(self, gate: str, after: tuple[bytes, int, str] | None, limit: int) -> tuple[PeerRow, ...]:
        """Up to `limit` rows of all gates for a gate that has lost its journal, in the order of permit, use and gate.

        `after`: permit, use and gate of the last row that it was told, None to begin; the first rows are those that
        were granted to that gate, be they as many as they may. Empty: these were all.
        """
        begin = (b"", 0, "")
        first = self._reading(lambda c: peer_uses.granted(c, gate)) if after is None else ()
        return first + self._reading(lambda c: peer_uses.page(c, after or begin, limit))

    # ------------------------------------------------------------------------------------------------- hearing others

    def take_rows(self, gate: str, stream: str, first: int, rows: Sequence[PeerRow], head: str = "") -> Taken:
        """Take over rows of another gate, complete from place `first` of that stream's row log to the last of them.

        What is known is left out. With a gap nothing is taken. Conflicts are recorded as events in the same
        transaction, each of them once. `head`: its record of where its chain stood, to be kept; "" for none.
        """

        def work(connection: sqlite3.Connection, reading: ClockReading) -> tuple[Taken, list[SealedEvent]]:
            known = peer_uses.cursor(connection, gate)
            upto = known.seq if known.stream == stream else 0
            if first > upto + 1:
                return Taken(upto, gap=True), []
            if known.stream != stream or (rows and rows[-1].seq > upto):
                last = max(upto, rows[-1].seq) if rows else upto
                peer_uses.follow(connection, gate, stream, last, synced=False)
                upto = last
            if head:
                peer_uses.note_head(connection, gate, head)
            found = [peer_uses.apply_row(connection, gate, row, self._writer.gate) for row in rows]
            conflicts, sealed = self._flagged(found, connection, reading)
            return Taken(upto, conflicts=conflicts), sealed

        self._not_itself(gate)
        return self._commit(Text("take rows of {gate}", gate=gate), work)

    def take_dump(self, gate: str, stream: str, rows: Iterable[PeerRow]) -> tuple[Conflict, ...]:
        """Take over rows of all gates as another one knows them, and tell which conflicts that made.

        This gate's own uses that it had lost are in doubt from then on where they were not consumed.
        """
        own = self._writer.gate

        def work(
            connection: sqlite3.Connection, reading: ClockReading
        ) -> tuple[tuple[tuple[Conflict, ...], int], list[SealedEvent]]:
            if peer_uses.cursor(connection, gate).stream != stream:
                peer_uses.follow(connection, gate, stream, 0, synced=False)
            found = [
                peer_uses.apply_row(connection, gate, row, own)
                if row.gate in {"", gate}
                else peer_uses.apply_reported_row(connection, "" if row.gate == own else row.gate, row, own)
                for row in rows
            ]
            conflicts, sealed = self._flagged(found, connection, reading)
            return (conflicts, ledger.last_seq(connection)), sealed

        self._not_itself(gate)
        conflicts, seq = self._commit(Text("take the data of {gate}", gate=gate), work)
        self.wake_waiters(seq)
        return conflicts

    def mark_synced(self, gate: str, stream: str, seq: int, head: str = "") -> None:
        """Remember that everything was taken over that a gate knew when its row log, in that stream, stood at `seq`.

        `head`: its record of where its chain stood then, to be kept; "" for none.
        """

        def work(connection: sqlite3.Connection, _reading: ClockReading) -> tuple[None, list[SealedEvent]]:
            known = peer_uses.cursor(connection, gate)
            upto = max(seq, known.seq) if known.stream == stream else seq
            peer_uses.follow(connection, gate, stream, upto, synced=True)
            if head:
                peer_uses.note_head(connection, gate, head)
            return None, []

        self._not_itself(gate)
        self._commit(Text("follow {gate}", gate=gate), work)

    def cursor(self, gate: str) -> Cursor:
        """How far the row log of another gate is known."""
        return self._reading(lambda c: peer_uses.cursor(c, gate))

    def told_head(self, gate: str) -> str:
        """The newest record of its head that another gate has told, signed by it; "" where it told none."""
        return self._reading(lambda c: peer_uses.told_head(c, gate))

    def row_logs(self, gate: str) -> tuple[tuple[str, int], ...]:
        """How far row logs of another gate are known here, by stream: that of now, and the one before."""
        return self._reading(lambda c: peer_uses.row_logs(c, gate))

    def unsynced(self, gates: Iterable[str]) -> tuple[str, ...]:
        """The gates, of those named, of which this journal never had everything since it was made.

        While there are any, this gate must grant nothing as a home gate: it may have forgotten what was used.
        """
        return self._reading(lambda c: peer_uses.unsynced(c, gates))

    def older_copy(self, gate: str, seq: int) -> str:
        """Note that another gate knows this row log up to a place beyond its head; returns that in a sentence.

        The journal is an older copy then, and reuses places that mean something else to others: only the next start,
        which begins a new stream, can go on.
        """
        cause = Text(
            "{gate} knows this gate's permit ledger up to place {seq}, but it ends at {head}: the journal is an older "
            "copy",
            gate=gate,
            seq=seq,
            head=self.head(),
        )
        self._database.supersede(self._writer.stream, cause)
        return cause

    # ------------------------------------------------------------------------------------------------- for the journal

    def wake_waiters(self, seq: int) -> None:
        """Wake those that wait for rows: there are some up to that place, or the journal is closed."""
        with self._news:
            self._head = max(self._head, seq)
            self._news.notify_all()

    def _flagged(
        self, found: Iterable[Conflict | None], connection: sqlite3.Connection, reading: ClockReading
    ) -> tuple[tuple[Conflict, ...], list[SealedEvent]]:
        conflicts = tuple(conflict for conflict in found if conflict is not None)
        drafts = [conflict.draft(reading.utc) for conflict in conflicts]
        return conflicts, entry.append(drafts, connection, self._writer, reading)

    def _not_itself(self, gate: str) -> None:
        if gate in {"", self._writer.gate}:
            raise ValueError(f"{gate!r} is no other gate")

    def _reading(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return self._database.reading(Text("read the ledger of the site"), work)
