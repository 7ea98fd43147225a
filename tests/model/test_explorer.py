"""The explorer itself: it tries everything, the shortest first, and what it finds can be replayed and pasted."""

import ast

import pytest

from tests.model.counterexample import NotAPathError, as_test, followed, replay
from tests.model.explorer import Bounds, Outcome, explore


class Counter:
    """Counts up by one or two, and never to `wrong`; at `broken` it raises. It may be stuck at `stuck`."""

    def __init__(self, upto=10, wrong=None, broken=None, stuck=None):
        self.upto, self.wrong, self.broken, self.stuck = upto, wrong, broken, stuck

    def starts(self):
        yield "zero", 0

    def inputs(self, state):
        return ("one", "two") if state < self.upto else ()

    def outcomes(self, state, label):
        after = state + {"one": 1, "two": 2}[label]
        if after == self.broken:
            raise ArithmeticError("broken")
        yield Outcome(label, after, ("it is wrong",) if after == self.wrong else (), label)
        yield Outcome(f"{label}!nothing", state)

    def judged(self, state):
        return ["it is stuck"] if state == self.stuck else []

    def never_seen(self, moved):
        return [one for one in ("one", "two", "three") if one not in set(moved)]

    def told(self, state):
        return f"at {state}"


def test_everything_is_tried_to_the_end():
    found = explore("counter", Counter(), Bounds())
    assert (found.states, found.transitions, found.is_complete, found.breaches) == (12, 40, True, {})
    assert found.moved == {"one": 10, "two": 10}
    assert found.never_seen == ("three",)


@pytest.mark.parametrize(
    ("bounds", "ended_by", "whole_to"),
    [
        (Bounds(states=4), "4 states", 2),
        (Bounds(depth=3), "depth 3", 3),
        (Bounds(seconds=-1.0), "-1 s", 0),
    ],
)
def test_a_bound_ends_it_and_it_says_how_far_everything_was_tried(bounds, ended_by, whole_to):
    found = explore("counter", Counter(), bounds)
    assert (found.ended_by, found.whole_to) == (ended_by, whole_to)
    assert not found.is_complete


def test_the_first_breach_of_a_kind_is_one_of_the_shortest():
    found = explore("counter", Counter(wrong=5), Bounds())
    assert found.breaches == {"it is wrong": ("zero", "one", "two", "two")}
    until = explore("counter", Counter(wrong=5), Bounds(), until_breach=True)
    assert (until.breaches, until.ended_by) == (found.breaches, "a breach")


def test_an_exception_is_a_breach_that_leads_nowhere():
    found = explore("counter", Counter(broken=3, upto=4), Bounds())
    assert found.breaches == {"raises ArithmeticError: broken": ("zero", "one", "two")}


def test_states_are_judged():
    assert explore("counter", Counter(stuck=4), Bounds()).breaches == {"it is stuck": ("zero", "two", "two")}
    assert not explore("counter", Counter(stuck=3), Bounds(judge_every=2)).breaches


def test_a_counterexample_is_replayed_step_by_step():
    machine, inputs = Counter(wrong=3), ("zero", "one", "one!nothing", "two")
    lines, breaches = followed(machine, inputs)
    assert breaches == ["it is wrong"]
    assert [line.split() for line in lines] == [
        ["zero", "at", "0"],
        ["1", "one", "at", "1"],
        ["2", "one!nothing", "at", "1"],
        ["3", "two", "at", "3"],
        [">>>", "it", "is", "wrong"],
    ]
    with pytest.raises(AssertionError, match="it is wrong"):
        replay(machine, inputs)
    replay(Counter(), inputs)


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        (("nine",), "no start"),
        (("zero", "three"), "cannot come"),
        (("zero", "one!broken"), "no outcome"),
    ],
)
def test_inputs_that_lead_nowhere_any_more_are_told(inputs, why):
    with pytest.raises(NotAPathError, match=why):
        replay(Counter(), inputs)


def test_a_counterexample_is_written_as_a_test():
    text = as_test("lane: served", 'rule 3: a "close" past A=1', ("a start", "tick +1"))
    (function,) = ast.parse(text).body
    assert function.name == "test_rule_3_a_close_past_a_1"
    assert "'tick +1'" in text
