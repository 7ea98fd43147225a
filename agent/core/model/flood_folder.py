"""Combines records in a flood: it reports a few, each with the number of records that it represents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Folded(Generic[K, V]):
    """The newest of `count` records with one key."""

    key: K
    newest: V
    count: int


class FloodFolder(Generic[K, V]):
    """Holds records until they may be told, folded by their keys. For one thread.

    `may_tell(key, at)`: whether what waits of a key may be told at this time; where it says yes, it is.
    """

    def __init__(self, may_tell: Callable[[K, float], bool]) -> None:
        self._may_tell = may_tell
        self._waiting: dict[K, Folded[K, V]] = {}

    @property
    def waiting(self) -> int:
        """How many records were not told yet."""
        return sum(folded.count for folded in self._waiting.values())

    def add(self, key: K, record: V, count: int = 1) -> None:
        """Note `count` records of a key; the newest stands for all of them."""
        before = self._waiting[key].count if key in self._waiting else 0
        self._waiting[key] = Folded(key, record, before + count)

    def due(self, at: float) -> list[Folded[K, V]]:
        """What is to be told now, in the order in which the keys came up; it waits no longer."""
        return [self._waiting.pop(key) for key in list(self._waiting) if self._may_tell(key, at)]

    def rest(self) -> list[Folded[K, V]]:
        """All that waits; for the end."""
        rest = list(self._waiting.values())
        self._waiting.clear()
        return rest
