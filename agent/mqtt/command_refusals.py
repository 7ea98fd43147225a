"""Refused commands as events: each its own as long as they are few; a flood is folded, but counted exactly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from agent.core.events import CommandRefused
from agent.core.model import FloodFolder, TokenBucket

if TYPE_CHECKING:
    from agent.core.commands import Refusal, RefusedCommand
    from agent.core.model import Folded

EVENTS_A_MINUTE: Final = 10
NAME_UNSAYABLE: Final = "?"
_SAYABLE: Final = re.compile(r"[A-Za-z0-9_.-]{1,32}")

_Key = tuple["Refusal", str | None, str]
_Named = tuple["RefusedCommand", str]


class RefusalLog:
    """What was refused and not told yet. For one thread; times are monotonic seconds.

    Refusals of one code, one key and one group are folded together; the event gives the newest of them.
    """

    def __init__(self) -> None:
        budget = TokenBucket(EVENTS_A_MINUTE / 60, EVENTS_A_MINUTE)
        self._folder: FloodFolder[_Key, _Named] = FloodFolder(lambda _key, at: budget.try_acquire(at))

    @property
    def waiting(self) -> int:
        """How many were not told yet."""
        return self._folder.waiting

    def add(self, refused: RefusedCommand, name: str, count: int = 1, group: str = "") -> None:
        """Note `count` refusals. `name`: the last part of the topic, as it came. `group`: of whose topic, if any."""
        said = name if _SAYABLE.fullmatch(name) else NAME_UNSAYABLE
        self._folder.add((refused.code, refused.key, group), (refused, said), count)

    def due(self, at: float) -> list[CommandRefused]:
        """The events to record now, the oldest first."""
        return [_event(folded) for folded in self._folder.due(at)]

    def rest(self) -> list[CommandRefused]:
        """All that is left; for the end."""
        return [_event(folded) for folded in self._folder.rest()]


def _event(folded: Folded[_Key, _Named]) -> CommandRefused:
    refused, name = folded.newest
    return CommandRefused(
        code=refused.code,
        name=name,
        command=refused.command,
        key=refused.key,
        detail=refused.detail,
        count=folded.count,
        group=folded.key[2],
    )
