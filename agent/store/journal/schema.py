"""The tables of the journal's SQLite file, how they came to be, and how the file is opened.

WAL with synchronous=FULL: each commit is on disk when it returns, through SIGKILL and power cuts.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from agent.service.cleanup import on_failure
from agent.store.durable_files import check_database
from agent.store.errors import SQL_ERRORS, JournalUnavailableError, NoOwnJournalError
from agent.store.transaction import transaction
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.store.errors import SqlError

APPLICATION_ID: Final = 0x47415445  # "GATE"
PAGE_BYTES: Final = 4096
WAL_PAGES: Final = 512  # 2 MiB: a checkpoint stays short, and the log can live on a small reserve
PAGES_MAX: Final = 2**30
BUSY_TIMEOUT_S: Final = 2.0

# `tail` is the last event that was pruned, `head` the last recorded; `total` counts payload bytes from the first event
# of the stream on, so that the size of any range is one subtraction.
VERSION_1: Final = """
CREATE TABLE journal (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    gate TEXT NOT NULL, stream TEXT NOT NULL,
    head_seq INTEGER NOT NULL, head_hash TEXT NOT NULL, head_total INTEGER NOT NULL,
    watermark INTEGER NOT NULL,
    tail_seq INTEGER NOT NULL, tail_hash TEXT NOT NULL, tail_total INTEGER NOT NULL,
    CHECK (tail_seq <= watermark AND watermark <= head_seq)
) STRICT;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, utc_ms INTEGER NOT NULL, total INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE TABLE ledger (
    permit BLOB NOT NULL, use INTEGER NOT NULL CHECK (use >= 1),
    state TEXT NOT NULL CHECK (state IN ('RESERVED', 'CONSUMED', 'RELEASED')),
    txn TEXT NOT NULL, boot TEXT NOT NULL, utc_ms INTEGER NOT NULL,
    PRIMARY KEY (permit, use)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservations ON ledger (boot) WHERE state = 'RESERVED';
CREATE TABLE transactions (
    txn TEXT PRIMARY KEY, lane TEXT, boot TEXT NOT NULL, opened_ms INTEGER NOT NULL,
    granted INTEGER NOT NULL, entered INTEGER NOT NULL, closed_seq INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX closings ON transactions (closed_seq);
"""

VERSION_2 = """
ALTER TABLE ledger ADD COLUMN vehicle TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN direction TEXT NOT NULL DEFAULT '';
CREATE INDEX vehicles ON ledger (vehicle, utc_ms) WHERE vehicle <> '';
"""

# `commands` answers repeats and is forgotten after a while; the counters of `command_keys` never are.
VERSION_3 = """
CREATE TABLE commands (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL, key TEXT NOT NULL, counter INTEGER NOT NULL CHECK (counter >= 1),
    name TEXT NOT NULL, lane TEXT, boot TEXT NOT NULL, utc_ms INTEGER NOT NULL, answer BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX unanswered ON commands (utc_ms, counter) WHERE answer IS NULL;
CREATE TABLE command_keys (
    key TEXT PRIMARY KEY, counter INTEGER NOT NULL CHECK (counter >= 1)
) STRICT, WITHOUT ROWID;
CREATE TABLE lane_orders (
    lane TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('locked', 'out_of_service')),
    operator TEXT NOT NULL, cause TEXT NOT NULL, utc_ms INTEGER NOT NULL,
    PRIMARY KEY (lane, kind)
) STRICT, WITHOUT ROWID;
"""

# `sum` is the hash of the row's other values, "" before they are written again by an agent that knows it.
VERSION_4 = "ALTER TABLE journal ADD COLUMN sum TEXT NOT NULL DEFAULT ''"

# `gate` is '' for the gate's own uses. `seq` is the place of the newest change of a row in the row log of its gate,
# which is no table: it is the rows in this order. The last place given stands in `site_log`, for rows are forgotten.
# `consents`: uses that were granted to other gates, until they tell what became of them. An open transaction is in no
# index any more: most events then write one page less.
VERSION_5 = """
ALTER TABLE ledger RENAME TO ledger_4;
DROP INDEX reservations;
DROP INDEX vehicles;
CREATE TABLE ledger (
    permit BLOB NOT NULL, use INTEGER NOT NULL CHECK (use >= 1), gate TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('RESERVED', 'CONSUMED', 'RELEASED')),
    txn TEXT NOT NULL, boot TEXT NOT NULL, utc_ms INTEGER NOT NULL,
    vehicle TEXT NOT NULL, direction TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (permit, use, gate)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger SELECT permit, use, '', state, txn, boot, utc_ms, vehicle, direction,
    row_number() OVER (ORDER BY utc_ms, permit, use) FROM ledger_4;
DROP TABLE ledger_4;
CREATE INDEX reservations ON ledger (boot) WHERE state = 'RESERVED' AND gate = '';
CREATE INDEX vehicles ON ledger (vehicle, utc_ms) WHERE vehicle <> '';
CREATE INDEX row_log ON ledger (seq) WHERE gate = '';
CREATE TABLE consents (
    permit BLOB NOT NULL, use INTEGER NOT NULL CHECK (use >= 1), gate TEXT NOT NULL, txn TEXT NOT NULL,
    utc_ms INTEGER NOT NULL, vehicle TEXT NOT NULL, direction TEXT NOT NULL,
    PRIMARY KEY (permit, use, gate, txn)
) STRICT, WITHOUT ROWID;
DROP INDEX closings;
CREATE INDEX closings ON transactions (closed_seq) WHERE closed_seq IS NOT NULL;
CREATE TABLE site_log (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL) STRICT;
CREATE TABLE site_peers (
    gate TEXT PRIMARY KEY, stream TEXT NOT NULL, seq INTEGER NOT NULL, synced INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

# `kept`: small texts by their names, such as the trust state. Of each other gate: the newest record of its head, signed
# by it, and where its row log of the stream before was known to end, which shows a gate that lost its journal whether
# all of its uses were heard of.
VERSION_6 = """
CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
ALTER TABLE site_peers ADD COLUMN head TEXT NOT NULL DEFAULT '';
ALTER TABLE site_peers ADD COLUMN former_stream TEXT NOT NULL DEFAULT '';
ALTER TABLE site_peers ADD COLUMN former_seq INTEGER NOT NULL DEFAULT 0
"""

# The personal values of events, beside them: an event holds `digest` where a value stood. `place` counts within the
# event. A value that was erased is NULL; `erased_ms` and `rule` say when and why.
VERSION_7 = """
CREATE TABLE disclosures (
    seq INTEGER NOT NULL, place INTEGER NOT NULL, digest TEXT NOT NULL,
    subject TEXT NOT NULL CHECK (subject IN ('vehicle', 'person', 'words')),
    disclosure TEXT, erased_ms INTEGER, rule TEXT,
    PRIMARY KEY (seq, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX disclosed ON disclosures (seq) WHERE disclosure IS NOT NULL
"""

# One script a version; a file of version n gets those from n on, each in its own transaction. Never change one that
# has been shipped: add the next.
MIGRATIONS: Final[tuple[str, ...]] = (VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6, VERSION_7)


def connect(path: Path, max_bytes: int) -> sqlite3.Connection:
    """Open or create the file for writing, capped at `max_bytes`. Raises SqlError."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    with on_failure(connection.close):
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # what was deleted is gone, not only unlinked
        connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        # The log keeps its blocks: on a full disk it can still be written over, which deleting needs.
        connection.execute(f"PRAGMA journal_size_limit = {2 * WAL_PAGES * PAGE_BYTES}")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA max_page_count = {max_bytes // PAGE_BYTES}")
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a journal for reading only, also while an agent writes it. Raises JournalUnavailableError.

    A journal at rest has no log beside it, and a reader without write access to its folder cannot make one: nobody can
    be writing then, so the file is read as it is.
    """
    if not path.is_file():
        raise JournalUnavailableError(Text("there is no journal at {path}", path=path))
    try:
        check_database(path)
    except OSError as error:
        raise JournalUnavailableError(
            Text("cannot read {path}: {strerror}", path=path, strerror=error.strerror)
        ) from error
    where = f"file:{quote(str(path.absolute()))}"
    at_rest = not path.with_name(f"{path.name}-wal").exists()
    modes = ("mode=ro", "mode=ro&immutable=1") if at_rest else ("mode=ro",)
    trouble: SqlError | None = None
    for mode in modes:
        connection = sqlite3.connect(f"{where}?{mode}", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            with on_failure(connection.close):
                check_owner(connection, path)
                if version_of(connection) == 0:
                    raise JournalUnavailableError(Text("{path} is empty", path=path))
                return connection
        except SQL_ERRORS as error:
            trouble = error
    raise JournalUnavailableError(Text("cannot read {path}: {trouble}", path=path, trouble=trouble)) from trouble


def version_of(connection: sqlite3.Connection) -> int:
    """The schema version of the file, 0 for a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_owner(connection: sqlite3.Connection, path: Path, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Raise NoOwnJournalError for a database that is not a journal, or a journal of a newer agent."""
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if application != APPLICATION_ID and (application or tables) and not tables >= {"journal", "events", "ledger"}:
        raise NoOwnJournalError(Text("{path} is a database, but not a journal; move it away", path=path))
    version = version_of(connection)
    if version > len(migrations):
        raise NoOwnJournalError(
            Text(
                "{path} has schema version {version}, this agent knows up to {count}: update the agent",
                path=path,
                version=version,
                count=len(migrations),
            )
        )


def migrate(connection: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> int:
    """Bring the file to the newest version; returns the version it had.

    Raises sqlite3.Error, with nothing half done.
    """
    found = version_of(connection)
    if found < len(migrations):
        (cap,) = connection.execute("PRAGMA max_page_count").fetchone()
        # A table that is rebuilt stands beside the old one for a while, which a full journal must have room for.
        connection.execute(f"PRAGMA max_page_count = {PAGES_MAX}")
        _migrate(connection, migrations, found)
        connection.execute(f"PRAGMA max_page_count = {cap}")
    return found


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str], found: int) -> None:
    for version, script in enumerate(migrations[found:], found + 1):
        with transaction(connection):
            for statement in filter(str.strip, script.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version}")
