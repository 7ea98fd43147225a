"""Keeping a list in step with central, as a machine: the real `agent.core.lists.step` between a broker and a disk.

The broker delivers any head, delta or chunk that central ever published, also an old one, at any time, twice or never.
A change that the gate makes succeeds, fails for the gate's own reasons, or for the list's; the gate restarts. What must
hold, from docs/lists.md: the list in use is never left for an older one; a delta is applied only to the version that it
leads on from, a snapshot only whole; what was refused for its content is not tried again; one change at a time; and in
a sound world the newest list is in use in the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from agent.core.lists import (
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
    HeldDelta,
    Known,
    ListFault,
    ListHead,
    Refresh,
    RequestList,
    SyncRules,
    SyncState,
    Tick,
    sync,
)
from agent.core.model import ListKind
from tests.model.explorer import Outcome

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from agent.core.lists import Effect, SyncEvent

RULES: Final = SyncRules(settle_s=1, quiet_s=1, cap_s=4, retry_s=1, window=1, held=2, held_bytes=100)
_NEW: Final = SyncState()
_OLD_S: Final = -5.0
_TRIES, _FAILURES = 2, 2
"""From so many on the pauses grow no more."""
_PATIENCE = 60


def _head(version: int, issued_at: int, snapshot: int, chunks: int) -> ListHead:
    names = tuple(f"{snapshot}.{number}" for number in range(chunks))
    return ListHead(ListKind.DECLARATIONS, 1, version, issued_at, 10**9, snapshot, names)


HEADS: Final = {
    "head 1": _head(1, 10, 1, 1),
    "head 2": _head(2, 20, 1, 1),
    "head 3": _head(3, 30, 3, 2),
    "head 3, issued later": _head(3, 40, 3, 2),
    "head 4": _head(4, 50, 3, 2),
}
NEWEST: Final = HEADS["head 4"]
DELTAS: Final = {
    f"delta {since} to {upto}": HeldDelta(since, upto, 10) for since, upto in ((1, 2), (2, 3), (1, 3), (3, 4))
}
FAULTS: Final = (None, ListFault.CHUNK_WRONG, ListFault.CONTENT_INVALID, ListFault.DISK_FULL, ListFault.GAP)
_OWN_TROUBLE: Final = frozenset({None, ListFault.DISK_FULL})
_CAME_WRONG: Final = frozenset({ListFault.CHUNK_WRONG, ListFault.CHUNK_MISSING})


@dataclass(frozen=True, slots=True)
class World:
    """The gate's state, and what the world knows of it.

    `version`, `issued_at`: of the list on the disk. `chunks`: those that came for the snapshot that is fetched.
    `refused`: the contents that were wrong: deltas, and snapshots by their chunks.
    """

    state: SyncState = _NEW
    version: int = 0
    issued_at: int = 0
    chunks: frozenset[tuple[int, int]] = frozenset()
    refused: frozenset[object] = frozenset()


class ListsMachine:
    """`seconds`: after how many an input may come; fewer make it smaller."""

    def __init__(self, seconds: tuple[int, ...] = (0, 1)) -> None:
        self._seconds = seconds

    def starts(self) -> Iterator[tuple[str, Hashable]]:
        yield "a gate without a list", World()
        yield "a gate with version 1", _canonical(World(SyncState(version=1, issued_at=10), 1, 10), 0)

    def inputs(self, state: Hashable) -> Iterator[str]:
        assert isinstance(state, World)
        yield "a second passes"
        if state.state.connected:
            yield "the link goes down"
        for seconds in self._seconds:
            for label in self._messages(state):
                yield f"{label} after {seconds} s"

    def outcomes(self, state: Hashable, label: str) -> Iterator[Outcome]:
        assert isinstance(state, World)
        what, _, after = label.partition(" after ")
        at = int(after.split()[0]) if after else 1 if what == "a second passes" else 0
        world, event = self._event(state, what, at)
        then, effects = _stepped(world, event)
        breaches = tuple(_breaches(world, event, effects, then))
        doing = "nothing" if then.state.doing is None else type(then.state.doing).__name__
        yield Outcome(label, _canonical(then, at), breaches, (what.split()[0], doing))

    def judged(self, state: Hashable) -> Iterator[str]:
        """In a sound world the newest list is in use in the end."""
        assert isinstance(state, World)
        world = state
        for _ in range(_PATIENCE):
            if world.version == NEWEST.version:
                return
            world = _healthy(world)
        if not _content_refused(world):
            yield f"never comes to the newest list: version {world.version} after {_PATIENCE} sound seconds"

    def never_seen(self, moved: Iterable[Hashable]) -> Iterator[str]:
        seen = {doing for _, doing in moved if isinstance(doing, str)}
        yield from (f"no {change}" for change in ("ApplyDelta", "ApplySnapshot", "Refresh") if change not in seen)

    def told(self, state: Hashable) -> str:
        assert isinstance(state, World)
        now = state.state
        doing = "" if now.doing is None else f", {type(now.doing).__name__} under way"
        fetching = "" if now.fetching is None else f", fetching snapshot {now.fetching.snapshot}"
        return f"version {state.version}, {'up' if now.connected else 'down'}{fetching}{doing}"

    @staticmethod
    def _messages(world: World) -> Iterator[str]:
        state = world.state
        yield from HEADS
        yield from DELTAS
        yield "a chunk of no snapshot"
        if state.fetching is not None:
            yield from (f"chunk {number}" for number in range(len(state.fetching.chunks)))
        if not state.connected:
            yield "the link comes up"
        if state.doing is not None:
            yield "the change is made"
            yield from (f"the change fails: {'the gate itself' if fault is None else fault}" for fault in FAULTS)
        yield "the gate restarts"

    @staticmethod
    def _event(world: World, what: str, at: int) -> tuple[World, SyncEvent]:  # noqa: C901, PLR0911 - one an input
        state = world.state
        if what in HEADS:
            return world, HeadSeen(HEADS[what], at)
        if what in DELTAS:
            return world, DeltaSeen(DELTAS[what], at)
        match what.split():
            case ["chunk", number]:
                assert state.fetching is not None
                came = (state.fetching.snapshot, int(number))
                return replace(world, chunks=world.chunks | {came}), ChunkSeen(*came, at)
            case ["a", "chunk", *_]:
                return world, ChunkSeen(99, 0, at)
            case ["a", "second", *_]:
                return world, Tick(at)
            case ["the", "link", _, direction]:
                return world, Connected(at) if direction == "up" else Disconnected()
            case ["the", "change", "is", "made"]:
                made = _made(world)
                return made, Known(made.version, made.issued_at, at)
            case ["the", "change", "fails:", *fault]:
                found = next(one for one in FAULTS if (one or "the gate itself") == " ".join(fault))
                return _refused(world, found), Failed(found, at)
            case _:
                fresh = World(SyncState(), world.version, world.issued_at)
                return fresh, Known(world.version, world.issued_at, at)


def _stepped(world: World, event: SyncEvent) -> tuple[World, tuple[Effect, ...]]:
    state, effects = sync.step(world.state, event, RULES)
    chunks = world.chunks
    for effect in effects:
        if isinstance(effect, DropSnapshot | FetchSnapshot):
            chunks = frozenset()
    return replace(world, state=state, chunks=chunks), effects


def _made(world: World) -> World:
    """The disk after the change under way."""
    match world.state.doing:
        case ApplyDelta(delta):
            return replace(world, version=delta.version, issued_at=min(60, world.issued_at + 1))
        case ApplySnapshot(head):
            return replace(world, version=head.snapshot, issued_at=head.issued_at)
        case Refresh(head):
            return replace(world, issued_at=head.issued_at)
        case None:
            raise AssertionError("no change is under way")


def _content(change: object) -> object:
    match change:
        case ApplyDelta(delta):
            return delta
        case ApplySnapshot(head):
            return head.snapshot, head.chunks
        case _:
            return None


def _refused(world: World, fault: ListFault | None) -> World:
    """What is wrong by its content stays wrong; what came wrong may come right, the gate's own trouble may end."""
    change = world.state.doing
    if (
        fault in _OWN_TROUBLE
        or isinstance(change, Refresh)
        or (isinstance(change, ApplySnapshot) and fault in _CAME_WRONG)
    ):
        return world
    return replace(world, refused=world.refused | {_content(change)})


