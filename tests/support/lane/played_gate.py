"""A lane's shell in simulated time: what it is told, what it orders, and everything between them that may fail.

Joins the pure lane to the model of what stands around it. The monitor watches each step; the gate checks the pulses
against what truly is under the arm.
"""

from __future__ import annotations

import heapq
from collections import Counter
from itertools import count
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any

from agent.core.decision.decision import Decision
from agent.core.events.event_types import AlarmRaised, TransactionClosed, VehiclePresent
from agent.core.lane.effects import Close, Decide, Hold, Lamp, Raise, Record, Show
from agent.core.lane.lane_state_machine import Lane, step
from agent.core.lane.step_inputs import (
    CommandKind,
    Decided,
    Input,
    OfficerCommand,
    PlateRead,
    Presented,
    Pulsed,
    ReadersChanged,
    RecordFailed,
    RelayChanged,
    Sampled,
    Ticked,
)
from agent.core.model.debounce import Debounced
from agent.core.model.instant import Instant
from agent.core.model.observations import Presentation, Reading
from agent.core.model.reasons import Reason, Verdict
from agent.core.model.signals import Signals
from sim.physics.world import SIGNALS, World
from tests.support.lane.monitor import Monitor
from tests.support.lane.walks import binding

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane.effects import Effect
    from agent.core.lane.lane_state_machine import LaneRules
    from agent.core.model.ledger import LedgerState
    from sim.physics.world import Site

PERIOD_S = 0.05
CALM_S = 0.2
DEBOUNCE_S = 0.04
PULSE_S = 0.5
BLINK_S = 0.75
"""From a vehicle's first iron on the loop to the start of a close pulse: detector, poll, debounce, deadline, relay."""


class Faults:
    """What is wrong at the moment. Chances are for each time that something is done."""

    def __init__(self) -> None:
        self.samples_lost = False
        self.late_s = 0.0
        self.unknown: frozenset[str] = frozenset()
        self.undelivered = 0.0
        self.unsure = 0.0
        self.journal = 0.0
        self.answers_lost = 0.0
        self.blind_readers = False
        self.slow_board_s = 0.0


