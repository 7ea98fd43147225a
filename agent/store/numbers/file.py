"""The file of numbers: what was counted from the journal, by hour and by day, and how far that is.

It is written by one worker and read by others. It names no vehicle and no person, holds at most `HOURS_KEPT_DAYS` days
by the hour and `DAYS_KEPT` days in all, and can be made again from the journal as far as that goes back.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from agent.core.numbers import LocalHour, Tally, merged, read_tally
from agent.service.cleanup import on_failure
from agent.store.durable_files import misfit_of_database, set_aside
from agent.store.numbers import schema
from agent.store.transaction import transaction
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    from agent.core.numbers import Place

log = logging.getLogger(__name__)

NAME: Final = "numbers.db"
HOURS_KEPT_DAYS: Final = 90
DAYS_KEPT: Final = 3 * 366


class NumbersError(Exception):
    """The file of numbers could not do what was asked; nothing of it happened."""


class NumbersDamagedError(NumbersError):
    """The file itself is damaged: it is moved aside when it is opened again."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the journal was counted.

    `stream`, `seq`, `digest`: the last event and the SHA-256 of its bytes, in hex; "" and 0: none. `counter`: what is
    in no tally yet, as the counter wrote it; "": nothing. `missed`: how many events went before they were counted.
    """

    stream: str = ""
    seq: int = 0
    digest: str = ""
    counter: str = ""
    missed: int = 0


@dataclass(frozen=True, slots=True)
class HourRow:
    """What was counted in an hour at a lane; "" is the gate as a whole."""

    hour: LocalHour
    lane: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class DayRow:
    """What was counted on a local day (proleptic ordinal) at a lane."""

    day: int
    lane: str
    tally: Tally


class NumbersFile:
    """The file, open for writing. Used in `with`. Every method may raise NumbersError."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it; one that cannot be used is moved aside."""
        self._path = path
        try:
            self._set_unusable_aside()
            self._connection = schema.connect(path)
        except OSError as error:
            raise NumbersError(
                Text("cannot open the file of numbers {path}: {error}", path=path, error=error)
            ) from error
        except sqlite3.Error as error:
            raise _translated(error, path) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def progress(self) -> Progress:
        """How far the journal was counted."""
        with _translating(self._path):
            return _progress(self._connection)

    def add(self, tallies: Mapping[Place, Tally], progress: Progress) -> None:
        """Add what was counted and note how far that is: all of it, or nothing."""
        with _translating(self._path), transaction(self._connection):
            for (hour, lane), tally in tallies.items():
                self._add(hour, lane, tally)
            self._connection.execute(
                "INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?, ?, ?)",
                (progress.stream, progress.seq, progress.digest, progress.counter, progress.missed),
            )
            if tallies:
                self._forget("hours", HOURS_KEPT_DAYS)
                self._forget("days", DAYS_KEPT)

    def _add(self, hour: LocalHour, lane: str, tally: Tally) -> None:
        of_hour = self._sum("SELECT tally FROM hours WHERE start_s = ? AND lane = ?", (hour.start_s, lane), tally)
        self._connection.execute(
            "INSERT OR REPLACE INTO hours VALUES (?, ?, ?, ?, ?)", (hour.start_s, lane, hour.day, hour.hour, of_hour)
        )
        of_day = self._sum("SELECT tally FROM days WHERE day = ? AND lane = ?", (hour.day, lane), tally)
        self._connection.execute("INSERT OR REPLACE INTO days VALUES (?, ?, ?)", (hour.day, lane, of_day))

    def _sum(self, query: str, key: tuple[int, str], tally: Tally) -> str:
        row = self._connection.execute(query, key).fetchone()
        return json.dumps(tally if row is None else merged((_tally(row[0]), tally)), separators=(",", ":"))

    def _forget(self, table: str, days: int) -> None:
        """Keep the newest days that have numbers; by their count, for a clock may have been years ahead once."""
        self._connection.execute(
            f"DELETE FROM {table} WHERE day < (SELECT min(day) FROM"  # noqa: S608 - constants
            f" (SELECT DISTINCT day FROM {table} ORDER BY day DESC LIMIT ?))",
            (days,),
        )

    def _set_unusable_aside(self) -> None:
        path = self._path
        path.parent.mkdir(parents=True, exist_ok=True)
        flaw = misfit_of_database(path) or schema.flaw_of(path)
        if not flaw:
            return
        for ending in ("-wal", "-shm", "-journal"):
            path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
        log.error(
            "the file of numbers %s cannot be used (%s) and was moved to %s: the numbers begin again with the events"
            " that the journal still has",
            path,
            flaw,
            set_aside(path),
        )


class NumbersReader:
    """The file, open for reading only. Used in `with`. Every method may raise NumbersError."""

    def __init__(self, path: Path) -> None:
        """Open it. Where nothing was counted yet, there is none: that is NumbersError too."""
        self._path = path
        if not path.is_file():
            raise NumbersError(Text("nothing was counted yet"))
        with _translating(path):
            self._connection = schema.connect_to_read(path)
            with on_failure(self._connection.close):
                if not schema.is_made(self._connection):  # its writer has only begun
                    raise NumbersError(Text("nothing was counted yet"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def progress(self) -> Progress:
        """How far the journal was counted."""
        with _translating(self._path):
            return _progress(self._connection)

    def days(self, first: int, last: int) -> list[DayRow]:
        """What was counted on the days from `first` to `last`, both included, in order."""
        with _translating(self._path):
            rows = self._connection.execute(
                "SELECT day, lane, tally FROM days WHERE day BETWEEN ? AND ? ORDER BY day, lane", (first, last)
            )
            return [DayRow(day, lane, _tally(tally)) for day, lane, tally in rows]

    def hours(self, first: int, last: int) -> list[HourRow]:
        """The hours of these days that are still kept, in order."""
        with _translating(self._path):
            rows = self._connection.execute(
                "SELECT start_s, day, hour, lane, tally FROM hours WHERE day BETWEEN ? AND ? ORDER BY start_s, lane",
                (first, last),
            )
            return [HourRow(LocalHour(start, day, hour), lane, _tally(tally)) for start, day, hour, lane, tally in rows]

    def first_day(self) -> int | None:
        """The first day that has numbers; None where none has."""
        with _translating(self._path):
            found: int | None = self._connection.execute("SELECT min(day) FROM days").fetchone()[0]
            return found


def _progress(connection: sqlite3.Connection) -> Progress:
    row = connection.execute("SELECT stream, seq, digest, counter, missed FROM progress").fetchone()
    return Progress() if row is None else Progress(*row)


def _tally(text: str) -> Tally:
    """A tally as it was written. Raises sqlite3.DatabaseError where the disk has altered it."""
    try:
        return read_tally(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise sqlite3.DatabaseError(f"a tally cannot be read: {error}") from error


@contextmanager
def _translating(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _translated(error, path) from error


def _translated(error: sqlite3.Error, path: Path) -> NumbersError:
    kind = NumbersError if isinstance(error, sqlite3.OperationalError) else NumbersDamagedError
    return kind(Text("the file of numbers {path} cannot be used: {error}", path=path, error=error))
