"""The figures for people, calculated from tallies. docs/numbers.md defines what each counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.model import Outcome
from agent.core.numbers.tally import Subject, details, named
from agent.core.numbers.time_buckets import quantile_s
from agent.core.numbers.vehicle_tally import ASKED, FIRST_TRY, IN_THE_END

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Times:
    """Some times: how many, and the median and the 95th percentile in seconds; None where there are none."""

    count: int
    median_s: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True)
class Reads:
    """How often something was to be read, was read at once, and was read in the end."""

    asked: int
    first_try: int
    in_the_end: int

    @property
    def first_share(self) -> float | None:
        """The share that was read at once, 0 to 1; None: nothing was to be read."""
        return self.first_try / self.asked if self.asked else None

    @property
    def end_share(self) -> float | None:
        """The share that was read in the end, 0 to 1; None: nothing was to be read."""
        return self.in_the_end / self.asked if self.asked else None


@dataclass(frozen=True, slots=True)
class Uptime:
    """How long a device was connected and not, in milliseconds. `name`: family and name, as "camera:out/front"."""

    name: str
    up_ms: int
    down_ms: int

    @property
    def share(self) -> float | None:
        """The share of the known time in which it was connected, 0 to 1; None: nothing is known."""
        known_ms = self.up_ms + self.down_ms
        return self.up_ms / known_ms if known_ms else None


@dataclass(frozen=True, slots=True)
class Vehicles:
    """How the vehicles of a period ended.

    `passed`: by their permits. `by_officer`: an officer let them pass. `other`: they backed out, left, did not use the
    opening, or a fault of the gate ended it.
    """

    passed: int
    by_officer: int
    refused: int
    other: int

    @property
    def all(self) -> int:
        """All of them."""
        return self.passed + self.by_officer + self.refused + self.other


def vehicles_of(tally: Mapping[str, int]) -> Vehicles:
    """The vehicles of a tally by their outcomes."""
    outcomes = details(tally, Subject.OUTCOME)
    passed = outcomes.get(Outcome.PASSED, 0) + outcomes.get(Outcome.PASSED_WITH_VIOLATION, 0)
    by_officer, refused = outcomes.get(Outcome.OVERRIDDEN, 0), outcomes.get(Outcome.DENIED, 0)
    return Vehicles(passed, by_officer, refused, sum(outcomes.values()) - passed - by_officer - refused)


def times_of(tally: Mapping[str, int], subject: Subject) -> Times:
    """The times about a subject."""
    buckets = {int(bucket): count for bucket, count in details(tally, subject).items()}
    return Times(sum(buckets.values()), quantile_s(buckets, 0.5), quantile_s(buckets, 0.95))


def reads_of(tally: Mapping[str, int], subject: Subject) -> Reads:
    """The readings about a subject, codes or plates."""
    return Reads(*(tally.get(named(subject, detail), 0) for detail in (ASKED, FIRST_TRY, IN_THE_END)))


def uptimes_of(tally: Mapping[str, int]) -> tuple[Uptime, ...]:
    """The devices of a tally by their names."""
    up, down = details(tally, Subject.UP_MS), details(tally, Subject.DOWN_MS)
    return tuple(Uptime(name, up.get(name, 0), down.get(name, 0)) for name in sorted({*up, *down}))


def officer_share(tally: Mapping[str, int]) -> float | None:
    """The share of vehicles that went to an officer, 0 to 1; None: there were none."""
    count = vehicles_of(tally).all
    return tally.get(named(Subject.TO_OFFICER), 0) / count if count else None
