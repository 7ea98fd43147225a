"""The database: SQLite for one worker, PostgreSQL for several. Every batch is one transaction."""

import logging
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
from contract import check_checkpoint, digest_of, read_event

log = logging.getLogger("central")
# "DO UPDATE", although it changes nothing: in PostgreSQL that locks the row, new or old, until the commit.
LOCK = """INSERT INTO watermarks (source, stream, seq, digest) VALUES (%s, %s, 0, %s)
    ON CONFLICT (source, stream) DO UPDATE SET seq = watermarks.seq RETURNING seq, digest, signed_seq"""
STORE = """INSERT INTO events (source, stream, seq, id, type, time, lane, transaction_id, prev, payload, digest)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
FOLLOWING = """SELECT seq, type, prev, digest, payload FROM events
    WHERE source = %s AND stream = %s AND seq > %s ORDER BY seq LIMIT 500"""
ADVANCE = "UPDATE watermarks SET seq = %s, digest = %s, signed_seq = %s WHERE source = %s AND stream = %s"
CONFLICT = """INSERT INTO conflicts (source, stream, seq, kind, digest, detail, payload)
    VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
REJECT = """INSERT INTO rejected (topic, digest, reason, size, payload)
    VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""


class Store:
    """One connection. Whatever it raises, throw it away: what was not committed comes again from the broker."""

    def __init__(self, url: str) -> None:
        self._connection: Any
        self._sqlite = url.startswith("sqlite:")
        if self._sqlite:
            self._connection = sqlite3.connect(url.removeprefix("sqlite:"), isolation_level=None, timeout=10)
            # FULL: an acknowledged event must outlive a power cut.
            self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        else:
            # The time limits: a worker that froze, or lost its network, must not hold a gate's lock for ever.
            limits = "-c idle_in_transaction_session_timeout=30s -c lock_timeout=60s"
            self._connection = psycopg.connect(
                url, autocommit=True, connect_timeout=10, tcp_user_timeout=20_000, options=limits
            )

    def close(self) -> None:
        """End it; what is not committed is rolled back."""
        self._connection.close()

    def set_up(self) -> None:
        """Make the tables in a new database."""
        try:
            self.rows("SELECT 1 FROM watermarks LIMIT 1")
        except (psycopg.errors.UndefinedTable, sqlite3.OperationalError):
            schema = f"BEGIN; {Path(__file__).with_name('schema.sql').read_text()}; COMMIT"
            (self._connection.executescript if self._sqlite else self._connection.execute)(schema)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query gives."""
        return list(self._connection.execute(self._words(statement), values).fetchall())

    def store(self, messages: list[tuple[str, bytes]]) -> list[tuple[str, str, int]]:
        """Store (topic, payload) messages in one transaction: the watermark (source, stream, seq) of each stream in it."""
        self._connection.execute("BEGIN IMMEDIATE" if self._sqlite else "BEGIN")
        events = []
        for topic, payload in messages:
            try:
                events.append(read_event(topic, payload))
            except ValueError as fault:  # kept, and out of the way: it would come again for ever
                name = "".join(sign if sign.isprintable() else "?" for sign in topic[:256])
                if self._many(REJECT, [(name, digest_of(payload), str(fault)[:200], len(payload), payload[:4096])]):
                    log.warning("REJECTED a message to %s: %s", name, fault)
        # Always in one order: workers that have the same gates then wait for one another instead of deadlocking.
        events.sort()
        streams = sorted({(event.source, event.stream) for event in events})
        marks = {each: self.rows(LOCK, *each, digest_of(each[1].encode()))[0] for each in streams}
        if self._many(STORE, events) < len(events):
            for event in events:  # some number was stored before: was it this event?
                query = "SELECT digest FROM events WHERE source = %s AND stream = %s AND seq = %s"
                [(stored,)] = self.rows(query, *event[:3])
                if stored != event.digest:
                    self._tell(*event[:3], "other_event", f"the event stored there is {stored}", event.payload)
        told = [(*each, self._advance(*each, *marks[each])) for each in streams]
        self._connection.execute("COMMIT")
        return told

    def _advance(self, source: str, stream: str, seq: int, digest: str, signed: int) -> int:
        """Move the watermark over every event that comes next and names the digest of the one before it."""
        start, whole = seq, True
        while whole and (following := self.rows(FOLLOWING, source, stream, seq)):
            for number, kind, prev, own, payload in following:
                if number == seq + 1 and prev != digest:
                    detail = f"it follows {prev}, stored is {digest}"
                    self._tell(source, stream, number, "broken_chain", detail, payload)
                whole = number == seq + 1 and prev == digest
                if not whole:
                    break
                if kind == "chain.checkpoint":
                    signed = self._check(source, stream, seq, digest, payload) or signed
                seq, digest = number, own
        if seq > start:
            self._many(ADVANCE, [(seq, digest, signed, source, stream)])
        return seq

    def _check(self, source: str, stream: str, seq: int, digest: str, payload: bytes) -> int:
        """How far a checkpoint proves the chain. One that proves nothing is told, but holds up nothing: it is an event."""
        gate, proven = source.removeprefix("/gate/"), 0
        for (key,) in self.rows("SELECT public_key FROM gates WHERE gate = %s AND public_key IS NOT NULL", gate):
            try:
                check_checkpoint(payload, (gate, stream, seq, digest), key)
                proven = seq
            except ValueError as fault:
                self._tell(source, stream, seq + 1, "bad_checkpoint", str(fault), payload)
        return proven

    def _tell(self, source: str, stream: str, seq: int, kind: str, detail: str, payload: bytes) -> None:
        if self._many(CONFLICT, [(source, stream, seq, kind, digest_of(payload), detail, payload)]):
            log.error("CONFLICT at %s stream %s seq %d: %s: %s", source, stream, seq, kind, detail)

    def _many(self, statement: str, values: list[Any]) -> int:
        """Execute once for each; how many rows that made."""
        cursor = self._connection.cursor()
        cursor.executemany(self._words(statement), values)
        return int(cursor.rowcount)

    def _words(self, statement: str) -> str:
        return statement.replace("%s", "?") if self._sqlite else statement
