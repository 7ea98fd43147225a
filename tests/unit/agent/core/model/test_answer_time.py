import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model.answer_time import AnswerTime

times = st.floats(0.0, 1e6)


def measured(*answers_s):
    estimate = AnswerTime()
    for each in answers_s:
        estimate = estimate.measured(each)
    return estimate


def test_nothing_measured_waits_as_it_was_told_to():
    assert AnswerTime().wait_s(30.0, 10.0, 300.0) == 30.0
    assert AnswerTime().mean_s is None


def test_the_first_answers_count_as_the_rfc_says():
    first = measured(4.0)
    assert (first.mean_s, first.variation_s) == (4.0, 2.0)
    assert first.wait_s(30.0, 1.0, 300.0) == 12.0
    second = first.measured(12.0)
    assert second.variation_s == 0.75 * 2.0 + 0.25 * 8.0
    assert second.mean_s == 0.875 * 4.0 + 0.125 * 12.0


def test_a_steady_answer_brings_the_wait_down_to_it_and_no_further_than_the_bounds():
    assert measured(*[45.0] * 60).wait_s(30.0, 10.0, 300.0) == pytest.approx(45.0, abs=0.1)
    assert measured(*[0.1] * 60).wait_s(30.0, 10.0, 300.0) == 10.0
    assert measured(*[900.0] * 60).wait_s(30.0, 10.0, 300.0) == 300.0


@given(st.lists(times, min_size=1, max_size=50))
def test_the_mean_stays_among_what_was_measured(answers_s):
    estimate = measured(*answers_s)
    slack = 1e-9 * max(1.0, *answers_s)
    assert min(answers_s) - slack <= estimate.mean_s <= max(answers_s) + slack
    assert 0.0 <= estimate.variation_s <= max(answers_s) + slack


@given(st.lists(times, max_size=50), st.floats(0.1, 10.0), st.floats(10.0, 1e4))
def test_the_wait_keeps_its_bounds(answers_s, least_s, most_s):
    assert least_s <= measured(*answers_s).wait_s(least_s, least_s, most_s) <= most_s


@pytest.mark.parametrize("answer_s", [-0.1, math.nan, math.inf])
def test_what_is_no_time_is_refused(answer_s):
    with pytest.raises(ValueError, match="not an answer time"):
        AnswerTime().measured(answer_s)


@pytest.mark.parametrize(("least_s", "most_s"), [(0.0, 1.0), (2.0, 1.0), (math.nan, 1.0)])
def test_what_is_no_bound_is_refused(least_s, most_s):
    with pytest.raises(ValueError, match="not bounds of a wait"):
        AnswerTime().wait_s(1.0, least_s, most_s)
