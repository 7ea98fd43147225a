"""Hostile heads, deltas, chunks and rows: nothing is taken that was not issued, nothing escapes but a ListError.

Usage: python -m tests.fuzz.lists [CASES [SEED]]
"""

from __future__ import annotations

import sys
import time
import zlib
from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from agent.core.lists.chunks import ChunkRef, pack_chunks, read_chunk, unpack_chunk
from agent.core.lists.codec import decode_row, encode_row, kind_of
from agent.core.lists.faults import ListError
from agent.core.lists.kinds import ListKind
from agent.core.lists.rows import Subject, Watched
from agent.core.lists.sealed import ListDelta, ListHead, open_delta, open_head, seal_delta, seal_head
from agent.core.permit import cbor, cose
from agent.core.permit.keys import Algorithm, SigningKey
from tests.lists import LISTS_KEY, SITE, declarations, revocations, trusted
from tests.permits import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OTHER = SigningKey.from_seed(b"o" * 32)
SECOND = SigningKey.from_seed(b"s" * 32, Algorithm.ES256)
TRUST = trusted(LISTS_KEY, SECOND)
CONTEXTS = {"head": b"gate list head 1", "delta": b"gate list delta 1"}
# What a decoder trips over: tags, floats, indefinite and huge lengths, depth, a number in a longer form.
TRAPS = (
    b"\xd8\x23",
    b"\xf9\x7e\x00",
    b"\x9f",
    b"\xbf\xff",
    b"\x9b" + b"\xff" * 8,
    b"\x5b" + b"\x7f" * 8,
    b"\x81" * 40,
    b"\x18\x01",
)

ROWS = declarations(60)
ENCODED = [
    *((ListKind.DECLARATIONS, encode_row(row)) for row in ROWS),
    *((kind_of(row), encode_row(row)) for row in revocations(ROWS[:20])),
    *((ListKind.WATCH, encode_row(Watched(Subject.VIN, row.vin, "look", NOW))) for row in ROWS[:20]),
]
CHUNKS = list(pack_chunks(data for _, data in ENCODED))
REFS = tuple(ChunkRef(bytes([n]) * 32, 600, 40_000) for n in range(30))


def _heads() -> Iterator[bytes]:
    for version in range(1, 13):
        head = ListHead(list(ListKind)[version % 3], SITE, version, NOW, NOW + 600, max(1, version - 3), REFS[:version])
        yield seal_head(head, SECOND if version % 4 == 0 else LISTS_KEY)


def _deltas() -> Iterator[bytes]:
    for version in range(2, 14):
        upserts = tuple(encode_row(row) for row in ROWS[:version])
        delta = ListDelta(ListKind.DECLARATIONS, SITE, version - 1, version, NOW, upserts, (bytes([version]) * 8,))
        yield seal_delta(delta, SECOND if version % 4 == 0 else LISTS_KEY)


