"""The lane among vehicles: hundreds of them, on every kind of lane, with and without faults."""

from __future__ import annotations

from collections import Counter

import pytest

from agent.core.lane.effects import Close
from agent.core.lane.lane_state_machine import LaneRules
from agent.core.model import Outcome
from sim.physics.arm import Cause
from sim.physics.driving import DriverBehaviour, DrivingPlan, Vehicle
from sim.physics.vehicle_shapes import CAR
from sim.physics.world import FOR_CARS, Way
from tests.support.lane.played_gate import PlayedGate
from tests.support.lane.traffic import KINDS, SORTS, Traffic

VEHICLES = 20
BY_AGENT = {name for name, kind in KINDS.items() if kind.rules.get("close_mode") == "agent"}


@pytest.fixture(scope="module")
def driven() -> dict[tuple[str, bool], Traffic]:
    """Traffic on every kind of lane, first without faults, then with them. Any breach fails here."""
    runs: dict[tuple[str, bool], Traffic] = {}
    for index, name in enumerate(KINDS):
        for faults in (False, True):
            run = runs[name, faults] = Traffic(name, 100 * index + faults, faults=faults)
            run.run(VEHICLES)
    return runs


def test_hundreds_of_vehicles_meet_no_arm_that_the_agent_moved(driven: dict[tuple[str, bool], Traffic]) -> None:
    causes: Counter[Cause] = Counter()
    for run in driven.values():
        causes.update(collision.cause for collision in run.gate.world.collisions)
    assert sum(len(run.arrivals) for run in driven.values()) >= 450
    assert causes[Cause.AGENT] == 0


def test_every_vehicle_without_a_fault_has_the_one_outcome_that_fits(driven: dict[tuple[str, bool], Traffic]) -> None:
    """The fitting itself is checked vehicle by vehicle; here, that all sorts came and most outcomes were seen."""
    seen: Counter[tuple[str, str]] = Counter()
    for (_, faults), run in driven.items():
        seen.update({} if faults else run.outcomes)
    assert {sort for sort, _ in seen} == {*SORTS, "follows", "comes next"}
    assert {outcome for _, outcome in seen} >= {
        Outcome.PASSED,
        Outcome.PASSED_WITH_VIOLATION,
        Outcome.NOT_TAKEN,
        Outcome.BACKED_OUT,
        Outcome.ABANDONED,
        Outcome.DENIED,
        Outcome.OVERRIDDEN,
    }


def test_without_a_fault_nobody_passes_but_by_a_grant_close_behind_another_or_by_force(
    driven: dict[tuple[str, bool], Traffic],
) -> None:
    for (name, faults), run in driven.items():
        if not faults:
            assert set(run.ways) <= {Way.GRANTED, Way.FOLLOWED, Way.BROKE_THROUGH}, name
        assert run.ways[Way.GRANTED] <= run.gate.counts["raises"], "one vehicle a grant"
        assert run.ways[Way.GRANTED] > 0, name


def test_the_agent_closes_where_it_is_told_to_and_nowhere_else(driven: dict[tuple[str, bool], Traffic]) -> None:
    assert {name for (name, _), run in driven.items() if run.gate.counts["closes"]} == BY_AGENT


def test_the_traffic_met_every_fault(driven: dict[tuple[str, bool], Traffic]) -> None:
    met: Counter[str] = Counter()
    for run in driven.values():
        met.update({key: n for key, n in run.gate.counts.items() if key.startswith("fault: ")})
    assert len(met) == 23
    assert sum(met.values()) > 500


def test_the_same_seed_gives_the_same_traffic() -> None:
    first, second = (Traffic("trucks, agent closes, photocell", 7, faults=True) for _ in range(2))
    first.run(10)
    second.run(10)
    assert (first.outcomes, first.ways, first.gate.counts) == (second.outcomes, second.ways, second.gate.counts)
    assert first.gate.world.now == second.gate.world.now


def test_a_close_onto_a_vehicle_would_be_found() -> None:
    gate = PlayedGate(LaneRules("lane-3", 3, close_mode="agent"), FOR_CARS, 1, lambda _question: pytest.fail("asked"))
    gate.world.force(up=True)
    gate.world.add(Vehicle(1, CAR, DrivingPlan(conduct=DriverBehaviour.TAILGATES)))
    while gate.world.under_s < 1.0:
        gate.tick()
    gate._carry_out((Close(gate.now.at + 0.3),))
    with pytest.raises(AssertionError, match="a close pulse onto vehicle 1"):
        gate.tick()
