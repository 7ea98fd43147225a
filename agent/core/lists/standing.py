"""How fresh the gate's lists are, and what that still allows: the offline states."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.core.lists.kinds import ListKind


class DataState(StrEnum):
    """What the age of the lists allows.

    FRESH and STALE_OK: all that is checked may pass. KNOWN_ONLY: only permits whose declaration the gate holds.
    TOO_OLD: an officer decides.
    """

    FRESH = "FRESH"
    STALE_OK = "STALE_OK"
    KNOWN_ONLY = "KNOWN_ONLY"
    TOO_OLD = "TOO_OLD"


@dataclass(frozen=True, slots=True)
class ListStanding:
    """One list as the gate holds it. Times are Unix seconds.

    `version`: of its content. `issued_at`: when central last signed that this version is the newest. `rows`: how many.
    """

    kind: ListKind
    version: int
    issued_at: int
    rows: int


@dataclass(frozen=True, slots=True)
class FreshnessRules:
    """For how long after central's last word lists are good for what, and which lists the gate cannot do without."""

    fresh_s: float = 900.0
    stale_ok_s: float = 14_400.0
    known_only_s: float = 86_400.0
    required: frozenset[ListKind] = frozenset()


@dataclass(frozen=True, slots=True)
class DataStanding:
    """The state of all required lists together, which is that of the worst of them.

    `age_s`: since central's word on the oldest required list; None: none is required, or one was never received.
    `versions`: of all lists that the gate holds. `trust`: the version of the trust list, 0 without one.
    """

    state: DataState
    age_s: float | None
    versions: Mapping[ListKind, int]
    trust: int
