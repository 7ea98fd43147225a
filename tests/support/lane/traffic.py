"""Vehicles by the thousand before one lane: what each does, what must come of it, and faults on top.

`Traffic(KINDS[name], seed).run(vehicles)` plays them one after another, `faults=True` with everything that may fail.
Whatever may never happen raises AssertionError at once; without faults so does an outcome that does not fit what the
vehicle did.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any

from agent.core.events.event_types import Alarm
from agent.core.lane.lane_state_machine import LaneRules, LaneState
from agent.core.lane.step_inputs import CommandKind
from agent.core.model import Outcome
from agent.core.model.ledger import LedgerState
from agent.core.model.reasons import Reason, Verdict
from sim.physics.arm import Cause
from sim.physics.controller import Logic
from sim.physics.driving import DriverBehaviour, DrivingPhase, DrivingPlan, Vehicle
from sim.physics.vehicle_shapes import CAR, MOTORCYCLE, VAN, truck, truck_with_trailer
from sim.physics.world import FOR_CARS, FOR_TRUCKS, Site, Way
from tests.support.lane.played_gate import PlayedGate
from tests.support.lane.trouble import Trouble
from tests.support.lane.yard import PERMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.core.decision.decision import Decision
    from agent.core.lane.effects import Decide
    from sim.physics.vehicle_shapes import Body

MOST_S = 240.0
"""A vehicle that is not through or away by then is stuck, and the run with it."""
SIGHT_M = (-3.6, 0.3)
LIMITS = {"has_opened": True, "has_closed": True}
BY_AGENT = {"close_mode": "agent"}
QUICK = {"read_s": 15.0, "decide_s": 3.0, "pass_s": 15.0}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of lane: how it is built and what its agent knows."""

    site: Site
    rules: dict[str, Any] = field(default_factory=dict)

    @property
    def for_trucks(self) -> bool:
        return self.site.presence == FOR_TRUCKS.presence

    @property
    def most_gap_m(self) -> float:
        """The longest drawbar that the safety loop bridges: iron ends 0.2 m from the bumpers."""
        low_m, high_m = self.site.safety
        return min(2.0, high_m - low_m - 0.6)


_LEFT_TO_AGENT = {"closes_itself": False}
KINDS: dict[str, Kind] = {
    "cars": Kind(replace(FOR_CARS, pause_s=7.0)),
    "cars, limits": Kind(replace(FOR_CARS, pause_s=7.0), LIMITS),
    "trucks, limits": Kind(replace(FOR_TRUCKS, pause_s=7.5), LIMITS),
    "trucks, closed limit and photocell": Kind(
        replace(FOR_TRUCKS, pause_s=7.5, logic=Logic.COUNTING), {"has_closed": True, "has_photocell": True}
    ),
    "cars, step by step": Kind(replace(FOR_CARS, pause_s=7.0, logic=Logic.STEP), LIMITS),
    "cars, agent closes": Kind(replace(FOR_CARS, **_LEFT_TO_AGENT), BY_AGENT),
    "trucks, agent closes": Kind(replace(FOR_TRUCKS, **_LEFT_TO_AGENT), BY_AGENT | LIMITS),
    "trucks, agent closes, photocell": Kind(
        replace(FOR_TRUCKS, **_LEFT_TO_AGENT), BY_AGENT | LIMITS | {"has_photocell": True}
    ),
    "trucks, short loop, agent closes, photocell": Kind(
        replace(FOR_TRUCKS, safety=(-0.6, 1.6), **_LEFT_TO_AGENT), BY_AGENT | LIMITS | {"has_photocell": True}
    ),
    "trucks, both close, photocell": Kind(
        replace(FOR_TRUCKS, logic=Logic.COUNTING, pause_s=20.0), BY_AGENT | LIMITS | {"has_photocell": True}
    ),
    "blind": Kind(replace(FOR_CARS, pause_s=7.0), {"blind": True}),
    "blind, trucks": Kind(replace(FOR_TRUCKS, pause_s=9.0), {"blind": True}),
}


@dataclass(slots=True)
class Arrival:
    """One vehicle, what its driver shows, and what must come of it.

    `verdicts`: the answers to its permit, the last for ever; none: it shows nothing. `wanted`: outcomes of which one
    must come; empty: none may. `alarm`: one that must be raised. `way`: how it must come through; None: not at all.
    """

    vehicle: Vehicle
    sort: str
    verdicts: tuple[Verdict, ...]
    wanted: frozenset[Outcome]
    way: Way | None
    alarm: Alarm | None = None
    follower: Arrival | None = None
    asked: int = 0
    shown_at: float = -1.0
    got: list[Outcome] = field(default_factory=list)


