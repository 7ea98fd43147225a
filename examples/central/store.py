"""What a gate sends, and the database: SQLite for one worker, PostgreSQL for several.

What SQL does, stands in *.sql.
"""

import json
import logging
import re
import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, Field

SCHEMA, STATEMENTS = (Path(__file__).with_name(name).read_text() for name in ("schema.sql", "statements.sql"))
SQL = dict(part.split("\n", 1) for part in STATEMENTS.split("-- @ ")[1:])
# A worker that froze must not hold a gate's lock for ever; a commit must outlive a power cut.
SESSION = "-c idle_in_transaction_session_timeout=30s -c lock_timeout=60s -c synchronous_commit=on"
Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,128}$")]
Row = tuple[Any, ...]
# Topic, payload, by what number its connection settles it, and what came beside the payload.
Message = tuple[str, bytes, int, Mapping[str, Any]]
TOKEN = re.compile(r'"sd:([A-Za-z0-9_-]{43})"')


class Event(BaseModel, strict=True):
    specversion: Literal["1.0"] = Field(exclude=True)
    source: str = Field(pattern=r"^/gate/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    stream: Text
    seq: int = Field(ge=1, le=2**31 - 1)
    id: Text
    type: Text
    time: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9:]{5})$")
    lane: Text | None = None
    transaction: Text | None = None
    prev: str = Field(pattern=r"^[0-9a-f]{64}$")


def read_event(topic: str, payload: bytes) -> Row:
    """The row of table `events`, as far as `digest`. Raises ValueError with the reason where there is none."""
    if len(payload) > 65_536:
        raise ValueError("longer than any event")
    event = Event.model_validate_json(payload)
    # The broker lets a gate publish below its own topic only: the topic tells who sent this, the payload only claims.
    own = f"gate/v1/{event.source.removeprefix('/gate/')}/event/"
    if not topic.startswith(own) or topic.removeprefix(own).replace("/", ".") != event.type:
        raise ValueError("source or type is not that of the topic")
    return (*event.model_dump().values(), payload, sha256(payload).hexdigest())


def values_of(payload: bytes, beside: Mapping[str, Any]) -> list[str]:
    """The disclosures of the personal values that an event holds as digests. Raises ValueError where one is missing.

    Such an event is not to be acknowledged: its values would be lost.
    """
    if json.loads(payload).get("sdalg") is None:
        return []
    wanted = set(TOKEN.findall(payload.decode()))
    texts = [text for text in str(beside.get("disclosures", "")).split("~") if text]
    told = {base64url(sha256(text.encode()).digest()).decode() for text in texts}
    gone = {one["digest"] for one in json.loads(str(beside.get("erased", "[]")))}
    if not told <= wanted or not wanted <= told | gone:
        raise ValueError("its personal values did not come with it")
    return texts


def is_signed(payload: bytes, key: str, *point: object) -> bool:
    """Whether the JWS (RFC 7515) in a `chain.checkpoint` is by this key and signs this gate, stream, seq and digest."""
    with suppress(InvalidSignature, AttributeError, KeyError, TypeError, ValueError, RecursionError):
        head, body, signature = json.loads(payload)["data"]["signature"].split(".")
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(urlsafe_b64decode(signature + "=="), f"{head}.{body}".encode())
        header, signed = (json.loads(urlsafe_b64decode(part + "==")) for part in (head, body))
        # Agents before the types signed without one; what they signed is known by its fields.
        typed = header.get("typ", "gate-checkpoint+jwt") == "gate-checkpoint+jwt"
        known = header["alg"] in {"EdDSA", "Ed25519"} and "crit" not in header and typed
        return known and point == tuple(signed[name] for name in ("gate", "stream", "seq", "digest"))
    return False


