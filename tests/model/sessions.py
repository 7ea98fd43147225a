"""The sessions of two gates as a machine: the real `Sessions` of both, and a broker that keeps all that was ever said.

It brings any of it at any time, in any order, never or again and again; it makes up nothing. Both gates connect anew
and restart, and time passes. A says things; what B takes of them is judged.

What must hold, from ADR 30: nothing is taken twice, nor after what was said later, nor of a session that is over once
another is known, nor of before the start of who hears it; what is said to a gate is worth nothing after half a minute,
what is told to all after a minute; once the broker brings what is said, the two meet, stay so, and hear each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from agent.core.site import EVERYBODY, ClaimQuery, Hello, OpenedMessage, Place, Rows
from agent.devices import PortState
from agent.site.sessions import Sessions
from tests.model.explorer import Outcome
from tests.model.one_thread import RLock, Turn, one_thread
from tests.model.snapshots import Copier, Freezer

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

NAMES: Final = ("A", "B")
SEES: Final = ("brings", "says", "tells", "hear", "reconnects", "restarts", "wait")
OLDEST_S: Final = 31.0
"""No rule of sessions asks for more than thirty seconds."""
WORTHLESS_S: Final = {"A": 30.0, "B": 30.0, EVERYBODY: 60.0}
"""How old a message is at most that is taken, by whom it is said to."""
_START_AT: Final = 1000.0
_QUERY: Final = ClaimQuery(id="c", permit="01" * 8)
_ROWS: Final = Rows(stream="s", after=0)
_BUDGET: Final = ("says", "tells", "reconnects", "restarts", "waits")
_ROUNDS_TO_MEET: Final = 6
_ROUNDS_AFTER: Final = 16
_ROUND_S: Final = 2.01


@dataclass(frozen=True)
class Kind:
    """How often each may happen: what A `says` to B and `tells` all; of either gate `reconnects` and `restarts`;
    `waits`, each of one of these `pauses_s`. `most_said`: messages that the broker keeps.
    """

    says: int = 2
    tells: int = 1
    reconnects: int = 0
    restarts: int = 0
    waits: int = 1
    pauses_s: tuple[float, ...] = (2.01, 6.0)
    most_said: int = 16


KINDS: Final = {
    "connected anew": Kind(reconnects=2),
    "restarted": Kind(restarts=2),
    "kept back": Kind(says=1, waits=5, pauses_s=(6.0, 16.0), most_said=60),
    "all at once": Kind(reconnects=1, restarts=1, waits=2),
}


@dataclass(frozen=True, slots=True)
class _Said:
    """A message. `session`: its sender draws rising ones. `said_s`: when, in seconds from the begin."""

    gate: str
    session: str
    to: str
    number: int
    said_s: float
    said: Any

    @property
    def words(self) -> str:
        what = self.said.kind
        if isinstance(self.said, Hello):
            nonces = (("asks", self.said.challenge), ("answers", self.said.answer))
            what = " ".join(["hello", *(f"{word} {nonce.lstrip('0')}" for word, nonce in nonces if nonce)])
        return f"{self.gate} to {self.to}: {what} {self.session.lstrip('0')}.{self.number} of {self.said_s:g} s"


@dataclass(frozen=True, slots=True)
class _World:
    """`gates`: the numbers of their states. `said`: ever. `taken`: what B took, of all but greetings.

    `before`: what was said when each started. `known`: the newest session of the other that each has known.
    """

    gates: tuple[int, ...]
    left: tuple[int, ...]
    now_s: float = 0.0
    said: frozenset[_Said] = frozenset()
    taken: frozenset[_Said] = frozenset()
    before: tuple[frozenset[_Said], ...] = (frozenset(), frozenset())
    known: tuple[str, ...] = ("", "")


class _OpenMembership:
    """Seals nothing: what is said is said by who says it."""

    def __init__(self, own: str, other: str) -> None:
        self.own, self.peers = own, (other,)

    def sealed(self, said: Any, to: str, place: Any, _key: object) -> Any:
        return self.own, place.session, to, place.number, said


class _Gate:
    """One gate, which is connected always. `out`: what it said."""

    view = SimpleNamespace(state=PortState.UP)

    def __init__(self, name: str, other: str) -> None:
        self.name, self.other = name, other
        self.clock_at, self.tokens = _START_AT, 0
        self.out: list[Any] = []
        self.sessions: Sessions | None = None

    def start(self) -> None:
        membership: Any = _OpenMembership(self.name, self.other)
        link: Any = self
        key: Any = None
        self.sessions = Sessions(membership, key, link, self.note_met)
        self.sessions.connected()

    def send_to_gate(self, _to: str, text: Any, _done: object = None) -> bool:
        self.out.append(text)
        return True

    def broadcast_rows(self, text: Any) -> bool:
        self.out.append(text)
        return True

    def note_met(self, gate: str) -> None:
        assert gate == self.other


@dataclass(frozen=True, slots=True)
class _Played:
    """What an event did to a gate: the number of its state after, what it said, and whether it took what it heard.

    `has_met`, `known`: whether it has met the other, and in which session of it.
    """

    gate: int
    out: tuple[Any, ...]
    took: bool
    has_met: bool
    known: str


class SessionsMachine:
    """One kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._gates: list[_Gate] = []
        self._numbers: dict[Hashable, int] = {}
        self._done: dict[tuple[int, Hashable], _Played] = {}

    def starts(self) -> Iterator[tuple[str, Hashable]]:
        gates = (_Gate("A", "B"), _Gate("B", "A"))
        world = _World(tuple(map(self._known, gates)), tuple(getattr(self.kind, what) for what in _BUDGET))
        with one_thread("agent.site."):
            for name in NAMES:
                world, _ = self._played(world, name, ("start",))
            met, _, _ = self._brought(world, world.said)
        yield "two gates that have met", met

    def inputs(self, state: Any) -> Iterator[str]:
        if len(state.said) > self.kind.most_said:
            return
        yield from ("brings all of the newest sessions", "brings the greetings among them")
        yield from (f"hear {one.words}" for one in sorted(state.said, key=_order))
        left = dict(zip(_BUDGET, state.left, strict=True))
        yield from (what for what in ("says", "tells") if left[what])
        yield from (f"{what} {name}" for what in ("reconnects", "restarts") if left[what] for name in NAMES)
        yield from (f"wait {pause_s:g}" for pause_s in self.kind.pauses_s if left["waits"])

    def outcomes(self, state: Any, label: str) -> Iterator[Outcome]:
        what, _, more = label.partition(" ")
        with one_thread("agent.site."):
            if what == "hear":
                it = next(one for one in state.said if one.words == more)
                after, breaches = self._heard(state, it)
            elif what == "brings":
                after, _, breaches = self._brought(state, _newest(state, greetings_only="greetings" in more))
            else:
                after, breaches = self._done_to(state, what, more), ()
        yield Outcome(label, after, tuple(breaches), what)

    def judged(self, state: Any) -> Iterator[str]:
        with one_thread("agent.site."):
            for is_brought in (False, True):
                yield from self._healed(state, is_brought=is_brought)

    def never_seen(self, moved: Iterable[Hashable]) -> Iterator[str]:
        seen = set(moved)
        # What the kind gives no turn to cannot be seen.
        yield from (one for one in SEES if getattr(self.kind, one, 1) and one not in seen)

    def told(self, state: Any) -> str:
        return f"{state.now_s:g} s, {len(state.said)} said, {len(state.taken)} taken"

    # --------------------------------------------------------------------------------------------------------- a step

    def _done_to(self, world: _World, what: str, more: str) -> _World:
        place = _BUDGET.index("waits" if what == "wait" else what)
        left = (*world.left[:place], world.left[place] - 1, *world.left[place + 1 :])
        world = replace(world, left=left)
        if what == "wait":
            return self._waited(world, float(more))
        if what == "restarts":
            at = NAMES.index(more)
            before = (*world.before[:at], world.said, *world.before[at + 1 :])
            known = (*world.known[:at], "", *world.known[at + 1 :])
            return self._played(replace(world, before=before, known=known), more, ("start",))[0]
        return self._played(world, "A" if what in {"says", "tells"} else more, (what,))[0]

    def _waited(self, world: _World, pause_s: float) -> _World:
        world = replace(world, now_s=round(world.now_s + pause_s, 2))
        for name in NAMES:
            world, _ = self._played(world, name, ("wait", pause_s))
        return world

    def _heard(self, world: _World, it: _Said) -> tuple[_World, tuple[str, ...]]:
        name = next(name for name in NAMES if name != it.gate)
        place = NAMES.index(name)
        after, played = self._played(world, name, ("hear", it))
        breaches = []
        if played.known < world.known[place]:
            breaches.append(f"{name} goes back to a session of {it.gate} that is over")
        if played.took and not isinstance(it.said, Hello):
            breaches += _wrong(world, it, world.before[place], world.known[place])
            after = replace(after, taken=after.taken | {it})
        return after, tuple(breaches)

    def _healed(self, world: _World, *, is_brought: bool) -> Iterator[str]:
        """From now on all that is said is heard, in order. `is_brought`: first all that ever was, once more."""
        due = world.said if is_brought else frozenset()
        rounds = _ROUNDS_TO_MEET
        for number in range(_ROUNDS_TO_MEET + _ROUNDS_AFTER):
            world, has_met, breaches = self._brought(world, due)
            yield from breaches
            if has_met:
                rounds = min(rounds, number)
            elif number >= rounds:
                yield "gates do not meet again" if rounds == _ROUNDS_TO_MEET else "gates that met do not stay so"
                return
            before = world
            world = self._waited(world, _ROUND_S)
            due = world.said - before.said
        for what in ("says", "tells"):
            before = world
            world, _ = self._played(world, "A", (what,))
            world, _, _ = self._brought(world, world.said - before.said)
            if len(world.taken) == len(before.taken):
                yield f"B does not hear what A {what} after they met"

    def _brought(self, world: _World, due: frozenset[_Said]) -> tuple[_World, bool, list[str]]:
        """All of this is heard, and all that is said to it; the world after, whether the two have met, the breaches."""
        breaches: list[str] = []
        for _ in range(100):
            if not due:
                return world, all(self._met(number) for number in world.gates), breaches
            before = world
            for it in sorted(due, key=_order):
                world, wrong = self._heard(world, it)
                breaches += wrong
            due = world.said - before.said
        raise AssertionError("two gates talk without end")

    # ------------------------------------------------------------------------------------------------------- the gates

    def _played(self, world: _World, name: str, event: tuple[Any, ...]) -> tuple[_World, _Played]:
        place = NAMES.index(name)
        key = (world.gates[place], event)
        played = self._done.get(key)
        if played is None:
            played = self._done[key] = self._play(*key)
        said = world.said | {_Said(*one[:4], world.now_s, one[4]) for one in played.out}
        gates = (*world.gates[:place], played.gate, *world.gates[place + 1 :])
        known = (*world.known[:place], max(world.known[place], played.known), *world.known[place + 1 :])
        return replace(world, gates=gates, said=said, known=known), played

    def _play(self, number: int, event: tuple[Any, ...]) -> _Played:
        gate: _Gate = Copier((_OpenMembership,)).copied(self._gates[number])
        Turn.gate = gate
        took = getattr(self, f"_{event[0]}")(gate, *event[1:])
        assert gate.sessions is not None
        gate.sessions.tick()
        out, gate.out = tuple(gate.out), []
        known = gate.sessions._peers[gate.other].session
        return _Played(self._known(gate), out, bool(took), gate.sessions.has_met(gate.other), known)

    def _met(self, number: int) -> bool:
        gate = Turn.gate = self._gates[number]
        return gate.sessions is not None and gate.sessions.has_met(gate.other)

    def _known(self, gate: _Gate) -> int:
        value = Freezer((_OpenMembership, RLock), frozenset({"clock_at"}), gate.clock_at, OLDEST_S).frozen(gate)
        number = self._numbers.setdefault(value, len(self._gates))
        if number == len(self._gates):
            self._gates.append(gate)
        return number

    @staticmethod
    def _start(gate: _Gate) -> None:
        gate.start()

    @staticmethod
    def _reconnects(gate: _Gate) -> None:
        _sessions(gate).connected()

    @staticmethod
    def _says(gate: _Gate) -> None:
        _sessions(gate).send(gate.other, _QUERY)

    @staticmethod
    def _tells(gate: _Gate) -> None:
        _sessions(gate).broadcast(_ROWS)

    @staticmethod
    def _wait(gate: _Gate, pause_s: float) -> None:
        gate.clock_at += pause_s

    @staticmethod
    def _hear(gate: _Gate, it: _Said) -> bool:
        """Whether it is taken, as the dispatcher asks."""
        place = Place(it.session, it.number)
        if isinstance(it.said, Hello):
            return _sessions(gate).process_hello(it.gate, it.said, place) is None
        opened = OpenedMessage(it.gate, it.said, same_membership=True, to_all=it.to == EVERYBODY, place=place)
        return _sessions(gate).accept(opened) is None


