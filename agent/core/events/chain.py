"""The hash chain: seals an event into the bytes that the gate stores and sends.

A sealed event is CloudEvents 1.0 structured JSON: compact UTF-8 with a fixed order of keys. So the same event always
gives the same bytes. Extension attributes cannot be objects (CloudEvents 1.0.2, section 3.1 "Type system"). So the
clock is the three attributes `clocksynced`, `clockerrorms` and `clockstate`. Attributes without a value are left out.
CloudEvents integers have 32 bits, which limits `seq` to 2**31 - 1 events. A busy gate needs 1,300 years for these.

`prev` is the SHA-256, in hex, of the bytes of the previous event. For the first event, it is the SHA-256 of the stream
id. `agent.core.events.chain_verification` verifies a chain.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING
from urllib.parse import quote

from agent.core.events.personal_values import ALGORITHM, ATTRIBUTE
from agent.core.model import SEQ_MAX

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.clock import ClockState
    from agent.core.events.event_types import Draft, Event
    from agent.core.events.personal_values import Disclosure, HiddenData
    from agent.core.lists import DataState

SCHEMA_VERSION = 1
RANDOM_BYTES = 10
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
UTC_MS_MAX = 253_402_300_799_999  # the last millisecond of the year 9999, the last that RFC 3339 can write


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What the wall clock says and how far to trust it.

    `utc`: Unix seconds; `error_ms`: bound of its error, None unknown. `state`: whether permits may be judged by it.
    `lists`: how fresh the gate's lists are at this time. None: not said.
    """

    utc: float
    synced: bool
    error_ms: float | None = None
    state: ClockState | None = None
    lists: DataState | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: the gate id, the stream (new with every new journal) and the boot (new with every start).

    `hide`: puts digests in place of personal values (agent.core.events.personal_fields); None: they stay in place.
    """

    gate: str
    stream: str
    boot: str
    hide: Callable[[Event], HiddenData] | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A place in a stream: the event `seq` and the SHA-256 of its bytes, in hex. `seq` 0 is before the first event."""

    stream: str
    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """An event in its place. `payload` is what is stored and sent, `digest` its SHA-256 in hex, `utc_ms` its time.

    `disclosures`: of the personal values that its payload holds as digests.
    """

    seq: int
    id: str
    type: str
    payload: bytes
    digest: str
    utc_ms: int
    disclosures: tuple[Disclosure, ...] = ()


def beginning(stream: str) -> Point:
    """The point before the first event of a stream."""
    return Point(stream, 0, digest_of(stream.encode()))


def digest_of(payload: bytes) -> str:
    """The SHA-256 of a stored event, in hex."""
    return hashlib.sha256(payload).hexdigest()


def uuid7(utc_ms: int, random: bytes) -> str:
    """The UUIDv7 (RFC 9562, section 5.7) of a Unix time in ms and `RANDOM_BYTES` random bytes."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a UUIDv7 takes {RANDOM_BYTES} random bytes, not {len(random)}")
    value = bytearray(utc_ms.to_bytes(6, "big") + random)
    value[6] = 0x70 | (value[6] & 0x0F)
    value[8] = 0x80 | (value[8] & 0x3F)
    digits = value.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def time_text(utc_ms: int) -> str:
    """A Unix time in ms as RFC 3339 in UTC. Raises OverflowError beyond the year 9999."""
    return (EPOCH + timedelta(milliseconds=utc_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seal(draft: Draft, writer: Writer, before: Point, clock: ClockReading, random: bytes) -> SealedEvent:
    """Give a draft its place after `before`. `random`: `RANDOM_BYTES` fresh random bytes for its id.

    Raises ValueError when the stream is used up, `before` is of another stream, or the draft's time is no time.
    """
    seq = before.seq + 1
    if seq > SEQ_MAX:
        raise ValueError(f"stream {writer.stream} has used up its sequence numbers")
    if before.stream != writer.stream:
        raise ValueError(f"an event of stream {writer.stream} cannot follow one of {before.stream}")
    utc_ms = round(draft.utc * 1000)
    if not 0 <= utc_ms <= UTC_MS_MAX:
        raise ValueError(f"{draft.utc} is no Unix time of an event")
    kind = draft.event.TYPE
    hidden = None if writer.hide is None else writer.hide(draft.event)
    attributes: dict[str, str | int | bool | None] = {
        "specversion": "1.0",
        "id": uuid7(utc_ms, random),
        "source": f"/gate/{quote(writer.gate, safe='')}",
        "type": kind,
        "time": time_text(utc_ms),
        "datacontenttype": "application/json",
        "dataschema": f"urn:gate-agent:event:{kind}:{SCHEMA_VERSION}",
        "stream": writer.stream,
        "boot": writer.boot,
        "seq": seq,
        "lane": draft.lane,
        "transaction": draft.transaction,
        "traceparent": None if draft.trace is None else draft.trace.parent,
        "tracestate": None if draft.trace is None else draft.trace.state or None,
        "dryrun": True if draft.dry_run else None,
        "clocksynced": clock.synced,
        "clockerrorms": None if clock.error_ms is None else min(ceil(clock.error_ms), SEQ_MAX),
        "clockstate": clock.state,
        "liststate": clock.lists,
        ATTRIBUTE: ALGORITHM if hidden and hidden.disclosures else None,
        "prev": before.digest,
    }
    present = {name: value for name, value in attributes.items() if value is not None}
    head = ENCODER.encode(present)
    data = draft.event.model_dump_json() if hidden is None else hidden.data
    payload = f'{head[:-1]},"data":{data}}}'.encode()
    disclosures = () if hidden is None else hidden.disclosures
    return SealedEvent(seq, str(attributes["id"]), kind, payload, digest_of(payload), utc_ms, disclosures)
