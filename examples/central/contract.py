"""What a gate sends, read and judged: no network, no database."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BYTES_MAX, SEQ_MAX = 65_536, 2**31 - 1
# PostgreSQL takes no NUL and no half of a surrogate pair: one such event would be tried again for ever.
TEXT = re.compile(r"[^\x00-\x1f\ud800-\udfff]{1,128}")
FIELDS = {
    **dict.fromkeys(("stream", "id", "type", "time", "lane", "transaction"), TEXT),
    "source": re.compile(r"/gate/[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
    "prev": re.compile(r"[0-9a-f]{64}"),
}


class Event(NamedTuple):
    """One event, in the order of the columns of table `events`."""

    source: str
    stream: str
    seq: int
    id: str
    type: str
    time: str
    lane: str | None
    transaction: str | None
    prev: str
    payload: bytes
    digest: str


def digest_of(payload: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(payload).hexdigest()


def read_event(topic: str, payload: bytes) -> Event:
    """The event in a message. Raises ValueError with the reason where there is none, whatever the bytes."""
    if len(payload) > BYTES_MAX:
        raise ValueError("longer than any event")
    try:
        body = json.loads(payload.decode())
    except RecursionError as error:  # a kilobyte of [ is enough
        raise ValueError("nested too deep") from error
    if not isinstance(body, dict) or body.get("specversion") != "1.0":
        raise ValueError("no CloudEvents 1.0 object")
    if wrong := next(_malformed(body), None):
        raise ValueError(f"{wrong} is malformed")
    # The broker lets a gate publish below its own topic only: the topic tells who sent this, the payload only claims.
    # RabbitMQ hands the dots of the type to MQTT subscribers as further levels.
    *levels, kind = topic.split("/", 4)
    if (
        levels != ["gate", "v1", body["source"].removeprefix("/gate/"), "event"]
        or kind.replace("/", ".") != body["type"]
    ):
        raise ValueError("source or type is not that of the topic")
    return Event._make([*(body.get(name) for name in Event._fields[:-2]), payload, digest_of(payload)])


def _malformed(body: dict[str, Any]) -> Iterator[str]:
    for name, pattern in FIELDS.items():
        value = body.get(name)
        if value is None and name in {"lane", "transaction"}:
            continue
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield name
    if type(body.get("seq")) is not int or not 1 <= body["seq"] <= SEQ_MAX:
        yield "seq"
    if datetime.fromisoformat(body["time"]).tzinfo is None:
        yield "time"


def check_checkpoint(payload: bytes, before: tuple[str, str, int, str], key: str) -> None:
    """Check the compact JWS (RFC 7515, Ed25519) in a `chain.checkpoint`. Raises ValueError.

    `before`: gate, stream, seq, digest of the event before it, which it signs. `key`: raw public key in hex.
    """
    try:
        head, body, signature = json.loads(payload)["data"]["signature"].split(".")
        header, signed = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, body))
        if header["alg"] not in {"EdDSA", "Ed25519"} or "crit" in header:
            raise ValueError(f"not to be verified: {header}")
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(base64.urlsafe_b64decode(signature + "=="), f"{head}.{body}".encode())
        if tuple(signed[name] for name in ("gate", "stream", "seq", "digest")) != before:
            raise ValueError(f"it signs {signed}, stored is {before}")
    except InvalidSignature as error:
        raise ValueError("the signature is not by the gate's key") from error
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"malformed: {error!r}") from error
