"""How fresh the gate's lists are, and what that still allows: the offline states."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.core.model import ListKind
    from agent.core.permit import TrustList


class DataState(StrEnum):
    """What the age of the lists allows.

    FRESH and STALE_OK: every permit that passes all checks. KNOWN_ONLY: only permits whose declaration the gate has.
    TOO_OLD: nothing; an officer decides.
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
    """For how long after central's last word lists are good for what, and which lists the gate cannot do without.

    A list that the gate holds ages too, whether it is required or not: what is used must not be old.
    """

    fresh_s: float = 900.0
    stale_ok_s: float = 14_400.0
    known_only_s: float = 86_400.0
    required: frozenset[ListKind] = frozenset()


@dataclass(frozen=True, slots=True)
class DataStanding:
    """The state of all required lists together, which is that of the worst of them.

    `age_s`: since central last confirmed the oldest list; None: there is none, or a required one was never received.
    `versions`: of all lists that the gate holds. `trust`: the version of the trust list, 0 without one. `held`: the
    lists behind all that, and `trust_expires_at`: when the trust list ends (Unix seconds), so that other rules can be
    tried on them.
    """

    state: DataState
    age_s: float | None
    versions: Mapping[ListKind, int]
    trust: int
    held: tuple[ListStanding, ...] = ()
    trust_expires_at: int = 0


_WORSE_LAST: Final = tuple(DataState)


def standing_of(
    standings: Iterable[ListStanding], trust: TrustList | None, rules: FreshnessRules, utc: float
) -> DataStanding:
    """How fresh the lists are at one time (Unix seconds): the state of the worst of what the gate judges by.

    That is the trust list, which is as good as new until its own end and then ages, and every list that is here or
    required, which ages from central's last confirmation on. A required one that was never received is TOO_OLD. A list
    from the future is as good as new: whether it is the clock that is wrong, the clock's trust says.
    """
    held = {standing.kind: standing for standing in standings}
    ages = [max(0.0, utc - standing.issued_at) for standing in held.values()]
    states = [_state(age, rules) for age in ages]
    states.append(DataState.TOO_OLD if trust is None else _state_after_end(utc - trust.expires_at, rules))
    lacks = not rules.required <= held.keys()
    if lacks:
        states.append(DataState.TOO_OLD)
    return DataStanding(
        state=max(states, key=_WORSE_LAST.index),
        age_s=None if lacks else max(ages, default=None),
        versions={kind: standing.version for kind, standing in held.items()},
        trust=0 if trust is None else trust.version,
        held=tuple(held.values()),
        trust_expires_at=0 if trust is None else trust.expires_at,
    )


def _state(age_s: float, rules: FreshnessRules) -> DataState:
    if age_s <= rules.fresh_s:
        return DataState.FRESH
    if age_s <= rules.stale_ok_s:
        return DataState.STALE_OK
    return DataState.KNOWN_ONLY if age_s <= rules.known_only_s else DataState.TOO_OLD


def _state_after_end(late_s: float, rules: FreshnessRules) -> DataState:
    """The state of a list that says itself until when it is good."""
    return DataState.FRESH if late_s < 0 else max(DataState.STALE_OK, _state(late_s, rules), key=_WORSE_LAST.index)