class Signer:
    """Central's key for acknowledgements: by it a gate knows that central, and nobody on the way, has its events."""

    def __init__(self, file: str, kid: str) -> None:
        """Read the private key (PEM, as `gate-agent events ack-keygen` makes it). Raises OSError, ValueError."""
        key = load_pem_private_key(Path(file).read_bytes(), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{file} holds no Ed25519 key")  # noqa: TRY004 - it is the file's content
        self._key, self._head = key, {"alg": "EdDSA", "kid": kid, "typ": "gate-acknowledgement+jwt"}

    def sign(self, **statement: object) -> str:
        """The compact JWS (RFC 7515) of a statement."""
        message = b".".join(base64url(json.dumps(part).encode()) for part in (self._head, statement))
        return (message + b"." + base64url(self._key.sign(message))).decode()


def base64url(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


class Store:
    """One connection. Whatever it raises, throw it away: what was not committed comes again from the broker."""

    def __init__(self, url: str, signer: Signer | None = None) -> None:
        self._signer = signer
        self._mark = "?" if url.startswith("sqlite:") else "$"
        if self._mark == "?":
            connection: Any = sqlite3.connect(url.removeprefix("sqlite:"), isolation_level=None, timeout=10)
            connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        else:
            limits: Any = {"connect_timeout": 10, "tcp_user_timeout": 20_000, "options": SESSION}
            connection = psycopg.connect(url, autocommit=True, cursor_factory=psycopg.RawCursor, **limits)
        self.close, self._cursor = connection.close, connection.cursor()
        try:
            self.rows("SELECT 1 FROM watermarks LIMIT 1")
        except (psycopg.errors.UndefinedTable, sqlite3.OperationalError):  # a new database
            (connection.executescript if self._mark == "?" else connection.execute)(SCHEMA)

    def rows(self, statement: str, *values: object) -> list[Row]:
        """What a statement gives. It numbers its values as PostgreSQL does: $1, $2."""
        self._cursor.execute(statement.replace("$", self._mark), values)
        return list(self._cursor.fetchall()) if self._cursor.description else []

    def insert(self, table: str, rows: list[Row]) -> int:
        """Insert those rows that are not there; how many they were."""
        if not rows:
            return 0
        self._cursor.executemany(SQL[table].replace("$", self._mark), rows)
        return int(self._cursor.rowcount)

    def store(self, messages: list[Message]) -> list[tuple[str, bytes]]:
        """Store messages in one transaction. Returns what the gates may be told from then on."""
        events, rejected, conflicts, values = [], [], [], []
        for topic, payload, _, beside in messages:
            try:
                event = read_event(topic, payload)
                values += [(*event[:3], text) for text in values_of(payload, beside)]
                events.append(event)
            except ValueError as fault:  # kept, and out of the way: it would come again for ever
                digest, reason = sha256(payload).hexdigest(), " ".join(str(fault).split())[:200]
                rejected.append((ascii(topic)[1:-1][:256], digest, reason, len(payload), payload[:4096]))
        events.sort(key=lambda event: event[:3])  # always in one order, so that workers wait instead of deadlocking
        streams = sorted({event[:2] for event in events})
        self.rows("BEGIN")
        starts = {each: self.rows(SQL["lock"], *each, sha256(each[1].encode()).hexdigest())[0][0] for each in streams}
        self.insert("disclosures", sorted(values))
        if self.insert("events", events) < len(events):  # some numbers were stored before: were it these events?
            for source, stream, seq, *_, payload, digest in events:
                conflicts += self.rows(SQL["other_event"], source, stream, seq, digest, payload)
        answers = [self._advance(source, stream, start, conflicts) for (source, stream), start in starts.items()]
        for table, rows in (("conflicts", conflicts), ("rejected", sorted(rejected))):
            if rows and (new := self.insert(table, rows)):
                logging.error("%d new in table %s, of %s", new, table, [row[:-1] for row in rows])
        self.rows("COMMIT")
        return answers

    def _advance(self, source: str, stream: str, start: int, conflicts: list[Row]) -> tuple[str, bytes]:
        """Move the watermark as far as the chain is proven, and check the signatures on the way."""
        [(watermark, digest)] = self.rows(SQL["advance"], source, stream)
        conflicts += self.rows(SQL["broken"], source, stream)
        gate = source.removeprefix("/gate/")
        keys = [key for (key,) in self.rows(SQL["keys"], gate)]
        for seq, prev, payload in self.rows(SQL["checkpoints"], source, stream, start, watermark) if keys else []:
            if any(is_signed(payload, key, gate, stream, seq - 1, prev) for key in keys):
                self.rows(SQL["signed"], source, stream, seq - 1)
            else:
                conflicts += self.rows(SQL["bad_checkpoint"], source, stream, seq)
        said: dict[str, object] = {"stream": stream, "seq": watermark}
        if self._signer:
            said["signature"] = self._signer.sign(gate=gate, stream=stream, seq=watermark, digest=digest)
        return f"gate/v1/{gate}/ack", json.dumps(said).encode()
