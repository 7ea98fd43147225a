"""An input is found by what changed since somebody began, and stayed so."""

from __future__ import annotations

from agent.setup.input_detection import SETTLE_S, began_again, changed, traced, used


def trace(*samples):
    traces = ()
    for at, bits in samples:
        traces = traced(traces, bits, at)
    return traces


def test_an_input_that_changed_and_stays_is_found():
    traces = trace((0.0, (False, True)), (1.0, (True, True)))
    assert changed(traces, 1.0 + SETTLE_S) == [1]
    assert traces[0].changes == 1


def test_one_that_bounces_does_not_count_before_it_stays():
    traces = trace((0.0, (False,)), (1.0, (True,)), (1.1, (False,)), (1.2, (True,)))
    assert changed(traces, 1.2 + SETTLE_S / 2) == []
    assert changed(traces, 1.3 + SETTLE_S) == [1]


def test_one_that_went_back_is_none():
    assert changed(trace((0.0, (False,)), (1.0, (True,)), (2.0, (False,))), 9.0) == []


def test_known_inputs_may_change_along_with_it():
    traces = trace((0.0, (True, False)), (1.0, (False, True)))
    assert changed(traces, 9.0, taken={1}) == [2]


def test_what_the_board_does_not_say_is_no_change():
    assert changed(trace((0.0, (None,)), (1.0, (True,))), 9.0) == []
    assert changed(trace((0.0, (False,)), (1.0, (None,))), 9.0) == []
    assert changed(trace((0.0, (False,)), (1.0, (None,)), (2.0, (True,))), 9.0) == [1]


def test_another_signal_begins_with_what_the_inputs_are_now():
    traces = began_again(trace((0.0, (False, False)), (1.0, (True, False))), 2.0)
    assert changed(traces, 9.0) == []
    assert changed(traced(traces, (True, True), 10.0), 11.0) == [2]


def test_a_board_may_have_more_inputs_than_before():
    assert len(trace((0.0, (False,)), (1.0, (False, False)))) == 2


def test_of_an_arm_that_leaves_one_end_and_comes_to_the_other_the_end_that_it_came_to_is_meant():
    traces = trace((0.0, (False, True)), (1.0, (False, False)), (2.0, (True, False)))
    assert changed(traces, 9.0) == [1, 2]
    assert used(traces, 9.0) == [1]


def test_where_it_cannot_be_told_all_that_changed_are_named():
    assert used(trace((0.0, (False, False)), (1.0, (True, True))), 9.0) == [1, 2]
    assert used(trace((0.0, (True, True)), (1.0, (False, False))), 9.0) == [1, 2]
    assert used(trace((0.0, (True,)), (1.0, (False,))), 9.0) == [1]
