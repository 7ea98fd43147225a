"""Accepted commands, and the counters of their keys. Functions inside a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from agent.core.commands import CommandAnswered, CommandEntry, CommandTaken
from agent.store.errors import CommandConflictError
from drivers.text import Text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from agent.core.commands import CommandChange

TAKE: Final = """
INSERT INTO commands (id, digest, key, counter, name, lane, boot, utc_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING
"""
COUNT: Final = """
INSERT INTO command_keys (key, counter) VALUES (?, ?)
ON CONFLICT (key) DO UPDATE SET counter = excluded.counter WHERE excluded.counter > counter
"""
# What was rescued from a damaged file may lack the counter of a key whose commands are there.
RECOUNT: Final = """
INSERT INTO command_keys (key, counter) SELECT key, max(counter) FROM commands GROUP BY key
ON CONFLICT (key) DO UPDATE SET counter = excluded.counter WHERE excluded.counter > counter
"""
ENTRY: Final = "SELECT id, digest, key, counter, name, lane, answer FROM commands"


def apply(connection: sqlite3.Connection, change: CommandChange, boot: str, utc_ms: int) -> None:
    """Make one change. Raises CommandConflictError where it does not fit; the caller rolls back."""
    match change:
        case CommandTaken():
            _write_accepted(connection, change, boot, utc_ms)
        case CommandAnswered():
            done = connection.execute(
                "UPDATE commands SET answer = ? WHERE id = ?", (change.answer, change.id)
            ).rowcount
            if done != 1:
                raise CommandConflictError(f"command {change.id} cannot be answered: it was never accepted")
        case _:
            assert_never(change)


def _write_accepted(connection: sqlite3.Connection, taken: CommandTaken, boot: str, utc_ms: int) -> None:
    row = (taken.id, taken.digest, taken.key, taken.counter, taken.name, taken.lane, boot, utc_ms)
    if connection.execute(TAKE, row).rowcount != 1:
        raise CommandConflictError(Text("an earlier command already used the id {id}", id=taken.id))
    if connection.execute(COUNT, (taken.key, taken.counter)).rowcount != 1:
        raise CommandConflictError(
            Text(
                "the counter {counter} of key {key}, or a higher counter, was already used",
                counter=taken.counter,
                key=taken.key,
            )
        )


def entry(connection: sqlite3.Connection, command_id: str) -> CommandEntry | None:
    """The accepted command of this id, None when there is none or it was forgotten."""
    row = connection.execute(f"{ENTRY} WHERE id = ?", (command_id,)).fetchone()
    return None if row is None else _entry(row)


def unanswered(connection: sqlite3.Connection) -> list[CommandEntry]:
    """The accepted commands without an answer, in the order of their acceptance."""
    return [_entry(row) for row in connection.execute(f"{ENTRY} WHERE answer IS NULL ORDER BY utc_ms, counter")]


def counter(connection: sqlite3.Connection, key: str) -> int:
    """The highest counter accepted of a key, 0 for none."""
    row = connection.execute("SELECT counter FROM command_keys WHERE key = ?", (key,)).fetchone()
    return 0 if row is None else int(row[0])


def forget(connection: sqlite3.Connection, before_utc_ms: int, limit: int) -> int:
    """Delete up to `limit` answered commands from before that time; returns how many. Counters stay."""
    return connection.execute(
        "DELETE FROM commands WHERE id IN (SELECT id FROM commands WHERE answer IS NOT NULL AND utc_ms < ? LIMIT ?)",
        (before_utc_ms, limit),
    ).rowcount


def _entry(row: Sequence[object]) -> CommandEntry:
    *taken, answer = row
    return CommandEntry(CommandTaken(*taken), answer)  # type: ignore[arg-type] # the table is STRICT


def is_sane_command(row: tuple[object, ...]) -> bool:
    """Whether a row, perhaps read from a damaged file, is one of `commands`."""
    command_id, digest, key, count, name, lane, boot, utc_ms, answer = row
    texts = all(isinstance(text, str) for text in (command_id, digest, key, name, boot))
    rest = isinstance(lane, str | None) and isinstance(answer, bytes | None)
    return texts and rest and _is_count(count) and isinstance(utc_ms, int)


def is_sane_counter(row: tuple[object, ...]) -> bool:
    """Whether a row, perhaps read from a damaged file, is one of `command_keys`."""
    key, count = row
    return isinstance(key, str) and _is_count(count)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value >= 1
