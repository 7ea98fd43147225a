"""How far a stream is proven: from its watermark over the events that follow it, without a database.

The rule is `docs/events.md`: each event names the SHA-256 of the one before it. The gate's signature in a checkpoint
covers the event before the checkpoint, and by the chain all before that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from agent.core.crypto import JwsError, PublicKey
from agent.core.events import Checkpoint, opened

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECKPOINT: Final = "chain.checkpoint"


@dataclass(frozen=True, slots=True)
class Link:
    """An event in its place. `payload`: of a checkpoint, else empty; the digests are in hex."""

    seq: int
    prev: str
    digest: str
    payload: bytes = b""


@dataclass(slots=True)
class ChainWalk:
    """How far the proof of a stream has come, and what it met. `keys`: those that were noted for the gate."""

    gate: str
    stream: str
    seq: int
    digest: str
    signed_seq: int
    keys: Sequence[PublicKey] = ()
    broken: Link | None = None
    bad_checkpoints: list[Link] = field(default_factory=list)

    def step(self, link: Link) -> bool:
        """Go over the next event. False: it is not the next one, or does not follow; then nothing changed."""
        if link.seq != self.seq + 1:
            return False
        if link.prev != self.digest:
            self.broken = link
            return False
        if link.payload and self.keys:
            self._checkpoint(link)
        self.seq, self.digest = link.seq, link.digest
        return True

    def _checkpoint(self, link: Link) -> None:
        said = signed_point(link.payload, self.keys)
        if said == (self.gate, self.stream, link.seq - 1, link.prev):
            self.signed_seq = max(self.signed_seq, link.seq - 1)
        else:
            self.bad_checkpoints.append(link)


def signed_point(payload: bytes, keys: Sequence[PublicKey]) -> tuple[str, str, int, str] | None:
    """Gate, stream, seq and digest that a checkpoint's signature covers; None: by none of the keys. Never raises."""
    try:
        text = json.loads(payload)["data"]["signature"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(text, str):
        return None
    for key in keys:
        try:
            said = opened(text, key, Checkpoint)
        except JwsError:
            continue
        return said.gate, said.stream, said.seq, said.digest
    return None
