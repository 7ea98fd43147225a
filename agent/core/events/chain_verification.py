"""Verifies that a chain of stored events is complete, or finds the first record that is not valid.

The next record confirms a record, because it contains its hash. Only a head from another source confirms the last
record. If two neighbours do not fit, the record after both shows which of them was changed. Someone who can rewrite all
records can also chain them again. The checkpoints prevent that: only the gate's key can sign them. A checkpoint proves
all events before it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from agent.core.crypto import JwsError, JwsType, jws
from agent.core.events.chain import Point, beginning, digest_of
from agent.core.events.checkpoint import Checkpoint, opened
from agent.core.events.event_types import ChainCheckpoint
from agent.core.model import SEQ_MAX
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.core.crypto import PublicKey

DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
SOURCE: Final = "/gate/"


class ChainFault(StrEnum):
    """What can be wrong with a record of a chain."""

    NOT_AN_EVENT = "not_an_event"
    ALTERED = "altered"
    GAP = "gap"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    FOREIGN_STREAM = "foreign_stream"
    CUT_OFF = "cut_off"
    CHECKPOINT_WRONG = "checkpoint_wrong"
    FOREIGN_KEY = "foreign_key"
    SIGNATURE_INVALID = "signature_invalid"


@dataclass(frozen=True, slots=True)
class ChainFlaw:
    """The first bad record: its index from 0, the seq that belongs there, what is wrong, and how that shows.

    A GAP is named at the record after it; a CUT_OFF at the index after the last record.
    """

    index: int
    seq: int | None
    fault: ChainFault
    detail: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a chain is worth.

    `records`: how many were read. `proven`: how many, from the first on, are proven by their successor or the
    head. `first`, `last`: the ends of what is in order, None where nothing is. `flaw`: None when the chain is whole.
    `signed`: the last event that a checkpoint before the flaw covers, signed by a key that was given.
    """

    records: int
    proven: int
    first: Point | None
    last: Point | None
    flaw: ChainFlaw | None
    signed: Point | None = None

    @property
    def whole(self) -> bool:
        """Whether no flaw was found."""
        return self.flaw is None


@dataclass(frozen=True, slots=True)
class _Link:
    """What one record says of its place; `trouble` is why it is not an event, "" where it is one.

    `checkpoint`: the data of an event that says it is one, whatever they hold.
    """

    index: int
    point: Point
    prev: str
    gate: str = ""
    checkpoint: object = None
    trouble: str = ""


