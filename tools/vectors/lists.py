"""Vectors of lists: rows, a chunk, heads and deltas, and parts of each kind that a gate refuses."""

from __future__ import annotations

import zlib
from dataclasses import asdict, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from agent.core.crypto import cbor, cose
from agent.core.lists import (
    ListDelta,
    ListError,
    ListFault,
    ListHead,
    open_delta,
    open_head,
    row_key,
    seal_delta,
    seal_head,
)
from agent.core.lists.chunks import ChunkRef, unpack_chunk
from agent.core.lists.codec import decode_row, encode_row
from agent.core.model import (
    Declaration,
    DeclarationStatus,
    ListKind,
    Revocation,
    Subject,
    TraceContext,
    Watched,
)
from agent.core.permit import PLATE_KINDS
from agent.core.plates import PlateKind
from tools.vectors import example_keys as keys
from tools.vectors import permits, trust_lists
from tools.vectors.trust_lists import AT, DAY_S, SITE

if TYPE_CHECKING:
    from agent.core.crypto import SigningKey
    from agent.core.lists import Row

STORED: Final = b"\x78\x01\x01"
"""How a zlib stream begins that is one stored block: the same bytes whichever library packs it."""

SHORT: Final = replace(
    permits.DECLARATION, plate=None, plate_kind=None, reference=None, permit_id=bytes.fromhex("00000000000000a1")
)
LONG: Final = replace(
    permits.DECLARATION,
    status=DeclarationStatus.HELD,
    plate="粤Z1234港",
    plate_kind=PlateKind.HONG_KONG,
    energy=2,
    lane_mask=0b11,
    max_uses=1000,
    exporter="Khorgos Cars",
    model="E 5",
    colour="white",
    trace=TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1),
)
ROWS: Final[tuple[Row, ...]] = (
    SHORT,
    LONG,
    Revocation(permits.PERMIT.permit_id, AT + DAY_S),
    Revocation(permits.PERMIT.permit_id, AT + DAY_S, "sold"),
    Watched(Subject.PERMIT, permits.PERMIT.permit_id.hex()),
    Watched(Subject.VIN, permits.PERMIT.vin, "ask the driver", AT + DAY_S),
    Watched(Subject.PLATE, "新A12345"),
    Watched(Subject.DECLARATION, permits.PERMIT.declaration_number),
)


def _kind(row: Row) -> ListKind:
    return (
        ListKind.DECLARATIONS
        if isinstance(row, Declaration)
        else (ListKind.REVOCATIONS if isinstance(row, Revocation) else ListKind.WATCH)
    )


def written(row: Row) -> dict[str, Any]:
    """A row as JSON: byte strings in hexadecimal digits, the kind of plate as its number."""
    said = {name: value.hex() if isinstance(value, bytes) else value for name, value in asdict(row).items()}
    if isinstance(row, Declaration):
        codes = {kind.value: code for code, kind in PLATE_KINDS.items()}
        said["declaration"] = f"{row.declaration:018d}"
        said["plate_kind"] = None if row.plate_kind is None else codes[row.plate_kind]
        del said["trace"]
        said["traceparent"] = None if row.trace is None else row.trace.parent
    return said


def packed(rows: list[bytes]) -> tuple[ChunkRef, bytes]:
    """A chunk of rows. The product compresses; here the zlib stream is one stored block."""
    inflated = cbor.encode(list(rows))
    size = len(inflated)
    block = size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")
    data = STORED + block + inflated + zlib.adler32(inflated).to_bytes(4, "big")
    return ChunkRef(sha256(data).digest(), len(rows), len(data)), data


_PACKED: Final = sorted(
    (encode_row(row) for row in (SHORT, LONG)), key=lambda data: row_key(decode_row(ListKind.DECLARATIONS, data))
)
REF, CHUNK = packed(_PACKED)
HEAD: Final = ListHead(ListKind.DECLARATIONS, SITE, 42, AT - 60, AT + DAY_S, 41, (REF,))
DELTA: Final = ListDelta(
    ListKind.DECLARATIONS,
    SITE,
    41,
    42,
    AT - 60,
    (encode_row(replace(SHORT, status=DeclarationStatus.CANCELLED)),),
    (LONG.permit_id,),
)


