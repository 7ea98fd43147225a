"""Snapshots in chunks."""

from __future__ import annotations

import zlib
from dataclasses import replace
from functools import cache
from hashlib import sha256

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.lists.chunks import (
    CHUNK_BYTES,
    MAX_CHUNK_BYTES,
    MAX_CHUNK_ROWS,
    MAX_CHUNK_SIZE,
    ChunkRef,
    pack_chunks,
    read_chunk,
    unpack_chunk,
)
from agent.core.lists.codec import MAX_ROW_BYTES, encode_row
from agent.core.lists.errors import ListError, ListFault
from tests.support.lists.lists import declarations


@cache
def rows():
    """More than fit into two chunks."""
    return [encode_row(row) for row in declarations(1500)]


def named(data, rows=1):
    """The reference that a head would have for these bytes."""
    return ChunkRef(sha256(data).digest(), rows, len(data))


def refusal(data, ref):
    with pytest.raises(ListError) as caught:
        unpack_chunk(data, ref)
    return caught.value


def test_rows_come_back_in_their_order():
    chunks = list(pack_chunks(rows()))
    assert len(chunks) > 2
    assert [row for chunk in chunks for row in unpack_chunk(chunk.data, chunk.ref)] == rows()
    assert sum(chunk.ref.rows for chunk in chunks) == len(rows())


def test_a_chunk_is_the_array_that_the_page_shows():
    (chunk,) = pack_chunks(rows()[:3])
    assert cbor2.loads(zlib.decompress(chunk.data)) == rows()[:3]
    assert chunk.ref == named(chunk.data, rows=3)


def test_no_rows_are_no_chunks():
    assert list(pack_chunks([])) == []


def test_chunks_are_bounded_by_bytes_and_by_rows():
    for chunk in pack_chunks([bytes([1]) * MAX_ROW_BYTES] * 200):
        assert len(zlib.decompress(chunk.data)) < CHUNK_BYTES + 2 * MAX_ROW_BYTES
    tiny = list(pack_chunks([b"\x01"] * (MAX_CHUNK_ROWS + 1)))
    assert [chunk.ref.rows for chunk in tiny] == [MAX_CHUNK_ROWS, 1]
    assert all(unpack_chunk(chunk.data, chunk.ref) for chunk in tiny)


def test_rows_that_do_not_compress_still_fit_what_a_gate_accepts():
    noise = [sha256(bytes([n % 256, n // 256])).digest() * 4 for n in range(600)]
    assert max(chunk.ref.size for chunk in pack_chunks(noise)) < MAX_CHUNK_SIZE


def test_a_row_that_no_gate_accepts_is_not_packed():
    with pytest.raises(ListError) as caught:
        list(pack_chunks([bytes(MAX_ROW_BYTES + 1)]))
    assert caught.value.fault is ListFault.TOO_LARGE


def test_another_chunk_than_the_named_one_is_not_inflated(mocker):
    one, two, *_ = pack_chunks(rows())
    inflate = mocker.spy(zlib, "decompressobj")
    assert refusal(two.data, one.ref).fault is ListFault.CHUNK_WRONG
    assert refusal(one.data[:-1], one.ref).fault is ListFault.CHUNK_WRONG
    assert refusal(one.data + b"x", one.ref).fault is ListFault.CHUNK_WRONG
    assert refusal(b"", one.ref).fault is ListFault.CHUNK_WRONG
    assert refusal(one.data[:-1] + b"x", one.ref).fault is ListFault.CHUNK_WRONG
    assert inflate.call_count == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no zlib", "not a zlib stream"),
        (zlib.compress(cbor2.dumps([b"x"]))[:-1], "cut short"),
        (zlib.compress(cbor2.dumps([b"x"])) + b"x", "bytes follow"),
        (zlib.compress(bytes(MAX_CHUNK_BYTES + 1)), "more than 1048576 bytes"),
        (zlib.compress(cbor2.dumps([1])), "not an array of byte strings"),
        (zlib.compress(cbor2.dumps({1: b"x"})), "not an array of byte strings"),
        (zlib.compress(cbor2.dumps([b"x", [b"y"]])), "not well-formed"),
        (zlib.compress(cbor2.dumps([b"x"]) + b"\x00"), "not well-formed"),
        (zlib.compress(b"\x9f\x41\x00\xff"), "not well-formed"),
        (zlib.compress(cbor2.dumps([b""] * (MAX_CHUNK_ROWS + 1))), "not well-formed"),
        (zlib.compress(b""), "not well-formed"),
    ],
    ids=range(11),
)
def test_what_is_signed_and_no_chunk_is_refused(data, words):
    error = refusal(data, named(data))
    assert error.fault is ListFault.CONTENT_INVALID
    assert words in str(error)


def test_a_bomb_is_refused():
    data = zlib.compress(bytes(300 * 1_048_576))
    assert "more than 1048576 bytes" in str(refusal(data, named(data)))


def test_other_rows_than_the_head_counts_are_refused():
    (chunk,) = pack_chunks(rows()[:3])
    assert refusal(chunk.data, replace(chunk.ref, rows=2)).fault is ListFault.CONTENT_INVALID


@given(st.binary(max_size=400))
def test_random_bytes_are_no_chunk_or_rows(data):
    for candidate in (data, zlib.compress(data)):
        try:
            rows = read_chunk(candidate)
        except ListError:
            continue
        assert all(isinstance(row, bytes) for row in rows)
