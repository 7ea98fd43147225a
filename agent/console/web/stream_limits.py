"""The endless answers, of the console's pages and of drivers' screens: how many there may be, and when they end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from agent.console.access.roles import LOCAL
from agent.console.access.screens import PAGES

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from agent.console.access import Access

LIVE: Final = "/live/"
SCREEN_NEWS: Final = "/news"
LOOK_EVERY_S: Final = 5.0
STREAMS: Final = 40
STREAMS_OF_ONE: Final = 8
SCREENS: Final = 24
SCREENS_OF_ONE: Final = 8


@dataclass(slots=True)
class _Room:
    """The streams of one kind that are open, each by the address that it goes to."""

    refusal: str
    said: str
    addresses: list[str] = field(default_factory=list)

    def has_place(self, who: str, most: int, most_of_one: int) -> bool:
        return len(self.addresses) < most and self.addresses.count(who) < most_of_one


class Streams:
    """Bounds the endless answers, and ends each when the session that asked for it has ended.

    Those of drivers' screens are counted apart: however many there are, a technician's page has its place.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._live = _Room("streams", "too many live pages are open; close some\n")
        self._screens = _Room("screen_streams", "too many screens show this gate's driver pages\n")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as ASGI."""
        path = scope["path"]
        if path.startswith(LIVE):
            room, most, most_of_one = self._live, STREAMS, STREAMS_OF_ONE
        elif path.startswith(f"{PAGES}/") and path.endswith(SCREEN_NEWS):
            room, most, most_of_one = self._screens, SCREENS, SCREENS_OF_ONE
        else:
            await self._app(scope, receive, send)
            return
        who = (scope.get("client") or (LOCAL, 0))[0]
        if not room.has_place(who, most, most_of_one):
            self._access.refusals.count(room.refusal)
            await PlainTextResponse(room.said, HTTPStatus.SERVICE_UNAVAILABLE)(scope, receive, send)
            return
        room.addresses.append(who)
        try:
            await self._app(scope, receive, _WhileKnown(scope, send, self._access).send)
        except* SessionEndedError:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            room.addresses.remove(who)


class _WhileKnown:
    """Sends a stream on for as long as the session lasts."""

    def __init__(self, scope: Scope, send: Send, access: Access) -> None:
        self._scope = scope
        self._send = send
        self._access = access
        self._look_at = 0.0

    async def send(self, message: Message) -> None:
        """Send as ASGI; where the session has ended, end the stream instead."""
        await self._send(message)
        now = asyncio.get_running_loop().time()
        if message["type"] != "http.response.body" or not message.get("more_body") or now < self._look_at:
            return
        self._look_at = now + LOOK_EVERY_S
        person = self._scope.get("state", {}).get("person")
        if person is not None and person.session:
            session = await run_in_threadpool(self._access.sessions.by_key, person.session)
            if session is None or session.role != person.role:
                raise SessionEndedError


class SessionEndedError(Exception):
    """The session that asked for a stream has ended."""
