"""Keeps one list in step with central.

It decides what to apply, what to fetch and what to request, for messages in any order:

    state, effects = step(state, sync_event, rules)

The caller passes only verified data. An older list never replaces the list in use. The step prefers deltas that
continue the list in use, and takes a snapshot only if it is newer. If the gate cannot find data that central has, it
requests the data again. It asks the broker first, then the publisher, with growing pauses. Only one effect that changes
the list is in progress at a time, until `Known` or `Failed` ends it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, assert_never

from agent.core.lists.errors import ListFault
from agent.core.lists.sync_io import (
    ApplyDelta,
    ApplySnapshot,
    ChunkSeen,
    Connected,
    DeltaSeen,
    Disconnected,
    DropSnapshot,
    Failed,
    FetchChunks,
    FetchDeltas,
    FetchSnapshot,
    HeadSeen,
    Known,
    Refresh,
    Reject,
    RequestList,
    Tick,
)
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.core.lists.signed_list import ListHead
    from agent.core.lists.sync_io import Change, Effect, HeldDelta, SyncEvent, SyncRules


@dataclass(frozen=True, slots=True)
class SyncState:
    """Where the gate stands with one list.

    `fetching`: the head whose chunks are collected; `missing`: those not there yet; `asked`: those of the window that
    are asked for one by one, once `windowed`.
    `bad`: what was refused for its content, and is not tried again. `since_at`: when something last helped; `tries`:
    how often was asked since. `retry_at`: before it, nothing is applied.
    """

    version: int = 0
    issued_at: int = 0
    connected: bool = False
    head: ListHead | None = None
    deltas: tuple[HeldDelta, ...] = ()
    fetching: ListHead | None = None
    missing: frozenset[int] = frozenset()
    asked: frozenset[int] = frozenset()
    windowed: bool = False
    doing: Change | None = None
    bad: tuple[object, ...] = ()
    since_at: float = 0.0
    tries: int = 0
    failures: int = 0
    retry_at: float = 0.0


BAD_KEPT = 8

_Step: TypeAlias = "tuple[SyncState, tuple[Effect, ...]]"


def step(state: SyncState, sync_event: SyncEvent, rules: SyncRules) -> _Step:
    """Return the state after what happened, and what to do now, in this order."""
    if isinstance(sync_event, Disconnected):
        return replace(state, connected=False), ()
    if isinstance(sync_event, HeadSeen) and sync_event.head.version < state.version:
        text = Text(
            "a head of version {version}, while version {in_use} is in use",
            version=sync_event.head.version,
            in_use=state.version,
        )
        return state, (Reject(ListFault.ROLLED_BACK, text),)
    return _onward(_after(state, sync_event, rules), sync_event.at, rules)


def _after(
    state: SyncState,
    sync_event: Connected | Known | HeadSeen | DeltaSeen | ChunkSeen | Failed | Tick,
    rules: SyncRules,
) -> SyncState:
    match sync_event:
        case Connected(at):
            state = replace(state, connected=True, asked=frozenset(), since_at=at, tries=0)
        case Known():
            state = _known(state, sync_event)
        case HeadSeen(head, at):
            state = _headed(state, head, at)
        case DeltaSeen(delta, at):
            state = _held(state, delta, at, rules)
        case ChunkSeen():
            state = _chunk(state, sync_event)
        case Failed():
            state = _failed(state, sync_event, rules)
        case Tick():
            pass
        case _:
            assert_never(sync_event)
    return state


# ------------------------------------------------------------------------------------------------------ what happened


def _known(state: SyncState, now: Known) -> SyncState:
    moved = now.version != state.version
    return replace(
        state,
        version=now.version,
        issued_at=now.issued_at,
        deltas=tuple(delta for delta in state.deltas if delta.version > now.version),
        doing=None,
        since_at=now.at if moved else state.since_at,
        tries=0 if moved else state.tries,
        failures=0 if moved else state.failures,
        retry_at=now.at if moved else state.retry_at,
    )


def _headed(state: SyncState, head: ListHead, at: float) -> SyncState:
    known = state.head
    if known is not None and _age(head) <= _age(known):
        return state
    news = known is None or head.version > known.version
    return replace(state, head=head, since_at=at if news else state.since_at, tries=0 if news else state.tries)


def _held(state: SyncState, delta: HeldDelta, at: float, rules: SyncRules) -> SyncState:
    if delta.version <= state.version or delta in state.bad or delta in state.deltas:
        return state
    kept: list[HeldDelta] = []
    size = 0
    # The next ones are worth most: what comes after them can be fetched again.
    for each in sorted((*state.deltas, delta), key=lambda one: (one.since, one.version)):
        size += each.size
        if len(kept) == rules.held or size > rules.held_bytes:
            break
        kept.append(each)
    leads_on = delta.since == state.version
    return replace(state, deltas=tuple(kept), since_at=at if leads_on or not state.deltas else state.since_at)


def _chunk(state: SyncState, chunk: ChunkSeen) -> SyncState:
    fetching = state.fetching
    if fetching is None or chunk.snapshot != fetching.snapshot or chunk.number not in state.missing:
        return state
    gone = {chunk.number}
    return replace(state, missing=state.missing - gone, asked=state.asked - gone, since_at=chunk.at, tries=0)


def _failed(state: SyncState, failed: Failed, rules: SyncRules) -> SyncState:
    pause_s = min(rules.retry_s * 2**state.failures, rules.cap_s)
    doing = state.doing
    state = replace(state, doing=None, failures=state.failures + 1, retry_at=failed.at + pause_s)
    match doing, failed.fault:
        case _, None | ListFault.DISK_FULL:
            return state
        case ApplySnapshot(), ListFault.CHUNK_WRONG | ListFault.CHUNK_MISSING:
            return replace(state, fetching=None)  # what was kept outside is not what came: fetch it again
        case ApplySnapshot(head), _:
            return replace(_bad(state, _content(head)), retry_at=failed.at)
        case ApplyDelta(delta), _:
            others = tuple(each for each in state.deltas if each != delta)
            return replace(_bad(state, delta), deltas=others, retry_at=failed.at)
        case _:
            return state


def _bad(state: SyncState, what: object) -> SyncState:
    return replace(state, bad=(*state.bad[1 - BAD_KEPT :], what))


def _age(head: ListHead) -> tuple[int, int, int]:
    """What makes a head newer than another; a new snapshot may come within the second of the head before."""
    return head.version, head.issued_at, head.snapshot


def _content(head: ListHead) -> object:
    return head.snapshot, head.chunks


# ------------------------------------------------------------------------------------------------------ what to do now


def _onward(state: SyncState, at: float, rules: SyncRules) -> _Step:
    if state.doing is not None:
        return state, ()
    state, effects = _settled_fetch(state, at, rules)
    change = _change(state) if at >= state.retry_at else None
    if change is not None:
        return replace(state, doing=change), (*effects, change)
    state, asking = _ask(state, at, rules)
    return state, (*effects, *asking)


def _settled_fetch(state: SyncState, at: float, rules: SyncRules) -> _Step:
    """Fetch the snapshot that is needed, and no other."""
    needed = _needed(state)
    fetching = state.fetching
    if needed is not None and fetching is not None and _content(needed) == _content(fetching):
        return replace(state, fetching=needed), ()
    effects: list[Effect] = []
    if fetching is not None:
        effects.append(DropSnapshot(fetching))
        state = replace(state, fetching=None)
    settled = state.version == 0 or at - state.since_at >= rules.settle_s
    if needed is not None and settled and at >= state.retry_at and _next_delta(state) is None:
        effects.append(FetchSnapshot(needed))
        missing = frozenset(range(len(needed.chunks)))
        state = replace(state, fetching=needed, missing=missing, asked=frozenset(), windowed=False, since_at=at)
    return state, tuple(effects)


def _needed(state: SyncState) -> ListHead | None:
    """The head whose snapshot is newer than the list in use, unless that was refused."""
    head = state.head
    if head is None or head.snapshot <= state.version or _content(head) in state.bad:
        return None
    return head


def _next_delta(state: SyncState) -> HeldDelta | None:
    return max(
        (each for each in state.deltas if each.since == state.version), key=lambda one: one.version, default=None
    )


def _change(state: SyncState) -> Change | None:
    delta = _next_delta(state)
    if delta is not None:
        return ApplyDelta(delta)
    if state.fetching is not None:
        return None if state.missing else ApplySnapshot(state.fetching)
    head = state.head
    if head is not None and head.version == state.version and head.issued_at > state.issued_at:
        return Refresh(head)
    return None


def _ask(state: SyncState, at: float, rules: SyncRules) -> _Step:
    """Ask for what is lacking: first the broker, then the publisher."""
    if not state.connected or at < state.retry_at:
        return state, ()
    fetching = state.fetching
    if fetching is not None and state.windowed and state.missing and not state.asked:
        return _fetch_chunks(state, fetching, rules)  # a window has come whole: the next one
    quiet_s = min(rules.quiet_s * 2**state.tries, rules.cap_s)
    if not _lacks(state) or at - state.since_at < quiet_s:
        return state, ()
    state = replace(state, tries=state.tries + 1, since_at=at)
    if state.tries % 2 == 0:
        return state, (RequestList(state.version),)
    if fetching is not None:
        return _fetch_chunks(state, fetching, rules)
    return state, (FetchDeltas(state.version + 1),)


def _lacks(state: SyncState) -> bool:
    if state.fetching is not None:
        return bool(state.missing)
    head = state.head
    return bool(state.deltas) or (head is not None and head.version > state.version)


def _fetch_chunks(state: SyncState, head: ListHead, rules: SyncRules) -> _Step:
    numbers = _first(state.missing, rules.window)
    return replace(state, asked=frozenset(numbers), windowed=True), (FetchChunks(head, numbers),)


def _first(numbers: Iterable[int], count: int) -> tuple[int, ...]:
    return tuple(sorted(numbers)[:count])