PASSES = (Verdict.PASS,)
SORTS: dict[str, int] = {
    "passes": 50,
    "is asked again": 6,
    "creeps": 4,
    "stops under the arm": 4,
    "is denied": 8,
    "shows nothing": 3,
    "gives up": 5,
    "stays": 5,
    "backs out": 6,
    "is let in by an officer": 4,
    "is followed": 8,
    "leads a queue": 6,
    "comes the wrong way": 3,
    "rams the arm": 1,
}


class Traffic:
    """The vehicles of one lane, one after another. `outcomes`: by sort of vehicle and what came of it."""

    def __init__(self, name: str, seed: int, *, faults: bool = False, log: Callable[[str], None] | None = None) -> None:
        kind = KINDS[name]
        self.name = name
        self.kind = kind
        self.faults = faults
        self.dice = Random(seed)  # noqa: S311 -- a run that can be repeated
        self.arrivals: dict[int, Arrival] = {}
        self.owners: dict[str, Arrival] = {}
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.bodies: Counter[str] = Counter()
        self.ways: Counter[Way] = Counter()
        self._heard = 0
        self._crossed = 0
        self._ordered_at = -1.0
        self._stuck_since = 0.0
        rules = LaneRules("lane-3", 3, **(QUICK | kind.rules))
        self.gate = PlayedGate(rules, kind.site, seed, self._answer, log)
        self.trouble = Trouble(self.gate, self.dice) if faults else None

    # ------------------------------------------------------------------------------------------------ one after another

    def run(self, vehicles: int) -> None:
        """Play so many vehicles. Raises AssertionError at the first breach."""
        gate = self.gate
        for _ in range(20):
            gate.tick()
        while len(self.arrivals) < vehicles:
            self._visit(self._arrival())
        if self.trouble is not None:
            self.trouble.end()
        closed = sum(gate.monitor.outcomes.values())
        assert closed == len(gate.monitor.ids) - (gate.monitor.open is not None), "exactly one outcome"
        assert not [c for c in gate.world.collisions if c.cause is Cause.AGENT], "the agent hit a vehicle"

    def _visit(self, arrival: Arrival) -> None:
        world, start = self.gate.world, self.gate.world.now
        alarms = Counter(self.gate.alarms)
        collisions = len(world.collisions)
        world.add(arrival.vehicle)
        if self.trouble is not None:
            self.trouble.unseen = any(c is world.safety and c.stuck is False for c in world.contacts)
        if arrival.follower is not None:
            arrival.follower.vehicle.front_m = arrival.vehicle.rear_m - 4.0
            world.add(arrival.follower.vehicle)
        pause_s = self.dice.choice((0.2, 1.0, 4.0)) if not self.kind.rules.get("blind") else 4.0
        rested_at: float | None = None
        while rested_at is None or world.now - rested_at < pause_s:
            self._moment(arrival)
            at_rest = not world.vehicles and (self.trouble is not None or self._at_rest())
            rested_at = (rested_at if rested_at is not None else world.now) if at_rest else None
            assert world.now - start < MOST_S, f"{arrival.sort}: stuck in {self.gate.lane.state}"
        self._settle(arrival, alarms, world.collisions[collisions:])

    def _at_rest(self) -> bool:
        return self.gate.lane.state is LaneState.IDLE and self.gate.world.arm.position == 0.0

    def _moment(self, arrival: Arrival) -> None:
        gate = self.gate
        gate.tick()
        if self.trouble is not None:
            self.trouble.moment()
        for one in (arrival, arrival.follower):
            if one is not None and (one is arrival or one.verdicts):
                self._look(one)
        self._help(arrival)
        if len(gate.begun) > len(self.owners):
            for transaction in gate.begun[len(self.owners) :]:
                self.owners[transaction] = self._at_the_loop() or arrival
        while self._heard < len(gate.told):
            transaction, outcome = gate.told[self._heard]
            self._heard += 1
            self._hear(self.owners[transaction], Outcome(outcome))
        world = gate.world
        if self._crossed < len(world.crossings):
            self._crossed = len(world.crossings)
            self._check_crossing()

    def _look(self, arrival: Arrival) -> None:
        """The camera sees plate and permit of the vehicle before the arm, a few times a second."""
        vehicle, now = arrival.vehicle, self.gate.world.now
        if now - arrival.shown_at < 0.45 or not SIGHT_M[0] < vehicle.front_m < SIGHT_M[1]:
            return
        if (
            vehicle.plan.wrong_way
            or vehicle.phase in (DrivingPhase.LEAVING, DrivingPhase.GONE)
            or arrival.sort == "rams the arm"
        ):
            return
        arrival.shown_at = now
        if arrival.verdicts and (vehicle.phase is not DrivingPhase.COMING):
            self.gate.present(vehicle.number)
        else:
            self.gate.read(vehicle.number)

    def _help(self, arrival: Arrival) -> None:
        """What people do: an officer answers a vehicle that waits for one, and puts right what stands still."""
        gate, world = self.gate, self.gate.world
        if gate.lane.state is LaneState.MANUAL and arrival.sort == "is let in by an officer":
            if self._ordered_at < 0.0:
                self._ordered_at = world.now + self.dice.choice((0.5, 2.0))
            elif world.now >= self._ordered_at:
                self._ordered_at = -1.0
                gate.order(CommandKind.OPEN)
        idle = not world.vehicles and world.arm.position > 0.0
        self._stuck_since = self._stuck_since if idle else world.now
        if world.now - self._stuck_since > 25.0:
            self._stuck_since = world.now
            gate.order(CommandKind.RELEASE)
            gate.order(CommandKind.CLOSE)
            if world.arm.motion == 0 and not world.controller.held:
                world.force(up=False)

    def _at_the_loop(self) -> Arrival | None:
        end_m = self.kind.site.presence[1]
        for vehicle in self.gate.world.vehicles:
            if not vehicle.plan.wrong_way and vehicle.rear_m < end_m:
                return self.arrivals[vehicle.number]
        return None

    # ------------------------------------------------------------------------------------------------- what comes of it

    def _answer(self, question: Decide) -> Decision:
        """The stub of the judgement: each permit is answered as its driver's script says."""
        if not question.presentations:
            return self.gate.decision(Verdict.DENY if question.final else Verdict.RETRY, Reason.QR_NONE)
        number = int(question.presentations[-1].payload.split()[1])
        arrival = self.arrivals[number]
        verdict = arrival.verdicts[min(arrival.asked, len(arrival.verdicts) - 1)]
        arrival.asked += 1
        use = self.gate.uses.get(number.to_bytes(16, "big"))
        if use in (LedgerState.RESERVED, LedgerState.CONSUMED):
            return self.gate.decision(
                Verdict.DENY if use is LedgerState.CONSUMED else Verdict.MANUAL, Reason.ALREADY_USED
            )
        if verdict is Verdict.PASS:
            return self.gate.decision(verdict, Reason.OK, replace(PERMIT, permit_id=number.to_bytes(16, "big")))
        reason = {Verdict.DENY: Reason.EXPIRED, Verdict.MANUAL: Reason.PLATE_UNSURE}.get(verdict, Reason.PLATE_UNSURE)
        return self.gate.decision(verdict, reason)

    def _hear(self, arrival: Arrival, outcome: Outcome) -> None:
        arrival.got.append(outcome)
        self.outcomes[arrival.sort, outcome.value] += 1
        if outcome in (Outcome.DENIED, Outcome.FAULT) and arrival.vehicle.front_m < 0.0:
            arrival.vehicle.refuse(self.gate.world.now)

    def _check_crossing(self) -> None:
        crossing = self.gate.world.crossings[-1]
        arrival = self.arrivals[crossing.vehicle.number]
        self.ways[crossing.way] += 1
        self._check_use(arrival, crossing.way)
        if self.trouble is None:
            assert crossing.way is arrival.way, f"{arrival.sort} came through: {crossing.way}"
        elif crossing.way is Way.BROKE_THROUGH:
            self.trouble.may_be_up = True
        elif crossing.way is Way.LEFT_UP:
            assert self.trouble.may_be_up, f"{arrival.sort} found the arm up"

    def _check_use(self, arrival: Arrival, way: Way) -> None:
        """The use of a vehicle that went through on a grant is not there for another, unless no
        input could see it go.
        """
        use = self.gate.uses.get(arrival.vehicle.number.to_bytes(16, "big"))
        unseen = self.trouble is not None and self.trouble.unseen
        assert use is not LedgerState.RELEASED or way is not Way.GRANTED or unseen, (
            f"{arrival.sort} went through: {use}"
        )

    def _settle(self, arrival: Arrival, alarms: Counter[str], collisions: list[Any]) -> None:
        for one in (arrival, arrival.follower):
            if one is None:
                continue
            self.bodies[one.vehicle.body.kind] += 1
            if not one.got:
                self.outcomes[one.sort, "none"] += 1
        for crossing in self.gate.world.crossings:
            one = self.arrivals[crossing.vehicle.number]
            if one in (arrival, arrival.follower):
                self._check_use(one, crossing.way)
        if self.trouble is not None:
            return
        rams = arrival.sort == "rams the arm"
        assert [c.cause for c in collisions] == ([Cause.DRIVER] if rams else []), arrival.sort
        assert self._fits(arrival), f"{arrival.sort}: {arrival.got}, wanted {set(arrival.wanted)}"
        new = self.gate.alarms - alarms
        through = {c.vehicle.number for c in self.gate.world.crossings}
        shut_out = arrival.follower is not None and arrival.follower.vehicle.number not in through
        assert shut_out or arrival.alarm is None or new[arrival.alarm.value], (
            f"{arrival.sort}: no alarm {arrival.alarm}"
        )
        assert (arrival.way is not None) is (arrival.vehicle.number in through), f"{arrival.sort}: through {through}"
        self.gate.world.crossings.clear()
        self._crossed = 0

    @staticmethod
    def _fits(arrival: Arrival) -> bool:
        follower = arrival.follower
        if follower is not None and (set(follower.got) - follower.wanted or len(follower.got) < len(follower.verdicts)):
            return False
        if not arrival.wanted:
            return not arrival.got
        return len(arrival.got) == 1 and arrival.got[0] in arrival.wanted

    # ------------------------------------------------------------------------------------------------- who comes

    def _arrival(self) -> Arrival:
        sorts, weights = zip(*SORTS.items(), strict=True)
        sort = self.dice.choices(sorts, weights)[0]
        plan = DrivingPlan(
            speed_mps=self.dice.uniform(1.2, 3.0),
            acceleration_mps2=self.dice.uniform(0.8, 2.0),
            stop_m=self.dice.uniform(-1.8, -0.9),
            reaction_s=self.dice.uniform(0.2, 1.0),
            patience_s=30.0 if self.faults else 60.0,
        )
        return _MAKERS[sort](self, sort, self.body(), plan)

    def body(self) -> Body:
        """The next vehicle's shape."""
        dice = self.dice
        if not self.kind.for_trucks:
            return dice.choices((CAR, VAN, MOTORCYCLE), (6, 2, 1))[0]
        big = dice.choices((0, 1, 2, 3), (3, 4, 5, 1))[0]
        return (CAR, truck(dice.uniform(1.5, 2.9)), truck_with_trailer(dice.uniform(1.0, self.kind.most_gap_m)), VAN)[
            big
        ]

    def add(
        self, body: Body, plan: DrivingPlan, sort: str, verdicts: tuple[Verdict, ...], *wanted: Outcome, **more: Any
    ) -> Arrival:
        """Make the next arrival and remember it."""
        number = len(self.arrivals) + 1
        start_m = -8.0 if not plan.wrong_way else -9.0
        way = more.pop("way", Way.GRANTED)
        vehicle = Vehicle(number, body, plan, start_m)
        arrival = self.arrivals[number] = Arrival(vehicle, sort, verdicts, frozenset(wanted), way, **more)
        return arrival

    @property
    def blind(self) -> bool:
        return bool(self.kind.rules.get("blind"))