def _raw(
    value: dict[int | str, Any], key: SigningKey = keys.LISTS, context: bytes = b"gate list head 1", **more: bytes
) -> bytes:
    return cose.sign(cbor.encode(value), key, context, **more)


def _said(data: bytes) -> dict[int | str, Any]:
    said = cbor.decode(cose.parse(data).payload)
    if not isinstance(said, dict):
        raise TypeError("a head is no map")
    return dict(said)


def _heads() -> list[tuple[str, bytes, ListFault | None]]:
    head = seal_head(HEAD, keys.LISTS)
    said, own = _said(head), keys.LISTS.public.key_id
    return [
        ("it holds", head, None),
        ("an empty list", seal_head(replace(HEAD, chunks=(), snapshot=42), keys.LISTS), None),
        ("without its tag", head[1:], ListFault.STRUCTURE_INVALID),
        ("a key that is not in the trust list", seal_head(HEAD, keys.STRANGER), ListFault.KEY_UNKNOWN),
        ("a key for permits", seal_head(HEAD, keys.ISSUER), ListFault.KEY_OF_OTHER_PURPOSE),
        ("a key that was disabled", seal_head(HEAD, keys.STOLEN_LISTS), ListFault.KEY_REVOKED),
        ("a key past its time", seal_head(HEAD, keys.OLD_LISTS), ListFault.KEY_EXPIRED),
        ("the signature of another key", _raw(said, keys.STRANGER, key_id=own), ListFault.SIGNATURE_INVALID),
        ("one bit of the signature", head[:-1] + bytes([head[-1] ^ 1]), ListFault.SIGNATURE_INVALID),
        ("a delta", seal_delta(DELTA, keys.LISTS), ListFault.SIGNATURE_INVALID),
        ("a field that there is not", _raw({**said, 8: 1}), ListFault.CONTENT_INVALID),
        ("a snapshot newer than the list", _raw({**said, 6: 43}), ListFault.CONTENT_INVALID),
        ("past its end", seal_head(replace(HEAD, expires_at=AT), keys.LISTS), ListFault.EXPIRED),
        ("of another site", seal_head(replace(HEAD, site=SITE + 1), keys.LISTS), ListFault.WRONG_SITE),
    ]


def _deltas() -> list[tuple[str, bytes, ListFault | None]]:
    delta = seal_delta(DELTA, keys.LISTS)
    said = _said(delta)
    context = b"gate list delta 1"
    return [
        ("it holds", delta, None),
        ("a head", seal_head(HEAD, keys.LISTS), ListFault.SIGNATURE_INVALID),
        ("it leads backwards", _raw({**said, 5: 43}, context=context), ListFault.CONTENT_INVALID),
        ("of another site", seal_delta(replace(DELTA, site=SITE + 1), keys.LISTS), ListFault.WRONG_SITE),
    ]


def _bad_rows() -> list[tuple[str, ListKind, bytes]]:
    said = cbor.decode(encode_row(SHORT))
    if not isinstance(said, dict):
        raise TypeError("a row is no map")
    declarations = ListKind.DECLARATIONS
    return [
        ("one use, which is left out", declarations, cbor.encode({**said, 14: 1})),
        ("any lane, which is left out", declarations, cbor.encode({**said, 12: 0})),
        ("a plate without its kind", declarations, cbor.encode({**said, 8: "新A12345"})),
        ("a field that there is not", declarations, cbor.encode({**said, 20: 1})),
        ("a plate that is not in its normal form", ListKind.WATCH, cbor.encode({1: 3, 2: "新a12345"})),
        ("keys that do not ascend", ListKind.WATCH, b"\xa2\x02" + cbor.encode("新A12345") + b"\x01\x03"),
        ("a head that is not the shortest", ListKind.WATCH, b"\xa2\x01\x18\x03\x02" + cbor.encode("新A12345")),
    ]