def _content_refused(world: World) -> bool:
    """Whether the way to the newest list is barred: what central made wrongly must be made anew."""
    return (NEWEST.snapshot, NEWEST.chunks) in world.refused or DELTAS["delta 3 to 4"] in world.refused


def _breaches(world: World, event: SyncEvent, effects: tuple[Effect, ...], after: World) -> Iterator[str]:
    changes = [effect for effect in effects if isinstance(effect, ApplyDelta | ApplySnapshot | Refresh)]
    under_way = world.state.doing is not None and not isinstance(event, Known | Failed)
    if len(changes) > 1 or (changes and under_way):
        yield "two changes at a time"
    for change in changes:
        yield from _wrong_change(world, change)
        if _content(change) in world.refused and _content(change) is not None:
            yield "what was refused for its content is tried again"
    asks = [effect for effect in effects if isinstance(effect, FetchChunks | FetchDeltas | RequestList)]
    if asks and not after.state.connected:
        yield "asks while the link is down"
    if (
        after.state.version != after.version
        and not isinstance(event, Known | Failed)
        and world.state.version == world.version
    ):
        yield "takes another version for the one in use than the disk has"
    if len(after.state.deltas) > RULES.held:
        yield "holds more deltas than it may"


def _wrong_change(world: World, change: object) -> Iterator[str]:
    match change:
        case ApplyDelta(delta):
            wrong = {
                "a delta is applied to a version that it does not lead on from": delta.since != world.version,
                "goes back to an older list": delta.version <= world.version,
            }
        case ApplySnapshot(head):
            due = {(head.snapshot, number) for number in range(len(head.chunks))}
            wrong = {
                "goes back to an older list": head.snapshot <= world.version,
                "a snapshot is applied that is not whole": not due <= world.chunks,
            }
        case Refresh(head):
            wrong = {
                "a version is called new that is not the one in use": head.version != world.version,
                "a list is made older": head.issued_at <= world.issued_at,
            }
        case _:
            wrong = {}
    yield from (rule for rule, is_broken in wrong.items() if is_broken)


