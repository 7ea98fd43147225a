"""Random walks of a lane, and of two that wait for one another: vehicles and faults, and a monitor at each step."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.core.decision.decision import Decision
from agent.core.events.event_types import BarrierTested, LaneOrdered
from agent.core.lane.effects import Close, Decide, Hold, Raise, Record
from agent.core.lane.interlock import InterlockState, arm_in_use, claim, is_free, with_occupancy
from agent.core.lane.lane_state_machine import Lane, LaneRules, LaneState, step
from agent.core.lane.state import occupies, waits_to_lower
from agent.core.lane.step_inputs import (
    CommandKind,
    Decided,
    Input,
    InterlockChanged,
    OfficerCommand,
    PlateRead,
    Presented,
    Pulsed,
    ReadersChanged,
    RecordFailed,
    RelayChanged,
    Sampled,
    Ticked,
    VinRead,
)
from agent.core.model import Outcome
from agent.core.model.instant import Instant
from agent.core.model.observations import Presentation, Reading, VinReading, VinSource
from agent.core.model.reasons import Reason, Verdict
from agent.core.model.signals import Signals
from agent.core.vin_match import match_vin
from tests.support.lane.monitor import Monitor
from tests.support.lane.yard import PERMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.lane.effects import Effect

REASONS = tuple(Reason)
MAINTAINED = 0.08
LIMITS = {"has_opened": True, "has_closed": True}
ORDERS = {"has_key": True, "has_hold": True}
SHARED = {"neighbours": True, "shares_arm": True}
LANES: dict[str, dict[str, Any]] = {
    "plain": {},
    "plain, agent closes": {"close_mode": "agent"},
    "limits": LIMITS,
    "limits, agent closes": {**LIMITS, "close_mode": "agent", "has_photocell": True},
    "closed limit and photocell": {"has_closed": True, "has_photocell": True},
    "limits, waits for its way": {**LIMITS, **ORDERS, "has_photocell": True, "neighbours": True},
    "shared arm": {**LIMITS, **ORDERS, **SHARED},
    "shared arm, agent closes": {**SHARED, "close_mode": "agent", "has_opened": True, "has_hold": True},
    "blind": {"blind": True},
    "blind, shared arm": {"blind": True, **ORDERS, **SHARED},
    "blind, agent closes": {"blind": True, "close_mode": "agent"},
    "decides by the plate": {**LIMITS, "has_photocell": True, "decides_by_plate": True},
    "blind, decides by the plate": {"blind": True, "decides_by_plate": True},
}


class World:
    """What is around a lane: a shell that carries out its effects, and whatever happens at a gate."""

    def __init__(self, rules: LaneRules, seed: int) -> None:
        self.rules = rules
        self.lane = Lane.start(rules, 1)
        self.monitor = Monitor(rules)
        self.dice = random.Random(seed)  # noqa: S311 -- a walk that can be repeated
        self.labels = random.Random(-seed - 1)  # noqa: S311 -- the same
        self.at = 100.0
        self.utc = 1_772_352_000.0
        self.bits: dict[str, bool | None] = {"presence": False, "safety": False, "photocell": None}
        self.bits |= {"photocell": False} if rules.has_photocell else {}
        self.bits |= {name: False for name in ("key", "hold") if self.has(name)}
        self.bits |= {"opened": False if rules.has_opened else None, "closed": True if rules.has_closed else None}
        self.pulses: list[tuple[str | None, str]] = []
        self.late: list[Decided] = []
        self.flapping: tuple[str, ...] = ()
        self.broken: dict[str, bool] = {}
        self.away = False
        self.frame = 0
        self.steps = 0
        self.moves: Counter[tuple[LaneState, LaneState]] = Counter()
        self.orders = 0
        self.restarts = 0

    @property
    def now(self) -> Instant:
        return Instant(self.at, self.utc)

    # ------------------------------------------------------------------------------------------------------- the shell

    def feed(self, item: Input, *, commits: bool = True, verdict: Verdict | None = None) -> None:
        """Step as the shell does; a binding record that fails takes the step back."""
        self.steps += 1
        before, fed = self.lane, item
        after, effects = step(before, item)
        if isinstance(item, VinRead):
            due = step(before, Ticked(item.now))[1]
            assert movements(effects) == movements(due), "a VIN moves nothing by itself: only what is due without it"
        while (reason := self.refused(effects, commits=commits)) is not None:
            decision = fed.decision if isinstance(fed, Decided) else None
            item = RecordFailed(self.now, reason, decision, fed)
            after, effects = step(before, item)
            commits = self.odd(0.5)
        self.monitor.take_in(item)
        self.monitor.check(item, effects)
        self.monitor.states(item, before.state, after.state, effects)
        assert (after.transaction_id is None) is (self.monitor.open is None)
        assert after.lockout == self.monitor.lockout, "what stands is what the journal says"
        self.lane = after
        self.moves[before.state, after.state] += before.state is not after.state
        self.moved(effects)
        self.carry_out(effects, verdict)

    def refused(self, effects: tuple[Effect, ...], *, commits: bool) -> Reason | None:
        """Why what was asked for may not happen; None where it may."""
        if commits or not binding(effects):
            return None
        if not opens(effects):
            return Reason.GATE_FAULT
        ways = (Reason.INTERLOCKED,) if self.rules.neighbours else ()
        taken = (Reason.ALREADY_USED,) if any(isinstance(e, Record) and e.ledger for e in effects) else ()
        return self.dice.choice((Reason.GATE_FAULT, *taken, *ways))

    def moved(self, effects: tuple[Effect, ...]) -> None:
        """Nobody else is here to hear of it."""

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
        known = {Verdict.PASS: 0.98, Verdict.MANUAL: 0.5, Verdict.RETRY: 0.3}
        permit = PERMIT if self.dice.random() < known.get(said, 0.0) else None
        found = None if permit is None else match_vin(question.vins, permit.vin)
        decision = Decision(said, self.dice.choice(REASONS), (), permit, vin=found)
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
        self.feed(self.sample(self.dice.choice((0.0, 0.0, 0.05))), commits=self.dice.random() < 0.98)

    def sample(self, age: float) -> Sampled:
        bits = self.bits | self.broken | dict.fromkeys(self.bits if self.away else self.flapping)
        return Sampled(self.now, Signals(self.at - age, **bits, flapping=self.flapping))  # type: ignore[arg-type]

    def has(self, name: str) -> bool:
        return name in ("presence", "safety") or bool(getattr(self.rules, f"has_{name}"))

    def qr(self, text: str, verdict: Verdict | None = None, ago_s: float = 0.0) -> None:
        self.frame += 1
        picture = f"p{self.frame}" if self.dice.random() < 0.3 else None
        seen = Presentation(text.encode(), "zxing", "cam", self.frame, self.at - ago_s, picture=picture)
        self.feed(Presented(self.now, seen), verdict=verdict)

    def plate(self, text: str, verdict: Verdict | None = None, track: int = 0) -> None:
        self.frame += 1
        seen = Reading(text, (), "cn", 0.9, "cam", self.frame, self.at, track=track)
        self.feed(PlateRead(self.now, seen), verdict=verdict)

    def label(self) -> None:
        """A VIN is in view, mostly the declared one; its code is read in some frames."""
        text = self.labels.choice((PERMIT.vin, PERMIT.vin, f"LSVAA4182E21{self.labels.randrange(90_000):05d}"))
        source = self.labels.choice((VinSource.CODE_39, VinSource.DATA_MATRIX, VinSource.SCANNER))
        for _ in range(self.labels.choice((1, 1, 2, 6))):
            self.frame += 1
            picture = f"v{self.frame}" if self.labels.random() < 0.3 else None
            seen = VinReading(text, source, "cam", self.frame, self.at, picture=picture, legible=picture is not None)
            self.feed(VinRead(self.now, seen))

    def perhaps_label(self, chance: float) -> None:
        if self.labels.random() < chance:
            self.label()

    def report(self, delivery: str) -> None:
        if self.pulses:
            grant, action = self.pulses.pop(self.dice.randrange(len(self.pulses)))
            self.feed(Pulsed(self.now, grant, action, delivery))

    def order(self, kind: CommandKind) -> None:
        """Order something, mostly with an id; now and then it comes too late."""
        self.orders += 1
        name = "" if self.odd(0.2) else f"order {self.orders}"
        deadline = self.at + self.dice.choice((5.0, 5.0, 5.0, 5.0, 0.01, 0.0, -1.0))
        operator = self.dice.choice(("op", "other"))
        self.feed(OfficerCommand(self.now, kind, operator, "cause", name, deadline), commits=self.dice.random() < 0.9)

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
            self.perhaps(0.1, self.failure)
        self.perhaps_label(0.3)
        if self.rules.neighbours and self.odd(0.3):
            self.block()
        if self.odd(0.1):
            self.idle_time(31.0)
        self.perhaps(0.05, lambda: self.order(CommandKind.LOCK))
        for _ in range(dice.choice((1, 1, 1, 3))):
            self.qr(text, verdict)
        self.perhaps(0.05, self.contact)
        self.perhaps(0.03, lambda: self.order(CommandKind.OUT_OF_SERVICE))
        if self.lane.state is LaneState.WAITING and self.lane.lockout.locked_by:
            self.perhaps(0.5, self.unlock_and_open)

    def enter(self) -> None:
        dice = self.dice
        self.perhaps_label(0.1)
        self.perhaps(0.15, self.wild)
        self.perhaps(0.08, lambda: self.idle_time(dice.choice((3.0, 7.0))))  # a slow board
        self.report(dice.choices(("delivered", "not_delivered", "unknown"), (8, 1, 2))[0])
        self.perhaps(0.08, self.lose_sight)
        self.perhaps(0.1, self.doubt)
        if self.odd(0.6):
            self.sense(0.5, closed=False)
        if self.odd(0.8):
            self.sense(0.5, closed=False, opened=True)
        self.idle_time(dice.choice((0.2, 1.0, 6.5, 16.0)))
        if self.odd(0.15):
            self.sense(presence=False)
            self.idle_time(1.5)
        self.perhaps(0.25, self.doubt)
        self.perhaps(0.1, self.wild)
        if self.odd(0.1):
            self.sense(opened=False, closed=True)

    def two_in_view(self) -> None:
        """What a vehicle showed, or bears, is now and then read beside what belongs to another."""
        self.perhaps(0.03, self.turn_away_unread)
        self.perhaps(0.03, self.read_late)
        if self.rules.blind:
            self.perhaps(0.05, self.read_behind)

    def turn_away_unread(self) -> None:
        """A vehicle that was refused shows another permit as the last reader goes."""
        self.sense(presence=True, safety=False)
        self.qr(f"refused {self.frame}", Verdict.DENY)
        self.qr(f"another {self.frame}")
        self.feed(ReadersChanged(self.now, up=False))
        self.sense(1.2)
        self.feed(ReadersChanged(self.now, up=True))

    def read_late(self) -> None:
        """A vehicle is refused and leaves; what it showed is read once more when the next one has come."""
        text = f"refused {self.frame}"
        self.sense(presence=True, safety=False)
        self.qr(text, Verdict.DENY)
        self.sense(0.5, presence=False)
        self.sense(0.5, presence=True)
        self.qr(text, ago_s=0.3)

    def read_behind(self) -> None:
        """A vehicle is read and goes through a blind lane; the plate of the next one is read as it goes, and must count
        for the next one.
        """
        number = self.frame
        self.sense(3.5)
        self.plate(f"plate {number}", Verdict.RETRY, track=number + 1)
        self.qr(f"permit {number}", Verdict.PASS)
        going = self.lane.transaction
        if self.lane.state is not LaneState.OPENING or going is None or not going.readings:
            return
        self.report("delivered")
        for _ in range(self.dice.choice((1, 3))):
            self.sense(2.0)
            self.plate(f"behind {number}", track=self.dice.choice((0, number + 2)))
        self.sense(9.0)
        self.qr(f"another {number}", Verdict.RETRY)
        before = self.lane.transaction
        if before is None or before.final or self.lane.state not in (LaneState.PRESENT, LaneState.DECIDING):
            return
        self.plate(f"behind {number}", Verdict.RETRY, track=number + 2)
        after = self.lane.transaction
        assert after is None or after.id != before.id or f"behind {number}" in {one.text for one in after.readings}, (
            "the plate of this vehicle is taken for that of the one before"
        )

    def doubt(self) -> None:
        """An officer orders a pulse once more, by command or by the key, and the board answers as it likes."""
        if self.has("key") and self.odd(0.3):
            self.sense(key=False)
            self.sense(key=True, opened=self.odd(0.5))
        else:
            self.order(CommandKind.OPEN)
        self.perhaps(0.6, lambda: self.report(self.dice.choice(("delivered", "not_delivered", "unknown"))))

    def queue(self) -> None:
        """The next vehicle is on the presence loop before the first has left it, and stays there as
        the arm comes down.
        """
        self.sense(safety=True, presence=True)
        self.perhaps_label(0.1)
        self.idle_time(self.dice.choice((0.2, 3.0)))
        self.sense(safety=False)
        self.idle_time(self.dice.choice((0.2, 1.5, 3.0)))
        self.perhaps(0.1, lambda: self.sense(safety=True))
        self.perhaps(0.1, lambda: self.sense(presence=False))
        self.sense(opened=False, safety=False)
        self.perhaps(0.7, lambda: self.sense(0.5, closed=True))
        self.idle_time(self.dice.choice((0.2, 9.0, 20.0)))

    def pass_through(self) -> None:
        if self.odd(0.15):
            self.queue()
        self.sense(safety=True)
        if self.odd(0.1):
            self.idle_time(61.0)
        if self.odd(0.85):
            self.sense(presence=False)
        if self.odd(0.1):
            self.sense(presence=True)
        self.perhaps(0.03, lambda: self.order(CommandKind.OUT_OF_SERVICE))
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
        if self.rules.close_mode == "agent" and self.odd(0.2):
            self.refuse_to_close()
        self.report("delivered")
        self.perhaps(0.1, self.wild)
        if self.rules.shares_arm and self.odd(0.1):
            self.feed(InterlockChanged(self.now, free=False, arm_in_use=True))
            self.idle_time(9.0)
            self.feed(InterlockChanged(self.now, free=True))
        self.idle_time(self.dice.choice((0.2, 1.0, 9.0)))
        self.sense(closed=True)

    def refuse_to_close(self) -> None:
        """The board gives no close pulse, or may have given one; then time goes by."""
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            self.report(self.dice.choice(("not_delivered", "not_delivered", "unknown")))
            self.perhaps(0.2, lambda: self.feed(RelayChanged(self.now, up=self.odd(0.5))))
            self.sense(self.dice.choice((0.5, 1.1, 2.1, 9.0)))

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
        ways = (Reason.INTERLOCKED,) * self.rules.neighbours
        self.feed(RecordFailed(self.now, self.dice.choice((Reason.ALREADY_USED, Reason.GATE_FAULT, *ways))))

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
            self.feed(self.sample(age))

    def key(self) -> None:
        """An officer turns the key, or turns it back; now and then the contact cannot be read."""
        self.sense(0.05, key=self.dice.choice((True, True, False, False, None)))

    def contact(self) -> None:
        """The hold contact: mostly let go again soon, for nothing else happens while it is on."""
        self.sense(0.05, hold=self.dice.choice((True, None, False, False, False)))

    def flap(self) -> None:
        """A wire that is loose for a moment."""
        self.flapping = tuple(name for name in ("safety", "key") if self.has(name) and self.odd(0.7))
        self.sense(0.1)
        self.flapping = ()
        self.perhaps(0.7, self.sense)

    def lose_sight(self) -> None:
        """The input board knows nothing for a moment."""
        self.away = True
        for _ in range(self.dice.choice((1, 2, 4))):
            self.sense(0.15)
        self.away = False
        self.sense(0.1)

    def break_a_switch(self) -> None:
        """A limit switch that says the same whatever the arm does; now and then it is repaired."""
        there = [name for name in ("opened", "closed") if self.has(name)]
        self.broken = {self.dice.choice(there): self.odd(0.5)} if there and self.odd(0.6) else {}

    def unlock_and_open(self) -> None:
        """An officer unlocks a lane and opens it at once."""
        self.order(CommandKind.UNLOCK)
        self.order(CommandKind.OPEN)

    def way(self) -> None:
        """The neighbours come and go."""
        if self.rules.neighbours:
            in_use = self.rules.shares_arm and self.odd(0.35)
            self.feed(InterlockChanged(self.now, free=not in_use and self.odd(0.8), arm_in_use=in_use))

    def block(self) -> None:
        """A neighbour opens before this lane can."""
        self.feed(InterlockChanged(self.now, free=False))

    def other_direction(self) -> None:
        """A vehicle of the other direction goes through the arm of this lane."""
        if not self.rules.shares_arm:
            return
        self.feed(InterlockChanged(self.now, free=False, arm_in_use=True))
        self.sense(0.5, opened=True, closed=False)
        self.sense(safety=True)
        self.perhaps(0.8, lambda: self.sense(presence=True))
        self.sense(safety=False)
        self.perhaps(0.1, self.wild)
        if self.odd(0.8):
            self.sense(presence=False)
            self.sense(0.5, opened=False, closed=True)
        self.perhaps(0.1, lambda: self.idle_time(61.0))
        self.feed(InterlockChanged(self.now, free=True))
        self.perhaps(0.1, lambda: self.order(CommandKind.OPEN))
        self.sense()
        self.perhaps(0.2, lambda: self.idle_time(61.0))

    def restart(self) -> None:
        """The agent dies and starts again: it knows what the journal says of its orders, and nothing else."""
        old = self.monitor
        if old.open is not None:
            old.outcomes[Outcome.FAULT] = old.outcomes.get(Outcome.FAULT, 0) + 1  # told at the start
        self.restarts += 1
        self.monitor = Monitor(self.rules, old.lockout, ids=old.ids, grants=old.grants, outcomes=old.outcomes)
        self.broken = {}
        self.monitor.raises, self.monitor.closes, self.monitor.answers = old.raises, old.closes, old.answers
        self.lane = Lane.start(self.rules, self.lane.serial, old.lockout)
        self.pulses, self.late = [], []
        self.perhaps(0.9, lambda: self.feed(RelayChanged(self.now, up=True)))

    def run(self, steps: int) -> None:
        if self.odd(0.3):
            self.order(self.any_order())
        while self.steps < steps:
            self.perhaps(0.7, self.undo)
            self.perhaps(0.8, self.serve)
            if self.odd(0.3):
                self.other_direction()
            self.two_in_view()
            if self.dice.random() < 0.5:
                self.vehicle()
            elif self.odd(MAINTAINED):
                self.maintain()
            else:
                for _ in range(self.dice.randrange(40)):
                    self.wild()
            if self.lane.state is LaneState.HELD_OPEN and self.dice.random() < 0.7:
                self.order(CommandKind.RELEASE)
        self.monitor.ids -= {self.monitor.open or ""}

    def come_to_rest(self) -> None:
        """Put everything right, and let a vehicle come. Raises AssertionError where the lane does not serve it."""
        self.broken, self.flapping, self.away, self.pulses = {}, (), False, []
        self.feed(RelayChanged(self.now, up=True))
        self.feed(ReadersChanged(self.now, up=True))
        if self.rules.neighbours:
            self.feed(InterlockChanged(self.now, free=True))
        self.bits |= {"presence": False, "safety": False}
        self.bits |= {name: False for name in ("photocell", "opened", "key", "hold") if self.has(name)}
        self.bits |= {"closed": True} if self.has("closed") else {}
        for kind in (CommandKind.RELEASE, CommandKind.UNLOCK, CommandKind.IN_SERVICE):
            self.feed(self.sample(0.0))
            self.feed(OfficerCommand(self.now, kind, "op", "cause"))
        for _ in range(100):
            self.at += 1.0
            self.feed(self.sample(0.0))
        assert self.lane.state is LaneState.IDLE, f"it stays in {self.lane.state} though nothing is wrong"
        assert not self.lane.pulses
        self.bits["presence"] = True
        self.feed(self.sample(0.0))
        self.qr("at rest", Verdict.RETRY)
        assert self.lane.transaction is not None, "the next vehicle is not served"

    def maintain(self) -> None:
        """A technician tries the barrier of a quiet lane, mostly after taking it out of service."""
        self.perhaps(0.7, lambda: self.order(CommandKind.OUT_OF_SERVICE))
        self.feed(RelayChanged(self.now, up=not self.odd(0.1)))
        self.sense(3.5, presence=False, safety=False, photocell=False, opened=False, closed=True)
        self.perhaps(0.1, self.wild)
        self.order(self.dice.choice((CommandKind.TEST_OPEN, CommandKind.TEST_CLOSE)))
        self.perhaps(0.7, lambda: self.report("delivered"))

    def any_order(self) -> CommandKind:
        return self.dice.choices(list(CommandKind), (3, 3, 3, 3, 3, 1, 1, 1, 1, 2, 2))[0]

    def serve(self) -> None:
        """An officer gives the lane back."""
        if self.monitor.lockout.locked_by:
            self.order(CommandKind.UNLOCK)
        if self.monitor.lockout.out_of_service_by:
            self.order(CommandKind.IN_SERVICE)

    def undo(self) -> None:
        """The contact is let go, the neighbours are away."""
        self.sense(hold=False, key=False)
        if self.rules.neighbours:
            self.feed(InterlockChanged(self.now, free=True))


def opens(effects: tuple[Effect, ...]) -> bool:
    """Whether a step opens the barrier by what has to be recorded first."""
    return any(not e.override for e in effects if isinstance(e, Raise) or (isinstance(e, Hold) and e.on))


def binding(effects: tuple[Effect, ...]) -> bool:
    """Whether a step may only happen where its record is written: one that opens, or one whose order is to stand."""
    drafts = [draft for e in effects if isinstance(e, Record) for draft in e.events]
    return opens(effects) or any(isinstance(draft.event, BarrierTested | LaneOrdered) for draft in drafts)


def movements(effects: tuple[Effect, ...]) -> list[Effect]:
    """What a step does to the arm."""
    return [effect for effect in effects if isinstance(effect, Raise | Close | Hold)]


def overrides(effects: tuple[Effect, ...]) -> bool:
    """Whether a step opens the barrier and asks no neighbour and no disk."""
    return any(isinstance(e, Raise | Hold) and e.override for e in effects)


WILD: list[tuple[Callable[[World], None], int]] = [
    (lambda w: w.flip(), 12),
    (lambda w: w.leap(), 2),
    (lambda w: w.silence(), 2),
    (lambda w: w.qr(w.dice.choice("ABCDEF")), 4),
    (lambda w: w.plate(w.dice.choice(("K1", "K2", "K3"))), 2),
    (lambda w: w.order(w.any_order()), 6),
    (lambda w: w.order(CommandKind.RELEASE), 2),
    (lambda w: w.report(w.dice.choice(("delivered", "not_delivered", "unknown", "gibberish"))), 4),
    (lambda w: w.feed(RelayChanged(w.now, up=w.odd(0.75))), 2),
    (lambda w: w.feed(ReadersChanged(w.now, up=w.odd(0.75))), 2),
    (lambda w: w.failure(), 1),
    (lambda w: w.clock(), 1),
    (lambda w: w.out_of_order(), 2),
    (lambda w: w.key(), 2),
    (lambda w: w.contact(), 1),
    (lambda w: w.flap(), 1),
    (lambda w: w.way(), 3),
    (lambda w: w.perhaps(0.1, w.restart), 1),
    (lambda w: w.lose_sight(), 1),
    (lambda w: w.break_a_switch(), 1),
]


# --------------------------------------------------------------------------------------------------------- two lanes

ARM = ("safety", "photocell", "opened", "closed")
PAIRS: dict[str, dict[str, Any]] = {
    "sally port": {**LIMITS, **ORDERS, "neighbours": True},
    "sally port, blind": {"blind": True, "has_hold": True, "neighbours": True},
    "shared arm": {**LIMITS, **ORDERS, **SHARED},
    "shared arm, agent closes": {**LIMITS, **SHARED, "has_photocell": True, "close_mode": "agent"},
}


class PairedWorld(World):
    """One of two lanes that wait for one another. Their ways are claimed and settled as the shell does it."""

    def __init__(self, pair: Pair, name: str, rules: LaneRules, seed: int) -> None:
        super().__init__(rules, seed)
        self.pair = pair
        self.name = name
        self.opened_by: str | None = None

    def refused(self, effects: tuple[Effect, ...], *, commits: bool) -> Reason | None:
        if opens(effects):
            claimed = claim(self.pair.ways, self.name)
            if claimed is None:
                return Reason.INTERLOCKED
            self.pair.ways = claimed
        if commits or not binding(effects):
            return None
        return self.dice.choice((Reason.ALREADY_USED, Reason.GATE_FAULT)) if opens(effects) else Reason.GATE_FAULT

    def moved(self, effects: tuple[Effect, ...]) -> None:
        """Check that the other one is at rest when this one opens, and tell it what changed."""
        if overrides(effects):
            self.opened_by = "contact"
        elif opens(effects):
            assert not occupies(self.pair.other(self).lane), "the neighbour's barrier is not at rest"
            self.opened_by = self.opened_by or "grant"
        if not occupies(self.lane):
            self.opened_by = None
        assert {world.opened_by for world in self.pair.worlds} != {"grant"}, "both opened, and by no hold contact"
        self.pair.ways = with_occupancy(
            self.pair.ways, self.name, occupied=occupies(self.lane), lowering=waits_to_lower(self.lane)
        )

    def sense(self, seconds: float = 0.1, **bits: bool | None) -> None:
        """Sample both lanes; an arm that they share looks the same to both."""
        super().sense(seconds, **bits)
        other = self.pair.other(self)
        other.at, other.utc = self.at, self.utc
        if self.rules.shares_arm:
            other.bits |= {name: self.bits[name] for name in ARM}
        if self.odd(0.95):
            other.feed(other.sample(0.0))
        self.pair.tell()

    def silence(self) -> None:
        super().silence()
        self.pair.other(self).at = self.at

    def way(self) -> None:
        """What the ways say is told by the pair."""

    def block(self) -> None:
        """The neighbour opens by itself."""

    def other_direction(self) -> None:
        """The other direction is a lane here."""

    def restart(self) -> None:
        """Both lanes are of one agent, and it lives."""

    def undo(self) -> None:
        self.sense(hold=False, key=False)


class Pair:
    """Two lanes, moved in turn, and what stands between them. News of a way is late now and then."""

    def __init__(self, name: str, seed: int) -> None:
        rules = PAIRS[name]
        shared = [("left", "right")] if rules.get("shares_arm") else []
        self.ways = InterlockState.of([("left", "right")], shared)
        self.worlds = [
            PairedWorld(self, lane, LaneRules(lane, number, **rules), seed + number)
            for number, lane in enumerate(("left", "right"))
        ]
        self.told: dict[str, tuple[bool, bool]] = {}
        self.dice = random.Random(seed)  # noqa: S311 -- a walk that can be repeated

    def other(self, world: PairedWorld) -> PairedWorld:
        return self.worlds[self.worlds[0] is world]

    def tell(self) -> None:
        for world in self.worlds:
            standing = is_free(self.ways, world.name), arm_in_use(self.ways, world.name)
            if self.told.get(world.name) != standing and self.dice.random() < 0.8:
                self.told[world.name] = standing
                world.feed(InterlockChanged(world.now, *standing))

    def run(self, steps: int) -> None:
        """Move the lanes in turn; both begin with inputs that prove them closed."""
        for world in self.worlds:
            world.feed(RelayChanged(world.now, up=True))
            world.sense()
        while sum(world.steps for world in self.worlds) < steps:
            if self.dice.random() < 0.3:
                self.meet()
            world = self.dice.choice(self.worlds)
            world.run(world.steps + self.dice.choice((1, 20)))
            if self.dice.random() < 0.5:
                for both in self.worlds:
                    both.sense(presence=False, safety=False, photocell=False, opened=False, closed=True)
                    both.order(CommandKind.RELEASE)
                    both.serve()

    def meet(self) -> None:
        """Two vehicles come at the same time, and both may pass."""
        first, second = self.dice.sample(self.worlds, 2)
        for world in (first, second):
            world.sense(presence=True, safety=False, opened=False, closed=True)
        for world in (first, second):
            world.qr(f"permit {self.dice.random()}", Verdict.PASS)
        first.report("delivered")
        first.pass_through()
        first.close_behind()
