"""The counts: whole numbers by name. The tallies of two hours add up to the tally of both.

A name is `subject` or `subject/detail`. No name and no number identifies a vehicle or a person.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Tally = dict[str, int]

NAME_LIMIT: Final = 96
"""Characters of a name; the rest of a longer one is cut off."""
NAMES_LIMIT: Final = 1000
"""Names in a tally; further names are not counted. A busy hour of a lane has about 100."""


class Subject(StrEnum):
    """What a number is about; see docs/numbers.md."""

    OUTCOME = "outcome"
    DRY_RUN = "dry_run"
    REFUSED = "refused"
    OFFICER_CALLED = "officer_called"
    OFFICER_ACTED = "officer_acted"
    TO_OFFICER = "to_officer"
    RETRY = "retry"
    ALARM = "alarm"
    WAITING = "waiting"
    DECIDING = "deciding"
    OFFICER_TIME = "officer_time"
    CODES = "codes"
    PLATES = "plates"
    CODE_BY = "code_by"
    PLATE_BY = "plate_by"
    UP_MS = "up_ms"
    DOWN_MS = "down_ms"


def named(subject: Subject, detail: str = "") -> str:
    """The name of a number."""
    return f"{subject.value}/{detail}"[:NAME_LIMIT] if detail else subject.value


def add(tally: Tally, name: str, count: int = 1) -> None:
    """Add to a number of a tally."""
    if name in tally or len(tally) < NAMES_LIMIT:
        tally[name] = tally.get(name, 0) + count


def merged(tallies: Iterable[Mapping[str, int]]) -> Tally:
    """The sum of tallies."""
    total: Tally = {}
    for tally in tallies:
        for name, count in tally.items():
            total[name] = total.get(name, 0) + count
    return total


def details(tally: Mapping[str, int], subject: Subject) -> dict[str, int]:
    """The numbers about a subject, by their details, the largest first."""
    start = f"{subject.value}/"
    found = {name.removeprefix(start): count for name, count in tally.items() if name.startswith(start)}
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def read_tally(value: object) -> Tally:
    """A tally from decoded JSON. Raises ValueError for what is none."""
    if not isinstance(value, dict):
        raise ValueError(f"expected an object of numbers, found {type(value).__name__}")  # noqa: TRY004 - bad data
    for name, count in value.items():
        if not isinstance(count, int) or isinstance(count, bool):
            raise ValueError(f"expected a whole number at {name}, found {count!r}")  # noqa: TRY004 - bad data
    return value
