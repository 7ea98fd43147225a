"""What is not a message of a gate, and what cannot be true beside what is stored."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from central.consumer.gate_messages import gate_of
from central.database import clean_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from central.consumer.chain_walk import ChainWalk, Link
    from central.consumer.gate_messages import ReceivedEvent
    from central.consumer.source_interface import Message
    from central.database import Database

log = logging.getLogger(__name__)
KEPT_BYTES: Final = 4_096
TOPIC_CHARACTERS: Final = 256
REASON_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Rejected:
    """A dead letter. `payload`: its beginning; `digest`: of the whole, SHA-256."""

    topic: str
    digest: bytes
    reason: str
    size: int
    payload: bytes

    @classmethod
    def of(cls, message: Message, reason: str) -> Self:
        """Of a message that was refused."""
        topic = clean_text(message.topic.encode(errors="replace").decode())[:TOPIC_CHARACTERS]
        why = clean_text(" ".join(reason.split()))[:REASON_CHARACTERS]
        digest = hashlib.sha256(message.payload).digest()
        return cls(topic, digest, why, len(message.payload), message.payload[:KEPT_BYTES])


@dataclass(frozen=True, slots=True)
class Conflict:
    """An event that does not fit. `kind`: other_event, broken_chain or bad_checkpoint; the digest is in hex."""

    gate: str
    stream: str
    seq: int
    kind: str
    digest: str
    detail: str
    payload: bytes

    @classmethod
    def other_event(cls, event: ReceivedEvent, stored: str) -> Self:
        """Under its number another event is stored."""
        detail = f"the event stored there is {stored}"
        seq, stream = event.envelope.seq, event.envelope.stream
        return cls(event.gate, stream, seq, "other_event", event.digest, detail, event.payload)

    @classmethod
    def broken(cls, walk: ChainWalk, link: Link) -> Self:
        """It is the next one of its stream, and follows another event than the one that is stored."""
        detail = f"it follows {link.prev}, stored is {walk.digest}"
        return cls(walk.gate, walk.stream, link.seq, "broken_chain", link.digest, detail, link.payload)

    @classmethod
    def bad_checkpoint(cls, walk: ChainWalk, link: Link) -> Self:
        """It is signed by no key that was noted for the gate, or signs something else."""
        detail = "by no key in table gate_keys, or it signs not what is stored"
        return cls(walk.gate, walk.stream, link.seq, "bad_checkpoint", link.digest, detail, link.payload)


def note_rejected(database: Database, rejected: Sequence[Rejected]) -> None:
    """Keep dead letters; one that came before is counted. Raises DatabaseError."""
    for one in sorted(rejected, key=lambda each: (each.topic, each.digest)):  # one order for all workers
        row = database.execute(
            "INSERT INTO rejected (topic, digest, gate, reason, size, payload) VALUES (%s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (topic, digest) DO UPDATE SET times = rejected.times + 1, last_at = now() RETURNING times",
            (one.topic, one.digest, gate_of(one.topic), one.reason, one.size, one.payload),
        ).fetchone()
        if row == (1,):
            log.error("rejected, kept in table rejected: %s: %s", one.topic, one.reason)


def note_conflicts(database: Database, conflicts: Sequence[Conflict]) -> None:
    """Keep what does not fit, once. Raises DatabaseError."""
    for one in sorted(conflicts, key=lambda each: (each.gate, each.stream, each.seq, each.kind)):
        new = database.execute(
            "INSERT INTO conflicts (gate, stream, seq, kind, digest, detail, payload) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (one.gate, one.stream, one.seq, one.kind, bytes.fromhex(one.digest), one.detail, one.payload),
        ).rowcount
        if new:
            log.error("conflict, kept in table conflicts: %s event %d: %s, %s", one.gate, one.seq, one.kind, one.detail)
