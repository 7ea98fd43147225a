"""Follows the journal and keeps the index of vehicles: on a thread of its own, in short steps, by a reader of its own.

No lane waits for it. It rests after every step, so that it takes about half of one core even where it reads a whole
journal. Its thread has the priority of all others: one that the kernel prefers less would keep them waiting for the
interpreter's lock.
"""

from __future__ import annotations

import json
import logging
import re
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from dataclasses import replace
from itertools import accumulate
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final

from agent.console.vehicles.index_file import IndexFile, IndexState, IndexUnavailableError, delete_index
from agent.console.vehicles.record import TELLING, VehicleRecord, with_event
from agent.core.events import PersonalDataErased, VehiclePresent
from agent.core.model import ReportOnce
from agent.service.worker import Worker
from agent.store.errors import JournalError
from agent.store.journal import JournalReader, opened

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from agent.store.journal import Journal, Recorded

log = logging.getLogger(__name__)

BATCH: Final = 100
LOOK_EVERY_S: Final = 0.5
REST_SHARE: Final = 1.0
"""How long it rests after a step, in times of the step."""
RETRY_S: Final = 5.0
COMPACT_EVERY_S: Final = 86_400.0
COMPACT_TRIES: Final = 50
COMPACT_PAUSE_S: Final = 0.1
MOST_KNOWN: Final = 400
LIMIT_S: Final = 600.0
"""One statement writes or checks the whole file: seconds, and minutes where the disk has much else to do."""
STOP_TIMEOUT_S: Final = 3.0
_TRANSACTION: Final = re.compile(rb'"transaction":("(?:[^"\\]|\\.)*")')
_DATA: Final = b',"data":{'