class PlayedGate:
    """One lane in one world. `answer` decides for a permit's number; `log` is called with what happens, for a trace."""

    def __init__(
        self,
        rules: LaneRules,
        site: Site,
        seed: int,
        answer: Callable[[Decide], Decision],
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.rules = rules
        self.world = World(site, seed)
        self.dice = Random(seed + 1)  # noqa: S311 -- a run that can be repeated
        self.answer = answer
        self.log = log
        self.faults = Faults()
        self.lane = Lane.start(rules, 1)
        self.monitor = Monitor(rules)
        self.outcomes: dict[str, TransactionClosed] = {}
        self.uses: dict[bytes, LedgerState] = {}
        self.begun: list[str] = []
        self.alarms: Counter[str] = Counter()
        self.told: list[tuple[str, str]] = []
        self.counts: Counter[str] = Counter()
        self.relay_up = False
        self.frame = 0
        self.held = False
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._boot = 0
        self._debounced = {name: Debounced() for name in self._wired()}
        self._contacts = {"open": -inf, "close": -inf}
        self._ticked_at = 0.0
        self.relay(up=True)

    def _wired(self) -> list[str]:
        rules = self.rules
        if rules.blind:
            return []
        return [n for n in SIGNALS if n in ("presence", "safety") or getattr(rules, f"has_{n}")]

    @property
    def now(self) -> Instant:
        return Instant(1000.0 + self.world.now, 1_772_352_000.0 + self.world.now)

    # ------------------------------------------------------------------------------------------------- time goes by

    def tick(self) -> None:
        """Let a moment go by: what is due, the world, a sample, the tick of the loop."""
        world = self.world
        world.step(CALM_S if world.calm and not self._due else PERIOD_S)
        while self._due and self._due[0][0] <= world.now:
            heapq.heappop(self._due)[2]()
        if self._debounced:
            self._sample()
        if world.now - self._ticked_at >= CALM_S:
            self._ticked_at = world.now
            self.feed(Ticked(self.now))

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something after a while, unless the agent is started anew before."""
        boot = self._boot
        entry = (self.world.now + delay_s, next(self._order), lambda: act() if boot == self._boot else None)
        heapq.heappush(self._due, entry)

    def _sample(self) -> None:
        faults, now = self.faults, self.now
        if faults.samples_lost:
            return
        debounced = self._debounced
        bits: dict[str, bool | None] = {}
        for name, read in zip(SIGNALS, self.world.bits(), strict=True):
            old = debounced.get(name)
            if old is None:
                continue
            bit = None if name in faults.unknown else read
            if bit is not old.value or bit is not old.candidate:
                debounced[name] = old = old.seen(bit, now.at, DEBOUNCE_S)
            bits[name] = old.value
        if faults.late_s > 0.0:
            self.later(faults.late_s, lambda: self.feed(self._sampled(self.now, now.at, bits)))
        else:
            self.feed(self._sampled(now, now.at, bits))

    @staticmethod
    def _sampled(now: Instant, at: float, bits: dict[str, bool | None]) -> Sampled:
        return Sampled(now, Signals(at, **bits))  # type: ignore[arg-type]

    # ------------------------------------------------------------------------------------------------- the loop

    def feed(self, item: Input) -> None:
        """Step as the shell does; a binding record that fails takes the step back."""
        before, fed = self.lane, item
        after, effects = step(before, item)
        self.counts["steps"] += 1
        while binding(effects) and self.dice.random() < self.faults.journal:
            decision = fed.decision if isinstance(fed, Decided) else None
            item = RecordFailed(self.now, Reason.GATE_FAULT, decision, fed)
            after, effects = step(before, item)
        self.monitor.take_in(item)
        self.monitor.check(item, effects)
        self.monitor.states(item, before.state, after.state, effects)
        self.lane = after
        if self.log is not None and (effects or before.state is not after.state):
            self.log(f"{self.world.now:8.2f} {before.state} -> {after.state}: {type(item).__name__} {effects}")
        self._carry_out(effects)

    def _carry_out(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Record():
                    self._note(effect)
                case Raise():
                    self._pulse("open", effect.grant, effect.deadline)
                case Close():
                    self._pulse("close", None, effect.deadline)
                case Hold():
                    self._hold(on=effect.on)
                case Show():
                    self.world.green = effect.lamp is Lamp.GREEN
                case Decide():
                    self._decide(effect)
                case _:
                    pass

    def _note(self, record: Record) -> None:
        self.uses |= {change.permit_id: change.state for change in record.ledger}
        for draft in record.events:
            event = draft.event
            if isinstance(event, VehiclePresent):
                self.counts["transactions"] += 1
                self.begun.append(draft.transaction or "")
            elif isinstance(event, TransactionClosed):
                assert draft.transaction not in self.outcomes, "one outcome"
                self.outcomes[draft.transaction or ""] = event
                self.told.append((draft.transaction or "", event.outcome.value))
            elif isinstance(event, AlarmRaised):
                self.alarms[event.alarm.value] += 1

    def _decide(self, question: Decide) -> None:
        item = Decided(self.now, self.answer(question), 1, question.transaction)
        luck = self.dice.random()
        if luck < self.faults.answers_lost / 2:
            return
        if luck < self.faults.answers_lost:
            self.later(luck * 20, lambda: self.feed(Decided(self.now, item.decision, 1, item.transaction)))
        else:
            self.feed(item)

    # ------------------------------------------------------------------------------------------------- the relay board

    def _pulse(self, action: str, grant: str | None, deadline: float) -> None:
        """Give a pulse as a board does that may fail: not at all, or without knowing whether it did."""
        self.counts["raises" if action == "open" else "closes"] += 1
        luck = self.dice.random()
        delivery, done = "delivered", True
        if not self.relay_up or luck < self.faults.undelivered:
            delivery, done = "not_delivered", False
        elif luck < self.faults.undelivered + self.faults.unsure:
            delivery, done = "unknown", self.dice.random() < 0.5
        wait_s = 0.01 if self.dice.random() < 0.9 else self.dice.random() * 0.3
        wait_s += self.faults.slow_board_s if action == "open" else 0.0
        if self.now.at + wait_s > deadline or (action == "close" and self._energised("open")):
            delivery, done = "not_delivered", False
        if done:
            self.later(
                wait_s, lambda: self._energise(action, by_right=grant is not None and not self._is_safety(grant))
            )
        self.later(wait_s + 0.05, lambda: self.feed(Pulsed(self.now, grant, action, delivery)))

    def _is_safety(self, grant: str) -> bool:
        """Whether a grant belongs to no transaction: it raises an arm that the agent lowered."""
        return grant.split("-", maxsplit=1)[0] not in self.begun

    def _energise(self, action: str, *, by_right: bool) -> None:
        if not self.relay_up:
            return
        world = self.world
        if action == "open":
            self._release("close")
            world.relay("open", on=True, grants=by_right)
        else:
            guards = (world.safety, world.photocell) if self.rules.has_photocell else (world.safety,)
            seen = any(guard.level for guard in guards)
            assert not (seen and world.under_s > BLINK_S), f"a close pulse onto vehicle {world.vehicles[0].number}"
            world.relay("close", on=True)
        self._contacts[action] = world.now
        self.later(PULSE_S, lambda: self._release(action))

    def _release(self, action: str) -> None:
        if self._energised(action):
            self._contacts[action] = -inf
            self.world.relay("open" if action == "open" else "close", on=False)

    def _energised(self, action: str) -> bool:
        return self._contacts[action] > -inf

    def _hold(self, *, on: bool) -> None:
        self.held = on
        if self.relay_up:
            self.world.relay("hold", on=on)

    def relay(self, *, up: bool) -> None:
        """Lose the relay board, or get it back: every relay is released then, and a standing hold restored."""
        if up is self.relay_up:
            return
        self.relay_up = up
        if up:
            self._all_off()
            if self.held:
                self.world.relay("hold", on=True)
        self.feed(RelayChanged(self.now, up=up))

    def _all_off(self) -> None:
        self._release("open")
        self._release("close")
        if self.world.controller.held:
            self.world.relay("hold", on=False)

    # ------------------------------------------------------------------------------------------------- people and power

    def present(self, number: int) -> None:
        """A reader sees the permit of a vehicle."""
        if not self.faults.blind_readers:
            self.frame += 1
            shown = Presentation(b"permit %d" % number, "zxing", "cam", self.frame, self.now.at)
            self.feed(Presented(self.now, shown))

    def read(self, number: int) -> None:
        """A reader reads the plate of a vehicle."""
        if not self.faults.blind_readers:
            self.frame += 1
            self.feed(PlateRead(self.now, Reading(f"plate {number}", (), "cn", 0.9, "cam", self.frame, self.now.at)))

    def readers(self, *, up: bool) -> None:
        """Lose all readers, or get them back."""
        self.faults.blind_readers = not up
        self.feed(ReadersChanged(self.now, up=up))

    def order(self, kind: CommandKind) -> None:
        """An officer orders something, and is answered."""
        self.counts["orders"] += 1
        self.feed(OfficerCommand(self.now, kind, "op", "cause", f"order {self.counts['orders']}"))

    def restart(self) -> None:
        """Kill the agent and start another: the relays are released, and the lane knows its serial and what stands."""
        self._boot += 1
        self._due.clear()
        closed = sum(self.monitor.outcomes.values())
        assert closed == len(self.monitor.ids) - (self.monitor.open is not None), "exactly one outcome"
        self.counts["cut off"] += self.monitor.open is not None
        lockout = self.monitor.lockout
        self.lane = Lane.start(self.rules, self.lane.serial, lockout)
        self.monitor = Monitor(self.rules, lockout)
        self._debounced = {name: Debounced() for name in self._wired()}
        self.held = False
        self._all_off()
        self.world.green = False
        self.faults.blind_readers = False
        self.relay_up = False
        self.later(0.5, lambda: self.relay(up=True))

    def decision(self, verdict: Verdict, reason: Reason, permit: Any = None) -> Decision:
        """A decision as the judgement gives it."""
        return Decision(verdict, reason, (), permit)
