"""Counts the events of the journal into the file of numbers, on a thread of its own, beside running work.

It reads by connections of its own, in short batches with pauses, so that no lane and no writer waits for it.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Final

from agent.core.numbers import KINDS, EventCounter
from agent.numbers.zone import offset_at
from agent.service.worker import Worker
from agent.store.errors import JournalError
from agent.store.journal import JournalReader
from agent.store.numbers import NumbersError, NumbersFile, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from agent.core.events import Point
    from agent.store.journal import Recorded

log = logging.getLogger(__name__)

ROUND_S: Final = 5.0
IDLE_EVERY_S: Final = 300.0
"""How often the uptime of devices is brought up to now while nothing happens."""
BATCH: Final = 100
"""Events that are counted at a stretch: some 2 ms, so that no other thread waits for longer."""
COMMIT_EVENTS: Final = 2_000
REST_FOR_WORK: Final = 3.0
"""While it catches up with a long journal it rests so many times as long as it works: a quarter of a core at most."""
LIMIT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 3.0


class CountingJob:
    """A thread that looks for new events every `ROUND_S`.

    `trusted_utc`: the wall clock, Unix seconds; None while it is not to be trusted.
    """

    def __init__(self, journal: Path, numbers: Path, trusted_utc: Callable[[], float | None]) -> None:
        self._journal, self._numbers = journal, numbers
        self._trusted_utc = trusted_utc
        self._told = ""
        self._idle_at = -IDLE_EVERY_S
        self.worker = Worker("numbers", self._run, limit_s=LIMIT_S)

    def start(self) -> None:
        """Start to count."""
        self.worker.start()

    def stop(self) -> bool:
        """Stop, within a bounded time; whether it has. What was not counted is counted after the next start."""
        return self.worker.stop(STOP_TIMEOUT_S)

    def _run(self) -> None:
        while not self.worker.wait(ROUND_S):
            try:
                with NumbersFile(self._numbers) as numbers:
                    self._follow(numbers)
            except (JournalError, NumbersError) as error:
                self._tell(str(error))

    def _follow(self, numbers: NumbersFile) -> None:
        """Count until the work is to stop. Raises JournalError and NumbersError."""
        while not self.worker.stopping:
            self.count(numbers)
            self._told = ""
            self.worker.wait(ROUND_S)

    def count(self, numbers: NumbersFile) -> None:
        """Count all that is new. Raises JournalError and NumbersError."""
        with JournalReader(self._journal) as reader:
            before = numbers.progress()
            progress = self._place(reader, before)
            counter = self._counter(progress)
            if progress is not before:
                counter.forget()
                self._write(numbers, counter, progress)
            progress = self._count(reader, numbers, counter, progress)
        self._pass_time(numbers, counter, progress)

    def _place(self, reader: JournalReader, before: Progress) -> Progress:
        """Where to go on in the journal as it is now."""
        now = reader.standing()
        if before.stream != now.head.stream:
            if before.stream:
                log.warning("the journal has a new stream: its events are counted from the first on")
            return _at(now.tail, before.counter, before.missed)
        if before.seq < now.tail.seq:
            missed = now.tail.seq - before.seq
            log.warning("%d events left the journal before they were counted", missed)
            return _at(now.tail, before.counter, before.missed + missed)
        if before.seq > now.head.seq or before.digest != _digest(reader, before.seq, (now.tail, now.head)):
            log.warning("the journal is not the one that was counted: it is counted from its newest event on")
            return _at(now.head, before.counter, before.missed)
        return before

    def _count(
        self, reader: JournalReader, numbers: NumbersFile, counter: EventCounter, progress: Progress
    ) -> Progress:
        pending = 0
        while not self.worker.stopping:
            began_at = time.monotonic()
            batch = list(reader.events(progress.seq + 1, progress.seq + BATCH))
            if not batch:
                break
            _count_all(counter, batch)
            last = batch[-1]
            progress = Progress(progress.stream, last.seq, last.hash, "", progress.missed)
            pending += len(batch)
            if pending >= COMMIT_EVENTS:
                self._write(numbers, counter, progress)
                pending = 0
            self.worker.touch()
            if len(batch) == BATCH and self.worker.wait(REST_FOR_WORK * (time.monotonic() - began_at)):
                break
        if pending:
            self._write(numbers, counter, progress)
        return progress

    def _pass_time(self, numbers: NumbersFile, counter: EventCounter, progress: Progress) -> None:
        utc = self._trusted_utc()
        if utc is None or self.worker.stopping or time.monotonic() - self._idle_at < IDLE_EVERY_S:
            return
        self._idle_at = time.monotonic()
        counter.pass_time(round(utc * 1000))
        self._write(numbers, counter, progress)

    def _write(self, numbers: NumbersFile, counter: EventCounter, progress: Progress) -> None:
        written = Progress(progress.stream, progress.seq, progress.digest, counter.to_json(), progress.missed)
        numbers.add(counter.take(), written)

    def _counter(self, progress: Progress) -> EventCounter:
        if not progress.counter:
            return EventCounter(offset_at)
        try:
            return EventCounter.from_json(progress.counter, offset_at)
        except ValueError as error:
            log.warning("%s: vehicles that are at a barrier now are counted by their outcome alone", error)
            return EventCounter(offset_at)

    def _tell(self, trouble: str) -> None:
        """Log a trouble once, until it is over or another one comes."""
        if trouble != self._told:
            log.error("the numbers of the gate cannot be counted now: %s", trouble)
        self._told = trouble


def _count_all(counter: EventCounter, batch: Iterable[Recorded]) -> None:
    for one in batch:
        if one.type not in KINDS:
            continue
        try:
            event = json.loads(one.payload)
        except (ValueError, RecursionError):
            continue  # the journal's own checks report damaged events
        if isinstance(event, dict):
            counter.count(event)


def _at(point: Point, counter: str, missed: int) -> Progress:
    return Progress(point.stream, point.seq, point.digest, counter, missed)


def _digest(reader: JournalReader, seq: int, known: Iterable[Point]) -> str:
    """The SHA-256 of an event of the journal, in hex; "" where it is not there."""
    for point in known:
        if point.seq == seq:
            return point.digest
    found = next(iter(reader.events(seq, seq)), None)
    return "" if found is None else found.hash