class Verifier:
    """Takes the records of one stream one by one. Holds two at a time, and is done at the first flaw.

    `anchor`: the point just before the first record, where known; without it a start in the middle is taken as it is.
    `keys`: the gate's keys by their ids; None leaves the signatures of checkpoints unread. `checkpoints`: whether what
    they name is looked at; the chain holds without.
    """

    def __init__(
        self, anchor: Point | None = None, keys: Mapping[str, PublicKey] | None = None, *, checkpoints: bool = True
    ) -> None:
        self._keys = keys
        self._checkpoints = checkpoints
        self._before = anchor
        self._earlier: Point | None = None
        self._previous = -1
        self._waiting: _Link | None = None
        self._first: Point | None = None
        self._signed: Point | None = None
        self._count = 0
        self._broken: Verification | None = None

    @property
    def broken(self) -> bool:
        """Whether the first flaw was found: further records change nothing."""
        return self._broken is not None

    def add_record(self, record: bytes, index: int) -> None:
        """Take the next record; `index` names it in a flaw."""
        self._add_link(_read(record, index))

    def ended(self, head: Point | None = None) -> Verification:
        """The verdict. `head`: the last point as known from elsewhere, which proves the end."""
        self._judge(None if head is None else head.digest)
        return self._broken or self._whole(head)

    def _add_link(self, link: _Link) -> None:
        if self._broken is None:
            self._judge(link.prev or None)
            self._waiting = link

    def _judge(self, heir: str | None) -> None:
        """Judge the record that waits; `heir` is the hash that what follows holds of it, None where nothing says."""
        this, before = self._waiting, self._before
        self._waiting = None
        if this is None or self._broken is not None:
            return
        flaw = self._flaw(before, this, heir)
        if flaw is not None:
            at_this = flaw.index == this.index
            last = (before if at_this else self._earlier) if self._count > (not at_this) else None
            first = self._first if last else None
            vouched = before is not None and this.prev == before.digest
            proven = self._count if vouched else max(self._count - 1, 0)
            self._broken = Verification(self._count + 1, proven, first, last, flaw, self._signed)
            return
        if this.checkpoint is not None and self._keys is not None:
            self._signed = Point(this.point.stream, this.point.seq - 1, this.prev)
        self._first = self._first or this.point
        self._earlier, self._before, self._previous = before, this.point, this.index
        self._count += 1

    def _flaw(self, before: Point | None, this: _Link, heir: str | None) -> ChainFlaw | None:
        if this.trouble:
            return ChainFlaw(
                this.index, None if before is None else before.seq + 1, ChainFault.NOT_AN_EVENT, this.trouble
            )
        if before is None:
            return _flaw_at_start(this) or self._flaw_of_checkpoint(this)
        if this.prev != before.digest:
            return _flaw_of_place(before, this) or self._flaw_of_hash(before, this, heir)
        due = before.seq + 1
        for name, said, right in (
            ("stream", this.point.stream, before.stream),
            ("sequence number", this.point.seq, due),
        ):
            if said != right:
                return ChainFlaw(
                    this.index,
                    due,
                    ChainFault.ALTERED,
                    Text("it follows the previous event, but says {name} {said}", name=name, said=said),
                )
        return self._flaw_of_checkpoint(this)

    def _flaw_of_checkpoint(self, this: _Link) -> ChainFlaw | None:
        return _flaw_of_checkpoint(this, self._keys) if self._checkpoints else None

    def _flaw_of_hash(self, before: Point, this: _Link, heir: str | None) -> ChainFlaw:
        """A record that claims to be the next one but does not hold the hash of the one before: which was altered?"""
        at = this.point
        signed = this.checkpoint is not None and bool(self._keys) and _flaw_of_checkpoint(this, self._keys) is None
        if self._count and heir == at.digest:
            return ChainFlaw(
                self._previous,
                before.seq,
                ChainFault.ALTERED,
                Text("its hash differs from the hash in the next event"),
            )
        if self._count and signed:
            return ChainFlaw(
                self._previous,
                before.seq,
                ChainFault.ALTERED,
                Text("its hash differs from the hash that the next event signs"),
            )
        if self._count and heir is None:
            detail = Text("it does not match the previous event ({seq}): one of them was altered", seq=at.seq)
            return ChainFlaw(self._previous, before.seq, ChainFault.ALTERED, detail)
        detail = Text("it does not contain the hash of the previous event, and the next event does not follow from it")
        return ChainFlaw(this.index, at.seq, ChainFault.ALTERED, detail)

    def _whole(self, head: Point | None) -> Verification:
        """The verdict on records that all fit the one before; `before` is the anchor when there were none."""
        flaw: ChainFlaw | None = None
        proven = max(self._count - 1, 0)
        if head is not None:
            at = self._before or beginning(head.stream)
            if at == head:
                proven = self._count
            elif self._count and (at.stream, at.seq) == (head.stream, head.seq):
                flaw = ChainFlaw(self._previous, at.seq, ChainFault.ALTERED, Text("its hash is not that of the head"))
            else:
                detail = Text("the records end at {last}, the head is at {head}", last=at.seq, head=head.seq)
                flaw = ChainFlaw(self._previous + 1, at.seq + 1, ChainFault.CUT_OFF, detail)
        return Verification(self._count, proven, self._first, self._before if self._count else None, flaw, self._signed)


def verify(
    records: Iterable[bytes],
    *,
    anchor: Point | None = None,
    head: Point | None = None,
    keys: Mapping[str, PublicKey] | None = None,
    checkpoints: bool = True,
) -> Verification:
    """Find the first record of one stream that does not belong where it stands; see Verifier. Reads lazily."""
    verifier = Verifier(anchor, keys, checkpoints=checkpoints)
    for index, record in enumerate(records):
        verifier.add_record(record, index)
        if verifier.broken:
            break
    return verifier.ended(head)


def verify_streams(
    records: Iterable[bytes], *, heads: Mapping[str, Point] | None = None, keys: Mapping[str, PublicKey] | None = None
) -> list[Verification]:
    """Verify each stream of mixed records by itself, in the order in which they begin. `heads`: by stream.

    A record belongs to the stream whose last record it follows, else to the one that it names; what is no event, to the
    stream of the record before it.
    """
    verifiers: dict[str, Verifier] = {}
    tips: dict[str, str] = {}
    stream = ""
    for index, record in enumerate(records):
        link = _read(record, index)
        if not link.trouble:
            stream = tips.pop(link.prev, link.point.stream)
            tips[link.point.digest] = stream
        elif not verifiers:
            stream = next(iter(heads or {}), "")
        verifiers.setdefault(stream, Verifier(keys=keys))._add_link(link)  # noqa: SLF001 - read already
    for stream in heads or {}:
        verifiers.setdefault(stream, Verifier(keys=keys))
    return [verifier.ended((heads or {}).get(stream)) for stream, verifier in verifiers.items()]


