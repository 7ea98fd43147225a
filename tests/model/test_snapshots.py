"""Copies and values of live objects: a copy goes its own way, and equal states have equal values."""

import itertools
from collections import deque
from dataclasses import dataclass, field
from functools import partial

import pytest

from agent.site.claimant import SiteRules
from tests.model.site_disks import Disk, Ledgers
from tests.model.site_gates import Gate, Gates, gates_alone, knows_all, membership_of
from tests.model.snapshots import Copier, Freezer


@dataclass(frozen=True)
class Value:
    number: int


@dataclass
class Part:
    owner: object = None
    items: list = field(default_factory=list)
    numbers: object = field(default_factory=lambda: itertools.count(1))
    met_at: float = 0.0


class Owner:
    """An owner with a part, a closure and a bound method that belong to it."""

    def __init__(self):
        self.part = Part(self)
        self.value = Value(7)
        self.waiting = deque([1], maxlen=3)
        self.named = {"part": self.part}
        self.count = lambda: len(self.part.items)
        self.add = self._add
        self.add_two = partial(self._add, 2)

    def _add(self, item):
        self.part.items.append((item, next(self.part.numbers)))


def value_of(it, now_at=0.0):
    return Freezer((), frozenset(), now_at, 10.0).frozen(it)


def test_a_copy_has_its_own_parts_closures_and_methods():
    owner = Owner()
    owner.add("before")
    copy = Copier(()).copied(owner)
    copy.add("after")
    copy.add_two()
    copy.waiting.append(2)
    assert (owner.count(), copy.count()) == (1, 3)
    assert copy.part.items == [("before", 1), ("after", 2), (2, 3)]
    assert (list(owner.waiting), list(copy.waiting), copy.waiting.maxlen) == ([1], [1, 2], 3)
    assert copy.named["part"] is copy.part is copy.part.owner.part
    assert copy.value is owner.value
    owner.add("too")
    assert owner.part.items[-1] == ("too", 2)


def test_what_is_shared_belongs_to_both():
    owner = Owner()
    assert Copier((Part,)).copied(owner).part is owner.part


def test_equal_states_have_equal_values_and_others_have_not():
    owner = Owner()
    copy = Copier(()).copied(owner)
    assert value_of(owner) == value_of(copy)
    copy.add("more")
    assert value_of(owner) != value_of(copy)
    next(owner.part.numbers)
    owner.part.items.append(("more", 1))
    assert value_of(owner) == value_of(copy)


@pytest.mark.parametrize(
    ("met_at", "now_at", "is_same"), [(100.0, 100.0, True), (99.0, 100.0, False), (80.0, 100.0, False)]
)
def test_times_are_relative_to_now_and_cut(met_at, now_at, is_same):
    one, other = Part(met_at=0.0), Part(met_at=met_at)
    assert (value_of(one) == value_of(other, now_at)) is is_same
    assert value_of(Part(met_at=1.0), 50.0) == value_of(Part(met_at=2.0), 900.0), "older than any rule asks for"


def test_a_running_generator_is_refused():
    running = (one for one in (1, 2))
    with pytest.raises(TypeError, match="generator"):
        Copier(()).copied(running)
    with pytest.raises(TypeError, match="generator"):
        value_of(running)


EVENTS = (
    ("push",),
    ("later", 0.35),
    ("cut",),
    ("connect",),
    ("later", 10.01),
    ("push",),
    ("stop",),
    ("start", True),
    ("push",),
    ("later", 6.0),
    ("push",),
)


def test_a_gate_of_copies_is_the_gate_that_was_never_copied():
    """What the machine makes in steps, each on a copy, comes to the same as one gate that does it all."""
    with gates_alone():
        copied, alone = Gates(), Gates()
        numbers = [first(copied), first(alone)]
        gate = alone._gates[numbers[1]]
        for event in (("start", True), *EVENTS):
            numbers[0] = copied.play(numbers[0], event).gate
            Gates._at(gate)
            getattr(alone, f"_{event[0]}")(gate, *event[1:])
            if gate.service is not None:
                gate.drain()
            gate.out, gate.answers = [], []
            assert copied._value(copied._gates[numbers[0]]) == alone._value(gate), event


def first(gates):
    gate = Gate("A", Disk("A#1"), membership_of("A", "AB"), SiteRules(), 0.0)
    knows_all(gate, Ledgers())
    return gates.first(gate)
