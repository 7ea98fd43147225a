"""Finding a journal that is damaged or an older copy, moving it aside, and what is rescued from it."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Final

from agent.core.events import verify
from agent.store.durable_files import misfit_of_database, sync_folder
from agent.store.errors import SQL_ERRORS, DamagedError, JournalUnavailableError, is_full, primary_code
from agent.store.journal import event_table, ledger, schema
from agent.store.journal.salvage import NOTHING_SALVAGED, read_tables
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.store.journal.event_table import StreamState
    from agent.store.journal.journal_files import JournalFiles
    from agent.store.journal.salvage import Salvaged

log = logging.getLogger(__name__)

SUSPECT: Final = "-suspect"
REPLACING: Final = "-replacing"
SUPERSEDED: Final = "-superseded"
"""Beside the journal: the streams that must not go on, and why, as a JSON object.
It stays, for a copy can be put back again."""
TABLES: Final = (
    *("events", "ledger", "transactions", "commands", "command_keys", "lane_orders"),
    *("consents", "site_log", "site_peers", "kept", "disclosures"),
)
CHECKED_EVENTS: Final = 32
CHECKED_WHOLE_BYTES: Final = 64 * 2**20  # a full check reads the whole file: for this much, a second on a slow card


@dataclass(frozen=True, slots=True)
class JournalReplacement:
    """What was done about a damaged journal, or an older copy.

    The caller must record an event with `description`. `moved_to`: where that file lies now. `stream`,
    `unsent`: its stream and its range of unacknowledged events, None where that could not be read. `ledger_rows`: how
    many permit uses were rescued into the new journal; `ledger_whole`: whether those are all, so that no used permit
    can be used again. `orders_whole`: whether the commands, the counters of their keys and the orders of lanes were all
    rescued. `head_seq`: the last event of its stream. `row_place`: the end of its row log, None where that could not be
    read. `older`: it was an older copy, so that not everything can be in it.
    """

    moved_to: Path
    cause: str
    stream: str | None
    unsent: tuple[int, int] | None
    ledger_rows: int
    ledger_whole: bool
    orders_whole: bool
    head_seq: int = 0
    row_place: int | None = None
    older: bool = False

    @property
    def description(self) -> str:
        """One sentence for an event and the log."""
        unsent = "unknown" if self.stream is None else "none"
        if self.unsent is not None:
            unsent = Text("{first} to {last}", first=self.unsent[0], last=self.unsent[1])
        whole = "all" if self.ledger_whole else Text("NOT all, so used permits may pass again")
        orders = (
            "all"
            if self.orders_whole
            else Text("NOT all, so a lane may have lost its lock: give the orders to the lane again")
        )
        return Text(
            "the journal was damaged ({cause}) and moved to {moved_to}; stream {stream}, unacknowledged events: "
            "{unsent}; permit uses rescued: {ledger_rows}, {whole}; commands and orders of lanes rescued: {orders}",
            cause=self.cause,
            moved_to=self.moved_to,
            stream=self.stream or "unknown",
            unsent=unsent,
            ledger_rows=self.ledger_rows,
            whole=whole,
            orders=orders,
        )


def suspect(place: JournalFiles, cause: str) -> None:
    """Leave a mark for the next start to look at the whole file."""
    log.error("the journal %s seems damaged: %s", place.path, cause)
    try:
        place.beside(SUSPECT).write_text(cause, encoding="utf-8")
    except OSError:
        log.exception("cannot mark the journal as suspect; the next start may not look at the whole file")


def supersede(place: JournalFiles, stream: str, cause: str) -> None:
    """Mark for every start from now on that the journal of a stream must be moved aside, sound as it may be."""
    log.error("the journal %s must not be continued: %s", place.path, cause)
    said = {**_superseded(place), stream: cause}
    try:
        try:
            _write(place, SUPERSEDED, said)
        except OSError as error:
            if not is_full(error) or not place.spend_reserve():
                raise
            _write(place, SUPERSEDED, said)
    except OSError:
        log.exception("cannot record that the journal must not be continued; the next start may use it again")


def _superseded(place: JournalFiles) -> dict[str, str]:
    """The streams that must not go on, and why."""
    try:
        found = json.loads(place.beside(SUPERSEDED).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        log.error("it cannot be read which journals must not be continued: %s", error)  # noqa: TRY400 - no bug
        return {}
    return {stream: str(why) for stream, why in found.items()} if isinstance(found, dict) else {}


def examine_files(place: JournalFiles) -> None:
    """Look whether there is a file at all where one should be. Raises DamagedError."""
    misfit = misfit_of_database(place.path)
    if misfit:
        raise DamagedError(misfit)


def examine_pages(place: JournalFiles, connection: sqlite3.Connection) -> None:
    """Look at the pages of the file; of a big one only when it is suspect.

    Raises DamagedError, and a SqlError also for damage that SQLite meets by itself.
    """
    is_suspect = place.beside(SUSPECT).exists()
    if is_suspect or place.path.stat().st_size <= CHECKED_WHOLE_BYTES:
        check = (
            "integrity_check" if is_suspect else "quick_check"
        )  # the first looks at the indices too, for as long again
        (answer,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
        if answer != "ok":
            raise DamagedError(str(answer))


def examine_stream(place: JournalFiles, connection: sqlite3.Connection, gate: str | None) -> None:
    """Look at the last events, in a suspect file at every row, once it has the newest schema.

    A file that made a call fail must not pass, or the gate would start and fail repeatedly; nor may a stream that must
    not go on; nor that of another gate than this `gate`, where one is named and something has happened to the other.
    Raises as `examine_pages` does.
    """
    is_suspect = place.beside(SUSPECT).exists()
    try:
        now = event_table.standing(connection)
        # All names are constants.
        holds = [connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in TABLES]  # noqa: S608
    except sqlite3.OperationalError as error:
        if primary_code(error) == sqlite3.SQLITE_ERROR:
            raise DamagedError(str(error)) from error
        raise
    if now is not None:
        _check_gate(connection, now, gate)
        _examine_chain(connection, now, all_of_it=is_suspect)
        why = _superseded(place).get(now.head.stream)
        if why is not None:
            raise DamagedError(why)
    elif any(holds):  # a crash at its very making leaves a file without a stream, but also without anything else
        raise DamagedError(Text("it does not say how far its stream is"))
    for table in TABLES if is_suspect else ():
        for _row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - constants
            pass
    place.beside(SUSPECT).unlink(missing_ok=True)


def _check_gate(connection: sqlite3.Connection, now: StreamState, gate: str | None) -> None:
    if gate is not None and now.gate != gate and is_used(connection, now):
        raise DamagedError(Text("it is the journal of gate {gate}", gate=now.gate))


def is_used(connection: sqlite3.Connection, now: StreamState) -> bool:
    """Whether a vehicle, an order, a command, central or another gate has ever left a trace here."""
    tables = ("transactions", "ledger", "consents", "commands", "command_keys", "lane_orders", "site_peers")
    # The names are our own.
    asked = (connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in tables)  # noqa: S608
    return bool(now.watermark) or any(asked)


def _examine_chain(connection: sqlite3.Connection, now: StreamState, *, all_of_it: bool) -> None:
    start = now.tail.seq + 1 if all_of_it else max(now.tail.seq + 1, now.head.seq - CHECKED_EVENTS + 1)
    anchor = now.tail if start == now.tail.seq + 1 else None
    payloads = event_table.payloads(connection, start, now.head.seq)
    flaw = verify(payloads, anchor=anchor, head=now.head, checkpoints=False).flaw
    if flaw is not None:
        raise DamagedError(Text("event {seq} is {fault}: {detail}", seq=flaw.seq, fault=flaw.fault, detail=flaw.detail))


def move_aside(place: JournalFiles, cause: str, utc: float, gate: str | None) -> tuple[JournalReplacement, Salvaged]:
    """Move the damaged file away, named by the time `utc`, and return what it still tells and what was rescued.

    Nothing is rescued of the journal of another gate than `gate`, where that is named.

    Leaves a mark for `untold`, until the journal in its place holds an event. Raises JournalUnavailableError when it
    cannot be moved.
    """
    target = _free_name(place.path, datetime.fromtimestamp(utc, UTC).strftime("%Y%m%dT%H%M%SZ"))
    told = _what_it_tells(place, place.path, target, cause, gate)
    endings = [ending for ending in ("", "-wal") if os.path.lexists(place.beside(ending))]
    # What is no file may have no second name: no folder, nor, to the kernel's mind, a link or a pipe of somebody else.
    odd = [ending for ending in endings if place.beside(ending).is_symlink() or not place.beside(ending).is_file()]
    try:
        # Linked before unlinked: a crash in between finds the damage again and loses nothing.
        for ending in set(endings) - set(odd):
            target.with_name(f"{target.name}{ending}").hardlink_to(place.beside(ending))
        _write(place, REPLACING, {"moved_to": target.name, "cause": cause})
        for ending in odd:
            place.beside(ending).rename(target.with_name(f"{target.name}{ending}"))
        for ending in (*endings, "-shm", SUSPECT):
            place.beside(ending).unlink(missing_ok=True)
        sync_folder(place.path.parent)
    except OSError as error:
        raise JournalUnavailableError(
            Text("cannot move the damaged journal {path} aside: {error}", path=place.path, error=error)
        ) from error
    log.error("%s", told[0].description)
    return told


def untold(place: JournalFiles, gate: str | None) -> tuple[JournalReplacement, Salvaged] | None:
    """What a damaged journal tells that was moved aside by a start which ended before it recorded anything.

    The file in its place, which nobody has used yet, is removed then. None where there is nothing to be told. Raises
    JournalUnavailableError when that file cannot be removed.
    """
    mark = place.beside(REPLACING)
    try:
        target, cause = _moved(place, mark.read_text(encoding="utf-8", errors="replace"))
        if _holds_events(place.path) or not os.path.lexists(target):
            mark.unlink()
            return None
        log.error("the last start ended before it reported the damaged journal; it is reported now")
        for ending in ("", "-wal", "-shm"):
            place.beside(ending).unlink(missing_ok=True)
        return _what_it_tells(place, target, target, cause, gate)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalUnavailableError(
            Text("cannot use the replacement of the journal {path}: {error}", path=place.path, error=error)
        ) from error


def _moved(place: JournalFiles, mark: str) -> tuple[Path, str]:
    """Where the mark says that a journal was moved, and why; where it says nothing the last one that was moved."""
    try:
        said = json.loads(mark)
        return place.path.with_name(str(said["moved_to"])), str(said["cause"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        log.error("where the damaged journal was moved cannot be read: %s", error)  # noqa: TRY400 - no bug
        moved = sorted(place.path.parent.glob(f"{place.path.stem}.damaged-*{place.path.suffix}"))
        return moved[-1] if moved else place.beside(REPLACING), Text("the reason is not known")


def _write(place: JournalFiles, ending: str, said: Mapping[str, str]) -> None:
    """Write a file beside the journal in one step, durable with the new names beside it. Raises OSError."""
    fresh = place.beside(f"{ending}.new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(said, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(place.beside(ending))
    sync_folder(place.path.parent)


def _holds_events(path: Path) -> bool:
    """Whether the journal in the place of a damaged one was used; one that is damaged itself by now was."""
    if not path.is_file():
        return os.path.lexists(path)
    with closing(sqlite3.connect(path)) as connection:
        try:
            if schema.version_of(connection) == 0:
                return False
            now = event_table.standing(connection)
        except SQL_ERRORS:
            return True
    return now is not None and now.head.seq > 0


def _what_it_tells(
    place: JournalFiles, path: Path, moved_to: Path, cause: str, gate: str | None
) -> tuple[JournalReplacement, Salvaged]:
    now = _last_words(path)
    if now is not None and gate is not None and now.gate != gate:
        return JournalReplacement(moved_to, cause, None, None, 0, False, False), NOTHING_SALVAGED  # noqa: FBT003
    salvaged = read_tables(path)
    older = now is not None and now.head.stream in _superseded(place)  # not everything can be in an older copy
    unsent = None if now is None or now.head.seq == now.watermark else (now.watermark + 1, now.head.seq)
    replaced = JournalReplacement(
        moved_to,
        cause,
        None if now is None else now.head.stream,
        unsent,
        salvaged.permit_uses,
        salvaged.ledger_whole and not older,
        salvaged.orders_whole and not older,
        head_seq=0 if now is None else now.head.seq,
        row_place=_row_place(path),
        older=older,
    )
    return replaced, salvaged


def _row_place(path: Path) -> int | None:
    """The end of the row log of the permit ledger; None where the file does not say."""
    try:
        connection = schema.connect_to_read(path)
        try:
            return ledger.last_seq(connection)
        finally:
            connection.close()
    except (*SQL_ERRORS, JournalUnavailableError) as error:
        log.error("the end of the row log cannot be read from the damaged journal: %s", error)  # noqa: TRY400 - no bug
        return None


def _last_words(path: Path) -> StreamState | None:
    try:
        connection = schema.connect_to_read(path)
        try:
            return event_table.standing(connection)
        finally:
            connection.close()
    except (*SQL_ERRORS, JournalUnavailableError) as error:
        # Expected, no bug: a line tells all.
        log.error("the position of the stream cannot be read from the damaged journal: %s", error)  # noqa: TRY400
        return None


def _free_name(path: Path, stamp: str) -> Path:
    names = (f"{path.stem}.damaged-{stamp}{'' if number == 1 else f'-{number}'}{path.suffix}" for number in count(1))
    return next(target for name in names if not (target := path.with_name(name)).exists())
