"""The headers that every answer bears."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
log = logging.getLogger(__name__)

YEAR_S: Final = 31_536_000
EVERYWHERE: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=(), payment=()",
}


class Headers:
    """Adds them (OWASP Secure Headers). Pages are never stored; static files may be, after a look whether they changed.

    Only under a certificate that others vouch for are browsers told to insist on TLS: with one of the gate's own making
    they would let nobody past their warning (RFC 6797, 8.4).
    """

    def __init__(self, app: ASGIApp, *, trusted: bool) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve as ASGI."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The path alone: what stands after the question mark is nobody's to keep.
                log.debug("%s %r: %d", scope["method"], scope["path"], message["status"])
                headers = MutableHeaders(scope=message)
                for name, value in EVERYWHERE.items():
                    headers[name] = value
                if self._trusted and scope["scheme"] == "https":
                    headers["strict-transport-security"] = f"max-age={YEAR_S}"
                is_static = scope["path"].startswith("/static/")
                headers.setdefault("cache-control", "no-cache" if is_static else "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)