def _read(record: bytes, index: int) -> _Link:
    trouble = ""
    try:
        event = json.loads(record.decode())
    except ValueError as error:
        event, trouble = None, Text("not JSON: {error}", error=error)
    except RecursionError:
        event, trouble = None, Text("not JSON: nested too deep")
    match event:
        case {"stream": str(stream), "seq": int(seq), "prev": str(prev)} if (
            stream and type(seq) is int and 1 <= seq <= SEQ_MAX and DIGEST.fullmatch(prev)
        ):
            checkpoint = (event.get("data") or {}) if event.get("type") == ChainCheckpoint.TYPE else None
            gate = unquote(str(event.get("source")).removeprefix(SOURCE))
            return _Link(index, Point(stream, seq, digest_of(record)), prev, gate, checkpoint)
        case _:
            trouble = trouble or Text("no stream, sequence number and hash of the previous event")
            return _Link(index, Point("", 0, digest_of(record)), "", trouble=trouble)


def _flaw_at_start(this: _Link) -> ChainFlaw | None:
    """A first record without an anchor: only the first event of a stream can be judged."""
    says_first = this.point.seq == 1
    if says_first == (this.prev == beginning(this.point.stream).digest):
        return None
    detail = (
        Text("its number is 1, but it does not begin the stream")
        if says_first
        else Text("it begins the stream, but its number is not 1")
    )
    return ChainFlaw(this.index, 1, ChainFault.ALTERED, detail)


def _flaw_of_place(before: Point, this: _Link) -> ChainFlaw | None:
    """A record that does not even claim to be the next one."""
    due, at = before.seq + 1, this.point
    fault, detail = None, ""
    if at.stream != before.stream:
        fault, detail = (
            ChainFault.FOREIGN_STREAM,
            Text("of stream {stream}, not {own}", stream=at.stream, own=before.stream),
        )
    elif at.seq == before.seq:
        what = (
            Text("the previous record again")
            if at.digest == before.digest
            else Text("another event with the previous number")
        )
        fault, detail = ChainFault.DUPLICATE, what
    elif at.seq < before.seq:
        fault, detail = ChainFault.OUT_OF_ORDER, Text("{seq} comes after {before}", seq=at.seq, before=before.seq)
    elif at.seq > due:
        fault, detail = ChainFault.GAP, Text("{due} to {seq} are missing", due=due, seq=at.seq - 1)
    return None if fault is None else ChainFlaw(this.index, due, fault, detail)


def _flaw_of_checkpoint(this: _Link, keys: Mapping[str, PublicKey] | None) -> ChainFlaw | None:
    """What is wrong with a checkpoint, by itself and by its signature; None also for any other event."""
    if this.checkpoint is None:
        return None
    fault: ChainFault = ChainFault.CHECKPOINT_WRONG
    detail: str = Text("it does not name an event, a hash, a key and a signature")
    match this.checkpoint:
        case {"seq": int(seq), "digest": str(digest), "key": str(kid), "signature": str(signature)}:
            if (seq, digest) != (this.point.seq - 1, this.prev):
                detail = Text("it is the checkpoint of event {seq}, but the previous event has another hash", seq=seq)
            elif keys is None or (wrong := _trouble_with_signature(this, kid, signature, keys)) is None:
                return None
            else:
                fault, detail = wrong
        case _:
            pass
    return ChainFlaw(this.index, this.point.seq, fault, detail)


def _trouble_with_signature(
    this: _Link, kid: str, signature: str, keys: Mapping[str, PublicKey]
) -> tuple[ChainFault, str] | None:
    try:
        if jws.key_named_by(signature, JwsType.CHECKPOINT) != kid:
            return ChainFault.CHECKPOINT_WRONG, Text("it is not signed by the key that it names, {kid}", kid=kid)
        if kid not in keys:
            return (
                ChainFault.FOREIGN_KEY,
                Text("it is signed by key {kid}, but only {keys} is known", kid=kid, keys=", ".join(keys))
                if len(keys) == 1
                else Text("it is signed by key {kid}, but only {keys} are known", kid=kid, keys=", ".join(keys)),
            )
        said = opened(signature, keys[kid], Checkpoint)
    except JwsError as error:
        return ChainFault.SIGNATURE_INVALID, str(error)
    if (said.gate, said.stream, said.seq, said.digest) == (
        this.gate,
        this.point.stream,
        this.point.seq - 1,
        this.prev,
    ):
        return None
    return ChainFault.CHECKPOINT_WRONG, Text("the signature is for other data than the event")
