"""Random walks of a lane: what is around it, vehicles and faults, and a monitor that watches each step."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.core.decision import Decision, Reason, Verdict
from agent.core.lane import Lane, LaneRules, State, step
from agent.core.lane_io import (
    Close,
    Commanded,
    CommandKind,
    Decide,
    Decided,
    Hold,
    Input,
    PlateRead,
    Presented,
    Pulsed,
    Raise,
    ReadersChanged,
    RecordFailed,
    RelayChanged,
    Sampled,
    Ticked,
)
from agent.core.moment import Moment
from agent.core.observations import Presentation, Reading
from tests.lane_monitor import Monitor
from tests.yard import PERMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane_io import Effect

LIMITS = {"has_opened": True, "has_closed": True}
LANES: dict[str, dict[str, Any]] = {
    "plain": {},
    "plain, agent closes": {"close_mode": "agent"},
    "limits": LIMITS,
    "limits, agent closes": {**LIMITS, "close_mode": "agent", "has_photocell": True},
    "closed limit and photocell": {"has_closed": True, "has_photocell": True},
    "blind": {"blind": True},
    "blind, agent closes": {"blind": True, "close_mode": "agent"},
}


class World:
    """What is around a lane: a shell that carries out its effects, and whatever happens at a gate."""

    def __init__(self, rules: LaneRules, seed: int) -> None:
        self.rules = rules
        self.lane = Lane.start(rules, 1)
        self.monitor = Monitor(rules)
        self.dice = random.Random(seed)  # noqa: S311 -- a walk that can be repeated
        self.at = 100.0
        self.utc = 1_772_352_000.0
        self.bits: dict[str, bool | None] = {"presence": False, "safety": False, "photocell": None}
        self.bits |= {"photocell": False} if rules.has_photocell else {}
        self.bits |= {"opened": False if rules.has_opened else None, "closed": True if rules.has_closed else None}
        self.pulses: list[tuple[str | None, str]] = []
        self.late: list[Decided] = []
        self.frame = 0
        self.steps = 0
        self.moves: Counter[tuple[State, State]] = Counter()

    @property
    def now(self) -> Moment:
        return Moment(self.at, self.utc)

    # ------------------------------------------------------------------------------------------------------- the shell

    def feed(self, item: Input, *, commits: bool = True, verdict: Verdict | None = None) -> None:
        """Step as the shell does; a binding record that fails takes the step back."""
        self.steps += 1
        before = self.lane
        after, effects = step(before, item)
        if not commits and any(isinstance(e, Raise) or (isinstance(e, Hold) and e.on) for e in effects):
            reason = self.dice.choice((Reason.ALREADY_USED, Reason.GATE_FAULT))
            item = RecordFailed(self.now, reason, item.decision if isinstance(item, Decided) else None)
            after, effects = step(before, item)
        else:
            self.monitor.take_in(item)
        self.monitor.check(item, effects)
        self.monitor.states(item, before.state, after.state, effects)
        assert (after.transaction_id is None) is (self.monitor.open is None)
        self.lane = after
        self.moves[before.state, after.state] += before.state is not after.state
        self.carry_out(effects, verdict)

    def carry_out(self, effects: tuple[Effect, ...], verdict: Verdict | None) -> None:
        for effect in effects:
            if isinstance(effect, Raise):
                self.pulses.append((effect.grant, "open"))
            elif isinstance(effect, Close):
                self.pulses.append((None, "close"))
            elif isinstance(effect, Decide):
                self.answer(effect, verdict)

    def answer(self, question: Decide, verdict: Verdict | None) -> None:
        said = verdict or self.dice.choice((Verdict.PASS, Verdict.RETRY, Verdict.RETRY, Verdict.DENY, Verdict.MANUAL))
        permit = PERMIT if said is Verdict.PASS and self.dice.random() < 0.98 else None
        decision = Decision(said, self.dice.choice(list(Reason)), (), permit)
        item = Decided(self.now, decision, 1 if permit else 0, question.transaction if self.dice.random() < 0.5 else "")
        luck = self.dice.random()
        if luck < 0.94:
            self.feed(item, commits=self.dice.random() < 0.97)
        elif luck < 0.98:
            self.late.append(item)

    # ------------------------------------------------------------------------------------------------------ the gate

    def sense(self, seconds: float = 0.1, **bits: bool | None) -> None:
        self.at += seconds
        self.utc += seconds
        self.bits |= {name: bit for name, bit in bits.items() if self.has(name)}
        self.feed(
            Sampled(self.now, self.at - self.dice.choice((0.0, 0.0, 0.05)), **self.bits),  # type: ignore[arg-type]
            commits=self.dice.random() < 0.98,
        )

    def has(self, name: str) -> bool:
        return name in ("presence", "safety") or bool(getattr(self.rules, f"has_{name}"))

    def qr(self, text: str, verdict: Verdict | None = None) -> None:
        self.frame += 1
        picture = f"p{self.frame}" if self.dice.random() < 0.3 else None
        self.feed(
            Presented(self.now, Presentation(text.encode(), "zxing", "cam", self.frame, self.at, picture=picture)),
            verdict=verdict,
        )

    def plate(self, text: str, verdict: Verdict | None = None) -> None:
        self.frame += 1
        self.feed(PlateRead(self.now, Reading(text, (), "cn", 0.9, "cam", self.frame, self.at)), verdict=verdict)

    def report(self, delivery: str) -> None:
        if self.pulses:
            grant, action = self.pulses.pop(self.dice.randrange(len(self.pulses)))
            self.feed(Pulsed(self.now, grant, action, delivery))

    def order(self, kind: CommandKind) -> None:
        self.feed(Commanded(self.now, kind, "op", "cause"), commits=self.dice.random() < 0.9)

    def idle_time(self, seconds: float) -> None:
        """Let time go by in fresh samples of half the staleness, or in one leap: a lane must stand both."""
        if self.dice.random() < 0.7:
            self.sense(seconds)
            return
        for _ in range(min(20, round(seconds / 0.15))):
            self.sense(0.15)

    def odd(self, chance: float) -> bool:
        return self.dice.random() < chance

    def perhaps(self, chance: float, act: Callable[[], None]) -> None:
        if self.odd(chance):
            act()

    def vehicle(self) -> None:
        """A vehicle that comes, shows its permit, and mostly passes; each step of it may go wrong."""
        self.arrive()
        self.enter()
        self.pass_through()
        self.close_behind()

    def arrive(self) -> None:
        dice = self.dice
        text = f"permit {dice.randrange(1_000_000)}"
        verdict = dice.choices((Verdict.PASS, None), (6, 1))[0]
        self.feed(RelayChanged(self.now, up=not self.odd(0.03)))
        self.feed(ReadersChanged(self.now, up=not self.odd(0.04)))
        if self.odd(0.8):
            self.sense(presence=False, safety=False, photocell=False, opened=False, closed=True)
        self.idle_time(dice.choice((0.2, 0.2, 3.5, 10.0)))
        if self.odd(0.2):
            self.qr(text, Verdict.RETRY)
        self.sense(presence=True)
        if self.odd(0.3):
            self.plate(f"plate {text}", Verdict.RETRY)
        if self.odd(0.1):
            self.idle_time(31.0)
        for _ in range(dice.choice((1, 1, 1, 3))):
            self.qr(text, verdict)

    def enter(self) -> None:
        dice = self.dice
        self.perhaps(0.15, self.wild)
        self.report(dice.choices(("delivered", "not_delivered", "unknown"), (10, 1, 1))[0])
        if self.odd(0.1):
            self.order(CommandKind.OPEN)
        if self.odd(0.6):
            self.sense(0.5, closed=False)
        if self.odd(0.8):
            self.sense(0.5, closed=False, opened=True)
        self.idle_time(dice.choice((0.2, 1.0, 6.5, 16.0)))
        if self.odd(0.15):
            self.sense(presence=False)
            self.idle_time(1.5)
        if self.odd(0.1):
            self.order(CommandKind.OPEN)
        self.perhaps(0.1, self.wild)
        if self.odd(0.1):
            self.sense(opened=False, closed=True)

    def pass_through(self) -> None:
        self.sense(safety=True)
        if self.odd(0.1):
            self.idle_time(61.0)
        if self.odd(0.85):
            self.sense(presence=False)
        if self.odd(0.1):
            self.sense(presence=True)
        self.sense(safety=False, photocell=self.odd(0.2))
        if self.odd(0.2):
            self.sense(0.4, safety=True)
            self.sense(safety=False)
        if self.odd(0.15):
            self.sense(opened=False, closed=True)
        if self.odd(0.3):
            self.sense(presence=False)
        self.sense(photocell=False)
        self.perhaps(0.05, self.wild)

    def close_behind(self) -> None:
        self.idle_time(1.2)
        self.sense(opened=False)
        if self.odd(0.15):
            self.sense(safety=True)
            self.sense(safety=False)
        if self.odd(0.15):
            self.sense(photocell=True)
            self.sense(photocell=False)
        self.report("delivered")
        self.perhaps(0.1, self.wild)
        self.idle_time(self.dice.choice((0.2, 1.0, 9.0)))
        self.sense(closed=True)

    def wild(self) -> None:
        """One thing that may happen at any time."""
        happens, weights = zip(*WILD, strict=True)
        self.dice.choices(happens, weights)[0](self)

    def flip(self) -> None:
        bit = self.dice.choice(("presence", "presence", "safety", "safety", "photocell", "opened", "closed"))
        self.sense(self.dice.choice((0.05, 0.1, 0.2, 1.0)), **{bit: self.dice.choice((True, False, True, False, None))})

    def leap(self) -> None:
        self.sense(self.dice.choice((0.05, 1.0, 3.1, 6.0, 15.0, 61.0)))

    def silence(self) -> None:
        self.at += self.dice.choice((0.05, 0.2, 0.35, 1.0, 11.0))
        self.feed(Ticked(self.now))

    def failure(self) -> None:
        self.feed(RecordFailed(self.now, self.dice.choice((Reason.ALREADY_USED, Reason.GATE_FAULT))))

    def clock(self) -> None:
        self.utc += self.dice.choice((-1e6, 1e6, -3600.0, 0.5, 1e12, -1e12))

    def out_of_order(self) -> None:
        """Answers and samples that come late, or were never asked for."""
        if self.late and self.dice.random() < 0.7:
            self.feed(replace(self.late.pop(0), now=self.now))
        elif self.dice.random() < 0.5:
            self.feed(Decided(self.now, Decision(Verdict.PASS, Reason.OK, (), PERMIT), 1))
        else:
            age = self.dice.choice((0.01, 0.25, 0.31, 5.0, -1000.0))
            self.feed(Sampled(self.now, self.at - age, **self.bits))  # type: ignore[arg-type]

    def run(self, steps: int) -> None:
        if self.odd(0.2):
            self.order(self.dice.choice(list(CommandKind)))
        while self.steps < steps:
            if self.dice.random() < 0.5:
                self.vehicle()
            else:
                for _ in range(self.dice.randrange(40)):
                    self.wild()
            if self.lane.state is State.HELD_OPEN and self.dice.random() < 0.7:
                self.order(CommandKind.RELEASE)
        self.monitor.ids -= {self.monitor.open or ""}


WILD: list[tuple[Callable[[World], None], int]] = [
    (World.flip, 12),
    (World.leap, 2),
    (World.silence, 2),
    (lambda w: w.qr(w.dice.choice("ABCDEF")), 4),
    (lambda w: w.plate(w.dice.choice(("K1", "K2", "K3"))), 2),
    (lambda w: w.order(w.dice.choice(list(CommandKind))), 4),
    (lambda w: w.order(CommandKind.RELEASE), 2),
    (lambda w: w.report(w.dice.choice(("delivered", "not_delivered", "unknown", "gibberish"))), 4),
    (lambda w: w.feed(RelayChanged(w.now, up=w.odd(0.75))), 2),
    (lambda w: w.feed(ReadersChanged(w.now, up=w.odd(0.75))), 2),
    (World.failure, 1),
    (World.clock, 1),
    (World.out_of_order, 2),
]
