"""The schema, step by step: each migration is a file of SQL that is applied once, in order, in a transaction."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from central.database.connection import Database

_NAME: Final = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql")
_LOCK: Final = 0x67617465  # "gate": two programs never migrate at one time
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


class MigrationError(Exception):
    """The database and these migrations do not fit each other; the message says how, and what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number from 1, the name of its file, and its SQL."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """SHA-256 of the SQL, in hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def all_migrations() -> tuple[Migration, ...]:
    """All steps of this release, in order."""
    folder = files("central.database").joinpath("migrations")
    found = ((_NAME.fullmatch(file.name), file) for file in folder.iterdir())
    made = [Migration(int(name["number"]), file.name, file.read_text("utf-8")) for name, file in found if name]
    return tuple(sorted(made, key=lambda one: one.number))


def applied(database: Database) -> int:
    """The number of the last step that the database has; 0: it is empty."""
    there = database.execute("SELECT to_regclass('schema_migrations') IS NOT NULL").fetchone()
    if there != (True,):
        return 0
    row = database.execute("SELECT coalesce(max(number), 0) FROM schema_migrations").fetchone()
    return 0 if row is None else int(row[0])


def migrate(database: Database, steps: Sequence[Migration] | None = None) -> list[Migration]:
    """Apply what the database lacks, and give what was applied. All of it or nothing.

    Raises:
        MigrationError: the database is newer than this release, or a step was changed after it was applied.
        DatabaseError: a step failed.
    """
    wanted = all_migrations() if steps is None else tuple(steps)
    with database.transaction():
        database.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        database.execute(_TABLE)
        rows = database.execute("SELECT number, name, sha256 FROM schema_migrations ORDER BY number").fetchall()
        known = {number: (name, digest) for number, name, digest in rows}
        _check(known, wanted)
        fresh = [step for step in wanted if step.number not in known]
        for step in fresh:
            database.execute(step.sql.encode())
            database.execute(
                "INSERT INTO schema_migrations (number, name, sha256) VALUES (%s, %s, %s)",
                (step.number, step.name, step.sha256),
            )
    return fresh


def _check(known: dict[int, tuple[str, str]], wanted: Sequence[Migration]) -> None:
    by_number = {step.number: step for step in wanted}
    for number, (name, digest) in known.items():
        step = by_number.get(number)
        if step is None:
            raise MigrationError(
                f"the database has migration {name}, which this release does not know: it was made by a newer one. "
                "Install that release here, too"
            )
        if digest != step.sha256:
            raise MigrationError(
                f"migration {name} was changed after it was applied. Restore the file as it was, and write the change "
                "as a further migration"
            )
