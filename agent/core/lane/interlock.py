"""Which lane may move its barrier now: only one at a time of lanes that exclude each other.

There are two kinds of pairs. Interlocked lanes have barriers of their own, and one opens only while the other is closed
(a sally port). Lanes that share an arm serve the two directions of one barrier. Pure values: the shell keeps one
`InterlockState` for the gate and makes each change under a lock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

Pair = frozenset[str]


@dataclass(frozen=True, slots=True)
class InterlockState:
    """`conflicts`: pairs of lanes that wait for one another. `shared`: those with one arm. `occupied`: lanes in use.

    `lowering`: of those, the lanes that have done with their arm and only wait until they may lower it.
    """

    conflicts: frozenset[Pair]
    shared: frozenset[Pair]
    occupied: frozenset[str]
    lowering: frozenset[str] = frozenset()

    @classmethod
    def of(cls, conflicts: Iterable[tuple[str, str]], shared: Iterable[tuple[str, str]]) -> Self:
        """Return the state of a start: nothing is known to be closed, so every lane counts as occupied.

        A pair given once binds both. Lanes that share an arm wait for one another too, and for each other's neighbours.
        """
        arms = frozenset(frozenset(pair) for pair in shared)
        pairs = frozenset(frozenset(pair) for pair in conflicts) | arms
        pairs |= {
            frozenset({twin, other})
            for arm in arms
            for lane in arm
            for twin in arm
            for other in _others(pairs, lane) - arm
        }
        return cls(pairs, arms, frozenset[str]().union(*pairs))


def is_free(state: InterlockState, lane: str) -> bool:
    """Whether no lane that this one must wait for is occupied."""
    return not _others(state.conflicts, lane) & state.occupied


def arm_in_use(state: InterlockState, lane: str) -> bool:
    """Whether a lane that shares this one's arm is occupied.

    Where two lanes wait to lower the same arm, the first by name does not wait for the other. If it did, neither would.
    """
    others = _others(state.shared, lane) & state.occupied
    if lane in state.lowering:
        others -= {other for other in others & state.lowering if lane < other}
    return bool(others)


def claim(state: InterlockState, lane: str) -> InterlockState | None:
    """Return the state with the lane occupied; None while it must wait."""
    return with_occupancy(state, lane, occupied=True) if is_free(state, lane) else None


def with_occupancy(state: InterlockState, lane: str, *, occupied: bool, lowering: bool = False) -> InterlockState:
    """Return the state with the lane as it is, also when another lane is occupied: a fire alarm asks nobody."""
    own = frozenset({lane})
    after = replace(
        state,
        occupied=state.occupied | own if occupied else state.occupied - own,
        lowering=state.lowering | own if lowering else state.lowering - own,
    )
    return state if after == state else after


def neighbours(state: InterlockState, lane: str) -> frozenset[str]:
    """The lanes that are affected when this one becomes occupied or free."""
    return _others(state.conflicts, lane)


def _others(pairs: frozenset[Pair], lane: str) -> frozenset[str]:
    return frozenset[str]().union(*(pair for pair in pairs if lane in pair)) - {lane}
