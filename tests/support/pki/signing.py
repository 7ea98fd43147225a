"""A gate's key and chains with checkpoints for tests."""

from agent.core.crypto import jws
from agent.core.crypto.keys import SigningKey
from agent.core.events.chain import ClockReading, Point, Writer, beginning, seal
from agent.core.events.checkpoint import checkpoint_draft
from tests.support.store.journals import GATE, STREAM, UTC, device

KEY = SigningKey.from_seed(bytes(range(32)))
OTHER = SigningKey.from_seed(bytes(range(32, 64)))
KID = jws.kid_of(KEY.public)
KEYS = {KID: KEY.public}


def follow(before, draft, *, gate=GATE):
    """The payload of a draft after `before`, and the point it makes."""
    one = seal(draft, Writer(gate, before.stream, "boot-1"), before, ClockReading(UTC, True, 3), bytes(10))
    return one.payload, Point(before.stream, one.seq, one.digest)


def signed_chain(count, *, checkpoint_at=(), stream=STREAM, key=KEY, gate=GATE, say="event"):
    """So many payloads; those whose seq is in `checkpoint_at` are checkpoints."""
    before, payloads, points = beginning(stream), [], []
    for seq in range(1, count + 1):
        draft = checkpoint_draft(before, gate, key, UTC) if seq in checkpoint_at else device(f"{say} {seq}")
        payload, before = follow(before, draft, gate=gate)
        payloads.append(payload)
        points.append(before)
    return payloads, points