def _healthy(world: World) -> World:
    """One second of a sound world: the link is up, the newest head comes, and whatever is asked for; changes
    succeed."""
    asked: list[Effect] = []

    def go(world: World, event: SyncEvent) -> World:
        world, effects = _stepped(world, event)
        asked.extend(effects)
        return world

    if not world.state.connected:
        world = go(world, Connected(0))
    world = go(go(world, HeadSeen(NEWEST, 0)), Tick(1))
    for _ in range(12):
        if world.state.doing is not None:
            world = _made(world)
            world = go(world, Known(world.version, world.issued_at, 1))
        elif asked:
            for event in _answers(asked.pop(0)):
                if isinstance(event, ChunkSeen):
                    world = replace(world, chunks=world.chunks | {(event.snapshot, event.number)})
                world = go(world, event)
    return _canonical(world, 1)


def _answers(asked: Effect) -> Iterator[SyncEvent]:
    """What comes of a question; of a whole snapshot only its first chunk, so that the others are asked for."""
    match asked:
        case FetchSnapshot(head):
            yield ChunkSeen(head.snapshot, 0, 1)
        case FetchChunks(head, numbers):
            yield from (ChunkSeen(head.snapshot, number, 1) for number in numbers)
        case FetchDeltas():
            yield from (DeltaSeen(delta, 1) for delta in DELTAS.values())
        case RequestList():
            yield DeltaSeen(DELTAS["delta 3 to 4"], 1)
        case _:
            pass


def _canonical(world: World, at: int) -> World:
    """The world at time 0; of what no rule tells apart only one form is kept."""
    state = world.state
    tries = state.tries if state.tries <= _TRIES else _TRIES + (state.tries - _TRIES) % 2
    state = replace(
        state,
        since_at=max(_OLD_S, state.since_at - at),
        retry_at=max(0.0, state.retry_at - at),
        tries=tries,
        failures=min(state.failures, _FAILURES),
        bad=tuple(sorted(state.bad, key=repr)),
    )
    return replace(world, state=state)
