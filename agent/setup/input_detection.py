"""Finding out which input somebody has used: by what changed since they began, and stayed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

SETTLE_S: Final = 0.3
"""For so long an input must stay as it is before it counts: contacts bounce."""


@dataclass(frozen=True, slots=True)
class InputTrace:
    """One input since it was first looked at. `on`: None: the board does not say. `since`: of `on`, monotonic seconds.

    `changes`: how often it changed. `began_on`: what it was at first.
    """

    on: bool | None
    since: float
    changes: int = 0
    began_on: bool | None = None


def traced(before: Sequence[InputTrace], bits: Sequence[bool | None], at: float) -> tuple[InputTrace, ...]:
    """The traces of all inputs with one more sample. `at`: monotonic seconds."""
    return tuple(_with(one, bit, at) for one, bit in zip_longest(before, bits))


def _with(before: InputTrace | None, bit: bool | None, at: float) -> InputTrace:
    if before is None:
        return InputTrace(bit, at, 0, bit)
    if before.on == bit:
        return before
    known = bit is not None and before.on is not None
    return InputTrace(bit, at, before.changes + known, bit if before.began_on is None else before.began_on)


def changed(traces: Sequence[InputTrace], at: float, taken: Container[int] = ()) -> list[int]:
    """The numbers of the inputs that are other than at first and have stayed so for a moment, without those `taken`.

    Inputs that are known already may change along with another: an arm that rises leaves one limit switch before it
    comes to the other.
    """
    return [
        number
        for number, one in enumerate(traces, 1)
        if number not in taken
        and one.on is not None
        and one.began_on is not None
        and one.on != one.began_on
        and at - one.since >= SETTLE_S
    ]


def used(traces: Sequence[InputTrace], at: float, taken: Container[int] = ()) -> list[int]:
    """The numbers of the inputs that somebody may have used: one where it can be told, else all that changed.

    An arm that moves leaves one limit switch before it comes to the other: of several that changed, the only one that
    turned on is meant.
    """
    found = changed(traces, at, taken)
    turned_on = [number for number in found if traces[number - 1].on]
    return turned_on if len(turned_on) == 1 else found


def began_again(traces: Sequence[InputTrace], at: float) -> tuple[InputTrace, ...]:
    """The traces with what the inputs are now as their beginning. `at`: monotonic seconds."""
    return tuple(InputTrace(one.on, at, 0, one.on) for one in traces)
