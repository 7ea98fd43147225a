"""The journal: the gate's append-only, hash-chained store of events with the permit ledger, in one SQLite file.

When `record` returns, events and ledger are on disk together. The journal never drops an event that is not
acknowledged. A full journal refuses new records instead.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Self, TypeVar

from agent.core.events import SALT_BYTES, ClockReading, Point, Writer, hidden_data
from agent.core.model import SEQ_MAX
from agent.service.cleanup import on_failure
from agent.store.durable_files import sync_folder
from agent.store.errors import (
    JournalCorruptError,
    JournalFullError,
    OtherGateError,
)
from agent.store.journal import commands as orders
from agent.store.journal import entry, event_table, kept_texts, lane_orders, open_transactions, pruning
from agent.store.journal import ledger as permits
from agent.store.journal.damage import is_used
from agent.store.journal.database import Database
from agent.store.journal.disclosures import kept_disclosures
from agent.store.journal.erasure import ErasureDone, ErasureScope, erase, values_before
from agent.store.journal.erasure import wipe as wipe_erased
from agent.store.journal.integrity import as_found, batch, check_integrity
from agent.store.journal.journal_files import JournalFiles, set_aside
from agent.store.journal.recorded_event import Recorded
from agent.store.journal.secure_delete import wipe
from agent.store.journal.site_ledger import SiteLedger
from drivers.text import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from agent.core.commands import CommandChange, CommandEntry
    from agent.core.events import Draft, SealedEvent
    from agent.core.lane import LaneLockout
    from agent.core.model import LedgerChange
    from agent.core.site import OtherExit
    from agent.store.journal.damage import JournalReplacement
    from agent.store.journal.event_table import Backlog, StreamState
    from agent.store.journal.ledger import LastPassage, UseState
    from agent.store.journal.open_transactions import Recovery

log = logging.getLogger(__name__)

T = TypeVar("T")

MIN_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class JournalHead:
    """What a witness is told of a journal: its last event, the end of its row log, and the lanes' orders that hold."""

    point: Point
    row_place: int
    orders: Mapping[str, LaneLockout]


