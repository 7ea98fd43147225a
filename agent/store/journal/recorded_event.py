"""An event as the journal gives it out, with what is kept of its personal values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeptDisclosure:
    """A personal value of an event. `text`: its disclosure, None where it was erased: `erased_ms` and `rule` say so.

    `erased_ms`: Unix time; None where the disk lost it.
    """

    digest: str
    text: str | None
    erased_ms: int | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event in the journal. `payload`: the bytes to send, `hash`: their SHA-256 in hex.

    `disclosures`: what is kept of each personal value that the payload holds as a digest, in the order of the bytes.
    """

    seq: int
    id: str
    type: str
    payload: bytes
    hash: str
    disclosures: tuple[KeptDisclosure, ...] = ()
