"""Limits how often something is reported: once in each period."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable


class OnceEvery:
    """For each key the first at once, then one in `every_s`. Times are monotonic seconds."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._told_at: dict[Hashable, float] = {}

    def __call__(self, key: Hashable, at: float) -> bool:
        """Whether this key may be told now; where it may, it counts as told."""
        told_at = self._told_at.get(key)
        if told_at is not None and at - told_at < self._every_s:
            return False
        self._told_at[key] = at
        return True
