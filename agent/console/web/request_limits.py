"""What is refused before any page is asked: strange hosts, floods, bodies too large or too slow."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from agent.console.access.guards import DOOR
from agent.console.access.roles import LOCAL
from agent.console.access.screens import is_for_screens

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from agent.console.access import Access
    from agent.console.web.allowed_hosts import Names

BODY_BYTES: Final = 1 << 20
BODY_S: Final = 20.0


class Limits:
    """Refuses, counts and answers in a few words; whatever passes goes on to the pages."""

    def __init__(self, app: ASGIApp, access: Access, names: Names) -> None:
        self._app = app
        self._access = access
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as ASGI."""
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, _Body(receive, self._access), send)
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if scope.get(DOOR) != LOCAL:
            limits = self._access.screen_requests if is_for_screens(scope["path"]) else self._access.requests
            wait_s = limits.wait_s((scope.get("client") or ("", 0))[0])
            if wait_s:
                retry = {"retry-after": str(ceil(wait_s))}
                return self._refused("rate", HTTPStatus.TOO_MANY_REQUESTS, "too many requests; wait", retry)
            if len(headers.getlist("host")) != 1 or not self._names.allow(headers["host"]):
                told = "the gate is not known by this name; use its address, or add the name to console.names"
                return self._refused("host", HTTPStatus.MISDIRECTED_REQUEST, told)
        if "content-length" in headers and "transfer-encoding" in headers:
            # Where two programs read the same bytes, they could see different requests (RFC 9112, 11.2).
            told = "the request says its length in two ways"
            return self._refused("length", HTTPStatus.BAD_REQUEST, told, {"connection": "close"})
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > BODY_BYTES:
            told = f"the request is larger than {BODY_BYTES // 1024} kB"
            return self._refused("body", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told, {"connection": "close"})
        return None

    def _refused(
        self, reason: str, status: HTTPStatus, told: str, headers: dict[str, str] | None = None
    ) -> PlainTextResponse:
        self._access.refusals.count(reason)
        return PlainTextResponse(f"{told}\n", status, headers)


class _Body:
    """A request's body, bounded in size and time also where nothing says how long it will be."""

    def __init__(self, receive: Receive, access: Access) -> None:
        self._receive = receive
        self._access = access
        self._bytes = 0
        self._complete = False
        self._until_at: float | None = None

    async def __call__(self) -> Message:
        """Receive as ASGI. Raises HTTPException."""
        if self._complete:
            return await self._receive()
        if self._until_at is None:
            self._until_at = asyncio.get_running_loop().time() + BODY_S
        try:
            async with asyncio.timeout_at(self._until_at):
                message = await self._receive()
        except TimeoutError:
            self._access.refusals.count("slow")
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, headers={"connection": "close"}) from None
        self._bytes += len(message.get("body", b""))
        if self._bytes > BODY_BYTES:
            self._access.refusals.count("body")
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers={"connection": "close"})
        self._complete = not message.get("more_body", False)
        return message
