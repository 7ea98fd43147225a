"""Ways to spoil bytes: changed, cut, lengthened, moved about, spliced with others, or made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

_INTERESTING = bytes(
    [0x00, 0x01, 0x17, 0x18, 0x1B, 0x1F, 0x3B, 0x5F, 0x7F, 0x80, 0x9F, 0xA0, 0xBF, 0xC0, 0xD2, 0xF6, 0xFB, 0xFF]
)


def _bit(rng: random.Random, data: bytearray) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _byte(rng: random.Random, data: bytearray) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.choice(_INTERESTING) if rng.random() < 0.5 else rng.randrange(256)


def _cut(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _lose(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data) + 1)
    del data[start : start + rng.randint(1, 8)]


def _insert(rng: random.Random, data: bytearray) -> None:
    place = rng.randrange(len(data) + 1)
    data[place:place] = rng.randbytes(rng.randint(1, 8))


def _append(rng: random.Random, data: bytearray) -> None:
    data += rng.choice((b"\n", b" ", b"\x00", b"=", b".", rng.randbytes(rng.randint(1, 16))))


def _repeat(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data) + 1)
    piece = data[start : start + rng.randint(1, 32)]
    data[start:start] = piece


def _swap(rng: random.Random, data: bytearray) -> None:
    if data:
        one, other = rng.randrange(len(data)), rng.randrange(len(data))
        data[one], data[other] = data[other], data[one]


_WAYS: Sequence[Callable[[random.Random, bytearray], None]] = (
    _bit,
    _byte,
    _cut,
    _lose,
    _insert,
    _append,
    _repeat,
    _swap,
)


def spoilt(rng: random.Random, data: bytes, alphabet: bytes = b"") -> bytes:
    """Bytes spoilt in one to three ways; with an alphabet, half the time by one of its characters at one place."""
    spoiling = bytearray(data)
    if alphabet and spoiling and rng.random() < 0.5:
        spoiling[rng.randrange(len(spoiling))] = rng.choice(alphabet)
        return bytes(spoiling)
    for _ in range(rng.choice((1, 1, 2, 3))):
        rng.choice(_WAYS)(rng, spoiling)
    return bytes(spoiling)


def spliced(rng: random.Random, one: bytes, other: bytes) -> bytes:
    """The front of one and the end of the other."""
    return one[: rng.randrange(len(one) + 1)] + other[rng.randrange(len(other) + 1) :]


def _integer(rng: random.Random) -> int:
    return rng.choice((0, 23, 24, 255, 256, 65535, 2**32 - 1, 2**64 - 1, -1, -24, -(2**64), rng.getrandbits(40)))


def _octets(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(40))


def _text(rng: random.Random) -> str:
    return "".join(rng.choice("aZ9新 \x00\u202e🚗") for _ in range(rng.randrange(12)))


def _simple(rng: random.Random) -> bool | None:
    return rng.choice((True, False, None))


_LEAVES = (_integer, _octets, _text, _simple)
_DEEPEST = 6


def random_item(rng: random.Random, depth: int = 0) -> object:
    """A value that CBOR has, of any kind, some of them that the subset does not accept as keys or at this depth."""
    kind = rng.randrange(7 if depth < _DEEPEST else 4)
    if kind < len(_LEAVES):
        return _LEAVES[kind](rng)
    if kind == len(_LEAVES):
        return {rng.randrange(-3, 12): random_item(rng, depth + 1) for _ in range(rng.randrange(6))}
    return [random_item(rng, depth + 1) for _ in range(rng.randrange(6))]
