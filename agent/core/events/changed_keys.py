"""How events record a change of the configuration: all its keys, in as many events as needed.

A broker limits the size of a packet, and a form may change thousands of keys. Keys that do not fit into one event go
into the next. None is left out.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PART_BYTES: Final = 16_384
"""The keys of one event have no more as JSON: far below the 128 KiB that the smallest of the usual brokers take."""

VALUE_BYTES: Final = 4_096
"""A longer value is told by its fingerprint alone."""


class ChangedKey(BaseModel):
    """One key of the configuration that changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: str = Field(description="The key, such as commands.keys[0].public_key.")
    before: str | None = Field(
        default=None,
        description="The value before the change, as TOML. Null if there was none, or if the event does not show it.",
    )
    after: str | None = Field(
        default=None,
        description="The value after the change, as TOML. Null if there is none, or if the event does not show it.",
    )
    before_fingerprints: tuple[str, ...] = Field(
        default=(),
        description="Fingerprints of the value before the change. For each public key: sha256: and the SHA-256 of "
        "its 32 bytes. For a value that is too long: sha256: and the SHA-256 of its text. For a secret: "
        "hmac-sha256: and a hash that only the gate can make. That hash shows whether two secrets are equal, and "
        "nothing else.",
    )
    after_fingerprints: tuple[str, ...] = Field(
        default=(), description="Fingerprints of the value after the change, in the same form."
    )


def key_fingerprint(public: bytes) -> str:
    """The fingerprint of a public key of 32 bytes, as events, birth and status tell it: SHA-256 in hex."""
    return sha256(public).hexdigest()


def parts_of(changes: Sequence[ChangedKey], most_bytes: int = PART_BYTES) -> list[tuple[ChangedKey, ...]]:
    """All changes in their order, in parts of `most_bytes` of JSON at most; one empty part where there are none."""
    return list(_parts(changes, most_bytes)) or [()]


def _parts(changes: Sequence[ChangedKey], most_bytes: int) -> Iterator[tuple[ChangedKey, ...]]:
    part: list[ChangedKey] = []
    size = 0
    for change in changes:
        added = len(change.model_dump_json().encode())
        if part and size + added > most_bytes:
            yield tuple(part)
            part, size = [], 0
        part.append(change)
        size += added
    if part:
        yield tuple(part)
