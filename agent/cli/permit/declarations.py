"""Declarations out of a file, for a look at a reference.

A signed pack of lists, or what an issuer is about to publish.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from agent.cli.permit.files import PermitFileError
from agent.core.lists import ListError, decode_row, open_delta, open_head, unpack_chunk
from agent.core.model import Declaration, ListKind
from agent.store.registry import Pack, PackError, read_pack
from central.publishing import SourceError, entries

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from agent.core.lists import ListHead
    from agent.core.permit import TrustList

_KIND = ListKind.DECLARATIONS


def declared(file: Path, digest: bytes, trust: TrustList, site: int, utc: float) -> Declaration | None:
    """The declaration with this reference in a file; None where none has it. `trust`: verifies the lists of a pack.

    Raises:
        PermitFileError: the file cannot be read, is refused, or lacks a part.
    """
    try:
        if not zipfile.is_zipfile(file):
            found = _Found(digest)
            found.add_rows(entry.data for entry in entries(file, _KIND, site))
            return found.row
        with read_pack(file) as pack:
            return _in_pack(pack, digest, trust, site, utc)
    except ListError as error:
        raise PermitFileError(f"{file}: the declarations are refused: {error}") from None
    except (PackError, SourceError) as error:
        raise PermitFileError(str(error)) from None


class _Found:
    """The row with a reference, as rows pass by: a later one of the same permit takes the place of the earlier."""

    def __init__(self, digest: bytes) -> None:
        self._digest = digest
        self.row: Declaration | None = None

    def add_rows(self, rows: Iterable[bytes]) -> None:
        for data in rows:
            row = decode_row(_KIND, data)
            if isinstance(row, Declaration) and row.reference == self._digest:
                self.row = row
            elif self.row is not None and isinstance(row, Declaration) and row.permit_id == self.row.permit_id:
                self.row = None

    def remove_rows(self, keys: Iterable[bytes]) -> None:
        if self.row is not None and self.row.permit_id in set(keys):
            self.row = None


def _in_pack(pack: Pack, digest: bytes, trust: TrustList, site: int, utc: float) -> Declaration | None:
    if _KIND not in pack.kinds:
        raise PermitFileError("the pack contains no declarations")
    head = open_head(pack.head(_KIND), trust, site, utc).said
    found = _Found(digest)
    for number, ref in enumerate(head.chunks):
        chunk = pack.chunk(_KIND, number)
        if chunk is None:
            raise PermitFileError(f"the pack lacks part {number} of its declarations")
        found.add_rows(unpack_chunk(chunk, ref))
    _follow(pack, head, found, trust, (site, utc))
    return found.row


def _follow(pack: Pack, head: ListHead, found: _Found, trust: TrustList, where: tuple[int, float]) -> None:
    version = head.snapshot
    for leads_to in pack.deltas(_KIND):
        if version < leads_to <= head.version:
            delta = open_delta(pack.delta(_KIND, leads_to), trust, *where).said
            if delta.since != version:
                break
            found.remove_rows(delta.removed)
            found.add_rows(delta.upserts)
            version = delta.version
    if version != head.version:
        raise PermitFileError(f"the pack leads to version {version} of its declarations, not to {head.version}")