def _wrong_traces() -> list[tuple[str, bytes]]:
    """Rows that hold, without what is wrong in them."""
    said = cbor.decode(encode_row(SHORT))
    if not isinstance(said, dict):
        raise TypeError("a row is no map")
    traces: dict[str, Any] = {
        "a trace context whose trace id is zero is left out": b"\0" * 16 + b"\1" * 9,
        "a trace context of 24 bytes is left out": b"\1" * 24,
        "a trace context that is no byte string is left out": 1,
    }
    return [(name, cbor.encode({**said, 19: trace})) for name, trace in traces.items()]


def _head_of(head: ListHead) -> dict[str, Any]:
    chunks = [[chunk.digest.hex(), chunk.rows, chunk.size] for chunk in head.chunks]
    return {**asdict(head), "chunks": chunks}


def _delta_of(delta: ListDelta) -> dict[str, Any]:
    return {
        **asdict(delta),
        "upserts": [row.hex() for row in delta.upserts],
        "removed": [key.hex() for key in delta.removed],
    }


def head_verdict(data: bytes) -> dict[str, Any]:
    """What a gate says to a head."""
    try:
        return {"holds": _head_of(open_head(data, trust_lists.TRUST, SITE, AT).said)}
    except ListError as error:
        return {"refused": error.fault.value}


def delta_verdict(data: bytes) -> dict[str, Any]:
    """What a gate says to a delta."""
    try:
        return {"holds": _delta_of(open_delta(data, trust_lists.TRUST, SITE, AT).said)}
    except ListError as error:
        return {"refused": error.fault.value}


def chunk_verdict(data: bytes) -> dict[str, Any]:
    """What a gate says to a chunk that should be the one of HEAD."""
    try:
        return {"holds": [row.hex() for row in unpack_chunk(data, REF)]}
    except ListError as error:
        return {"refused": error.fault.value}


def row_verdict(kind: ListKind, data: bytes) -> dict[str, Any]:
    """What a gate says to a row."""
    try:
        row = decode_row(kind, data)
    except ListError as error:
        return {"refused": error.fault.value}
    return {"holds": written(row), "key": row_key(row).hex()}


def vectors() -> dict[str, Any]:
    """What `lists.json` holds. Raises ValueError where the gate says something else than is expected."""
    heads = [_case(name, data, fault, head_verdict(data)) for name, data, fault in _heads()]
    deltas = [_case(name, data, fault, delta_verdict(data)) for name, data, fault in _deltas()]
    chunks = [
        _case("it is the one that the head names", CHUNK, None, chunk_verdict(CHUNK)),
        _case("a byte behind it", CHUNK + b"\0", ListFault.CHUNK_WRONG, chunk_verdict(CHUNK + b"\0")),
        _case("another byte in it", CHUNK[:-1] + b"\0", ListFault.CHUNK_WRONG, chunk_verdict(CHUNK[:-1] + b"\0")),
    ]
    rows = [
        {"kind": _kind(row).value, **_case("a row", data := encode_row(row), None, row_verdict(_kind(row), data))}
        for row in ROWS
    ]
    rows += [
        {"kind": "declarations", **_case(name, data, None, row_verdict(ListKind.DECLARATIONS, data))}
        for name, data in _wrong_traces()
    ]
    rows += [
        {"kind": kind.value, **_case(name, data, ListFault.CONTENT_INVALID, row_verdict(kind, data))}
        for name, kind, data in _bad_rows()
    ]
    return {
        "about": "Parts of lists in hexadecimal digits, and the answer of a gate of this site at this time with this "
        "trust list. The chunk is a zlib stream of one stored block; publishers compress.",
        "site": SITE,
        "at": AT,
        "trust_list": trust_lists.TEXT.decode("ascii"),
        "chunk_in_head": [REF.digest.hex(), REF.rows, REF.size],
        "heads": heads,
        "deltas": deltas,
        "chunks": chunks,
        "rows": rows,
    }


def _case(name: str, data: bytes, fault: ListFault | None, said: dict[str, Any]) -> dict[str, Any]:
    if said.get("refused") != (fault and fault.value):
        raise ValueError(f"list, {name}: {said}")
    return {"name": name, "bytes": data.hex(), "expect": said}
