"""Parts of lists laid open: what each says of itself, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.cli.permit.files import PermitFileError
from agent.clock import Clock
from agent.core.lists import (
    MAX_CHUNK_SIZE,
    MAX_DELTA_BYTES,
    ListError,
    decode_row,
    open_delta,
    open_head,
    read_chunk,
    read_delta,
    read_head,
    unpack_chunk,
)
from agent.core.permit import PREFIX, TrustError, TrustList, load
from agent.store.registry import TRUST_NAME, read_pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from agent.core.crypto import PublicKey
    from agent.core.lists import ListHead
    from agent.core.model import ListKind
    from agent.store.registry import Pack

_COSE = b"\xd2"
_LONGEST = max(MAX_CHUNK_SIZE, MAX_DELTA_BYTES)
HOLDS = "holds"
UNVERIFIED = "NOT VERIFIED"


@dataclass(frozen=True, slots=True)
class InspectedPart:
    """One part. `sound`: well-formed, and it holds where that could be asked.

    `says`: its fields, times in Unix seconds.
    """

    name: str
    what: str
    says: dict[str, Any] = field(default_factory=dict)
    verdict: str = UNVERIFIED
    sound: bool = True


class PartInspector:
    """Looks at parts. `roots`: pinned keys, none where nothing is to be verified. `site`: else the one a part names."""

    def __init__(self, roots: Sequence[PublicKey], trust: TrustList | None, site: int | None) -> None:
        self._roots = roots
        self._trust = trust
        self._site = site
        self._utc = Clock().now().utc

    def file(self, path: Path) -> InspectedPart:
        """Look at a file that holds one message. Raises PermitFileError."""
        try:
            with path.open("rb") as file:
                data = file.read(_LONGEST + 1)
        except OSError as error:
            raise PermitFileError(f"{path} cannot be read: {error.strerror}") from None
        return self.part(str(path), data)

    def part(self, name: str, data: bytes) -> InspectedPart:
        """Look at one message."""
        if data.startswith(PREFIX):
            return self.trust_list(name, data)
        if not data.startswith(_COSE):
            return _chunk(name, data)
        try:
            read_head(data)
        except ListError as not_a_head:
            try:
                read_delta(data)
            except ListError:
                return InspectedPart(name, "not a part of a list", verdict=str(not_a_head), sound=False)
            return self.delta(name, data)
        return self.head(name, data)

    def trust_list(self, name: str, text: bytes) -> InspectedPart:
        """Look at a trust list; where it holds, what comes after is judged by it, unless another was given."""
        if not self._roots:
            return InspectedPart(name, "trust list", {"characters": len(text)})
        try:
            trust = load(text, self._roots)
        except TrustError as error:
            return InspectedPart(name, "trust list", verdict=f"{error.fault}: {error}", sound=False)
        self._trust = self._trust or trust
        keys = ", ".join(f"{entry.key_id.hex()} {entry.purpose} {entry.status}" for entry in trust.entries)
        says = {"version": trust.version, "issued_at": trust.issued_at, "expires_at": trust.expires_at, "keys": keys}
        return InspectedPart(name, "trust list", says, HOLDS)

    def head(self, name: str, data: bytes) -> InspectedPart:
        """Look at a head."""
        try:
            opened = read_head(data)
        except ListError as error:
            return InspectedPart(name, "head", verdict=f"{error.fault}: {error}", sound=False)
        head = opened.said
        says = {
            "list": head.kind.value,
            "site": head.site,
            "version": head.version,
            "issued_at": head.issued_at,
            "expires_at": head.expires_at,
            "snapshot": head.snapshot,
            "chunks": len(head.chunks),
            "rows": head.rows,
            "key": opened.key_id.hex(),
        }
        return self._judged(InspectedPart(name, "head", says), data)

    def delta(self, name: str, data: bytes) -> InspectedPart:
        """Look at a delta and its rows."""
        try:
            opened = read_delta(data)
            _count_rows(opened.said.kind, opened.said.upserts)
        except ListError as error:
            return InspectedPart(name, "delta", verdict=f"{error.fault}: {error}", sound=False)
        delta = opened.said
        says = {
            "list": delta.kind.value,
            "site": delta.site,
            "since": delta.since,
            "version": delta.version,
            "issued_at": delta.issued_at,
            "upserts": len(delta.upserts),
            "removed": len(delta.removed),
            "key": opened.key_id.hex(),
        }
        return self._judged(InspectedPart(name, "delta", says), data)

    def pack(self, path: Path) -> Iterator[InspectedPart]:
        """Look at everything in a pack. Raises PackError."""
        with read_pack(path) as pack:
            if pack.trust is not None:
                yield self.trust_list(TRUST_NAME, pack.trust.rstrip(b"\r\n"))
            for kind in pack.kinds:
                data = pack.head(kind)
                yield self.head(f"{kind}/head", data)
                try:
                    yield _snapshot(pack, read_head(data).said)
                except ListError as error:
                    yield InspectedPart(f"{kind}/snap", "snapshot", verdict=f"{error.fault}: {error}", sound=False)
                for version in pack.deltas(kind):
                    yield self.delta(f"{kind}/delta/{version}", pack.delta(kind, version))

    def _judged(self, inspected: InspectedPart, data: bytes) -> InspectedPart:
        if self._trust is None:
            return inspected
        site = self._site or int(inspected.says["site"])
        try:
            if inspected.what == "head":
                open_head(data, self._trust, site, self._utc)
            else:
                open_delta(data, self._trust, site, self._utc)
        except ListError as error:
            return InspectedPart(inspected.name, inspected.what, inspected.says, f"{error.fault}: {error}", sound=False)
        return InspectedPart(inspected.name, inspected.what, inspected.says, HOLDS)


def _chunk(name: str, data: bytes) -> InspectedPart:
    try:
        rows = read_chunk(data)
    except ListError as error:
        return InspectedPart(name, "not a part of a list", verdict=str(error), sound=False)
    shown = {"rows": len(rows), "bytes": len(data)}
    return InspectedPart(name, "chunk", shown, "well-formed; only a head can prove it")


def _snapshot(pack: Pack, head: ListHead) -> InspectedPart:
    """All chunks of a head, held against it, and all their rows."""
    rows = 0
    for number, ref in enumerate(head.chunks):
        name = f"{head.kind}/snap/{number}"
        data = pack.chunk(head.kind, number)
        if data is None:
            return InspectedPart(name, "chunk", verdict="chunk_missing: it is not in the pack", sound=False)
        try:
            rows += _count_rows(head.kind, unpack_chunk(data, ref))
        except ListError as error:
            return InspectedPart(name, "chunk", verdict=f"{error.fault}: {error}", sound=False)
    says = {"chunks": len(head.chunks), "rows": rows}
    return InspectedPart(f"{head.kind}/snap", "snapshot", says, "all chunks are those that the head names")


def _count_rows(kind: ListKind, rows: Iterable[bytes]) -> int:
    """How many rows there are, every one of them read. Raises ListError."""
    return len([decode_row(kind, row) for row in rows])
