"""The database: SQLite for one worker, PostgreSQL for several. Every batch is one transaction."""

import logging
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
from contract import check_checkpoint, digest_of, read_event

log = logging.getLogger("central")
# A worker that froze, or lost its network, must not hold a gate's lock for ever; a commit must outlive a power cut.
SESSION = "-c idle_in_transaction_session_timeout=30s -c lock_timeout=60s -c synchronous_commit=on"
# "DO UPDATE", although it changes nothing: in PostgreSQL that locks the row, new or old, until the commit.
LOCK = """INSERT INTO watermarks (source, stream, seq, digest) VALUES (%s, %s, 0, %s)
    ON CONFLICT (source, stream) DO UPDATE SET seq = watermarks.seq RETURNING seq, digest, signed_seq"""
STORE = """INSERT INTO events (source, stream, seq, id, type, time, lane, transaction_id, prev, payload, digest)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
STORED = "SELECT digest, payload FROM events WHERE source = %s AND stream = %s AND seq = %s"
FOLLOWING = """SELECT seq, type, prev, digest FROM events
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
            self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        else:
            limits = {"connect_timeout": 10, "tcp_user_timeout": 20_000, "options": SESSION}
            self._connection = psycopg.connect(url, autocommit=True, **limits)

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
        return list(self._run(statement, *values).fetchall())

    def store(self, messages: list[tuple[str, bytes]]) -> list[tuple[str, str, int]]:
        """Store (topic, payload) messages in one transaction: the watermark (source, stream, seq) of each stream in it."""
        events, letters = [], {}
        for topic, payload in messages:
            try:
                events.append(read_event(topic, payload))
            except ValueError as fault:  # kept, and out of the way: it would come again for ever
                name = "".join(sign if sign.isprintable() else "?" for sign in topic[:256])
                letters[name, digest_of(payload)] = (str(fault)[:200], len(payload), payload[:4096])
        # Always in one order: workers that have the same gates then wait for one another instead of deadlocking.
        events.sort(key=lambda event: event[:3])
        streams = sorted({event[:2] for event in events})
        self._connection.execute("BEGIN IMMEDIATE" if self._sqlite else "BEGIN")
        marks = {each: self.rows(LOCK, *each, digest_of(each[1].encode()))[0] for each in streams}
        cursor = self._connection.cursor()
        cursor.executemany(self._words(STORE), events)
        if cursor.rowcount < len(events):
            for event in events:  # some number was stored before: was it this event?
                [(digest, _)] = self.rows(STORED, *event[:3])
                if digest != event.digest:
                    self._tell(*event[:3], "other_event", f"the event stored there is {digest}", event.payload)
        told = [(*each, self._advance(*each, *marks[each])) for each in streams]
        for key, letter in sorted(letters.items()):
            if self._run(REJECT, *key, *letter).rowcount:
                log.warning("REJECTED a message to %s: %s", key[0], letter[0])
        self._connection.execute("COMMIT")
        return told

    def _advance(self, source: str, stream: str, seq: int, digest: str, signed: int) -> int:
        """Move the watermark over every event that comes next and names the digest of the one before it."""
        start, whole = seq, True
        while whole and (following := self.rows(FOLLOWING, source, stream, seq)):
            for number, kind, prev, own in following:
                whole = number == seq + 1 and prev == digest
                if number == seq + 1 and prev != digest:
                    detail = f"it follows {prev}, stored is {digest}"
                    self._tell(source, stream, number, "broken_chain", detail)
                if not whole:
                    break
                if kind == "chain.checkpoint" and self._is_signed(source, stream, seq, digest):
                    signed = seq
                seq, digest = number, own
        if seq > start:
            self._run(ADVANCE, seq, digest, signed, source, stream)
        return seq

    def _is_signed(self, source: str, stream: str, seq: int, digest: str) -> bool:
        """Whether the checkpoint after `seq` proves the chain up to there. A bad one is told, but it is an event as well."""
        gate, fault = source.removeprefix("/gate/"), ""
        [(_, payload)] = self.rows(STORED, source, stream, seq + 1)
        for (key,) in self.rows("SELECT public_key FROM gates WHERE gate = %s", gate):
            try:
                check_checkpoint(payload, (gate, stream, seq, digest), key)
            except ValueError as error:
                fault = str(error)
            else:
                return True
        if fault:
            self._tell(source, stream, seq + 1, "bad_checkpoint", fault)
        return False

    def _tell(self, source: str, stream: str, seq: int, kind: str, detail: str, payload: bytes = b"") -> None:
        """A conflict of the event that is stored there, or of another one, which is then kept here."""
        payload = payload or self.rows(STORED, source, stream, seq)[0][1]
        if self._run(CONFLICT, source, stream, seq, kind, digest_of(payload), detail, payload).rowcount:
            log.error("CONFLICT at %s stream %s seq %d: %s: %s", source, stream, seq, kind, detail)

    def _run(self, statement: str, *values: object) -> Any:
        return self._connection.execute(self._words(statement), values)

    def _words(self, statement: str) -> str:
        return statement.replace("%s", "?") if self._sqlite else statement
