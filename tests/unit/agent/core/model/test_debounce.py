"""Debouncing: when a value counts, and when an input is told to flap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model.debounce import FLAPPING_CHANGES, FLAPPING_S, Debounced

HOLD_S = 0.04


def seen(samples, state=None, hold_s=HOLD_S):
    """The states of an input after each of these (time, bit)."""
    states, state = [], state or Debounced()
    for at, bit in samples:
        state = state.seen(bit, at, hold_s)
        states.append(state)
    return states


SERIES = {
    "the first sample counts at once": ([(0.0, True)], [True]),
    "unknown counts at once": ([(0.0, True), (0.1, None)], [True, None]),
    "the first sample after unknown counts at once": ([(0.0, True), (0.1, None), (0.2, False)], [True, None, False]),
    "a change counts once it has stood": (
        [(0.0, False), (1.0, True), (1.03, True), (1.04, True)],
        [False, False, False, True],
    ),
    "a flicker counts for nothing": (
        [(0.0, False), (1.0, True), (1.02, False), (1.03, True), (1.06, True)],
        [False, False, False, False, False],
    ),
    "back and forth each take their time": (
        [(0.0, True), (1.0, False), (1.05, False), (1.1, True), (1.2, True)],
        [True, True, False, False, True],
    ),
    "two samples far apart are enough": ([(0.0, False), (1.0, True), (9.0, True)], [False, False, True]),
}


@pytest.mark.parametrize(("samples", "values"), SERIES.values(), ids=SERIES)
def test_debouncing(samples, values):
    state, found = Debounced(), []
    for at, bit in samples:
        state = state.seen(bit, at, 0.04)
        found.append(state.value)
    assert found == values


def test_without_a_time_to_hold_every_sample_counts_at_once():
    state = Debounced().seen(False, 0.0, 0.0).seen(True, 0.05, 0.0)
    assert state.value is True


# ------------------------------------------------------------------------------------------------- flapping


def flutter(count, period_s=0.05, begin=0.0, first=False):
    """So many samples of which each is another than the one before."""
    return [(begin + number * period_s, (number % 2 == 0) is first) for number in range(count)]


FLAPS = {
    "for longer than the bound": (flutter(60), True),
    "not for long enough": (flutter(20), False),
    "for long, but a few changes only": (flutter(FLAPPING_CHANGES, period_s=0.5), False),
    "for long, with changes enough": (flutter(FLAPPING_CHANGES + 1, period_s=0.5), True),
    "standing still for a while each second": (
        [sample for second in range(5) for sample in (*flutter(18, begin=second), (second + 0.95, False))],
        False,
    ),
    "slowly": ([(number * 0.05, number // 2 % 2 == 0) for number in range(200)], False),
    "with a sample that was not known": ([*flutter(19), (0.95, None), *flutter(19, begin=1.0)], False),
}


@pytest.mark.parametrize(("samples", "flapping"), FLAPS.values(), ids=FLAPS)
def test_an_input_flaps_that_changes_all_the_time_and_never_stands_still(samples, flapping):
    assert seen(samples)[-1].flapping is flapping


def test_a_flapping_input_is_unknown_until_it_has_stood_still_and_then_counts_at_once():
    samples = [*flutter(60), (3.0, False), (3.03, False), (3.04, False), (3.05, False)]
    states = seen(samples)
    assert [(state.value, state.flapping) for state in states[-5:]] == [
        (None, True),
        (None, True),
        (None, True),
        (False, False),
        (False, False),
    ]


def test_before_it_flaps_an_input_keeps_the_value_that_it_had():
    states = seen(flutter(60))
    first = next(number for number, state in enumerate(states) if state.flapping)
    assert {state.value for state in states[:first]} == {False}
    assert {state.value for state in states[first:]} == {None}
    assert first * 0.05 == pytest.approx(FLAPPING_S + 0.1)


def test_without_a_time_to_hold_nothing_flaps():
    assert not any(state.flapping for state in seen(flutter(200), hold_s=0.0))


@given(st.lists(st.tuples(st.floats(0.001, 0.2), st.sampled_from([True, False, None])), max_size=80))
def test_a_value_that_counts_was_seen_and_a_flapping_one_is_never_guessed(steps):
    at, state, bits = 0.0, Debounced(), []
    for wait_s, bit in steps:
        at += wait_s
        before, state = state, state.seen(bit, at, HOLD_S)
        bits.append(bit)
        assert state.value is None or state.value in bits
        assert not (state.flapping and state.value is not None)
        assert state.value in (before.value, bit, None)
        if bit is None:
            assert state.value is None