class VehicleFollower:
    """Keeps the index of one journal, on a thread of its own."""

    def __init__(self, journal: Journal, folder: Path, *, wanted: bool = True) -> None:
        """`folder`: of the journal and the index. `wanted`: whether pages read it; without them none is kept."""
        self._journal = journal
        self._folder = folder
        self._wanted = wanted
        self._known: OrderedDict[str, VehicleRecord] = OrderedDict()
        self._state = IndexState("", 0, 0)
        self._tail = 0
        self._left = False
        self._compacted_at = -inf
        self.worker = Worker("vehicle-index", self._run, limit_s=LIMIT_S)

    def start(self) -> None:
        """Start to follow the journal. Where no index is wanted, the one of an earlier start is deleted."""
        if self._wanted:
            self.worker.start()
            return
        try:
            delete_index(self._folder)
        except OSError as error:
            log.error("the index of vehicles cannot be deleted: %s", error)  # noqa: TRY400 - told, not a bug

    def stop(self) -> bool:
        """Stop, within a bounded time; whether it has. What was not read is read after the next start."""
        return self.worker.stop(STOP_TIMEOUT_S)

    def _run(self) -> None:
        reported = ReportOnce()
        while not self.worker.stopping:
            try:
                self._follow()
            except (IndexUnavailableError, JournalError, OSError) as error:
                if reported.is_new(str(error)):
                    log.warning("the list of vehicles is not up to date; trying again: %s", error)
                self._forget_owed()
                self.worker.wait(RETRY_S)

    def _forget_owed(self) -> None:
        """Delete an index that must not stay as it is: values of it were erased, and it could not follow."""
        if self._state.owes:
            try:
                delete_index(self._folder)
            except OSError as error:
                log.error("the index of vehicles has erased values and cannot be deleted: %s", error)  # noqa: TRY400

    def _follow(self) -> None:
        index = IndexFile(self._folder)
        try:
            is_own = self._is_own(index)
            while is_own and not self.worker.stopping:
                if self._state.owes:
                    self._erase(index)
                began_at = monotonic()
                more = self._step(index)
                self.worker.wait((monotonic() - began_at) * REST_SHARE if more else LOOK_EVERY_S)
        finally:
            index.close()
        if not is_own:
            delete_index(self._folder)

    def _is_own(self, index: IndexFile) -> bool:
        """Whether the index is of this journal, as it stands; a new one is."""
        with JournalReader(self._folder / "journal.db") as reader:
            now = reader.standing()
        self._known.clear()
        self._tail = 0
        self._state = index.state() or IndexState(now.head.stream, 0, now.head.seq)
        if self._state.stream == now.head.stream and self._state.seq <= now.head.seq:
            return True
        self._state = IndexState("", 0, 0)
        return False

    def _step(self, index: IndexFile) -> bool:
        """Take in the next events; whether there are more."""
        if self._journal.head <= self._state.seq:
            return False
        with JournalReader(self._folder / "journal.db") as reader:
            now = reader.standing()
            if now.head.stream != self._state.stream:
                raise IndexUnavailableError("the journal was replaced")
            self._forget_pruned(index, now.tail.seq)
            first = max(self._state.seq, now.tail.seq) + 1
            events = list(reader.events(first, min(first + BATCH - 1, now.head.seq)))
        if not events:
            return False
        changed = self._taken(index, events)
        owes = self._state.owes or any(one.type == PersonalDataErased.TYPE for one in events)
        state = IndexState(self._state.stream, events[-1].seq, now.head.seq, owes)
        index.put(changed.values(), state)
        self._state = state
        return state.seq < now.head.seq

    def _taken(self, index: IndexFile, events: Iterable[Recorded]) -> dict[str, VehicleRecord]:
        """The records that change with some events, by their transactions."""
        changed: dict[str, VehicleRecord] = {}
        for event in events:
            transaction = transaction_of(event.payload)
            if transaction is None:
                continue
            before = self._known.get(transaction)
            if before is None and event.type != VehiclePresent.TYPE:
                before = index.record_of(transaction)
            after = _applied(before, event)
            if after is not None:
                self._known[transaction] = changed[transaction] = after
                self._known.move_to_end(transaction)
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return changed

    def _forget_pruned(self, index: IndexFile, tail: int) -> None:
        """Delete what the journal does not keep any more, and once a day what may be left of that in the file."""
        if tail > self._tail:
            self._left = index.forget(tail) > 0 or self._left
            self._tail = tail
        if self._left and monotonic() - self._compacted_at >= COMPACT_EVERY_S:
            self._compacted_at = monotonic()
            self._left = not index.compact()

    def _erase(self, index: IndexFile) -> None:
        """Make the records again whose events lost values, and leave no byte of those values in the file."""
        self._known.clear()
        with JournalReader(self._folder / "journal.db") as reader:
            counts = list(reader.erased_values())
            seqs = [seq for seq, _ in counts]
            sums = [0, *accumulate(count for _, count in counts)]
            for first, last, transaction, gone in index.spans():
                now = sums[bisect_right(seqs, last)] - sums[bisect_left(seqs, first)]
                if now != gone:
                    index.replace(_made_again(reader, transaction, first, last), first, now)
                    if self.worker.stopping:
                        return
                self.worker.touch()
        for _ in range(COMPACT_TRIES):
            if index.compact():
                self._state = replace(self._state, owes=False)
                index.put((), self._state)
                return
            if self.worker.wait(COMPACT_PAUSE_S):
                return
        log.warning("the log of the index of vehicles contains erased values until no one reads it")


def transaction_of(payload: bytes) -> str | None:
    """The transaction of a stored event, from the head of its bytes; None where it has none."""
    end = payload.find(_DATA)
    found = _TRANSACTION.search(payload, 0, end if end >= 0 else len(payload))
    if found is None:
        return None
    return found[1][1:-1].decode() if b"\\" not in found[1] else str(json.loads(found[1]))


def _applied(before: VehicleRecord | None, event: Recorded) -> VehicleRecord | None:
    if event.type not in TELLING:
        return None if before is None else replace(before, last=event.seq)
    try:
        said = opened(event)
    except (ValueError, RecursionError):
        return None  # damaged on the disk: the proof of the journal tells
    return with_event(before, event.seq, said) if isinstance(said, dict) else None


def _made_again(reader: JournalReader, transaction: str, first: int, last: int) -> VehicleRecord | None:
    record: VehicleRecord | None = None
    for event in reader.events(first, last):
        if transaction_of(event.payload) == transaction:
            record = _applied(record, event) or record
    return record
