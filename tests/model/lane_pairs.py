"""Two lanes that wait for one another, as a machine: two real lanes, the real `Interlock`, and the loops around them.

The lanes have barriers of their own, of which one opens at a time, or they serve the two directions of one arm. Each
loop is a thread: between its claim of the interlock and its record the other lane may do anything, and news of the
interlock wait in its inbox while others are looked at. Time goes on once both inboxes are empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from agent.core.lane.effects import Hold, Raise
from agent.core.lane.interlock import InterlockState
from agent.core.lane.lane_state_machine import step
from agent.core.lane.state import LaneState, occupies, waits_to_lower
from agent.core.lane.step_inputs import CommandKind, Decided, InterlockChanged, RecordFailed, RelayChanged, Ticked
from agent.core.model import Instant, Reason
from agent.lane.loop import _opens
from agent.lane.shared_interlock import Interlock, LaneInterlock
from tests.model.explorer import Outcome
from tests.model.lane import LaneKind, LaneMachine
from tests.model.lane_inputs import UTC, Choice
from tests.model.lane_monitor import placed

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from agent.core.lane.effects import Effect
    from agent.core.lane.state import Lane
    from agent.core.lane.step_inputs import Input

NAMES: Final = ("a", "b")
OTHER: Final = {"a": "b", "b": "a"}
_NOW: Final = Instant(0.0, UTC)
_FULL: Final = 3
_PATIENCE: Final = 60
_CLOSED: Final = frozenset(
    {
        LaneState.IDLE,
        LaneState.PRESENT,
        LaneState.DECIDING,
        LaneState.MANUAL,
        LaneState.WAITING,
        LaneState.DENIED,
        LaneState.YIELDING,
        LaneState.OUT_OF_SERVICE,
    }
)
"""States in which docs/lane.md has the barrier closed and at rest, as far as this lane moves it."""
_ORDERS: Final = (CommandKind.OPEN, CommandKind.HOLD, CommandKind.RELEASE)


@dataclass(frozen=True)
class PairKind:
    """`shared`: one arm for both, else a barrier each. `rules`: of both lanes."""

    shared: bool
    rules: dict[str, Any] = field(default_factory=dict)
    sees: tuple[tuple[str, str], ...] = (("deciding", "opening"), ("deciding", "waiting"))


@dataclass(frozen=True, slots=True)
class Together:
    """Both lanes with what the monitors know of each, and the interlock.

    `occupied`, `lowering`: by the interlock. `notified`: what each lane was told last. `thinks`: whether each loop
    thinks that it occupies. `inbox`: news that wait; `before`: whether something else may have been put into that inbox
    before them. `pending`: the input of a lane that has claimed and not recorded yet, "" for none.
    """

    lanes: tuple[Any, Any]
    occupied: frozenset[str]
    lowering: frozenset[str]
    notified: tuple[tuple[bool, bool], ...]
    thinks: tuple[bool, bool]
    inbox: tuple[tuple[tuple[bool, bool], ...], ...]
    before: tuple[bool, bool] = (False, False)
    pending: tuple[str, str] = ("", "")


class _Site:
    """The same, unfolded, while something happens."""

    def __init__(self, machine: PairMachine, state: Together | None) -> None:
        self.machine = machine
        self.lanes: dict[str, Any] = {}
        self.inbox: dict[str, list[tuple[bool, bool]]] = {name: [] for name in NAMES}
        pairs = [("a", "b")]
        self.interlock = Interlock([] if machine.kind.shared else pairs, pairs if machine.kind.shared else [])
        self.ways: dict[str, LaneInterlock] = {}
        for name in NAMES:
            way = self.interlock.of_lane(name)
            assert way is not None
            self.ways[name] = way
            way.listen(self._news(name))
        self.pending = dict.fromkeys(NAMES, "")
        self.before = dict.fromkeys(NAMES, False)
        self.breaches: list[str] = []
        self.moved: Hashable = None
        if state is not None:
            self._load(state)

    def _news(self, name: str) -> Any:
        return lambda free, in_use: self.inbox[name].append((free, in_use))

    def _load(self, state: Together) -> None:
        now = self.interlock._state
        self.interlock._state = InterlockState(now.conflicts, now.shared, state.occupied, state.lowering)
        for number, name in enumerate(NAMES):
            self.lanes[name] = state.lanes[number]
            self.interlock._notified[name] = state.notified[number]
            self.ways[name]._occupied = state.thinks[number]
            self.ways[name]._lowering = name in state.lowering
            self.inbox[name][:] = state.inbox[number]
            self.pending[name] = state.pending[number]
            self.before[name] = state.before[number] if state.inbox[number] else True

    def saved(self) -> Together:
        return Together(
            (self.lanes["a"], self.lanes["b"]),
            self.interlock._state.occupied,
            self.interlock._state.lowering,
            tuple(self.interlock._notified[name] for name in NAMES),
            (self.ways["a"]._occupied, self.ways["b"]._occupied),
            tuple(tuple(self.inbox[name]) for name in NAMES),
            tuple(self.before[name] and bool(self.inbox[name]) for name in NAMES),
            (self.pending["a"], self.pending["b"]),
        )

    def lane(self, name: str) -> Lane:
        return self.machine.one.forms.lane(self.lanes[name][0])

    # ----------------------------------------------------------------------------------- agent.lane.loop.LaneLoop._feed

    def feed(self, name: str, item: Input, ticks: float = 0.0) -> None:
        """One input, whole: nobody comes between the claim and the record."""
        before = self.lane(name)
        after, effects = step(before, item)
        fed = item
        while _opens(effects) and not self.ways[name].claim():
            fed = RecordFailed(item.now, Reason.INTERLOCKED, item.decision if isinstance(item, Decided) else None, item)
            after, effects = step(before, fed)
        self._done(name, before, fed, after, effects, ticks)

    def claim(self, name: str, text: str) -> bool:
        """The first half of an input: step and claim. Whether a record is to follow; else it is done."""
        item = self.machine.item(text)
        if not _opens(step(self.lane(name), item)[1]) or not self.ways[name].claim():
            self.feed(name, item)
            return False
        self.pending[name] = text
        return True

    def record(self, name: str, reason: Reason | None) -> None:
        """The second half: the record is written, or fails."""
        item = self.machine.item(self.pending[name])
        self.pending[name] = ""
        if reason is not None:
            item = RecordFailed(item.now, reason, item.decision if isinstance(item, Decided) else None, item)
        self.feed(name, item)

    def _done(
        self, name: str, before: Lane, fed: Input, after: Lane, effects: tuple[Effect, ...], ticks: float
    ) -> None:
        one = self.machine.one
        known, breaches = one.watched(before, self.lanes[name][1], fed, after, effects)
        self.breaches += breaches
        self._exclusive(name, effects)
        form, names = one.forms.form(after, ticks)
        self.lanes[name] = (form, placed(known, names, ticks, one.rules.stale_s, one.oldest_s))
        self.ways[name].note_occupied(occupied=occupies(after), lowering=waits_to_lower(after))
        self.moved = (before.state.value, after.state.value)

    def _exclusive(self, name: str, effects: tuple[Effect, ...]) -> None:
        """Rule 7: of the two one opens at a time."""
        other, known = self.lane(OTHER[name]), self.lanes[OTHER[name]][1]
        if other.state in _CLOSED and not known.pulses:
            return
        for effect in effects:
            opens = isinstance(effect, Raise) or (isinstance(effect, Hold) and effect.on)
            if opens and not effect.override:
                self.breaches.append(f"rule 7: a lane opens while the other is {other.state}")


class PairMachine:
    """One kind of pair."""

    def __init__(self, kind: PairKind) -> None:
        self.kind = kind
        closes = (CommandKind.CLOSE,) if kind.rules.get("close_mode") == "agent" else ()
        choice = Choice(orders=(*_ORDERS, *closes), ticks=(0,), restarts=False, only=_inputs(kind))
        rules = {**kind.rules, "neighbours": True, "shares_arm": kind.shared}
        self.one = LaneMachine(LaneKind(rules, choice))
        self._good: dict[Together, bool] = {}

    def item(self, text: str) -> Input:
        """An input of one lane."""
        return self.one.feed.made(text)[1]

    def starts(self) -> Iterator[tuple[str, Hashable]]:
        site = _Site(self, None)
        self._start(site)
        state = site.saved()
        yield "a start", state
        while not self._rests(state):
            state = self._quiet(state)
        yield "both at rest", state

    def inputs(self, state: Any) -> Iterator[str]:
        if max(map(len, state.inbox)) > _FULL:
            return
        if not any(state.inbox) and not any(state.pending):
            yield "a tick"
        yield "both restart"
        for number, name in enumerate(NAMES):
            if state.pending[number]:
                yield f"{name}: its record is written"
                yield f"{name}: its record fails"
                continue
            if state.inbox[number]:
                yield f"{name}: hears of the way"
            overtakes = not state.inbox[number] or state.before[number]
            for text in self.one.inputs(state.lanes[number]):
                if overtakes:
                    yield f"{name}: {text}"

    def outcomes(self, state: Any, label: str) -> Iterator[Outcome]:
        site = _Site(self, None if label == "both restart" else state)
        if label == "both restart":
            self._start(site)
        elif label == "a tick":
            for name in NAMES:
                site.feed(name, Ticked(Instant(1.0, UTC)), 1.0)
        else:
            self._one(site, label)
        site.breaches += self._agree(site)
        yield Outcome(label, site.saved(), tuple(site.breaches), site.moved)

    def judged(self, state: Any) -> Iterator[str]:
        """In a sound world, with nobody there, both lanes come to rest."""
        if not self._comes_to_rest(state):
            yield "never comes to rest in a sound world with nobody there"

    def never_seen(self, moved: Iterable[Hashable]) -> Iterator[str]:
        seen = set(moved)
        yield from (f"{before} to {after}" for before, after in self.kind.sees if (before, after) not in seen)

    def told(self, state: Any) -> str:
        words = [f"{name}: {self.one.told(lane)}" for name, lane in zip(NAMES, state.lanes, strict=True)]
        return "; ".join([*words, f"occupied {''.join(sorted(state.occupied)) or 'by nobody'}"])

    # --------------------------------------------------------------------------------------------------------- private

    def _start(self, site: _Site) -> None:
        for name in NAMES:
            site.lanes[name] = next(iter(self.one.starts()))[1]
        for name in NAMES:
            site.feed(name, RelayChanged(_NOW, up=True))

    def _one(self, site: _Site, label: str) -> None:
        name, _, what = label.partition(": ")
        match what:
            case "hears of the way":
                site.feed(name, InterlockChanged(_NOW, *site.inbox[name].pop(0)))
            case "its record is written":
                site.record(name, None)
            case "its record fails":
                site.record(name, Reason.GATE_FAULT)
            case _:
                if site.inbox[name] and not what.startswith("sample"):
                    site.before[name] = False
                site.claim(name, what)

    def _agree(self, site: _Site) -> Iterator[str]:
        """What the interlock, the loops and the lanes think of each other, once nothing is under way."""
        for name in NAMES:
            if site.pending[name]:
                continue
            lane = site.lane(name)
            if occupies(lane) is not (name in site.interlock._state.occupied):
                yield "the interlock thinks otherwise than the lane of whether it is occupied"
            if not site.inbox[name]:
                free, in_use = site.interlock._view(name)
                if lane.arm_in_use is not in_use:
                    yield "a lane was not told whether the other uses the arm"
                if lane.interlock_free and not free:
                    yield "a lane thinks that its way is free, which it is not"
                if free and not lane.interlock_free:
                    yield "a lane was not told that its way is free, and nothing is on its way to tell it"

    def _comes_to_rest(self, state: Together) -> bool:
        trail: list[Together] = []
        at = state
        while at not in self._good and at not in trail and len(trail) < _PATIENCE:
            if self._rests(at):
                self._good[at] = True
                break
            trail.append(at)
            at = self._quiet(at)
        good = self._good.get(at, False)
        for one in trail:
            self._good[one] = good
        return good

    def _rests(self, state: Together) -> bool:
        lanes = [self.one.forms.lane(lane[0]) for lane in state.lanes]
        held = any(lane.ordered_hold is not None for lane in lanes)
        waits = {LaneState.YIELDING, LaneState.VIOLATION, LaneState.INIT, LaneState.WAITING} if held else set()
        states = {LaneState.IDLE, LaneState.OUT_OF_SERVICE, *waits}
        return not any(state.inbox) and all(
            lane.state in states
            or (lane.state is LaneState.HELD_OPEN and lane.ordered_hold is not None)
            or (held and lane.state is LaneState.CLOSING and lane.arm_in_use)  # it lowers the arm once that is let go
            for lane in lanes
        )

    def _quiet(self, state: Together) -> Together:
        site = _Site(self, state)
        for name in NAMES:
            if site.pending[name]:
                site.record(name, None)
        for name in NAMES:
            for item, ticks in self.one.quiet_items(site.lane(name), alone=False):
                site.feed(name, item, ticks)
        for name in NAMES * _FULL:
            while site.inbox[name]:
                site.feed(name, InterlockChanged(_NOW, *site.inbox[name].pop(0)))
        return site.saved()


def _inputs(kind: PairKind) -> tuple[str, ...]:
    """The inputs of each lane: what its loops and contacts say in simple cases, a permit, answers and orders."""
    rules = kind.rules
    tail = " down?" if rules.get("has_closed") else ""
    hold = " hold0" if rules.get("has_hold") else ""
    samples = [f"sample A{a} B{b}{tail}{hold} +0" for a, b in ("00", "10", "01", "--")]
    if rules.get("has_hold"):
        samples.append(f"sample A0 B0{tail} hold1 +0")
    if rules.get("blind"):
        samples = []
    orders = ["order open +0", "order hold +0", "order release +0", "order close +0"]
    return (*samples, "permit X +0", "decision PASS +0", *orders, "pulse *", "close *")


_AGENT: Final = {"close_mode": "agent"}
PAIRS: Final = {
    "interlock": PairKind(shared=False),
    "interlock, blind": PairKind(shared=False, rules={"blind": True}),
    "interlock, closed limit": PairKind(shared=False, rules={"has_closed": True}),
    "interlock, hold, agent": PairKind(shared=False, rules={**_AGENT, "has_hold": True}),
    "shared arm": PairKind(shared=True),
    "shared arm, blind": PairKind(shared=True, rules={"blind": True}),
    "shared arm, hold": PairKind(shared=True, rules={"has_hold": True}),
    "shared arm, closed limit": PairKind(shared=True, rules={"has_closed": True}),
    "shared arm, closed limit, agent": PairKind(shared=True, rules={**_AGENT, "has_closed": True}),
    "shared arm, hold, agent": PairKind(shared=True, rules={**_AGENT, "has_hold": True}),
}
