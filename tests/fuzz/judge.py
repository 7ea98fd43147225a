"""Plays inputs against a reader, and judges: nothing that nobody issued is taken, nothing escapes,
refusing is quick.
"""

from __future__ import annotations

import gc
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.target import Target

WORST_MS = 20.0
_KEPT = 3


@dataclass(slots=True)
class Tally:
    """What became of the inputs of one reader. Times are those of the processor, in milliseconds."""

    cases: int = 0
    accepted: int = 0
    escaped: int = 0
    worst_ms: float = 0.0
    spent_ms: float = 0.0
    examples: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take over what another run of the same reader counted."""
        self.cases += other.cases
        self.accepted += other.accepted
        self.escaped += other.escaped
        self.worst_ms = max(self.worst_ms, other.worst_ms)
        self.spent_ms += other.spent_ms
        self.examples = [*self.examples, *other.examples][:_KEPT]

    def breaches(self, *, bound: bool) -> bool:
        """Whether anything happened that must not."""
        return bool(self.accepted or self.escaped or (bound and self.worst_ms >= WORST_MS))


def play(target: Target, cases: int, seed: str) -> Tally:
    """Play so many inputs; the same seed plays the same ones."""
    target.accepts(b"eyJ.e30.")  # the first call of a process readies libraries; it is not what is measured
    gc.collect()
    gc.disable()  # a search for garbage takes as long as there is much in memory, and could fall on any input
    try:
        return _played(target, cases, seed)
    finally:
        gc.enable()


def _played(target: Target, cases: int, seed: str) -> Tally:
    rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
    tally = Tally()
    for number in range(cases):
        data = target.make(rng)
        begin = time.thread_time_ns()
        try:
            accepted, escaped = target.accepts(data), ""
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            accepted, escaped = False, type(error).__name__
        took_ms = (time.thread_time_ns() - begin) / 1e6
        tally.cases += 1
        tally.accepted += accepted
        tally.escaped += bool(escaped)
        tally.spent_ms += took_ms
        tally.worst_ms = max(tally.worst_ms, took_ms)
        if (accepted or escaped or took_ms >= WORST_MS) and len(tally.examples) < _KEPT:
            said = escaped or ("accepted" if accepted else f"{took_ms:.1f} ms")
            tally.examples.append(f"seed {seed!r}, input {number}: {said}: {data[:120].hex()}")
    return tally
