"""Counterexamples: inputs that lead to a breach, written as a test that replays them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.model.explorer import VARIANT, judged_of, outcomes_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from tests.model.explorer import Machine


class NotAPathError(ValueError):
    """An input that the machine does not take in that state, or an outcome that it has not."""


def followed(machine: Machine, labels: Sequence[str]) -> tuple[list[str], list[str]]:
    """Go along inputs, of which the first is the word of a start: (a line for each step, the breaches met).

    Raises NotAPathError.
    """
    starts = dict(machine.starts())
    if labels[0] not in starts:
        raise NotAPathError(f"{labels[0]!r} is no start of this machine; it has {', '.join(map(repr, starts))}")
    state: Hashable = starts[labels[0]]
    lines, breaches = [f"{'':>3} {labels[0]:<40} {machine.told(state)}"], list(judged_of(machine, state))
    for number, label in enumerate(labels[1:], 1):
        asked = label.split(VARIANT)[0]
        if state is None or asked not in machine.inputs(state):
            raise NotAPathError(f"input {number}, {asked!r}, cannot come in this state: {lines[-1].strip()}")
        found = {outcome.label: outcome for outcome in outcomes_of(machine, state, asked)}
        if label not in found:
            raise NotAPathError(f"input {number} has no outcome {label!r}; it has {', '.join(map(repr, found))}")
        outcome = found[label]
        breaches += outcome.breaches
        state = outcome.state
        if state is not None:
            breaches += judged_of(machine, state)
        lines.append(f"{number:>3} {label:<40} {'' if state is None else machine.told(state)}")
        lines += [f"{'':>3} >>> {breach}" for breach in outcome.breaches]
    return lines, breaches


def replay(machine: Machine, labels: Sequence[str]) -> None:
    """Go along inputs and raise AssertionError where they break a rule: what a counterexample is pasted as.

    Raises NotAPathError where the machine does not take them any more.
    """
    lines, breaches = followed(machine, labels)
    assert not breaches, "\n".join(["", *lines, *(f">>> {breach}" for breach in breaches)])


def as_test(name: str, breach: str, labels: Sequence[str]) -> str:
    """The counterexample as a test that fails until the fault is mended."""
    words = "_".join(re.findall(r"[a-z0-9]+", breach.lower())[:12]) or "breach"
    inputs = "\n".join(f"            {label!r}," for label in labels)
    quoted = '"'
    return (
        f"def test_{words}():\n"
        f'    """{breach.replace(quoted, chr(39))}"""\n'
        f"    replay(\n"
        f"        machine({name!r}),\n"
        f"        (\n{inputs}\n        ),\n"
        f"    )\n"
    )
