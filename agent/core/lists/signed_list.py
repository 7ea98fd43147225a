"""The signed parts of a list: its head and its deltas. Each is a COSE_Sign1 by a key for lists.

Each kind has its own signature context (external_aad). So neither can pass for the other, for a trust list or for a
permit. The signed payload contains the kind and the site, so a list cannot pass for another list or site.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from agent.core.crypto import cbor, cose
from agent.core.lists.chunks import DIGEST_BYTES, MAX_CHUNK_ROWS, MAX_CHUNK_SIZE, ChunkRef
from agent.core.lists.codec import MAX_ROW_BYTES
from agent.core.lists.errors import ListError, ListFault
from agent.core.model import ListKind
from agent.core.permit import TIMES, ClaimsError, Fields, KeyStatus, Purpose
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.core.crypto import SigningKey
    from agent.core.permit import TrustEntry, TrustList

MAX_HEAD_BYTES = 262_144
MAX_CHUNKS = 4096
MAX_DELTA_BYTES = 524_288
MAX_DELTA_ROWS = 5000

_VERSIONS = range(1, 1 << 32)
_SITES = range(1, 1 << 32)
_KEY_BYTES = range(1, 65)
_KINDS: Mapping[int, ListKind] = dict(enumerate(ListKind, start=1))
_KIND_CODES: Mapping[ListKind, int] = {kind: code for code, kind in _KINDS.items()}
_KIND, _SITE, _VERSION, _ISSUED_AT, _EXPIRES_AT, _SNAPSHOT, _CHUNKS = range(1, 8)
_SINCE, _UPSERTS, _REMOVED = range(5, 8)
_CHUNK_PARTS = 3


@dataclass(frozen=True, slots=True)
class ListHead:
    """What a list is now. Times are Unix seconds.

    `version`: of its content, the newest there is. `snapshot`: the version that the chunks hold; deltas lead from it to
    `version`. A head of the same version and a later `issued_at` says that nothing has changed. `expires_at`: from then
    on it says nothing any more.
    """

    kind: ListKind
    site: int
    version: int
    issued_at: int
    expires_at: int
    snapshot: int
    chunks: tuple[ChunkRef, ...]

    @property
    def rows(self) -> int:
        """How many rows the snapshot has."""
        return sum(chunk.rows for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class ListDelta:
    """What changed from version `since` to `version`. `upserts`: encoded rows, new or changed. `removed`: keys of rows.

    A row is in it once, in one of the two.
    """

    kind: ListKind
    site: int
    since: int
    version: int
    issued_at: int
    upserts: tuple[bytes, ...]
    removed: tuple[bytes, ...]


_Said = TypeVar("_Said", ListHead, ListDelta)


@dataclass(frozen=True, slots=True)
class OpenedList(Generic[_Said]):
    """What was verified, and the id of the key that signed it."""

    said: _Said
    key_id: bytes


def seal_head(head: ListHead, key: SigningKey) -> bytes:
    """Return the signed head.

    Raises:
        ListError: it says something that `open_head` would refuse of any key.
    """
    value: dict[int | str, cbor.Value] = {
        _KIND: _KIND_CODES[head.kind],
        _SITE: head.site,
        _VERSION: head.version,
        _ISSUED_AT: head.issued_at,
        _EXPIRES_AT: head.expires_at,
        _SNAPSHOT: head.snapshot,
        _CHUNKS: [[chunk.digest, chunk.rows, chunk.size] for chunk in head.chunks],
    }
    data = _seal(value, key, _HEAD.context)
    read_head(data)
    return data


def seal_delta(delta: ListDelta, key: SigningKey) -> bytes:
    """Return the signed delta. The rows in it stay bytes: `decode_row` checks them.

    Raises:
        ListError: it says something that `open_delta` would refuse of any key.
    """
    value: dict[int | str, cbor.Value] = {
        _KIND: _KIND_CODES[delta.kind],
        _SITE: delta.site,
        _VERSION: delta.version,
        _ISSUED_AT: delta.issued_at,
        _SINCE: delta.since,
        _UPSERTS: list(delta.upserts),
        _REMOVED: list(delta.removed),
    }
    data = _seal(value, key, _DELTA.context)
    read_delta(data)
    return data


def open_head(data: bytes, trust: TrustList, site: int, utc: float) -> OpenedList[ListHead]:
    """Return the head, once it is signed by a key of this trust list that may sign lists of this site at `utc`.

    Raises:
        ListError: it is not, or not well-formed, or of another site; EXPIRED from its `expires_at` on.
    """
    opened = _open(_HEAD, data, trust, site, utc)
    head = opened.said
    if utc >= head.expires_at:
        raise ListError(
            ListFault.EXPIRED,
            Text(
                "the head of the {kind} was valid until {expires_at} Unix seconds",
                kind=head.kind,
                expires_at=head.expires_at,
            ),
        )
    return opened


def open_delta(data: bytes, trust: TrustList, site: int, utc: float) -> OpenedList[ListDelta]:
    """Return the delta, once it is signed by a key of this trust list that may sign lists of this site at `utc`.

    Raises:
        ListError: it is not, or not well-formed, or of another site.
    """
    return _open(_DELTA, data, trust, site, utc)


def read_head(data: bytes) -> OpenedList[ListHead]:
    """Return what a head says, and the id of the key that it claims. NOTHING IS VERIFIED: for a look, and to seal.

    Raises:
        ListError: it is no head.
    """
    signed = _HEAD.parse(data)
    return OpenedList(_HEAD.content(signed), signed.key_id)


def read_delta(data: bytes) -> OpenedList[ListDelta]:
    """Return what a delta says, and the id of the key that it claims. NOTHING IS VERIFIED: for a look, and to seal.

    Raises:
        ListError: it is no delta.
    """
    signed = _DELTA.parse(data)
    return OpenedList(_DELTA.content(signed), signed.key_id)


def _seal(value: cbor.Value, key: SigningKey, context: bytes) -> bytes:
    try:
        return cose.sign(cbor.encode(value), key, context)
    except cbor.CborError as error:
        raise ListError(ListFault.CONTENT_INVALID, f"it cannot be written: {error}") from None


@dataclass(frozen=True, slots=True)
class _Part(Generic[_Said]):
    """One kind of signed part: how it is signed, how large it may be, how it is read."""

    context: bytes
    longest: int
    limits: cbor.CborLimits
    read: Callable[[Fields], _Said]

    def parse(self, data: bytes) -> cose.Signed:
        if len(data) > self.longest:
            raise ListError(
                ListFault.TOO_LARGE,
                Text("{count} bytes; the limit is {longest}", count=len(data), longest=self.longest),
            )
        try:
            return cose.parse(data)
        except cose.CoseError as error:
            raise ListError(ListFault.STRUCTURE_INVALID, Text("not a COSE_Sign1: {error}", error=error)) from None

    def content(self, signed: cose.Signed) -> _Said:
        try:
            return self.read(Fields(cbor.decode(signed.payload, self.limits), "field"))
        except (cbor.CborError, ClaimsError) as error:
            raise ListError(ListFault.CONTENT_INVALID, Text("it is not well-formed: {error}", error=error)) from None


def _open(part: _Part[_Said], data: bytes, trust: TrustList, site: int, utc: float) -> OpenedList[_Said]:
    signed = part.parse(data)
    entry = _signer(signed, trust, site, utc)
    if not signed.holds(entry.key, part.context):
        raise ListError(
            ListFault.SIGNATURE_INVALID, Text("the signature of key {key_id} is not valid", key_id=signed.key_id.hex())
        )
    said = part.content(signed)
    if said.site != site:
        raise ListError(ListFault.WRONG_SITE, Text("it is for site {site}, not for {own}", site=said.site, own=site))
    return OpenedList(said, signed.key_id)


def _signer(signed: cose.Signed, trust: TrustList, site: int, utc: float) -> TrustEntry:
    """The entry of the key that the header names. Its rights are judged before its signature: that costs nothing."""
    name = signed.key_id.hex()
    entry = trust.find(signed.key_id, Purpose.LISTS)
    if entry is None:
        if any(other.key_id == signed.key_id for other in trust.entries):
            raise ListError(
                ListFault.KEY_OF_OTHER_PURPOSE, Text("signed by {name}, which is not a key for lists", name=name)
            )
        raise ListError(
            ListFault.KEY_UNKNOWN,
            Text("signed by {name}, which is not in the trust list {version}", name=name, version=trust.version),
        )
    if entry.status is not KeyStatus.ACTIVE:
        raise ListError(
            ListFault.KEY_REVOKED, Text("signed by {name}, which is {status}", name=name, status=entry.status)
        )
    if not entry.not_before <= utc <= entry.not_after:
        message = Text(
            "signed by {name}, which is valid from {not_before} to {not_after} Unix seconds",
            name=name,
            not_before=entry.not_before,
            not_after=entry.not_after,
        )
        raise ListError(ListFault.KEY_EXPIRED, message)
    if entry.sites and site not in entry.sites:
        raise ListError(
            ListFault.WRONG_SITE, Text("signed by {name}, which may not sign for site {site}", name=name, site=site)
        )
    return entry


def _head(fields: Fields) -> ListHead:
    head = ListHead(
        kind=_KINDS[fields.integer(_KIND, range(1, len(_KINDS) + 1))],
        site=fields.integer(_SITE, _SITES),
        version=fields.integer(_VERSION, _VERSIONS),
        issued_at=fields.integer(_ISSUED_AT, TIMES),
        expires_at=fields.integer(_EXPIRES_AT, TIMES),
        snapshot=fields.integer(_SNAPSHOT, _VERSIONS),
        chunks=tuple(map(_chunk, _array(fields.take_field(_CHUNKS), MAX_CHUNKS, "chunks"))),
    )
    fields.finish()
    if head.snapshot > head.version:
        raise ClaimsError(Text("the snapshot is newer than the version"))
    if not head.issued_at < head.expires_at:
        raise ClaimsError(Text("it ends before it begins"))
    return head


def _chunk(item: cbor.Value) -> ChunkRef:
    if not isinstance(item, list) or len(item) != _CHUNK_PARTS:
        raise ClaimsError(Text("a chunk without its digest, its number of rows and its size"))
    digest, rows, size = item
    if not isinstance(digest, bytes) or len(digest) != DIGEST_BYTES:
        raise ClaimsError(Text("a chunk whose digest is not {digest_bytes} bytes", digest_bytes=DIGEST_BYTES))
    return ChunkRef(digest, _count(rows, MAX_CHUNK_ROWS), _count(size, MAX_CHUNK_SIZE))


def _count(item: cbor.Value, most: int) -> int:
    if isinstance(item, bool) or not isinstance(item, int) or not 0 < item <= most:
        raise ClaimsError(Text("a chunk with a number that is not one of 1 to {most}", most=most))
    return item


def _delta(fields: Fields) -> ListDelta:
    delta = ListDelta(
        kind=_KINDS[fields.integer(_KIND, range(1, len(_KINDS) + 1))],
        site=fields.integer(_SITE, _SITES),
        since=fields.integer(_SINCE, _VERSIONS),
        version=fields.integer(_VERSION, _VERSIONS),
        issued_at=fields.integer(_ISSUED_AT, TIMES),
        upserts=_strings(fields.take_field(_UPSERTS), range(1, MAX_ROW_BYTES + 1), "upserts"),
        removed=_strings(fields.take_field(_REMOVED), _KEY_BYTES, "removed"),
    )
    fields.finish()
    if not delta.since < delta.version:
        raise ClaimsError(Text("it does not lead to a later version"))
    if len(set(delta.removed)) != len(delta.removed):
        raise ClaimsError(Text("a row is removed twice"))
    return delta


def _array(item: cbor.Value, most: int, name: str) -> list[cbor.Value]:
    if not isinstance(item, list) or len(item) > most:
        raise ClaimsError(Text("the {name} are not an array of at most {most}", name=name, most=most))
    return item


def _strings(item: cbor.Value, lengths: range, name: str) -> tuple[bytes, ...]:
    found = tuple(one for one in _array(item, MAX_DELTA_ROWS, name) if isinstance(one, bytes) and len(one) in lengths)
    if not isinstance(item, list) or len(found) != len(item):
        raise ClaimsError(
            Text(
                "the {name} are not byte strings of {least} to {most} bytes",
                name=name,
                least=lengths[0],
                most=lengths[-1],
            )
        )
    return found


_HEAD = _Part(b"gate list head 1", MAX_HEAD_BYTES, cbor.CborLimits(depth=3, items=16 + 4 * MAX_CHUNKS), _head)
_DELTA = _Part(b"gate list delta 1", MAX_DELTA_BYTES, cbor.CborLimits(depth=2, items=16 + MAX_DELTA_ROWS), _delta)
