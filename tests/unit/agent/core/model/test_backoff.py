import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model.backoff import delay_s

positive = st.floats(0.001, 1e6)
draws = st.floats(0, 1)


@given(st.integers(0, 10**9), positive, positive, draws)
def test_a_wait_is_never_negative_nor_longer_than_the_cap(failures, first_s, cap_s, draw):
    assert 0 <= delay_s(failures, first_s, cap_s, draw) <= cap_s


@given(st.integers(0, 1000), positive, positive, draws)
def test_a_wait_never_shrinks_with_further_failures(failures, first_s, cap_s, draw):
    assert delay_s(failures, first_s, cap_s, draw) <= delay_s(failures + 1, first_s, cap_s, draw)


def test_the_longest_wait_doubles_up_to_the_cap():
    assert [delay_s(failures, 0.5, 15, 1.0) for failures in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]


def test_the_draw_scales_the_whole_wait():
    assert delay_s(1, 0.5, 15, 0.0) == 0
    assert delay_s(1, 0.5, 15, 0.25) == 0.25


@pytest.mark.parametrize(
    "arguments", [(-1, 1, 1, 0.5), (0, 0, 1, 0.5), (0, 1, 0, 0.5), (0, 1, 1, 1.1), (0, 1, 1, -0.1)]
)
def test_what_is_no_backoff_is_refused(arguments):
    with pytest.raises(ValueError, match="not a backoff"):
        delay_s(*arguments)
