"""The tables of the file of numbers, and how it is opened.

Everything in it is counted from the journal, so a commit need not be on disk when it returns (synchronous=NORMAL).
After a power cut the file is as it was at an earlier commit, whole, and counting goes on from there.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from agent.service.cleanup import on_failure
from agent.store.transaction import transaction

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION_ID: Final = 0x474E554D  # "GNUM"
VERSION: Final = 1
BUSY_S: Final = 2.0
PAGE_BYTES: Final = 4096
MAX_BYTES: Final = 64 * 2**20
LOG_BYTES: Final = 1 << 20

# `day`: the local date as a proleptic ordinal, `hour`: on the local clock. `tally`: a JSON object of whole numbers.
# `progress`: the last event that was counted, and what is not in any tally yet.
SCHEMA: Final = """
CREATE TABLE hours (
    start_s INTEGER NOT NULL, lane TEXT NOT NULL, day INTEGER NOT NULL, hour INTEGER NOT NULL, tally TEXT NOT NULL,
    PRIMARY KEY (start_s, lane)
) STRICT, WITHOUT ROWID;
CREATE INDEX hours_of_day ON hours (day);
CREATE TABLE days (
    day INTEGER NOT NULL, lane TEXT NOT NULL, tally TEXT NOT NULL, PRIMARY KEY (day, lane)
) STRICT, WITHOUT ROWID;
CREATE TABLE progress (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    stream TEXT NOT NULL, seq INTEGER NOT NULL, digest TEXT NOT NULL, counter TEXT NOT NULL, missed INTEGER NOT NULL
) STRICT
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open or create the file for writing. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    with on_failure(connection.close):
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA max_page_count = {MAX_BYTES // PAGE_BYTES}")
        if not is_made(connection):
            with transaction(connection):
                for statement in SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open the file for reading only, while an agent writes it. Raises sqlite3.Error."""
    where = f"file:{quote(str(path.absolute()))}?mode=ro"
    connection = sqlite3.connect(where, uri=True, timeout=BUSY_S, isolation_level=None)
    with on_failure(connection.close):
        connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def is_made(connection: sqlite3.Connection) -> bool:
    """Whether the file has its tables. Raises sqlite3.Error."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return bool(version != 0)


def flaw_of(path: Path) -> str:
    """Why this agent cannot go on with a file; "" for a good one, or none. Raises sqlite3.OperationalError."""
    if not path.exists():
        return ""
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (sound,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    finally:
        connection.close()
    if sound != "ok":
        return str(sound)
    if version == 0 and application == 0:
        return ""
    return "" if (application, version) == (APPLICATION_ID, VERSION) else f"it has version {version} of {application:x}"
