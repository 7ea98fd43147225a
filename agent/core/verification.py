"""The proof that a chain of stored events is whole, or the first record that is not.

A record is vouched for by the record after it, which holds its hash; the last one only by a head known from elsewhere.
Where two neighbours do not fit, the record after both tells which of them was altered.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

from agent.core.chain import SEQ_MAX, Point, beginning, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Fault(StrEnum):
    """What can be wrong with a record of a chain."""

    NOT_AN_EVENT = "not_an_event"
    ALTERED = "altered"
    GAP = "gap"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    FOREIGN_STREAM = "foreign_stream"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first bad record: its index from 0, the seq that belongs there, what is wrong, and how that shows.

    A GAP is named at the record after it; a CUT_OFF at the index after the last record.
    """

    index: int
    seq: int | None
    fault: Fault
    detail: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a chain is worth.

    `records`: how many were read. `proven`: how many, from the first on, are vouched for by their successor or the head.
    `first`, `last`: the ends of what is in order, None where nothing is. `flaw`: None when the chain is whole.
    """

    records: int
    proven: int
    first: Point | None
    last: Point | None
    flaw: Flaw | None

    @property
    def whole(self) -> bool:
        """Whether no flaw was found."""
        return self.flaw is None


@dataclass(frozen=True, slots=True)
class _Link:
    """What one record says of its place; `trouble` is why it is no event, "" where it is one."""

    point: Point
    prev: str
    trouble: str = ""


def verify(records: Iterable[bytes], *, anchor: Point | None = None, head: Point | None = None) -> Verification:
    """Find the first record that does not belong where it stands.

    `anchor`: the point just before the first record, where known; without it a start in the middle is taken as it is.
    `head`: the last point as known from elsewhere (a checkpoint, the journal itself), which proves the end.
    Reads lazily and holds two records at a time.
    """
    first: Point | None = None
    earlier: Point | None = None
    before = anchor
    count = 0
    for this, following in pairwise(chain(map(_read, records), (None,))):
        if this is None:
            break
        flaw = _flaw(count, before, this, _heir(following, head))
        if flaw is not None:
            vouched = before is not None and this.prev == before.digest
            last = (before if flaw.index == count else earlier) if flaw.index else None
            return Verification(count + 1, count if vouched else max(count - 1, 0), first if last else None, last, flaw)
        first = first or this.point
        earlier, before = before, this.point
        count += 1
    return _ended(count, first, before, head)


def _ended(count: int, first: Point | None, last: Point | None, head: Point | None) -> Verification:
    """The verdict on records that all fit the one before; `last` is the anchor when there were none."""
    flaw: Flaw | None = None
    proven = max(count - 1, 0)
    if head is not None:
        at = last or beginning(head.stream)
        if at == head:
            proven = count
        elif count and (at.stream, at.seq) == (head.stream, head.seq):
            flaw = Flaw(count - 1, at.seq, Fault.ALTERED, "its hash is not that of the head")
        else:
            flaw = Flaw(count, at.seq + 1, Fault.CUT_OFF, f"the records end at {at.seq}, the head is at {head.seq}")
    return Verification(count, proven, first, last if count else None, flaw)


def _read(record: bytes) -> _Link:
    trouble = ""
    try:
        event = json.loads(record.decode())
    except ValueError as error:
        event, trouble = None, f"not JSON: {error}"
    except RecursionError:
        event, trouble = None, "not JSON: nested too deep"
    match event:
        case {"stream": str(stream), "seq": int(seq), "prev": str(prev)} if (
            stream and type(seq) is int and 1 <= seq <= SEQ_MAX and DIGEST.fullmatch(prev)
        ):
            return _Link(Point(stream, seq, digest_of(record)), prev)
        case _:
            trouble = trouble or "no stream, sequence number and hash of the event before"
            return _Link(Point("", 0, digest_of(record)), "", trouble)


def _heir(following: _Link | None, head: Point | None) -> str | None:
    """The hash that what follows a record holds of it; None where nothing says."""
    if following is None:
        return None if head is None else head.digest
    return following.prev or None


def _flaw(index: int, before: Point | None, this: _Link, heir: str | None) -> Flaw | None:
    due = None if before is None else before.seq + 1
    at = this.point
    if this.trouble:
        return Flaw(index, due, Fault.NOT_AN_EVENT, this.trouble)
    if before is None:
        return _flaw_at_start(this)
    if this.prev != before.digest:
        return _flaw_of_place(index, before, at) or _flaw_of_hash(index, before, at, heir)
    if at.stream != before.stream:
        return Flaw(index, due, Fault.ALTERED, f"it follows the event before but says stream {at.stream}")
    if at.seq != due:
        return Flaw(index, due, Fault.ALTERED, f"it follows the event before but says sequence number {at.seq}")
    return None


def _flaw_at_start(this: _Link) -> Flaw | None:
    """A first record without an anchor: only the first event of a stream can be judged."""
    says_first = this.point.seq == 1
    if says_first == (this.prev == beginning(this.point.stream).digest):
        return None
    detail = "it says 1 but does not begin its stream" if says_first else "it begins its stream but does not say 1"
    return Flaw(0, 1, Fault.ALTERED, detail)


def _flaw_of_place(index: int, before: Point, at: Point) -> Flaw | None:
    """A record that does not even claim to be the next one."""
    due = before.seq + 1
    if at.stream != before.stream:
        return Flaw(index, due, Fault.FOREIGN_STREAM, f"of stream {at.stream}, not {before.stream}")
    if at.seq == before.seq:
        what = "the record before once more" if at.digest == before.digest else "another event with the number before"
        return Flaw(index, due, Fault.DUPLICATE, what)
    if at.seq < before.seq:
        return Flaw(index, due, Fault.OUT_OF_ORDER, f"{at.seq} comes after {before.seq}")
    if at.seq > due:
        return Flaw(index, due, Fault.GAP, f"{due} to {at.seq - 1} are missing")
    return None


def _flaw_of_hash(index: int, before: Point, at: Point, heir: str | None) -> Flaw:
    """A record that claims to be the next one but does not hold the hash of the one before: which was altered?"""
    if index and heir == at.digest:
        return Flaw(index - 1, before.seq, Fault.ALTERED, "its hash is not the one that the next event holds")
    if index and heir is None:
        return Flaw(index - 1, before.seq, Fault.ALTERED, f"it and the last one ({at.seq}) do not fit: one was altered")
    return Flaw(index, at.seq, Fault.ALTERED, "it does not hold the hash of the event before, nor does the next fit it")