class Journal:
    """One journal, open for writing. Safe to call from several threads; each call is one transaction.

    `site`: what its permit ledger shares with the other gates of the site. `begun`: whether this `open` began its
    stream. Every method may raise JournalUnavailableError.
    """

    def __init__(
        self, database: Database, writer: Writer, clock: Callable[[], ClockReading], *, begun: bool = False
    ) -> None:
        """Take over what `Journal.open` opened."""
        self.begun = begun
        self._database = database
        self._writer = writer
        self._clock = clock
        self._news = threading.Condition()
        self._head_seq = self.checkpoint().seq
        self.site = SiteLedger(database, writer, clock, self._commit)

    @classmethod
    def open(  # noqa: PLR0913 - each is a choice of its own
        cls,
        path: Path,
        *,
        gate: str,
        boot: str,
        clock: Callable[[], ClockReading],
        max_bytes: int,
        foreign_aside: bool = False,
        erasable: bool = False,
    ) -> Self:
        """Open or create the journal of `gate`, capped at `max_bytes` (its log and reserve, 8 MiB, come on top).

        `erasable`: personal values are kept beside the events that are recorded from now on, which hold their digests.

        `boot` is new with each start; `clock` is asked at each record. What cannot be gone on with is moved aside: a
        damaged file, an older copy, that of a newer agent, what is no file; what can be read of its ledger is rescued
        and a new stream begun: `replaced` then says so, and the caller must tell it in an event. One of another gate
        to which nothing has happened yet, such as that of the shipped example, is set aside; any other too where
        `foreign_aside` says that this gate never had another id, and nothing of it is taken over.
        Raises JournalUnavailableError for a file that is held by another process, OtherGateError for one of another
        gate, JournalFullError when the disk has no room for it.
        """
        if max_bytes < MIN_BYTES:
            raise ValueError(f"a journal needs at least {MIN_BYTES} bytes, not {max_bytes}")
        database = Database.open(JournalFiles(path), max_bytes, clock().utc, gate if foreign_aside else None)
        try:
            with on_failure(database.close):
                stream, begun = database.writing(
                    Text("begin a stream"), lambda connection: _stream(connection, gate, path)
                )
                sync_folder(path.parent)
                database.keep_reserve()
                hide = partial(hidden_data, salt=partial(os.urandom, SALT_BYTES)) if erasable else None
                return cls(database, Writer(gate, stream, boot, hide), clock, begun=begun)
        except OtherGateError as other:
            if other.is_used:
                raise
            set_aside(path, other.gate)
        return cls.open(
            path,
            gate=gate,
            boot=boot,
            clock=clock,
            max_bytes=max_bytes,
            foreign_aside=foreign_aside,
            erasable=erasable,
        )

    def close(self) -> None:
        """Close the file and wake all waiters. Calls after it raise JournalUnavailableError."""
        self._database.close()
        with self._news:
            self._news.notify_all()
        self.site.wake_waiters(0)

    @property
    def replaced(self) -> JournalReplacement | None:
        """What was done at `open` about a damaged file or an older copy, None when it was sound."""
        return self._database.replaced

    # ----------------------------------------------------------------------------------------------------- recording

    def record(
        self, drafts: Sequence[Draft], ledger: Sequence[LedgerChange] = (), commands: Sequence[CommandChange] = ()
    ) -> list[Recorded]:
        """Write events, ledger and command changes, all or nothing; they are durable when this returns.

        An order of a lane among the events holds from then on (`lane_orders`). A use that another gate consumed too is
        told in an event of its own behind these. Raises LedgerConflictError or CommandConflictError when a change does
        not fit, JournalFullError when neither the disk nor the cap leaves room although all acknowledged history was
        given up.
        """
        asked = entry.JournalEntry(drafts, ledger, commands)

        def work(
            connection: sqlite3.Connection, reading: ClockReading
        ) -> tuple[tuple[list[SealedEvent], int], list[SealedEvent]]:
            sealed = entry.write(connection, asked, self._writer, reading)
            return (sealed[: len(drafts)], permits.last_seq(connection) if ledger else 0), sealed

        done, row_seq = self._commit(Text("record {count} events", count=len(drafts)), work)
        if ledger:
            self.site.wake_waiters(row_seq)
        return [
            Recorded(one.seq, one.id, one.type, one.payload, one.digest, kept_disclosures(one.disclosures))
            for one in done
        ]

    def record_following(self, make: Callable[[Point], Draft]) -> Recorded:
        """Write the one event that `make` makes of the point just before it: nothing is recorded in between.

        `make` runs under the journal's lock and must be quick. Raises as `record` does.
        """
        with self._database.lock:
            (recorded,) = self.record([make(self._standing().head)])
        return recorded

    def _commit(self, doing: str, work: Callable[[sqlite3.Connection, ClockReading], tuple[T, list[SealedEvent]]]) -> T:
        """Do work in one durable transaction, and tell the waiters.

        It returns its result and the events that it wrote.
        """
        with self._database.lock:
            result, sealed = self._written(doing, work)
            if sealed:
                # Under the lock: who reads these events, and sends them, must not find the head before them. Central's
                # word on one would name more than there is, which shows that the journal is an older copy.
                with self._news:
                    self._head_seq = max(self._head_seq, sealed[-1].seq)
                    self._news.notify_all()
        return result

    def _written(self, doing: str, work: Callable[[sqlite3.Connection, ClockReading], T]) -> T:
        while True:
            try:
                return self._database.writing(doing, lambda c: work(c, self._clock()))
            except JournalFullError:
                if not pruning.make_room(self._database):
                    raise

    # ------------------------------------------------------------------------------------------------------- reading

    @property
    def stream(self) -> str:
        """The stream id: new with every new file."""
        return self._writer.stream

    @property
    def head(self) -> int:
        """The sequence number of the last event, 0 before the first."""
        return self._head_seq

    @property
    def head_hash(self) -> str:
        """The hash of the last event, in hex; before the first that of the stream id."""
        return self.checkpoint().digest

    @property
    def watermark(self) -> int:
        """The highest sequence number that the central system says it has stored without a gap."""
        return self._standing().watermark

    @property
    def tail(self) -> int:
        """The last event that was pruned: the events from the next one on are kept."""
        return self._standing().tail.seq

    def checkpoint(self) -> Point:
        """Stream, sequence number and hash of the last event, as one.

        Raises JournalCorruptError once any call has met damage, or the stream must not go on: then a new start is
        needed.
        """
        if self._database.doubt:
            raise JournalCorruptError(self._database.doubt)
        return self._standing().head

    def witnessed(self) -> JournalHead:
        """What a witness is told. Raises as `checkpoint` does."""
        if self._database.doubt:
            raise JournalCorruptError(self._database.doubt)
        return self._database.reading(
            Text("read how far the stream is"),
            lambda c: JournalHead(event_table.standing_of(c).head, permits.last_seq(c), lane_orders.all_orders(c)),
        )

    def newest(self, kind: str, among: int) -> list[bytes]:
        """The bytes of the events of a type among so many of the newest, the oldest first."""
        return self._database.reading(Text("read events"), lambda c: event_table.newest(c, kind, among))

    def supersede(self, cause: str) -> None:
        """Give the stream up, sound as the file is: `checkpoint` raises, and the next open begins another stream."""
        self._database.supersede(self.stream, cause)

    def keep(self, name: str, value: str) -> None:
        """Keep a small text in place of the one of the same name. Raises JournalFullError."""
        self._database.writing(Text("keep {name}", name=name), lambda c: kept_texts.keep(c, name, value))

    def kept(self, name: str) -> str | None:
        """The text that is kept by this name; None without one."""
        return self._database.reading(Text("read {name}", name=name), lambda c: kept_texts.kept(c, name))

    def digest_at(self, seq: int) -> str | None:
        """The hash of the event `seq`, in hex; of the stream id for 0. None where it is not kept, or not there yet."""
        return self._database.reading(Text("read events"), lambda c: event_table.digest_at(c, seq))

    def unacknowledged(self, after_seq: int, limit: int) -> list[Recorded]:
        """Up to `limit` events above both `after_seq` and the watermark, in order, each as it was recorded.

        They end before one that was damaged on the disk; where that is the first, JournalCorruptError is raised.
        """
        return self._database.reading(
            Text("read events"),
            lambda c: as_found(
                check_integrity(c, max(after_seq, event_table.standing_of(c).watermark) + 1, SEQ_MAX, limit)
            ),
        )

    def range(self, first: int, last: int) -> Iterator[Recorded]:
        """The events from `first` to `last`, both included, as far as they are kept; read in batches while iterated.

        Acknowledged ones that were damaged on the disk are left out, with a line in the log: central has them. At any
        other damage JournalCorruptError is raised.
        """
        while first <= last:
            found = self._database.reading(Text("read events"), partial(batch, first=first, last=last))
            yield from found.events
            if not found.events and not found.bad:
                return
            if found.trouble:
                log.error("the journal is damaged, but for an acknowledged event only: %s", found.trouble)
            first = found.bad + 1 if found.bad else found.events[-1].seq + 1

    def depth(self) -> Backlog:
        """How many events, and bytes of them, lie above the watermark."""
        return self._database.reading(Text("measure the journal"), event_table.depth)

    def used_bytes(self) -> int:
        """The bytes of the file in use, to hold against `max_bytes`."""
        return self._database.reading(Text("measure the journal"), event_table.used_bytes)

    def use_state(self, permit_id: bytes, transaction: str | None = None) -> UseState:
        """What became of a permit so far at all gates of the site; `next_use` is for this transaction to reserve."""
        boot = self._writer.boot
        return self._database.reading(
            Text("read the ledger"), lambda c: permits.use_state(c, permit_id, boot, transaction)
        )

    def last_passage(self, vehicle: str, transaction: str) -> LastPassage | None:
        """The last passage of a vehicle (VIN) before this transaction; None when none is known."""
        return self._database.reading(Text("read the ledger"), lambda c: permits.last_passage(c, vehicle, transaction))

    def other_exit(self, vehicle: str, permit_id: bytes, direction: str, since_utc: float) -> OtherExit | None:
        """The newest passage of a vehicle (VIN) the same way under another permit, at any gate of the site, since then.

        None where none is known, and where the vehicle came back the other way since.
        """
        found = self._database.reading(
            Text("read the ledger"),
            lambda c: permits.other_exit(c, vehicle, permit_id, direction, round(since_utc * 1000)),
        )
        return None if found is None else replace(found[0], gate=found[0].gate or self._writer.gate)

    def command(self, command_id: str) -> CommandEntry | None:
        """The accepted command of this id; None when there is none, or it was forgotten."""
        return self._database.reading(Text("read a command"), lambda c: orders.entry(c, command_id))

    def command_counter(self, key: str) -> int:
        """The highest counter that was accepted of a key that signs commands, 0 for none."""
        return self._database.reading(Text("read a counter"), lambda c: orders.counter(c, key))

    def unanswered_commands(self) -> list[CommandEntry]:
        """The accepted commands of which nobody knows what became of them."""
        return self._database.reading(Text("read commands"), orders.unanswered)

    def lane_orders(self, lane: str) -> LaneLockout:
        """The orders of a lane that hold."""
        return self._database.reading(Text("read the orders of a lane"), lambda c: lane_orders.orders_of(c, lane))

    def recover(self) -> Recovery:
        """The transactions and reservations that earlier boots left open."""
        boot = self._writer.boot
        return self._database.reading(
            Text("read interrupted transactions"),
            lambda c: open_transactions.recovery(c, boot, permits.interrupted(c, boot)),
        )

    def wait_for_news(self, after_seq: int, timeout: float) -> bool:
        """Wait until there is an event after `after_seq`, at most `timeout` seconds; whether there is one."""
        with self._news:
            self._news.wait_for(lambda: self._head_seq > after_seq or self._database.closed, timeout)
            return self._head_seq > after_seq

    def _standing(self) -> StreamState:
        return self._database.reading(Text("read how far the stream is"), event_table.standing_of)

    # ------------------------------------------------------------------------------------- acknowledging and pruning

    def acknowledge(self, stream: str, seq: int) -> int:
        """Raise the watermark to `seq`; a lower one changes nothing. Returns the watermark.

        Raises WatermarkError for another stream, or beyond the last event: central then knows what was never written.
        """
        return self._database.freeing(
            "acknowledge", lambda connection: event_table.acknowledge(connection, stream, seq)
        )

    def prune(self, max_age_s: float, max_bytes: int) -> int:
        """Give up acknowledged events older than `max_age_s`, and the oldest ones while all events exceed `max_bytes`.

        Returns how many. Age counts only while the clock is synced. Also restores the reserve spent on a full disk.
        """
        return pruning.prune(self._database, self._clock(), max_age_s, max_bytes)

    def forget_uses(self, max_age_s: float) -> int:
        """Delete consumed and released permit uses older than `max_age_s`, and all of other gates; returns how many.

        It must be longer than any permit lives, or a used permit could be used again. Does nothing while the clock is
        not synced.
        """
        return pruning.forget(self._database, Text("forget uses"), permits.forget, self._clock(), max_age_s)

    def wipe_uses(self, stopping: Callable[[], bool]) -> bool:
        """See to it that no byte of a forgotten use is left in the file (agent.store.journal.secure_delete).

        Returns whether it came to the end. Many short transactions: nobody waits for all of them.
        """
        return wipe(self._database, stopping)

    def erase(self, scope: ErasureScope, rule: str) -> ErasureDone:
        """Erase personal values of events; returns what went. The events stay, and the chain holds.

        Many short transactions: nobody waits for all of them. `rule`: why, in a word; it is kept with each value.
        `wipe_values` sees to the bytes that are left.
        """
        return erase(self._database, scope, round(self._clock().utc * 1000), rule)

    def wipe_values(self, stopping: Callable[[], bool] = lambda: False) -> bool:
        """See to it that no byte of an erased value is left in the file and its log; whether it came to the end."""
        return wipe_erased(self._database, stopping)

    def old_values(self, max_age_s: float) -> ErasureScope | None:
        """The personal values of acknowledged events older than `max_age_s`; None: there are none.

        None too while the clock is not synced.
        """
        reading = self._clock()
        before_ms = round((reading.utc - max_age_s) * 1000)
        if not reading.synced:
            return None
        return self._database.reading(Text("look for old values"), partial(values_before, before_ms=before_ms))

    def forget_commands(self, max_age_s: float) -> int:
        """Delete answered commands older than `max_age_s`, whose repeats are refused from then on; returns how many.

        The counters of the keys stay for ever. Does nothing while the clock is not synced.
        """
        return pruning.forget(self._database, Text("forget commands"), orders.forget, self._clock(), max_age_s)


def _stream(connection: sqlite3.Connection, gate: str, path: Path) -> tuple[str, bool]:
    """The stream of the file, and whether it was begun just now.

    Raises JournalUnavailableError for the journal of another gate.
    """
    now = event_table.standing(connection)
    if now is None:
        stream = str(uuid.uuid4())
        event_table.begin_stream(connection, gate, stream)
        return stream, True
    if now.gate != gate:
        raise OtherGateError(path, now.gate, gate, is_used=is_used(connection, now))
    return now.head.stream, False
