"""A lane in dry run among vehicles that others let through or turn away: it moves nothing, and says how both agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from random import Random

import pytest
from typing_extensions import override

from agent.barrier import DryRunRelay
from agent.core.events import AccessCompared, AccessDecided, Draft, TransactionClosed, VehiclePresent
from agent.core.lane import Decide, Pulsed, Record
from agent.core.lane.dry_run import DryRunVehicle, followed
from agent.core.lane.lane_state_machine import Lane, LaneRules, LaneState
from agent.core.model import Instant, Outcome, Reason, Signals, Verdict
from agent.lane.rules_from_settings import PATIENCE_S
from sim.physics.arm import Cause
from sim.physics.driving import DriverBehaviour, DrivingPhase, DrivingPlan, Vehicle
from sim.physics.vehicle_shapes import CAR, MOTORCYCLE, VAN, truck
from sim.physics.world import FOR_CARS, FOR_TRUCKS, Site
from tests.support.lane.played_gate import PlayedGate
from tests.support.lane.yard import PERMIT

VEHICLES = 250
SEEDS = (1, pytest.param(2, marks=pytest.mark.long))
SITES = {"cars": replace(FOR_CARS, pause_s=7.0), "trucks": replace(FOR_TRUCKS, pause_s=9.0)}
SIGHT_M = (-3.6, 0.3)
MOST_S = 240.0
PULSE_S = 0.5
CLEAR_S = 1.0
PASS, DENY, MANUAL, RETRY = Verdict


@dataclass
class Visit:
    """One vehicle: what the lane would answer, whether others let it through, and after how long."""

    vehicle: Vehicle
    verdict: Verdict | None
    let_in: bool
    after_s: float
    shown_at: float = -1.0
    seen_at: float | None = None


class DryGate(PlayedGate):
    """A lane whose board is the one of a dry run. `compared`: what it told of the vehicles that went."""

    def __init__(self, site: Site, seed: int, verdict) -> None:
        self.compared: list[AccessCompared] = []
        self.vehicle: DryRunVehicle | None = None
        self.port = DryRunRelay()
        self.invited = False
        rules = LaneRules(
            "lane-3", 3, arm_of_others=True, enter_s=PATIENCE_S, close_s=CLEAR_S, read_s=15.0, decide_s=3.0
        )
        super().__init__(rules, site, seed, verdict)

    @override
    def _carry_out(self, effects) -> None:
        self.vehicle, told = followed(self.vehicle, self.lane, effects, self.now)
        self.compared += [draft.event for draft in told if isinstance(draft.event, AccessCompared)]
        super()._carry_out(effects)
        self.world.green = self.invited  # its lamp is not there, others' is

    @override
    def _pulse(self, action, grant, deadline) -> None:
        self.counts["pulses of the lane"] += 1
        delivery = self.port.pulse(1, 500)
        self.later(0.05, lambda: self.feed(Pulsed(self.now, grant, action, delivery.value)))


class Traffic:
    """Vehicles before a lane in dry run, one after another, and the officer who truly opens."""

    def __init__(self, name: str, seed: int) -> None:
        self.dice = Random(seed)  # noqa: S311 -- a run that can be repeated
        self.trucks = name == "trucks"
        self.gate = DryGate(SITES[name], seed, self._answer)
        self.visit: Visit | None = None
        self.opened = 0
        self.seen: Counter[tuple[Verdict | None, bool]] = Counter()

    def run(self, vehicles: int) -> None:
        for _ in range(20):
            self.gate.tick()
        for number in range(1, vehicles + 1):
            self._drive(number)

    def _answer(self, question: Decide):
        verdict = None if self.visit is None else self.visit.verdict
        if not question.presentations or verdict is None:
            return self.gate.decision(DENY if question.final else RETRY, Reason.QR_NONE)
        permit = PERMIT if verdict is PASS else None
        reason = {PASS: Reason.OK, DENY: Reason.EXPIRED, MANUAL: Reason.PLATE_UNSURE}[verdict]
        return self.gate.decision(verdict, reason, permit)

    def _drive(self, number: int) -> None:
        gate, dice = self.gate, self.dice
        body = truck(dice.uniform(1.5, 2.9)) if self.trucks else dice.choices((CAR, VAN, MOTORCYCLE), (6, 2, 1))[0]
        plan = DrivingPlan(
            speed_mps=dice.uniform(0.6, 3.0),
            acceleration_mps2=dice.uniform(0.8, 2.0),
            stop_m=dice.uniform(-1.8, -0.9),
            reaction_s=dice.uniform(0.2, 1.0),
        )
        if dice.random() < 0.1:
            plan = replace(plan, conduct=DriverBehaviour.STOPS_UNDER, turn_m=0.6, rest_s=dice.choice((3.0, 8.0)))
        visit = self.visit = Visit(
            Vehicle(number, body, plan, -8.0),
            dice.choice([PASS, PASS, PASS, DENY, MANUAL, None]),
            dice.random() < 0.6,
            dice.choice([0.3, 2.0, 9.0, 25.0]),
        )
        told, crossed, start, rested_at = len(gate.compared), len(gate.world.crossings), gate.world.now, None
        gate.world.add(visit.vehicle)
        while rested_at is None or gate.world.now - rested_at < 2.0:
            gate.tick()
            self._look(visit)
            self._open_or_refuse(visit)
            at_rest = not gate.world.vehicles and gate.lane.state is LaneState.IDLE and gate.world.arm.position == 0.0
            rested_at = (rested_at if rested_at is not None else gate.world.now) if at_rest else None
            assert gate.world.now - start < MOST_S, f"stuck in {gate.lane.state}"
        went = len(gate.world.crossings) > crossed
        assert went is visit.let_in
        (found,) = gate.compared[told:]
        assert found.passed is went, f"vehicle {number}, {visit}"
        self._check(visit, found)
        self.seen[found.verdict, went] += 1

    def _check(self, visit: Visit, found: AccessCompared) -> None:
        decided = {visit.verdict, None, RETRY} if visit.verdict is not None else {DENY, RETRY, None}
        assert found.verdict in decided
        if found.verdict in (PASS, DENY):
            assert found.agrees is (found.passed is (found.verdict is PASS))
        else:
            assert found.agrees is None

    def _look(self, visit: Visit) -> None:
        vehicle, now = visit.vehicle, self.gate.world.now
        standing = vehicle.phase not in (DrivingPhase.COMING, DrivingPhase.LEAVING, DrivingPhase.GONE)
        if visit.verdict is None or not standing or now - visit.shown_at < 0.45:
            return
        if SIGHT_M[0] < vehicle.front_m < SIGHT_M[1]:
            visit.shown_at = now
            self.gate.present(vehicle.number)

    def _open_or_refuse(self, visit: Visit) -> None:
        """The officer: opens with a hand of his own, or sends the driver away."""
        gate, world = self.gate, self.gate.world
        if world.waiting is visit.vehicle and visit.seen_at is None:
            visit.seen_at = world.now
        if visit.seen_at is None or world.now - visit.seen_at < visit.after_s:
            return
        if not visit.let_in:
            visit.vehicle.refuse(world.now)
        elif not gate.invited and visit.vehicle.phase is DrivingPhase.WAITING:
            self.opened += 1
            gate.invited = world.green = True
            world.relay("open", on=True)
            gate.later(PULSE_S, lambda: world.relay("open", on=False))
        elif gate.invited and visit.vehicle.phase is DrivingPhase.GONE:
            gate.invited = world.green = False


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SITES)
def test_of_hundreds_of_vehicles_none_gets_a_pulse_and_each_is_compared_with_what_it_truly_did(name, seed):
    traffic = Traffic(name, seed)
    traffic.run(VEHICLES)
    world = traffic.gate.world
    assert world.controller.pulses == traffic.opened, "every pulse at the barrier was the officer's own"
    assert traffic.gate.counts["pulses of the lane"] > VEHICLES // 4, "the lane would have given some"
    assert not [one for one in world.collisions if one.cause is Cause.AGENT]
    assert {pair for pair in traffic.seen if pair[0] in (PASS, DENY, MANUAL)} == {
        (verdict, went) for verdict in (PASS, DENY, MANUAL) for went in (True, False)
    }
    assert not traffic.gate.alarms - Counter({"open_too_long": VEHICLES, "tailgating": VEHICLES}), "no false alarms"


# ----------------------------------------------------------------------------------------------- one step after another

LANE = Lane.start(LaneRules("lane-3", 3, arm_of_others=True, clear_s=CLEAR_S), 1)
UTC = 1_800_000_000.0
BLIND = Lane.start(LaneRules("lane-3", 3, arm_of_others=True, blind=True), 1)


class Followed:
    """A vehicle followed by hand. `told`: what came of it; `drafts`: the same with whose it is and when."""

    def __init__(self, lane=LANE):
        self.lane, self.at, self.vehicle, self.told, self.drafts = lane, 100.0, None, [], []

    def step(self, *events, presence=None, safety=None, wait_s=0.1, state=LaneState.PRESENT, transaction="t1"):
        self.at += wait_s
        before = self.lane.input_state
        signals = Signals(
            self.at,
            presence=before.signals.presence if presence is None else presence,
            safety=before.signals.safety if safety is None else safety,
        )
        inf = float("inf")
        since = {
            "clear_since": inf if signals.safety else min(before.clear_since, self.at),
            "free_since": inf if signals.presence else min(before.free_since, self.at),
        }
        inputs = replace(before, signals=signals, known_at=self.at, **since)
        fields = dict(self.lane.__dict__) | {"input_state": inputs, "state": state}
        self.lane = Lane(**fields)
        drafts = tuple(Draft(event, "lane-3", transaction, 0.0) for event in events)
        self.vehicle, told = followed(self.vehicle, self.lane, (Record(drafts),), Instant(self.at, UTC + self.at))
        self.drafts += told
        self.told += [draft.event for draft in told]
        return self


def decided(verdict, reason=Reason.OK):
    return AccessDecided(verdict=verdict, reason=reason, checks=())


CAME = VehiclePresent(seen_by="inputs")


def came(**options):
    return Followed(**options).step(presence=False, safety=False).step(CAME, presence=True)


def test_a_vehicle_that_goes_under_the_arm_and_on_has_passed():
    seen = came().step(decided(PASS)).step(safety=True).step(presence=False)
    assert seen.told == []
    assert seen.step(safety=False).told == [AccessCompared(verdict=PASS, reason=Reason.OK, passed=True, agrees=True)]
    assert seen.vehicle is None


def test_one_that_goes_away_before_the_arm_has_not():
    seen = came().step(decided(DENY, Reason.EXPIRED)).step(presence=False, wait_s=0.5)
    assert seen.told == []
    assert seen.step(wait_s=CLEAR_S).told == [
        AccessCompared(verdict=DENY, reason=Reason.EXPIRED, passed=False, agrees=True)
    ]


def test_one_that_backs_out_from_under_the_arm_has_not():
    seen = came().step(decided(PASS)).step(safety=True).step(safety=False).step(presence=False)
    assert seen.step(wait_s=CLEAR_S).told == [
        AccessCompared(verdict=PASS, reason=Reason.OK, passed=False, agrees=False)
    ]


def test_what_was_under_the_arm_before_is_another_vehicle():
    seen = Followed().step(presence=False, safety=True).step(CAME, presence=True).step(decided(DENY))
    seen.step(safety=False).step(presence=False).step(wait_s=CLEAR_S)
    assert [one.passed for one in seen.told] == [False]


def test_an_officers_turn_and_what_was_never_decided_is_no_disagreement():
    for events, verdict in (((decided(MANUAL),), MANUAL), ((), None), ((decided(RETRY),), RETRY)):
        seen = came().step(*events).step(safety=True).step(presence=False).step(safety=False)
        assert [(one.verdict, one.passed, one.agrees) for one in seen.told] == [(verdict, True, None)]


def test_a_second_try_of_the_same_vehicle_counts_and_a_next_vehicle_is_another():
    seen = came().step(decided(DENY)).step(CAME, transaction="t2").step(decided(PASS), transaction="t2")
    assert seen.told == []
    assert seen.vehicle.transaction == "t2"
    assert seen.vehicle.decided.verdict is PASS
    seen.step(safety=True).step(CAME, transaction="t3")
    assert [(one.verdict, one.passed) for one in seen.told] == [(PASS, True)]
    assert seen.vehicle.transaction == "t3"


def test_the_first_answer_that_ends_the_reading_counts_and_an_officers_turn_before_a_retry():
    seen = came().step(decided(RETRY)).step(decided(MANUAL)).step(decided(RETRY))
    assert seen.vehicle.decided.verdict is MANUAL
    seen.step(decided(PASS)).step(decided(DENY))
    assert seen.vehicle.decided.verdict is PASS


def test_one_that_left_and_comes_again_is_another_vehicle():
    seen = came().step(decided(DENY)).step(presence=False).step(CAME, presence=True, transaction="t2")
    assert [(one.verdict, one.passed) for one in seen.told] == [(DENY, False)]
    assert (seen.vehicle.transaction, seen.vehicle.decided) == ("t2", None)


def test_each_vehicle_has_the_next_number():
    seen = came()
    first = seen.vehicle
    assert first.transaction == "t1"
    seen.step(safety=True).step(CAME, transaction="t2")
    assert (seen.vehicle.transaction, seen.vehicle.number) == ("t2", first.number + 1)


def test_what_is_told_names_the_lane_the_transaction_and_the_time():
    seen = came().step(decided(PASS)).step(safety=True).step(presence=False).step(safety=False)
    (draft,) = seen.drafts
    assert (draft.lane, draft.transaction, draft.utc) == ("lane-3", "t1", UTC + seen.at)


def test_a_vehicle_without_a_transaction_has_an_empty_one():
    seen = Followed().step(presence=False, safety=False).step(CAME, presence=True, transaction=None)
    assert seen.vehicle.transaction == ""


def test_where_nothing_happens_the_vehicle_is_the_same_object():
    seen = came().step()
    before = seen.vehicle
    assert seen.step().vehicle is before


def test_without_loops_each_transaction_is_another_vehicle():
    seen = Followed(lane=BLIND).step(CAME).step(CAME, transaction="t2")
    assert [(one.verdict, one.passed) for one in seen.told] == [(None, None)]
    assert seen.vehicle.transaction == "t2"


def test_without_loops_nobody_knows_whether_it_went():
    seen = Followed(lane=BLIND).step(CAME).step(decided(PASS))
    closed = TransactionClosed(outcome=Outcome.PASSED, reason=Reason.OK, assumed=True, duration_s=1.0)
    assert seen.step(closed).told == [AccessCompared(verdict=PASS, reason=Reason.OK, passed=None, agrees=None)]


def test_lost_inputs_end_the_comparison_without_a_word_on_the_passage():
    seen = came().step(decided(PASS)).step(state=LaneState.FAULT)
    assert [(one.verdict, one.passed, one.agrees) for one in seen.told] == [(PASS, None, None)]
    assert seen.vehicle is None
