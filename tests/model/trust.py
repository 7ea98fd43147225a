"""The trust state as a machine: the real `agent.core.trust_state.step` between a journal that can be lost or put back,
and those who witnessed it.

A gate lets permits pass and has its lane locked; central, its own status at the broker, the head file and the other
gates see its head now and then. Files go, are damaged, or are put back, the agent starts, and the witnesses speak in
any order. What must hold, from docs/trust-state.md: once a witness that had seen a use or an order has been heard, no
such use passes again and a lane that was locked stays locked, but where two persons took it so; what is called whole
lacks nothing that was witnessed; and two persons can always make it whole.

What the start makes of the files is done here as agent.recording.journal_start does it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from agent.core.trust_state import (
    Accepted,
    ClockTold,
    Head,
    HeadNamed,
    JournalReplaced,
    OrderGiven,
    OrdersShown,
    RowsShown,
    StatePart,
    StreamBegun,
    TrustRules,
    TrustState,
    Wholeness,
    Witness,
    WitnessGone,
    hold_of,
    step,
)
from tests.model.explorer import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from agent.core.trust_state import Fact

LANE: Final = "1"
LIFE_S: Final = 1000.0
RULES: Final = TrustRules(frozenset({LANE}), LIFE_S)
PERMITS: Final = ("P", "Q")
_ALL: Final = frozenset(StatePart)


@dataclass(frozen=True, slots=True)
class Event:
    """What was recorded: a permit's use, or an order of the lane. Each has a number of its own."""

    number: int
    what: str


@dataclass(frozen=True, slots=True)
class Journal:
    """`events`: of its stream. `uses`, `rows`: the permit ledger and its row log. `state`: the trust state that it
    keeps."""

    stream: str
    events: tuple[Event, ...] = ()
    uses: frozenset[str] = frozenset()
    rows: int = 0
    locked: bool = False
    state: TrustState = field(default_factory=TrustState)

    @property
    def head(self) -> Head:
        """The end of its chain."""
        return Head(self.stream, len(self.events))


@dataclass(frozen=True, slots=True)
class Record:
    """A head as a witness holds it. `last`: the event at the head. `seen`: all that had happened by then."""

    head: Head
    last: Event | None
    rows: int
    locked: bool
    former: tuple[Head, ...]
    utc: float
    uses: frozenset[str]
    seen: frozenset[Event]


@dataclass(frozen=True, slots=True)
class World:
    """`journal`, `file`: on the disk; `state`: of the running agent; `begun`: its stream is of this start, and new.

    `held`: what each witness holds. `happened`: everything that ever happened, in order. `shown`: of that, what a
    witness has shown since the disk was last tampered with. `accepted`: two persons took the state as it was.
    """

    journal: Journal
    state: TrustState
    file: Record | None = None
    begun: bool = True
    backup: tuple[Journal, Record | None] | None = None
    held: tuple[tuple[Witness, Record], ...] = ()
    happened: tuple[Event, ...] = ()
    shown: frozenset[Event] = frozenset()
    accepted: frozenset[Event] = frozenset()
    over: frozenset[str] = frozenset()
    streams: int = 1
    now: float = 0.0
    faults: int = 0


@dataclass(frozen=True, slots=True)
class TrustKind:
    """What is explored. `witnesses`: beside the head file. `faults`: how often the disk is tampered with."""

    witnesses: tuple[Witness, ...] = ()
    permits: tuple[str, ...] = PERMITS
    orders: bool = False
    faults: int = 1
    events: int = 3


