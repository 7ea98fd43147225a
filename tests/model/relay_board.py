"""A relay board as a machine: the real `RelayBoard`, its scheduler and barriers, and a board that fails in every way.

Lanes order at any time, from threads of their own: an order comes between any two calls that the board's thread makes.
Each call can be done, be refused, be lost on the way there or on the way back, or find the board gone. What must hold,
from docs/safety.md: each pulse is reported once, and truly; a grant moves a relay at most once, and not after its
deadline; open and close are never energised together; and on a sound board every relay that nobody holds lets go.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, Final

from agent.barrier.outputs import Wiring
from agent.barrier.relay_board import RelayBoard
from agent.devices import PortState
from agent.service.worker import Worker
from drivers.api import Delivery, DeviceUnavailableError, RelayCapabilities, TooLateError
from tests.model.explorer import VARIANT, Outcome
from tests.model.one_thread import Lock, Turn, one_thread
from tests.model.snapshots import Copier, Freezer

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from agent.barrier.barrier import PulseReport

OPEN, CLOSE, OTHER = 1, 2, 3
PULSE_MS: Final = 500
_ROOMS: Final = ("agent.barrier.", "agent.devices.port_supervisor")
_TIMES: Final = {
    # what was due is due, whenever that was; a pulse counts as one for a moment longer, a relay as stuck after a second
    "deadline": 0.001,
    "deadlines": 0.001,
    "ran": 0.001,
    "until": 0.0,
    "_off_due": 0.3,
    "_level_due": 0.3,
    "_pulse_until": 0.21,
    "_refusing_since": 1.1,
}
_DONE: Final = "done"
_SENT: Final = (_DONE, "board gone", "answer lost, done", "answer lost, not done", "refused")
_ASKED: Final = (_DONE, "board gone")
_ROUNDS: Final = 60


@dataclass(frozen=True, slots=True)
class BoardKind:
    """What the board can do, and how often each may happen: orders of pulses, faults of the board."""

    hardware_pulse: bool
    read_back: bool
    orders: int = 2
    faults: int = 2


class Choices:
    """What goes wrong with each call of one round. `made`: what was chosen, and of how many."""

    def __init__(self, script: tuple[int, ...], faults: int) -> None:
        self._script = script
        self._faults = faults
        self.made: list[tuple[int, int]] = []
        self.words: list[str] = []

    def of(self, call: str, ways: tuple[str, ...]) -> str:
        """How a call goes."""
        place = len(self.made)
        chosen = self._script[place] if place < len(self._script) else 0
        self.made.append((chosen, len(ways) if self._faults else 1))
        if chosen:
            self._faults -= 1
            self.words.append(f"{call}: {ways[chosen]}")
        return ways[chosen]


class Board:
    """A relay board (drivers.api.RelayPort), as it really is. `until`: when it ends a pulse by itself."""

    def __init__(self, kind: BoardKind) -> None:
        self.capabilities = RelayCapabilities(3, kind.hardware_pulse, 100 if kind.hardware_pulse else 0, kind.read_back)
        self.on = dict.fromkeys((OPEN, CLOSE, OTHER), False)
        self.until: dict[int, float] = {}
        self.ran: list[float] = []
        self.late = False
        self.choices = Choices((), 0)

    def open(self) -> str:
        self._sent("connect", _ASKED)
        return "a board"

    def close(self) -> None:
        pass

    def set(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:
        self._in_time(deadline)
        way = self._sent(f"relay {channel} {'on' if on else 'off'}", _SENT)
        if way in {_SENT[0], _SENT[2]}:
            self._switch(channel, on=on, deadline=deadline)
            self.until.pop(channel, None)
        return _delivery(way)

    def pulse(self, channel: int, duration_ms: int, *, deadline: float = inf) -> Delivery:
        self._in_time(deadline)
        way = self._sent(f"pulse of relay {channel}", _SENT)
        if way in {_SENT[0], _SENT[2]}:
            self._switch(channel, on=True, deadline=deadline)
            self.until[channel] = Turn.monotonic() + duration_ms / 1000
        return _delivery(way)

    def all_off(self) -> Delivery:
        way = self._sent("all off", _SENT)
        if way in {_SENT[0], _SENT[2]}:
            self.on = dict.fromkeys(self.on, False)
            self.until.clear()
        return _delivery(way)

    def state(self) -> tuple[bool, ...] | None:
        self._sent("state", _ASKED)
        return tuple(self.on.values()) if self.capabilities.read_back else None

    def time_passed(self) -> None:
        """Pulses that the board times end."""
        for channel, until in list(self.until.items()):
            if until <= Turn.monotonic():
                self.on[channel] = False
                del self.until[channel]

    def _in_time(self, deadline: float) -> None:
        if Turn.monotonic() > deadline:
            raise TooLateError("it comes too late")

    def _sent(self, call: str, ways: tuple[str, ...]) -> str:
        way = self.choices.of(call, ways)
        if way == _ASKED[1]:
            raise DeviceUnavailableError("the board is gone")
        return way

    def _switch(self, channel: int, *, on: bool, deadline: float) -> None:
        self.on[channel] = on
        if on and deadline != inf:
            self.ran.append(deadline)


class Yard:
    """The board, its thread's part, two lanes and what they heard. `deadlines`: of pulses without a report."""

    def __init__(self, kind: BoardKind) -> None:
        self.name, self.clock_at, self.tokens = "yard", 1000.0, 0
        self.orders, self.faults = kind.orders, kind.faults
        self.deadlines: dict[str, float] = {}
        self.wrong: list[str] = []
        self.board = Board(kind)
        Turn.gate = self
        self.owner = RelayBoard("model", self.board)
        self.lane = self.owner.barrier(Wiring(OPEN, PULSE_MS, close_channel=CLOSE), self._reported, self._changed)
        self.other = self.owner.barrier(Wiring(OTHER, PULSE_MS), self._reported, self._changed)

    def order(self, which: str, action: Any) -> None:
        """A lane orders a pulse that must begin within a second and a bit."""
        grant = f"{which}{self.orders}"
        self.orders -= 1
        self.deadlines[grant] = self.clock_at + 1.2 + self.orders / 1000
        (self.lane if which == "lane" else self.other).pulse(action, grant, self.deadlines[grant])

    def round(self) -> None:
        """The board's thread goes round once."""
        self.owner._run_once()

    def next_s(self) -> float:
        """How long until the thread has something to do."""
        owner = self.owner
        if not owner._port.is_up:
            return owner._port.wait_s()
        due_in_s = owner._scheduler.due_in_s()
        check_in_s = max(0.0, owner._check_at - self.clock_at)
        return check_in_s if due_in_s is None else min(check_in_s, due_in_s)

    def is_idle(self) -> bool:
        """Whether no order waits for the thread."""
        return self.owner._requests.empty() and not self.owner._pulses

    def _reported(self, report: PulseReport) -> None:
        deadline = self.deadlines.pop(report.grant or "", None)
        if deadline is None:
            self.wrong.append("a pulse is reported twice")
            return
        ran = self.board.ran.count(deadline)
        self.board.ran = [one for one in self.board.ran if one != deadline]
        if ran > 1:
            self.wrong.append("a grant moves a relay twice")
        if report.delivery is Delivery.DELIVERED and not ran:
            self.wrong.append("a pulse is told as delivered that was not")
        if report.delivery is Delivery.NOT_DELIVERED and ran:
            self.wrong.append("a pulse is told as not delivered that was")

    def _changed(self, _state: PortState, _detail: str) -> None:
        pass


