"""The publisher of a site's lists: gives content a version, reports changes, signs, and keeps a snapshot ready."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.core.lists import (
    MAX_DELTA_BYTES,
    MAX_DELTA_ROWS,
    ListDelta,
    ListError,
    ListFault,
    ListHead,
    encode_row,
    kind_of,
    pack_chunks,
    row_key,
    seal_delta,
    seal_head,
)
from agent.core.model import ListKind
from agent.store.registry import PackedList
from central.publishing.publisher_database import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.clock import Clock
    from agent.core.crypto import SigningKey
    from agent.core.lists import Row
    from central.publishing.publisher_database import ListDifference, PublisherDatabase

HEAD_LIFE_S = 7 * 86_400
MAX_DELTAS = 200
DELTA_SHARE = 0.2
FEW_ROWS = 500

_KEY_SPACE = 72  # more than a removed key and its CBOR head can have
_ROW_SPACE = 3
_REST = 256


@dataclass(frozen=True, slots=True)
class ListChange:
    """What became of a list. `before`, `version`: equal where nothing differed. `whole`: a new snapshot was taken."""

    kind: ListKind
    before: int
    version: int
    upserts: int
    removed: int
    rows: int
    whole: bool


class Publisher:
    """What a central system calls. Keeps everything in the database; sends nothing itself.

    A change is one transaction with its version, its signed delta and, where one is due, its snapshot. Versions only
    rise. Methods raise PublisherDatabaseError, and ListError for a row that no gate would accept.
    """

    def __init__(
        self, database: PublisherDatabase, site: int, key: SigningKey, clock: Clock, *, head_life_s: int = HEAD_LIFE_S
    ) -> None:
        self._database = database
        self._site = site
        self._key = key
        self._clock = clock
        self._head_life_s = head_life_s
        self._floors: dict[ListKind, int] = {}

    def replace(self, kind: ListKind, rows: Iterable[Row]) -> ListChange:
        """Make these rows the whole content of a list."""
        return self.replace_encoded(kind, (_encoded(kind, row) for row in rows))

    def replace_encoded(self, kind: ListKind, rows: Iterable[tuple[bytes, bytes]]) -> ListChange:
        """Make these rows, key and bytes of `encode_row`, the whole content of a list; they are taken one by one.

        Whatever taking them raises leaves the list as it was.
        """
        with self._database.changing():
            self._database.stage(rows)
            self._database.stage_others_removed(kind)
            return self._change(kind)

    def change(self, kind: ListKind, upserts: Iterable[Row] = (), removed: Iterable[bytes] = ()) -> ListChange:
        """Add rows or replace those of the same key, and remove those of these keys."""
        changes = itertools.chain((_encoded(kind, row) for row in upserts), ((key, None) for key in removed))
        with self._database.changing():
            self._database.stage(changes)
            return self._change(kind)

    def raise_to(self, kind: ListKind, floor: int) -> bool:
        """See to it that the next version, or that of now, is above `floor`, which gates may have seen.

        Where there is a version and it is not above, its content becomes a new snapshot: no delta leads there from what
        the gates hold. Return whether that was so.
        """
        self._floors[kind] = max(floor, self._floors.get(kind, 0))
        with self._database.changing():
            standing = self._database.standing(kind)
            if standing is None or standing.version > floor:
                return False
            self._take_snapshot(kind, replace(standing, version=floor + 1))
            return True

    def head(self, kind: ListKind) -> bytes | None:
        """The head of a list, signed now: this version is the newest, says central. None while there is none.

        Where the key is another than the one that signed the deltas, a new snapshot takes their place.
        """
        with self._database.changing():
            return self._head(kind)

    @contextlib.contextmanager
    def packed(self) -> Iterator[list[PackedList]]:
        """All lists as they are, under heads signed now, for a file; nothing of them changes meanwhile."""
        with self._database.changing():
            yield [self._packed(kind, head) for kind in ListKind if (head := self._head(kind)) is not None]

    def _packed(self, kind: ListKind, head: bytes) -> PackedList:
        numbers = range(len(self._database.refs(kind)))
        chunks = (self._database.chunk(kind, number) for number in numbers)
        return PackedList(kind, head, chunks, self._database.deltas(kind))

    def _head(self, kind: ListKind) -> bytes | None:
        standing = self._database.standing(kind)
        if standing is None:
            return None
        if standing.key_id != self._key.public.key_id:
            standing = self._take_snapshot(kind, standing)
        # A clock that was set back must not make the newest head look like an old one.
        issued_at = max(int(self._clock.now().utc), standing.issued_at + 1)
        self._database.stand(kind, replace(standing, issued_at=issued_at))
        until, refs = issued_at + self._head_life_s, self._database.refs(kind)
        head = ListHead(kind, self._site, standing.version, issued_at, until, standing.snapshot, refs)
        return seal_head(head, self._key)

    def _change(self, kind: ListKind) -> ListChange:
        """Adopt what is staged, within the transaction."""
        standing = self._database.standing(kind)
        difference = self._database.difference(kind)
        before = standing.version if standing else 0
        if standing is not None and not difference.rows:
            return ListChange(kind, before, before, 0, 0, self._database.count(kind), whole=False)
        now = int(self._clock.now().utc)
        version = max(before, self._floors.get(kind, 0)) + 1
        fresh = Standing(version, version, 0, self._key.public.key_id) if standing is None else standing
        fresh = replace(fresh, version=version)
        whole = standing is None or standing.key_id != self._key.public.key_id or _too_large(difference)
        if not whole:
            said = ListDelta(
                kind, self._site, before, version, now, self._database.upserts(kind), self._database.removed(kind)
            )
            self._database.keep_delta(kind, version, difference.rows, seal_delta(said, self._key))
        self._database.adopt(kind)
        if whole or self._is_due(kind):
            # The last delta stays: a gate that is connected needs no more than that.
            self._take_snapshot(kind, fresh, deltas_from=fresh.version)
        else:
            self._database.stand(kind, fresh)
        rows = self._database.count(kind)
        return ListChange(kind, before, version, difference.upserts, difference.removed, rows, whole=whole)

    def _is_due(self, kind: ListKind) -> bool:
        """Whether the deltas have become more than a gate should have to follow."""
        deltas, rows = self._database.delta_load(kind)
        return deltas > MAX_DELTAS or rows > max(FEW_ROWS, DELTA_SHARE * self._database.count(kind))

    def _take_snapshot(self, kind: ListKind, standing: Standing, deltas_from: int | None = None) -> Standing:
        with contextlib.closing(self._database.rows(kind)) as rows:
            self._database.keep_snapshot(kind, pack_chunks(rows), deltas_from)
        taken = replace(standing, snapshot=standing.version, key_id=self._key.public.key_id)
        self._database.stand(kind, taken)
        return taken


def _encoded(kind: ListKind, row: Row) -> tuple[bytes, bytes]:
    if kind_of(row) is not kind:
        raise ListError(ListFault.WRONG_KIND, f"a row of the {kind_of(row)} among the {kind}")
    return row_key(row), encode_row(row)


def _too_large(difference: ListDifference) -> bool:
    """Whether a difference is more than one delta may hold."""
    size = _REST + difference.upsert_bytes + _ROW_SPACE * difference.upserts + _KEY_SPACE * difference.removed
    return max(difference.upserts, difference.removed) > MAX_DELTA_ROWS or size > MAX_DELTA_BYTES