class TrustMachine:
    """One kind."""

    def __init__(self, kind: TrustKind) -> None:
        self._kind = kind

    def starts(self) -> Iterator[tuple[str, Hashable]]:
        state, _ = step(TrustState(), StreamBegun(0.0), RULES)
        yield "a new gate", World(Journal("s1", state=state), state)

    def inputs(self, state: Any) -> Iterable[str]:
        return self._acts(state)

    def outcomes(self, state: Any, label: str) -> Iterator[Outcome]:
        after = self._acts(state)[label]()
        breaches = [*self._doubles(state, label), *self._breaches(after)]
        yield Outcome(label, after, tuple(breaches), (label, *(after.state.standing(part).state for part in StatePart)))

    def judged(self, state: Any) -> Iterator[str]:
        """After a restart two persons can make the state whole, and permits pass again."""
        world = self._accepted(self._started(state))
        if not world.state.whole or hold_of(world.state).cause or hold_of(world.state).ledger:
            yield "two persons cannot make the state whole"

    def never_seen(self, moved: Iterable[Any]) -> Iterator[str]:
        seen = {wholeness for _, *parts in moved for wholeness in parts}
        due = set(Wholeness) - (set() if self._kind.witnesses else {Wholeness.BEHIND})  # a start ends that at once
        yield from (f"no part is {one}" for one in sorted(due - seen))

    def told(self, state: Any) -> str:
        parts = [
            f"{part} {state.state.standing(part).state}" for part in StatePart if not state.state.standing(part).whole
        ]
        uses = "".join(sorted(state.journal.uses)) or "nothing"
        return f"{state.journal.stream} {len(state.journal.events)}, {uses} used, {', '.join(parts) or 'whole'}"

    # ------------------------------------------------------------------------------------------------ what can happen

    def _acts(self, world: World) -> dict[str, Callable[[], World]]:
        behind = world.state.journal.state is Wholeness.BEHIND
        acts: dict[str, Callable[[], World]] = {"the agent restarts": lambda: self._started(world)}
        if not behind:
            acts |= self._served(world) | self._witnessed(world)
            if {event.what for event in world.happened if event.what in PERMITS} - world.over:
                acts["a permit's life passes"] = lambda: self._aged(world)
        acts |= self._heard(world)
        if not world.state.whole and not behind:
            acts["two persons accept it"] = lambda: self._accepted(world)
        if world.backup is None:
            acts["the state is backed up"] = lambda: replace(world, backup=(world.journal, world.file))
        if world.faults < self._kind.faults:
            acts |= self._tampered(world)
        return acts

    def _served(self, world: World) -> dict[str, Callable[[], World]]:
        if len(world.happened) >= self._kind.events:
            return {}
        hold = hold_of(world.state)
        free = not (hold.cause or hold.ledger or self._is_locked(world))
        acts: dict[str, Callable[[], World]] = {}
        for permit in self._kind.permits if free else ():
            if permit not in world.journal.uses and permit not in world.over:
                acts[f"{permit} passes"] = lambda permit=permit: self._recorded(world, permit)
        if self._kind.orders or self._is_locked(world):
            order = "unlocked" if self._is_locked(world) else "locked"
            acts[f"the lane is {order}"] = lambda: self._recorded(world, order)
        return acts

    def _witnessed(self, world: World) -> dict[str, Callable[[], World]]:
        record = _record(world)
        return {
            f"{witness} sees the head": lambda witness=witness: replace(
                world, held=tuple(sorted((dict(world.held) | {witness: record}).items()))
            )
            for witness in self._kind.witnesses
            if dict(world.held).get(witness) != record
        }

    def _heard(self, world: World) -> dict[str, Callable[[], World]]:
        acts: dict[str, Callable[[], World]] = {
            f"{witness} speaks": lambda witness=witness, record=record: self._named(world, witness, record)
            for witness, record in world.held
        }
        site = dict(world.held).get(Witness.SITE)
        if site is not None and not world.state.ledger.whole:
            acts["the site gives all rows"] = lambda: self._given(world, site)
        return acts

    def _tampered(self, world: World) -> dict[str, Callable[[], World]]:
        world = replace(world, faults=world.faults + 1, shown=frozenset())
        acts: dict[str, Callable[[], World]] = {
            "the journal goes": lambda: self._lost(world),
            "the head file goes": lambda: self._started(replace(world, file=None), file_gone=True),
            "journal and head file go": lambda: self._lost(replace(world, file=None)),
            "the journal is damaged, and all rescued": lambda: self._damaged(world, whole=True),
            "the journal is damaged, and not all rescued": lambda: self._damaged(world, whole=False),
        }
        if world.backup is not None:
            journal, file = world.backup
            acts["the journal is put back"] = lambda: self._started(replace(world, journal=journal))
            acts["journal and head file are put back"] = lambda: self._started(
                replace(world, journal=journal, file=file)
            )
        return acts

    # ------------------------------------------------------------------------------------------------------- the gate

    def _recorded(self, world: World, what: str) -> World:
        event = Event(len(world.happened) + 1, what)
        journal = replace(world.journal, events=(*world.journal.events, event))
        state = world.state
        if what in PERMITS:
            journal = replace(journal, uses=journal.uses | {what}, rows=journal.rows + 1)
        else:
            journal = replace(journal, locked=what == "locked")
            state, _ = step(state, OrderGiven(LANE), RULES)
        world = replace(world, happened=(*world.happened, event), state=state, journal=replace(journal, state=state))
        return replace(world, file=_record(world))

    @staticmethod
    def _is_locked(world: World) -> bool:
        return world.journal.locked or LANE in world.state.unordered

    def _took(self, world: World, *facts: Fact) -> World:
        """The running agent takes facts, and keeps what follows: but what says that its journal must not go on."""
        state = world.state
        for fact in facts:
            state, _ = step(state, fact, RULES)
        kept = world.journal.state if state.journal.state is Wholeness.BEHIND else state
        return replace(world, state=state, journal=replace(world.journal, state=kept))

    def _named(self, world: World, witness: Witness, record: Record) -> World:
        world = replace(world, shown=world.shown | record.seen)
        return self._took(world, self._fact(world, witness, record))

    def _fact(self, world: World, witness: Witness, record: Record) -> HeadNamed:
        own, agrees = world.journal.head, None
        if record.head.stream == own.stream and record.head.seq <= own.seq:
            agrees = record.head.seq == 0 or world.journal.events[record.head.seq - 1] == record.last
        says_more = witness in {Witness.HEAD_FILE, Witness.STATUS}
        return HeadNamed(
            witness,
            record.head,
            own,
            agrees=agrees,
            fresh=world.begun,
            utc=record.utc if says_more else None,
            place=None if witness is Witness.CENTRAL else record.rows,
            former=record.former if says_more else (),
            own_place=world.journal.rows,
        )

    def _given(self, world: World, site: Record) -> World:
        journal = replace(world.journal, uses=world.journal.uses | site.uses)
        journal = replace(journal, rows=max(journal.rows, len(journal.uses)))
        known = (Head(site.head.stream, site.rows),)
        return self._took(replace(world, journal=journal), RowsShown(known))

    def _accepted(self, world: World) -> World:
        world = replace(world, accepted=frozenset(world.happened))
        return self._took(world, Accepted(_ALL, ("first", "second"), world.now))

    def _aged(self, world: World) -> World:
        """Nobody has a permit from before any more, but one that was never used."""
        used = {event.what for event in world.happened if event.what in PERMITS}
        world = replace(world, now=world.now + LIFE_S, over=world.over | used)
        return self._took(world, ClockTold(world.now))

    # ----------------------------------------------------------------------------------------- what a start makes of it

    def _started(self, world: World, *, file_gone: bool = False) -> World:
        """The agent starts with what is on the disk; where that must not go on, with what is rescued of it."""
        spent = world.state.journal.state is Wholeness.BEHIND and world.state.journal != world.journal.state.journal
        world = replace(world, begun=False, state=world.journal.state)
        if not spent:
            world = self._opened(world, file_gone=file_gone)
        if spent or world.state.journal.state is Wholeness.BEHIND:
            world = self._replaced(replace(world, now=world.now + 1), older=True, whole=False)
        return self._took(world, ClockTold(world.now))

    def _lost(self, world: World) -> World:
        streams = world.streams + 1
        state, _ = step(TrustState(), StreamBegun(world.now + 1), RULES)
        world = replace(
            world, now=world.now + 1, journal=Journal(f"s{streams}"), streams=streams, begun=True, state=state
        )
        return self._took(self._opened(world), ClockTold(world.now))

    def _damaged(self, world: World, *, whole: bool) -> World:
        world = replace(world, now=world.now + 1, state=world.journal.state)
        return self._took(self._replaced(world, older=False, whole=whole), ClockTold(world.now))

    def _replaced(self, world: World, *, older: bool, whole: bool) -> World:
        """A journal is moved aside, and another stream begins with what was rescued."""
        old, streams = world.journal, world.streams + 1
        uses = old.uses if whole or older else frozenset[str]()
        rescued = Journal(f"s{streams}", (), uses, len(uses), old.locked and (whole or older), old.state)
        fact = JournalReplaced(old.head, old.rows, older, whole, whole, "why")
        world = replace(world, journal=rescued, streams=streams, begun=True, state=old.state)
        return self._opened(self._took(world, StreamBegun(world.now), fact))

    def _opened(self, world: World, *, file_gone: bool = False) -> World:
        file = world.file
        if file is None:
            return self._took(world, WitnessGone("it is gone")) if file_gone else self._filed(world)
        world = self._named(world, Witness.HEAD_FILE, file)
        if file.head.stream != world.journal.stream:
            world = self._took(world, OrdersShown(file.head, frozenset(one.stream for one in file.former)))
            if world.state.orders.whole:
                world = replace(world, journal=replace(world.journal, locked=file.locked))
        return self._filed(world)

    @staticmethod
    def _filed(world: World) -> World:
        behind = world.state.journal.state is Wholeness.BEHIND
        return world if behind else replace(world, file=_record(world))

    # --------------------------------------------------------------------------------------------------- what must hold

    @staticmethod
    def _doubles(world: World, label: str) -> Iterator[str]:
        permit = label.partition(" passes")[0]
        if permit in PERMITS and any(event.what == permit for event in world.shown - world.accepted):
            yield "a permit passes again that a witness has shown to be used"

    def _breaches(self, world: World) -> Iterator[str]:
        shown = world.shown - world.accepted
        for event in shown:
            lacks = event.what in PERMITS and event.what not in world.journal.uses and event.what not in world.over
            if lacks and world.state.ledger.whole and world.state.journal.state is not Wholeness.BEHIND:
                yield "the ledger is called whole, and lacks a use that a witness has shown"
        orders = [event for event in world.happened if event.what not in PERMITS]
        was_locked = bool(orders) and orders[-1].what == "locked" and orders[-1] in shown
        if was_locked and not self._is_locked(world) and world.state.journal.state is not Wholeness.BEHIND:
            yield "a lane that was locked is open"


def _record(world: World) -> Record:
    journal = world.journal
    return Record(
        journal.head,
        journal.events[-1] if journal.events else None,
        journal.rows,
        journal.locked,
        tuple(Head(one.stream, one.seq) for one in world.state.former),
        world.now,
        journal.uses,
        frozenset(journal.events) | {event for event in world.happened if event.what in journal.uses},
    )


KINDS: Final = {
    "head file": TrustKind(orders=True, faults=2),
    "central": TrustKind((Witness.CENTRAL,)),
    "status": TrustKind((Witness.STATUS,), orders=True, permits=("P",)),
    "site": TrustKind((Witness.SITE,)),
    "all witnesses": TrustKind((Witness.CENTRAL, Witness.STATUS, Witness.SITE), permits=("P",)),
}
