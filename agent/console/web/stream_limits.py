"""The endless answers under /live/: how many there may be, and when they end."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from agent.console.access.roles import LOCAL

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from agent.console.access import Access

LIVE: Final = "/live/"
LOOK_EVERY_S: Final = 5.0
STREAMS: Final = 40
STREAMS_OF_ONE: Final = 8


class Streams:
    """Bounds the endless answers under /live/, and ends each when the session that asked for it has ended."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._open: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as ASGI."""
        if not scope["path"].startswith(LIVE):
            await self._app(scope, receive, send)
            return
        who = (scope.get("client") or (LOCAL, 0))[0]
        if len(self._open) >= STREAMS or self._open.count(who) >= STREAMS_OF_ONE:
            self._access.refusals.count("streams")
            told = PlainTextResponse("too many live pages are open; close some\n", HTTPStatus.SERVICE_UNAVAILABLE)
            await told(scope, receive, send)
            return
        self._open.append(who)
        try:
            await self._app(scope, receive, _WhileKnown(scope, send, self._access).send)
        except* SessionEndedError:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._open.remove(who)


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