def _passes(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    verdicts = (Verdict.RETRY, Verdict.RETRY, Verdict.PASS) if sort == "is asked again" else PASSES
    return traffic.add(body, plan, sort, verdicts, Outcome.PASSED)


def _creeps(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    slow = replace(plan, speed_mps=traffic.dice.uniform(0.3, 0.7), acceleration_mps2=0.4)
    return traffic.add(body, slow, sort, PASSES, Outcome.PASSED)


def _stops(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    turn_m = traffic.dice.uniform(0.3, body.length_m - 0.5)
    rests = replace(
        plan, conduct=DriverBehaviour.STOPS_UNDER, turn_m=turn_m, rest_s=traffic.dice.choice((3.0, 8.0, 20.0))
    )
    return traffic.add(body, rests, sort, PASSES, Outcome.PASSED)


def _denied(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    return traffic.add(body, plan, sort, (Verdict.DENY,), Outcome.DENIED, way=None)


def _shows_nothing(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    return traffic.add(body, plan, sort, (), Outcome.DENIED, way=None)


def _gives_up(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    soon = replace(plan, patience_s=traffic.dice.uniform(0.0, 3.0))
    return traffic.add(body, soon, sort, (), Outcome.ABANDONED, way=None)


def _stays(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    looks = replace(plan, conduct=DriverBehaviour.STAYS, rest_s=traffic.dice.uniform(0.0, 3.0))
    return traffic.add(body, looks, sort, PASSES, Outcome.PASSED if traffic.blind else Outcome.NOT_TAKEN, way=None)


def _backs_out(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    most_m = {"motorcycle": 0.35, "car": 1.2, "van": 2.0}.get(body.kind, 3.0)
    turn_m = traffic.dice.uniform(0.3, most_m)
    turns = replace(plan, conduct=DriverBehaviour.BACKS_OUT, turn_m=turn_m, rest_s=traffic.dice.uniform(0.5, 4.0))
    return traffic.add(body, turns, sort, PASSES, Outcome.PASSED if traffic.blind else Outcome.BACKED_OUT, way=None)


def _let_in(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    return traffic.add(body, plan, sort, (Verdict.MANUAL,), Outcome.OVERRIDDEN)


def _followed(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    gap_m = traffic.dice.uniform(3.3, 4.2) if traffic.kind.for_trucks else traffic.dice.uniform(2.0, 2.6)
    # Who is only seen behind the arm comes after the outcome: then the alarm tells.
    wanted = (Outcome.PASSED,) if traffic.blind else (Outcome.PASSED, Outcome.PASSED_WITH_VIOLATION)
    arrival = traffic.add(body, plan, sort, PASSES, *wanted, alarm=None if traffic.blind else Alarm.TAILGATING)
    close = replace(
        plan, conduct=DriverBehaviour.TAILGATES, gap_m=gap_m, speed_mps=plan.speed_mps + 0.2, patience_s=6.0
    )
    arrival.follower = traffic.add(CAR, close, "follows", (), Outcome.ABANDONED, way=Way.FOLLOWED)
    return arrival


def _leads(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    """One with the next bumper to bumper behind it, which has a permit of its own."""
    if traffic.blind:  # which of the two a transaction is for, nothing can tell there
        return _passes(traffic, sort, body, plan)
    arrival = traffic.add(body, plan, sort, PASSES, Outcome.PASSED, Outcome.PASSED_WITH_VIOLATION)
    close = replace(plan, gap_m=traffic.dice.uniform(0.3, 0.8))
    arrival.follower = traffic.add(traffic.body(), close, "comes next", PASSES, Outcome.PASSED)
    return arrival


def _wrong_way(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    wrong = replace(plan, wrong_way=True, stop_m=-0.4, patience_s=traffic.dice.uniform(0.5, 5.0))
    return traffic.add(body, wrong, sort, (), way=None, alarm=None if traffic.blind else Alarm.WRONG_WAY)


def _rams(traffic: Traffic, sort: str, body: Body, plan: DrivingPlan) -> Arrival:
    wild = replace(plan, conduct=DriverBehaviour.RAMS)
    if traffic.blind:
        return traffic.add(body, wild, sort, (), way=Way.BROKE_THROUGH)
    if "has_closed" in traffic.kind.rules:
        return traffic.add(
            body, wild, sort, (), Outcome.FAULT, Outcome.ABANDONED, way=Way.BROKE_THROUGH, alarm=Alarm.FORCED_OPEN
        )
    return traffic.add(body, wild, sort, (), Outcome.ABANDONED, way=Way.BROKE_THROUGH)


_MAKERS = {
    "passes": _passes,
    "is asked again": _passes,
    "creeps": _creeps,
    "stops under the arm": _stops,
    "is denied": _denied,
    "shows nothing": _shows_nothing,
    "gives up": _gives_up,
    "stays": _stays,
    "backs out": _backs_out,
    "is let in by an officer": _let_in,
    "is followed": _followed,
    "leads a queue": _leads,
    "comes the wrong way": _wrong_way,
    "rams the arm": _rams,
}