def _wrong(world: _World, it: _Said, before: frozenset[_Said], known: str) -> Iterator[str]:
    """What is wrong with taking this message in this world."""
    if it in world.taken:
        yield f"a {it.said.kind} is taken twice"
    if any(_later(one, it) for one in world.taken):
        yield f"a {it.said.kind} is taken after what was said later"
    if it.session < known:
        yield f"a {it.said.kind} of a session that is over is taken"
    if it in before:
        yield f"a {it.said.kind} is taken that was said before its hearer started"
    if world.now_s - it.said_s > WORTHLESS_S[it.to]:
        yield f"a {it.said.kind} is taken after {WORTHLESS_S[it.to]:g} s"


def _later(one: _Said, it: _Said) -> bool:
    """Whether that was said later than this, in the same way."""
    return (one.gate, one.to) == (it.gate, it.to) and (one.session, one.number) > (it.session, it.number)


def _newest(world: _World, *, greetings_only: bool) -> frozenset[_Said]:
    """What was said in the newest session of each gate."""
    newest = {name: max(one.session for one in world.said if one.gate == name) for name in NAMES}
    return frozenset(
        one
        for one in world.said
        if one.session == newest[one.gate] and (not greetings_only or isinstance(one.said, Hello))
    )


def _order(it: _Said) -> tuple[Any, ...]:
    return it.said_s, it.session, it.to, it.number, it.gate


def _sessions(gate: _Gate) -> Sessions:
    assert gate.sessions is not None
    return gate.sessions
