"""How lanes hang together, as pairs of their names: each pair once, in the order of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.settings.model.lane import Lane

    Pairs = tuple[tuple[str, str], ...]


def interlocks(lanes: Mapping[str, Lane]) -> Pairs:
    """Lanes of which one opens only while the barrier of the other is closed and at rest."""
    return _pairs(lanes, ((name, other) for name, lane in lanes.items() for other in lane.interlock))


def shared_arms(lanes: Mapping[str, Lane]) -> Pairs:
    """Lanes of opposite directions that have one arm."""
    return _pairs(lanes, ((name, lane.shares_arm) for name, lane in lanes.items() if lane.shares_arm is not None))


def _pairs(lanes: Mapping[str, Lane], named: Iterable[tuple[str, str]]) -> Pairs:
    order = {name: place for place, name in enumerate(lanes)}
    return tuple(dict.fromkeys((min(pair, key=order.__getitem__), max(pair, key=order.__getitem__)) for pair in named))