ISSUED = {"head": tuple(_heads()), "delta": tuple(_deltas()), "chunk": tuple(chunk.data for chunk in CHUNKS)}
_ISSUED_SETS = {name: frozenset(issued) for name, issued in ISSUED.items()}


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile input. `judge` says whether it was taken without having been issued; it raises what escapes."""

    name: str
    data: bytes
    judge: Callable[[bytes], bool]


def cases(seed: int) -> Iterator[Case]:
    """Hostile inputs without end, the same for the same seed."""
    dice = Random(seed)  # noqa: S311 - the same inputs each time
    makers = (_signed, _signed, _signed, _chunk, _content, _row, _row)
    while True:
        yield dice.choice(makers)(dice)


def _signed(dice: Random) -> Case:
    name = dice.choice(("head", "delta"))
    if dice.random() < 0.3:
        data = _resigned(dice, name)
    else:
        data = mutated(dice, dice.choice(ISSUED[dice.choice(("head", "delta"))]))
    opened = open_head if name == "head" else open_delta

    def judge(data: bytes) -> bool:
        opened(data, TRUST, SITE, NOW)
        return data not in _ISSUED_SETS[name]

    return Case(name, data, judge)


def _resigned(dice: Random, name: str) -> bytes:
    """A changed content, well signed: by a stranger under a trusted name, or by a trusted key in another context."""
    payload = cose.parse(dice.choice(ISSUED[name])).payload
    if dice.random() < 0.7:
        return cose.sign(mutated(dice, payload), OTHER, CONTEXTS[name], key_id=LISTS_KEY.public.key_id)
    return cose.sign(
        payload, LISTS_KEY, dice.choice((b"", b"gate trust list 1", *(set(CONTEXTS.values()) - {CONTEXTS[name]})))
    )


def _chunk(dice: Random) -> Case:
    chunk = dice.choice(CHUNKS)
    # A head that is true names digest and size: only a lie about the size lets other bytes get as far as the digest.
    data = mutated(dice, chunk.data)
    ref = replace(chunk.ref, size=len(data)) if dice.random() < 0.8 else chunk.ref

    def judge(data: bytes) -> bool:
        unpack_chunk(data, ref)
        return data not in _ISSUED_SETS["chunk"]

    return Case("chunk", data, judge)


def _content(dice: Random) -> Case:
    """What a trusted key might sign by mistake: any zlib stream. It may be taken, but only as rows."""
    inner = mutated(dice, cbor.encode([data for _, data in dice.sample(ENCODED, 5)]))
    data = zlib.compress(inner, 1)
    if dice.random() < 0.3:
        data = mutated(dice, data)
    if dice.random() < 0.01:
        data = zlib.compress(bytes(dice.randrange(4_000_000)), 9)

    def judge(data: bytes) -> bool:
        return not all(isinstance(row, bytes) for row in read_chunk(data))

    return Case("content", data, judge)


def _row(dice: Random) -> Case:
    """A row inside what is signed. It may be taken, but then it is the one encoding of what it says."""
    kind, data = dice.choice(ENCODED)
    if dice.random() < 0.1:
        kind = dice.choice(list(ListKind))

    def judge(data: bytes) -> bool:
        return encode_row(decode_row(kind, data)) != data

    return Case("row", mutated(dice, data), judge)


def mutated(dice: Random, data: bytes) -> bytes:
    """The bytes with one to four changes."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        place = dice.randrange(len(changed) + 1)
        match dice.randrange(8):
            case 0 | 1 if place < len(changed):
                changed[place] = dice.randrange(256)
            case 2 if place < len(changed):
                changed[place] ^= 1 << dice.randrange(8)
            case 3:
                del changed[place:]
            case 4:
                del changed[place : place + dice.randrange(1, 40)]
            case 5:
                changed[place:place] = dice.choice(TRAPS)
            case 6:
                other = dice.choice(ISSUED[dice.choice(("head", "delta", "chunk"))])
                changed[place:] = other[dice.randrange(len(other)) :]
            case _:
                changed[place:place] = dice.randbytes(dice.randrange(1, 20))
    return bytes(changed)


@dataclass(slots=True)
class Tally:
    """What came of the cases. `worst_ms`: the longest refusal by name, in CPU time; `taken` counts what was rightly taken."""

    refused: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    forged: list[Case] = field(default_factory=list)
    escaped: list[tuple[Case, Exception]] = field(default_factory=list)
    worst_ms: dict[str, float] = field(default_factory=dict)

    def add(self, case: Case) -> None:
        """Judge a case."""
        begun = time.thread_time()  # what else runs on the machine is no part of a refusal
        try:
            forged = case.judge(case.data)
        except ListError:
            self.refused[case.name] += 1
            took_ms = 1000 * (time.thread_time() - begun)
            self.worst_ms[case.name] = max(took_ms, self.worst_ms.get(case.name, 0.0))
        except Exception as error:  # noqa: BLE001 - whatever escapes is what is looked for
            self.escaped.append((case, error))
        else:
            if forged:
                self.forged.append(case)
            else:
                self.taken[case.name] += 1


def report(tally: Tally) -> list[str]:
    """What came of the cases, in lines."""
    lines = [f"{len(tally.forged)} taken that were not issued, {len(tally.escaped)} escaped"]
    lines += [
        f"{name}: {tally.refused[name]:,} refused, {tally.taken[name]:,} as issued or well-formed,"
        f" worst refusal {tally.worst_ms[name]:.2f} ms"
        for name in sorted(tally.refused)
    ]
    lines += [f"TAKEN {case.name}: {case.data.hex()[:400]}" for case in tally.forged[:5]]
    return lines + [f"ESCAPED {case.name}: {error!r} from {case.data.hex()[:400]}" for case, error in tally.escaped[:5]]


def main() -> int:
    """Judge as many cases as were asked for, and print what came of them."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    tally = Tally()
    shown_at = time.monotonic()
    for number, case in zip(range(count), cases(seed), strict=False):
        tally.add(case)
        if time.monotonic() > shown_at + 1:
            shown_at = time.monotonic()
            sys.stderr.write(f"\r{number + 1:,} of {count:,}")
            sys.stderr.flush()
    sys.stdout.write(f"\r{count:,} inputs, seed {seed}\n" + "\n".join(report(tally)) + "\n")
    return 1 if tally.forged or tally.escaped else 0


if __name__ == "__main__":
    sys.exit(main())