class RelayBoardMachine:
    """One kind of board. A state is the number of the value of a yard."""

    def __init__(self, kind: BoardKind) -> None:
        self._kind = kind
        self._yards: list[Yard] = []
        self._numbers: dict[Hashable, int] = {}
        self._shared = (Worker, RelayCapabilities)

    def starts(self) -> Iterator[tuple[str, Hashable]]:
        with one_thread(*_ROOMS):
            yield "a start", self._known(Yard(self._kind))
            yard = Yard(self._kind)
            self._go_on(yard)
            yield "a board that is up", self._known(yard)

    def inputs(self, state: Any) -> Iterator[str]:
        yard = self._yards[state]
        yield "the thread goes round"
        yield "0.3 s pass"
        yield "time passes to the next duty"
        if yard.orders:
            yield from ("the lane orders open", "the lane orders close", "the other lane orders open")
        if len(yard.owner._requests.items) < 2:
            yield f"the lane {'lets go' if yard.lane.lane_outputs.held else 'holds'}"

    def outcomes(self, state: Any, label: str) -> Iterator[Outcome]:
        with one_thread(*_ROOMS):
            yield from self._played(state, label)

    def judged(self, state: Any) -> Iterator[str]:
        """On a sound board every pulse is reported, what is held is energised, and all else lets go."""
        with one_thread(*_ROOMS):
            yard = self._copied(state)
            self._go_on(yard)
            held = yard.lane.lane_outputs.held
            if yard.board.on != {OPEN: held, CLOSE: False, OTHER: False}:
                yield f"on a sound board relays stay {yard.board.on}, held {held}"
            if yard.deadlines:
                yield "a pulse is never reported"
            if yard.lane.state is not PortState.UP:
                yield "a sound board is never up"

    def never_seen(self, moved: Iterable[Hashable]) -> Iterator[str]:
        seen = set(moved)
        yield from (f"no {one}" for one in ("open energised", "close energised", "lost") if one not in seen)

    def told(self, state: Any) -> str:
        yard = self._yards[state]
        on = [str(channel) for channel, is_on in yard.board.on.items() if is_on]
        waiting = len(yard.owner._requests.items) + len(yard.owner._pulses)
        return (
            f"{yard.owner.state}, on: {' '.join(on) or 'none'}, {waiting} orders wait, {len(yard.deadlines)} pulses due"
        )

    # --------------------------------------------------------------------------------------------------------- private

    def _played(self, state: int, label: str) -> Iterator[Outcome]:
        scripts: list[tuple[int, ...]] = [()]
        while scripts:
            script = scripts.pop()
            yard = self._copied(state)
            choices = yard.board.choices = Choices(script, yard.faults)
            self._do(yard, label)
            yard.board.choices = Choices((), 0)
            yard.faults -= len(choices.words)
            if yard.board.on[OPEN] and yard.board.on[CLOSE]:
                yard.wrong.append("open and close are energised together")
            breaches, yard.wrong = tuple(yard.wrong), []
            text = VARIANT.join([label, *(["; ".join(choices.words)] if choices.words else [])])
            yield Outcome(text, self._known(yard), breaches, _seen(yard))
            made = choices.made
            for place in range(len(script), len(made)):
                before = tuple(chosen for chosen, _ in made[:place])
                scripts += [(*before, other) for other in range(1, made[place][1])]

    def _go_on(self, yard: Yard) -> None:
        """Go round and round while the board is sound."""
        yard.board.choices = Choices((), 0)
        for _ in range(_ROUNDS):
            yard.round()
            self._pass(yard, 0.0 if not yard.is_idle() else max(0.01, min(0.3, yard.next_s())))

    def _do(self, yard: Yard, label: str) -> None:
        match label:
            case "the thread goes round":
                yard.round()
            case "0.3 s pass":
                self._pass(yard, 0.3)
            case "time passes to the next duty":
                self._pass(yard, max(0.01, yard.next_s()))
            case "the lane orders open" | "the lane orders close":
                yard.order("lane", label.rsplit(maxsplit=1)[1])
            case "the other lane orders open":
                yard.order("other", "open")
            case _:
                yard.lane.hold(on=label == "the lane holds")

    @staticmethod
    def _pass(yard: Yard, seconds: float) -> None:
        yard.clock_at += seconds
        yard.board.time_passed()

    def _copied(self, state: int) -> Yard:
        yard: Yard = Copier(self._shared).copied(self._yards[state])
        Turn.gate = yard
        return yard

    def _known(self, yard: Yard) -> int:
        names = frozenset({"clock_at", "choices", "_answer_s", "energised", "detail"})
        freezer = Freezer((*self._shared, Lock), names, yard.clock_at, 0.0, _TIMES)
        value = freezer.frozen(yard)
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self._yards)
            self._yards.append(yard)
        return number


def _delivery(way: str) -> Delivery:
    return {_SENT[0]: Delivery.DELIVERED, _SENT[4]: Delivery.NOT_DELIVERED}.get(way, Delivery.UNKNOWN)


def _seen(yard: Yard) -> str | None:
    if yard.owner.state is PortState.LOST:
        return "lost"
    return "open energised" if yard.board.on[OPEN] else "close energised" if yard.board.on[CLOSE] else None


KINDS: Final = {
    "timed by the board": BoardKind(hardware_pulse=True, read_back=True),
    "timed by the board, blind": BoardKind(hardware_pulse=True, read_back=False),
    "timed by the agent": BoardKind(hardware_pulse=False, read_back=True),
    "timed by the agent, blind": BoardKind(hardware_pulse=False, read_back=False),
}
