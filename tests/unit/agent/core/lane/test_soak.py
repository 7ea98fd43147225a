"""A small part of the long proof of the lane, and the proof that it would tell of a breach."""

from __future__ import annotations

import pytest

from tests.soak import lane
from tests.soak.lane import Job, Tally, jobs, lanes, main, play, report, walk, walks, work
from tests.support.lane.walks import LANES, World

EACH = -(-60_000 // (lane.STEPS * len(LANES)))
FIRST = 500_000


@pytest.mark.parametrize("name", LANES)
def test_no_rule_breaks_in_sequences_that_all_begin_at_a_start(name: str) -> None:
    tally = Tally()
    for seed in range(FIRST, FIRST + EACH):
        walk(name, seed, tally)
    assert tally.counts["steps"] >= EACH * lane.STEPS
    assert tally.counts["raises"] > 30


def test_the_jobs_cover_every_lane_once() -> None:
    todo = list(jobs(700, 1200))
    assert list(dict.fromkeys(job.lane for job in todo)) == lanes()
    assert sum(job.last - job.first for job in todo if job.lane in walks()) >= 700
    played = [(job.lane, seed) for job in todo for seed in range(job.first, job.last)]
    assert len(set(played)) == len(played)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walks in which the monitor objects to the first thing that it sees."""

    def run(world: World, _steps: int) -> None:
        world.sense()
        raise AssertionError("a rule broke")

    monkeypatch.setattr(World, "run", run)


@pytest.mark.usefixtures("broken")
def test_a_breach_is_told_with_what_repeats_it_and_the_others_go_on() -> None:
    tally = work(Job("walk: limits", 3, 5))
    assert tally.breaches == [("walk: limits", 3, "a rule broke"), ("walk: limits", 4, "a rule broke")]
    assert tally.counts["sequences"] == 2
    assert "--lane 'walk: limits' --seed 3" in report(tally, 1.0)


@pytest.mark.usefixtures("broken")
def test_a_repeated_breach_is_traced_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["soak_lane", "--lane", "walk: limits", "--seed", "3"])
    assert main() == 1
    shown = capsys.readouterr().out
    assert "Sampled" in shown
    assert "BREACH a rule broke" in shown


def test_traffic_can_be_repeated_with_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "VEHICLES_A_RUN", 3)
    lines: list[str] = []
    play("faulty traffic: cars, limits", 1, Tally(), lines.append)
    assert any("VehiclePresent" in line for line in lines)


def test_a_small_soak_runs_on_all_cores_and_reports(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lane, "VEHICLES_A_RUN", 2)
    monkeypatch.setattr(lane, "STEPS", 40)
    monkeypatch.setattr("sys.argv", ["soak_lane", "--sequences", "15", "--vehicles", "40"])
    assert main() == 0
    shown = capsys.readouterr()
    assert "breaches                 0" in shown.out
    assert "100 %" in shown.err
