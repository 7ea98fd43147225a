"""Small texts that are kept by their names, such as the trust state. Functions inside a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def keep(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a text in place of the one of the same name."""
    connection.execute(
        "INSERT INTO kept (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def kept(connection: sqlite3.Connection, name: str) -> str | None:
    """The text of this name; None without one."""
    row = connection.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def is_sane(row: tuple[object, ...]) -> bool:
    """Whether a row, perhaps read from a damaged file, is one that the table can hold."""
    return all(isinstance(text, str) for text in row)
