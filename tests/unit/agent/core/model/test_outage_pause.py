from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.model.outage_pause import outage_pause_s

FIRST_S, CAP_S = 2.0, 60.0
GATES = 1_000
draws = st.floats(0, 1)


@given(st.integers(0, 1000), st.floats(0, 1e6), st.floats(0.001, 1e3), st.floats(0.001, 1e3), draws)
def test_a_pause_is_never_longer_than_the_outage_or_the_first_pause_nor_than_the_cap(
    failures, outage_s, first_s, cap_s, draw
):
    assert 0 <= outage_pause_s(failures, outage_s, first_s, cap_s, draw) <= min(cap_s, max(first_s, outage_s))


@given(st.integers(0, 100), st.floats(0, 1e4), st.floats(0, 1e4), draws)
def test_a_longer_outage_never_makes_a_pause_shorter(failures, one_s, other_s, draw):
    shorter, longer = sorted((one_s, other_s))
    assert outage_pause_s(failures, shorter, FIRST_S, CAP_S, draw) <= outage_pause_s(
        failures, longer, FIRST_S, CAP_S, draw
    )


@pytest.mark.parametrize("outage_s", [-0.1, float("nan")])
def test_what_is_no_outage_is_refused(outage_s):
    with pytest.raises(ValueError, match="not the length of an outage"):
        outage_pause_s(0, outage_s, FIRST_S, CAP_S, 0.5)


def returns_after(outage_s: float, random: Random) -> list[float]:
    """How long after the return of a broker that was away so long each gate tries again, all of them lost at once."""
    found = []
    for _ in range(GATES):
        at, failures = 0.0, 0
        while at < outage_s:
            at += outage_pause_s(failures, at, FIRST_S, CAP_S, random.random())
            failures += 1
        found.append(at - outage_s)
    return sorted(found)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.5, 300.0), st.integers(0, 2**32))
def test_after_any_outage_all_are_back_within_its_own_length_and_not_all_at_once(outage_s, seed):
    back_s = returns_after(outage_s, Random(seed))  # noqa: S311 - jitter, no secret
    assert back_s[-1] <= min(CAP_S, max(FIRST_S, outage_s))
    # What comes within one second of the return is a part, and the smaller the longer the outage was.
    within_a_second = sum(one <= 1.0 for one in back_s)
    assert within_a_second <= GATES * (0.9 if outage_s < 5.0 else 0.5)


def test_a_thousand_gates_are_back_ten_seconds_after_a_broker_that_was_away_ten_seconds():
    back_s = returns_after(10.0, Random(7))  # noqa: S311 - jitter, no secret
    assert back_s[int(0.99 * GATES)] <= 10.0
    assert sum(one <= 1.0 for one in back_s) <= GATES // 3
