"""When a machine counts as too slow for a camera."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.heartbeat_stats import HeartbeatStats
from agent.vision.worker.cpu_budget import CpuBudget
from agent.vision.worker.protocol import Heartbeat

BEAT_S = 0.25


def overloaded_after(stats, heartbeat):
    stats.add_heartbeat(heartbeat)
    return stats.overloaded


def judged(watch, spans, at=0.0):
    """The judgement after each second of beats, of spans (seconds, frames read a second, frames lost a second)."""
    verdicts, read, dropped = [], 0.0, 0.0
    for seconds, reads, losses in spans:
        for heartbeat in range(round(seconds / BEAT_S)):
            at += BEAT_S
            read, dropped = read + reads * BEAT_S, dropped + losses * BEAT_S
            behind = overloaded_after(watch, Heartbeat(at=at, read=int(read), dropped=int(dropped)))
            if heartbeat % 4 == 3:
                verdicts.append(behind)
    return verdicts


@pytest.mark.parametrize(
    ("spans", "last"),
    [
        ([(60, 1, 0)], False),
        ([(60, 25, 0)], False),
        ([(60, 15, 10)], False),
        ([(60, 10, 15)], True),
        ([(1, 0, 25)], False),
        ([(20, 5, 0), (2, 5, 20)], False),
        ([(60, 5, 20), (20, 20, 5)], False),
        ([(60, 5, 20), (20, 17, 8)], True),
        ([(60, 5, 20), (11, 1, 0)], False),
    ],
    ids=[
        "nothing moves",
        "all are read",
        "fewer than half are lost",
        "most are lost",
        "a hitch of a second",
        "a short peak after a quiet time",
        "it has caught up",
        "a third still lost is not caught up",
        "nothing moves any more",
    ],
)
def test_a_machine_does_not_keep_up_when_most_changing_frames_are_lost_for_some_seconds(spans, last):
    assert judged(HeartbeatStats(), spans)[-1] is last


def test_it_is_told_within_ten_seconds_and_taken_back_within_ten():
    verdicts = judged(HeartbeatStats(), [(20, 25, 0), (10, 0, 25), (10, 25, 0)])
    assert not any(verdicts[:20])
    assert verdicts[29]
    assert not verdicts[39]


@pytest.mark.parametrize(
    ("delays_s", "last"),
    [([0.0] * 60, False), ([0.7] * 30, False), ([0.7] * 42, True), ([0.7] * 41 + [0.1], False), ([0.4] * 60, False)],
    ids=["in time", "late for seconds only", "late for ten seconds", "in time again", "hardly late"],
)
def test_a_machine_that_shows_the_past_does_not_keep_up_though_it_loses_nothing(delays_s, last):
    watch = HeartbeatStats()
    verdicts = [
        overloaded_after(watch, Heartbeat(at=number * BEAT_S, read=number, behind_s=delay_s))
        for number, delay_s in enumerate(delays_s)
    ]
    assert verdicts[-1] is last


def test_what_comes_too_late_is_told_once_though_the_beats_come_unevenly():
    watch = HeartbeatStats()
    at = [number * BEAT_S + (0.2 if number % 3 else 0.0) for number in range(120)]
    verdicts = [
        overloaded_after(watch, Heartbeat(at=when, read=number, behind_s=0.7)) for number, when in enumerate(at)
    ]
    assert verdicts == sorted(verdicts)
    assert verdicts[-1]


@given(st.lists(st.tuples(st.integers(0, 2**62), st.integers(0, 2**62), st.floats(0, 1e12)), max_size=30))
def test_figures_that_make_no_sense_do_no_harm(heartbeats):
    watch = HeartbeatStats()
    for read, dropped, at in heartbeats:
        assert overloaded_after(watch, Heartbeat(at=at, read=read, dropped=dropped)) in {True, False}


# -------------------------------------------------------------------------------------------------------- allowance


def test_a_reader_that_can_wait_rests_longer_with_every_loss_and_less_again_without():
    cpu_budget = CpuBudget(1.0)
    assert cpu_budget.rest_s(0.04, 0) == 0.0
    losing = [cpu_budget.rest_s(0.04, lost) for lost in (3, 5, 6, 9)]
    assert losing == pytest.approx([0.04, 0.12, 0.28, 0.28])
    recovering = [cpu_budget.rest_s(0.04, 9) for _ in range(7)]
    assert all(later < sooner for sooner, later in pairwise(recovering))
    assert recovering[-1] == 0.0


def test_no_rest_is_longer_than_a_second():
    cpu_budget = CpuBudget(0.5)
    assert cpu_budget.rest_s(0.3, 0) == pytest.approx(0.3)
    assert cpu_budget.rest_s(30.0, 1) == 1.0
