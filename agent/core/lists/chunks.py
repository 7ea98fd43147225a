"""A snapshot in chunks. Each is the zlib stream of a CBOR array of rows, named by its digest in the signed head.

The gate compares a chunk with the head before it decompresses it, and limits the decompressed size. So it decompresses
only data that a key for lists has signed.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from agent.core.crypto import cbor
from agent.core.lists.codec import MAX_ROW_BYTES
from agent.core.lists.errors import ListError, ListFault
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK_BYTES = 65_536
MAX_CHUNK_BYTES = 1_048_576
MAX_CHUNK_SIZE = 524_288
MAX_CHUNK_ROWS = 20_000
DIGEST_BYTES = 32

_LIMITS = cbor.CborLimits(depth=1, items=1 + MAX_CHUNK_ROWS)
_LEVEL = 9


@dataclass(frozen=True, slots=True)
class ChunkRef:
    """What the head says of a chunk. `digest`: SHA-256 of its bytes as sent. `rows`: how many.

    `size`: bytes as sent.
    """

    digest: bytes
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk as it is sent, and what the head says of it."""

    ref: ChunkRef
    data: bytes


def pack_chunks(rows: Iterable[bytes]) -> Iterator[Chunk]:
    """Pack encoded rows, in their order, into chunks of about CHUNK_BYTES each before compression.

    Raises:
        ListError: TOO_LARGE; a row is longer than a gate accepts.
    """
    batch: list[bytes] = []
    size = 0
    for row in rows:
        if len(row) > MAX_ROW_BYTES:
            raise ListError(
                ListFault.TOO_LARGE,
                Text(
                    "a row of {count} bytes; the limit is {max_row_bytes}", count=len(row), max_row_bytes=MAX_ROW_BYTES
                ),
            )
        batch.append(row)
        size += len(row)
        if size >= CHUNK_BYTES or len(batch) == MAX_CHUNK_ROWS:
            yield _packed(batch)
            batch, size = [], 0
    if batch:
        yield _packed(batch)


def check_chunk(data: bytes, ref: ChunkRef) -> None:
    """Compare a chunk as it came with what the head says of it; nothing of it is unpacked.

    Raises:
        ListError: CHUNK_WRONG.
    """
    if len(data) != ref.size:
        raise ListError(
            ListFault.CHUNK_WRONG,
            Text("a chunk of {count} bytes; the head announces {size}", count=len(data), size=ref.size),
        )
    if sha256(data).digest() != ref.digest:
        raise ListError(ListFault.CHUNK_WRONG, Text("a chunk whose digest is not the one in the head"))


def unpack_chunk(data: bytes, ref: ChunkRef) -> list[bytes]:
    """Return the encoded rows of a chunk, once it is the one that the head names.

    Raises:
        ListError: CHUNK_WRONG where it is another; CONTENT_INVALID where it holds no rows, or not as many as it should.
    """
    check_chunk(data, ref)
    rows = read_chunk(data)
    if len(rows) != ref.rows:
        raise ListError(
            ListFault.CONTENT_INVALID,
            Text("a chunk of {count} rows; the head announces {rows}", count=len(rows), rows=ref.rows),
        )
    return rows


def read_chunk(data: bytes) -> list[bytes]:
    """Return the encoded rows of a chunk. NOTHING IS VERIFIED, but that it is one: for a look.

    Raises:
        ListError: CONTENT_INVALID; it holds no rows.
    """
    try:
        items = cbor.decode(_inflated(data), _LIMITS)
    except cbor.CborError as error:
        raise ListError(
            ListFault.CONTENT_INVALID, Text("a chunk that is not well-formed: {error}", error=error)
        ) from None
    rows = [item for item in items if isinstance(item, bytes)] if isinstance(items, list) else []
    if not isinstance(items, list) or len(rows) != len(items):
        raise ListError(ListFault.CONTENT_INVALID, Text("a chunk that is not an array of byte strings"))
    return rows


def _packed(rows: list[bytes]) -> Chunk:
    data = zlib.compress(cbor.encode(list(rows)), _LEVEL)
    return Chunk(ChunkRef(sha256(data).digest(), len(rows), len(data)), data)


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(data, MAX_CHUNK_BYTES)
    except zlib.error:
        raise ListError(ListFault.CONTENT_INVALID, Text("a chunk that is not a zlib stream")) from None
    if inflater.unconsumed_tail or not inflater.eof:
        message = Text(
            "a chunk that is cut short or has more than {max_chunk_bytes} bytes inflated",
            max_chunk_bytes=MAX_CHUNK_BYTES,
        )
        raise ListError(ListFault.CONTENT_INVALID, message)
    if inflater.unused_data:
        raise ListError(ListFault.CONTENT_INVALID, Text("bytes follow the zlib stream of a chunk"))
    return inflated
