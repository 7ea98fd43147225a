"""Recent pictures from a lane's cameras: kept until an event names them, or until they are too old."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

log = logging.getLogger(__name__)

HELD_S: Final = 8.0
"""How long a picture is held that nothing counts of: a code may name one of the last seconds."""
MOST_BYTES: Final = 8 * 1024 * 1024


class _Worth(IntEnum):
    """What is given up first where there is too much."""

    ASIDE = 0
    PLATE = 1
    CODE = 2


@dataclass(frozen=True, slots=True)
class _Held:
    picture: bytes
    at: float


class HeldPictures:
    """The pictures of one lane, JPEG by SHA-256. Times are monotonic seconds; one thread owns it.

    `evidence_s`: how long a picture is held that a code or a plate names which counts, HELD_S at least: as long as a
    transaction may ask for it. All take at most `most_bytes`: what names no evidence is given up first, as crops of
    parked cars, then plates, then codes, of each the oldest.
    """

    def __init__(self, lane: str, evidence_s: float, most_bytes: int = MOST_BYTES) -> None:
        self._lane = lane
        self._evidence_s = max(evidence_s, HELD_S)
        self._most_bytes = most_bytes
        self._held: dict[_Worth, dict[str, _Held]] = {worth: {} for worth in _Worth}
        self._bytes = 0
        self._complete = True

    def add(
        self,
        pictures: Mapping[str, bytes],
        at: float,
        *,
        codes: Collection[str | None] = (),
        plates: Collection[str | None] = (),
    ) -> None:
        """Hold what came with one frame. `codes`, `plates`: the pictures that are named by what counts in it.

        Those of VINs are among `plates`. A picture may have come with an earlier frame.
        """
        for names, worth in ((plates, _Worth.PLATE), (codes, _Worth.CODE)):
            for name in names:
                self._raise(name, worth)
        for name, picture in pictures.items():
            worth = _Worth.CODE if name in codes else _Worth.PLATE if name in plates else _Worth.ASIDE
            worth = max([worth, *(other for other in _Worth if self._drop(name, other))])
            self._held[worth][name] = _Held(picture, at)
            self._bytes += len(picture)
        self._forget(at)

    def held(self, names: Iterable[str | None]) -> dict[str, bytes]:
        """Those of these pictures that are held; the others are not missed."""
        wanted = {name for name in names if name is not None}
        return {name: held[name].picture for held in self._held.values() for name in wanted & held.keys()}

    def named(self, names: Iterable[str]) -> dict[str, bytes]:
        """Those of these pictures that are held. Logs it where one is gone: once, until none is."""
        asked = tuple(names)
        found = {name: one.picture for name in asked for held in self._held.values() if (one := held.get(name))}
        if self._complete and len(found) < len(asked):
            gone = ", ".join(name[:16] for name in asked if name not in found)
            log.warning("lane %s: pictures that its events name are no longer in memory: %s", self._lane, gone)
        self._complete = len(found) == len(asked)
        return found

    def _raise(self, name: str | None, worth: _Worth) -> None:
        """Hold what came with an earlier frame as what it is named for now."""
        for lower in _Worth:
            if name is not None and lower < worth and name in self._held[lower]:
                self._held[worth][name] = self._held[lower].pop(name)

    def _drop(self, name: str, worth: _Worth) -> bool:
        one = self._held[worth].pop(name, None)
        if one is not None:
            self._bytes -= len(one.picture)
        return one is not None

    def _forget(self, at: float) -> None:
        for worth, held in self._held.items():
            longest_s = HELD_S if worth is _Worth.ASIDE else self._evidence_s
            for name in [name for name, one in held.items() if at - one.at > longest_s]:
                self._drop(name, worth)
        for worth, held in self._held.items():
            while self._bytes > self._most_bytes and held:
                self._drop(next(iter(held)), worth)
