"""The rules that may never break, over random sequences of vehicles and faults."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from agent.core.lane.lane_state_machine import LaneRules, LaneState
from agent.core.lane.step_inputs import CommandKind, ReadersChanged, RelayChanged, Ticked
from agent.core.model import Outcome
from agent.core.model.reasons import Verdict
from tests.support.lane.monitor import BLIND, SIGHTED
from tests.support.lane.walks import LANES, PAIRS, Pair, World

STEPS = 1_000
WALKS = {"plain": 15, "plain, agent closes": 20, "limits": 25, "limits, agent closes": 45}
WALKS |= {"closed limit and photocell": 15, "blind": 25, "blind, agent closes": 12}
WALKS |= {"limits, waits for its way": 35, "shared arm": 65, "shared arm, agent closes": 20, "blind, shared arm": 60}
WALKS |= {"decides by the plate": 20, "blind, decides by the plate": 15}


@pytest.fixture(scope="module")
def walks() -> dict[str, list[World]]:
    """Many walks of every kind of lane, each from a start. The monitor watches each step; a breach fails here."""
    walked: dict[str, list[World]] = {}
    for kind, (name, rules) in enumerate(LANES.items()):
        walked[name] = [World(LaneRules("lane-3", 3, **rules), 1000 * kind + seed) for seed in range(WALKS[name])]
        for world in walked[name]:
            world.run(STEPS)
    return walked


def test_no_rule_breaks_in_200_000_random_steps(walks: dict[str, list[World]]) -> None:
    worlds = [world for kind in walks.values() for world in kind]
    assert sum(world.steps for world in worlds) >= 200_000
    for world in worlds:
        closed = sum(world.monitor.outcomes.values())
        assert closed == len(world.monitor.ids), "a transaction without exactly one outcome"
    for name, kind in walks.items():
        assert sum(world.monitor.raises for world in kind) > 100, name


def test_the_walks_saw_every_transition_of_the_table_and_no_other(walks: dict[str, list[World]]) -> None:
    sighted: Counter[tuple[LaneState, LaneState]] = Counter()
    blind: Counter[tuple[LaneState, LaneState]] = Counter()
    for world in (world for kind in walks.values() for world in kind):
        (blind if world.rules.blind else sighted).update(+world.moves)
    assert (SIGHTED - set(sighted), BLIND - set(blind)) == (set(), set()), "never seen"
    assert (set(sighted) - SIGHTED, set(blind) - BLIND) == (set(), set()), "not in the table"


def test_every_walk_comes_to_rest_where_nothing_is_wrong_and_the_next_vehicle_is_served(
    walks: dict[str, list[World]],
) -> None:
    for world in (world for kind in walks.values() for world in kind):
        world.come_to_rest()


def test_the_walks_saw_every_outcome(walks: dict[str, list[World]]) -> None:
    seen = {outcome for kind in walks.values() for world in kind for outcome in world.monitor.outcomes}
    assert seen == set(Outcome)


def test_only_lanes_with_inputs_that_close_by_agent_gave_close_pulses(walks: dict[str, list[World]]) -> None:
    closing = {name for name, kind in walks.items() if any(world.monitor.closes for world in kind)}
    assert closing == {"plain, agent closes", "limits, agent closes", "shared arm, agent closes"}


@pytest.fixture(scope="module")
def pairs() -> dict[str, list[Pair]]:
    """Walks of two lanes that wait for one another. Each step is watched; a breach fails here."""
    walked: dict[str, list[Pair]] = {}
    for name in PAIRS:
        walked[name] = [Pair(name, seed) for seed in range(24)]
        for pair in walked[name]:
            pair.run(STEPS)
    return walked


@pytest.mark.parametrize("name", PAIRS)
def test_of_two_lanes_that_wait_for_one_another_one_opens_at_a_time(pairs: dict[str, list[Pair]], name: str) -> None:
    worlds = [world for pair in pairs[name] for world in pair.worlds]
    moves = sum((world.moves for world in worlds), Counter[tuple[LaneState, LaneState]]())
    assert sum(world.monitor.raises for world in worlds) > 100, "both had their turns"
    assert sum(count for (_, to), count in moves.items() if to is LaneState.WAITING) > 10, (
        "and one waited for the other"
    )
    assert (moves[LaneState.IDLE, LaneState.YIELDING] > 10) is bool(PAIRS[name].get("shares_arm"))


class LaneMachine(RuleBasedStateMachine):
    """The same rules, with sequences that hypothesis makes up and shrinks."""

    world: World

    @initialize(name=st.sampled_from(sorted(LANES)), seed=st.integers(0, 1000))
    def begin(self, name: str, seed: int) -> None:
        self.world = World(LaneRules("lane-3", 3, **LANES[name]), seed)
        self.world.feed(RelayChanged(self.world.now, up=True))
        self.world.sense()

    @rule(
        seconds=st.sampled_from((0.05, 0.29, 0.31, 1.0, 3.1, 6.0, 8.0, 15.0, 60.0)),
        presence=st.sampled_from((True, False, None)),
        safety=st.sampled_from((True, False, None)),
        arm=st.sampled_from(("up", "down", "between", "unknown")),
        photocell=st.sampled_from((True, False, None)),
    )
    def sample(
        self, seconds: float, presence: bool | None, safety: bool | None, arm: str, photocell: bool | None
    ) -> None:
        limits = {"up": (True, False), "down": (False, True), "between": (False, False), "unknown": (None, None)}[arm]
        bits = {"presence": presence, "safety": safety, "photocell": photocell}
        self.world.sense(seconds, **bits, opened=limits[0], closed=limits[1])

    @rule(seconds=st.sampled_from((0.05, 0.29, 0.31, 1.0, 11.0)))
    def wait(self, seconds: float) -> None:
        self.world.at += seconds
        self.world.feed(Ticked(self.world.now))

    @rule(text=st.sampled_from("ABC"), verdict=st.sampled_from(Verdict))
    def present(self, text: str, verdict: Verdict) -> None:
        self.world.qr(text, verdict)

    @rule(text=st.sampled_from(("K1", "K2")), verdict=st.sampled_from(Verdict))
    def read(self, text: str, verdict: Verdict) -> None:
        self.world.plate(text, verdict)

    @rule(delivery=st.sampled_from(("delivered", "not_delivered", "unknown")))
    def report(self, delivery: str) -> None:
        self.world.report(delivery)

    @rule(kind=st.sampled_from(CommandKind))
    def order(self, kind: CommandKind) -> None:
        self.world.order(kind)

    @rule(up=st.booleans())
    def relay(self, up: bool) -> None:
        self.world.feed(RelayChanged(self.world.now, up=up))

    @rule(up=st.booleans())
    def readers(self, up: bool) -> None:
        self.world.feed(ReadersChanged(self.world.now, up=up))

    @rule()
    def disorder(self) -> None:
        self.world.out_of_order()

    @rule()
    def vehicle(self) -> None:
        self.world.vehicle()


TestLaneMachine = LaneMachine.TestCase
TestLaneMachine.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
