"""Explores a machine breadth first: every input in every state, to the end or to a bound, and a monitor at every step.

A machine is the real code under an abstraction: its states are canonical values, its inputs are texts. Because the
search is breadth first, the first breach of a kind is one of the shortest, and its inputs are what replays it.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

_LOOK_EVERY = 256
VARIANT = "!"
"""Between an input and what goes wrong while it is carried out, as in `officer opens!GATE_FAULT`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One of the things that an input can lead to.

    `label`: the input, with what went wrong beside it behind VARIANT. `state`: canonical. `breaches`: the rules that
    the step broke, in words. `moved`: what to count, such as the move from one state of a table to the next.
    """

    label: str
    state: Hashable
    breaches: tuple[str, ...] = ()
    moved: Hashable = None


class Machine(Protocol):
    """What can be explored. Pure: the same state and input always lead to the same outcomes."""

    def starts(self) -> Iterable[tuple[str, Hashable]]:
        """Where it can begin: a word for it, and the state."""

    def inputs(self, state: Hashable) -> Iterable[str]:
        """What can come in this state; nothing where a bound of the machine itself is reached."""

    def outcomes(self, state: Hashable, label: str) -> Iterable[Outcome]:
        """What an input can lead to. An exception is a breach."""

    def judged(self, state: Hashable) -> Iterable[str]:
        """Which rules a state breaks for good, such as never coming to rest in a sound world; asked once a state."""

    def never_seen(self, moved: Iterable[Hashable]) -> Iterable[str]:
        """What an exploration should have met and did not, in words: a machine that is not fed proves nothing."""

    def told(self, state: Hashable) -> str:
        """A state in some words, for the line of a replay."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where an exploration ends at the latest.

    `states`: so many are kept. `depth`: inputs in a row. `seconds`: of the processor; it makes figures differ from
    machine to machine, so nothing that is tested depends on it. `judge_every`: of so many new states one is judged.
    """

    states: int = 1_000_000
    depth: int = 10_000
    seconds: float = 3600.0
    judge_every: int = 1


@dataclass
class Exploration:
    """What an exploration found. `whole_to`: every sequence of so many inputs was tried. `ended_by`: "" where no state
    is left, else the bound. `breaches`: each kind, with the shortest inputs that lead there.
    """

    machine: str
    states: int = 0
    transitions: int = 0
    whole_to: int = 0
    ended_by: str = ""
    seconds: float = 0.0
    breaches: dict[str, tuple[str, ...]] = field(default_factory=dict)
    moved: Counter[Hashable] = field(default_factory=Counter)
    never_seen: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether no state was left."""
        return not self.ended_by


class Explorer:
    """Explore one machine. `progress` hears now and then how far it is."""

    def __init__(
        self,
        name: str,
        machine: Machine,
        bounds: Bounds,
        progress: Callable[[Exploration], None] = lambda _found: None,
    ) -> None:
        self._machine = machine
        self._bounds = bounds
        self._progress = progress
        self._found = Exploration(name)
        self._numbers: dict[Hashable, int] = {}
        self._states: list[Hashable] = []
        self._parents: list[int] = []
        self._labels: list[str] = []
        self._depths: list[int] = []

    def run(self, *, until_breach: bool = False) -> Exploration:
        """Explore to the end or to a bound; `until_breach`: to the first breach at most.

        Without a word in the log: real parts would write millions of lines.
        """
        before = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        try:
            return self._run(until_breach=until_breach)
        finally:
            logging.disable(before)

    def _run(self, *, until_breach: bool) -> Exploration:
        found, begin = self._found, time.process_time()
        for word, state in self._machine.starts():
            self._meet(state, -1, word)
        number = 0
        while number < len(self._states) and not found.ended_by:
            if number % _LOOK_EVERY == 0:
                found.seconds = time.process_time() - begin
                self._progress(self._count(number))
            found.ended_by = self._bound(number, until_breach=until_breach)
            if not found.ended_by:
                self._expand(number)
                number += 1
        found.seconds = time.process_time() - begin
        if not until_breach:
            found.never_seen = tuple(self._machine.never_seen(found.moved))
        return self._count(number)

    def _bound(self, number: int, *, until_breach: bool) -> str:
        """Which bound is reached before the state of that number is expanded; "" for none."""
        bounds, found = self._bounds, self._found
        if until_breach and found.breaches:
            return "a breach"
        if len(self._states) > bounds.states:
            return f"{bounds.states:,} states"
        if self._depths[number] >= bounds.depth:
            return f"depth {bounds.depth}"
        return f"{bounds.seconds:.0f} s" if found.seconds > bounds.seconds else ""

    def _count(self, expanded: int) -> Exploration:
        found = self._found
        found.states = len(self._states)
        # All of a depth are expanded once the first of the next one is due.
        at = self._depths[expanded] if expanded < len(self._states) else self._depths[-1] + 1
        found.whole_to = at
        return found

    def _expand(self, number: int) -> None:
        state, found = self._states[number], self._found
        for label in self._machine.inputs(state):
            for outcome in outcomes_of(self._machine, state, label):
                found.transitions += 1
                if outcome.moved is not None:
                    found.moved[outcome.moved] += 1
                for breach in outcome.breaches:
                    if breach not in found.breaches:
                        found.breaches[breach] = (*self._path(number), outcome.label)
                if outcome.state is not None:
                    self._meet(outcome.state, number, outcome.label)

    def _meet(self, state: Hashable, parent: int, label: str) -> None:
        if state in self._numbers:
            return
        number = self._numbers[state] = len(self._states)
        self._states.append(state)
        self._parents.append(parent)
        self._labels.append(label)
        self._depths.append(0 if parent < 0 else self._depths[parent] + 1)
        if number % self._bounds.judge_every == 0:
            for breach in judged_of(self._machine, state):
                if breach not in self._found.breaches:
                    self._found.breaches[breach] = self._path(number)

    def _path(self, number: int) -> tuple[str, ...]:
        labels: list[str] = []
        while number >= 0:
            labels.append(self._labels[number])
            number = self._parents[number]
        return tuple(reversed(labels))


def outcomes_of(machine: Machine, state: Hashable, label: str) -> Iterator[Outcome]:
    """What an input leads to; an exception is a breach that leads nowhere."""
    try:
        yield from machine.outcomes(state, label)
    except Exception as error:  # noqa: BLE001 - whatever the rules raise is what is looked for
        yield Outcome(label, None, (f"raises {type(error).__name__}: {error}",))


def judged_of(machine: Machine, state: Hashable) -> Iterable[str]:
    """What a state breaks; an exception is a breach too."""
    try:
        return tuple(machine.judged(state))
    except Exception as error:  # noqa: BLE001 - as above
        return (f"raises {type(error).__name__} in a sound world: {error}",)


def explore(name: str, machine: Machine, bounds: Bounds, *, until_breach: bool = False) -> Exploration:
    """Explore a machine, without a word in between."""
    return Explorer(name, machine, bounds).run(until_breach=until_breach)
