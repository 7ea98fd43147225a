"""Refused commands as events: each its own as long as they are few; a flood is folded, but counted exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.events import CommandRefused
from agent.mqtt.token_bucket import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.core.commands import Refusal, RefusedCommand

EVENTS_A_MINUTE: Final = 10
NAME_UNSAYABLE: Final = "?"
_SAYABLE: Final = re.compile(r"[A-Za-z0-9_.-]{1,32}")


@dataclass(slots=True)
class _FoldedRefusals:
    name: str
    refused: RefusedCommand
    count: int


class RefusalLog:
    """What was refused and not told yet. For one thread; times are monotonic seconds.

    Refusals of one code and one key are folded together; the event gives the newest of them.
    """

    def __init__(self) -> None:
        self._budget = TokenBucket(EVENTS_A_MINUTE / 60, EVENTS_A_MINUTE)
        self._folds: dict[tuple[Refusal, str | None], _FoldedRefusals] = {}

    def add(self, refused: RefusedCommand, name: str, count: int = 1) -> None:
        """Note `count` refusals. `name`: the last part of the topic, as it came."""
        said = name if _SAYABLE.fullmatch(name) else NAME_UNSAYABLE
        fold = self._folds.setdefault((refused.code, refused.key), _FoldedRefusals(said, refused, 0))
        fold.name, fold.refused, fold.count = said, refused, fold.count + count

    def due(self, at: float) -> Iterator[CommandRefused]:
        """The events to record now, the oldest first."""
        while self._folds and self._budget.take(at):
            yield self._pop()

    def rest(self) -> Iterator[CommandRefused]:
        """All that is left; for the end."""
        while self._folds:
            yield self._pop()

    def _pop(self) -> CommandRefused:
        fold = self._folds.pop(next(iter(self._folds)))
        refused = fold.refused
        return CommandRefused(
            code=refused.code,
            name=fold.name,
            command=refused.command,
            key=refused.key,
            detail=refused.detail,
            count=fold.count,
        )
