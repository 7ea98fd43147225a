"""How long a viewer may stay: the number of them is bounded, and each must still be allowed to look."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from agent.console.access.person import LOCAL
from agent.console.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Request

    from agent.console.access import Person

MOST_VIEWERS: Final = 24
"""Of live answers at once: a page has two, and the server's other connections are for other answers."""
CHECK_EVERY_S: Final = 5.0


class Stay:
    """One live answer's leave to go on; asked at every turn of its loop."""

    def __init__(self, request: Request, person: Person, stopping: Callable[[], bool]) -> None:
        self._sessions = request.app.state.access.sessions
        self._person = person
        self._stopping = stopping
        self._checked_at = time.monotonic()

    async def goes_on(self, pause_s: float) -> bool:
        """Wait a moment; False once the console stops, or the session has ended."""
        await asyncio.sleep(pause_s)
        if self._stopping():
            return False
        now = time.monotonic()
        if self._person.address == LOCAL or now - self._checked_at < CHECK_EVERY_S:
            return True
        self._checked_at = now
        return self._sessions.by_key(self._person.session) is not None


class Stays:
    """Counts the viewers. For the thread of the server alone."""

    def __init__(self) -> None:
        self._count = 0

    def admit(self) -> None:
        """One more. Raises RefusedError where there are too many."""
        if self._count >= MOST_VIEWERS:
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "live.too_many_viewers", most=MOST_VIEWERS)
        self._count += 1

    def leave(self) -> None:
        """One less."""
        self._count -= 1
