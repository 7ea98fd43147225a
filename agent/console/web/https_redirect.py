"""What plain HTTP gets at an encrypted address: a browser is sent to https, all else is refused."""

from __future__ import annotations

from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse

from agent.console.web.allowed_hosts import Names
from agent.console.web.headers import Headers
from agent.console.web.request_limits import Limits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from agent.console.access import Access

REDIRECTED: Final = frozenset({"GET", "HEAD"})
REFUSAL: Final = "this address is encrypted: use https"
_KEPT: Final = "!$&'()*+,-./:;=?@_~%"
"""What stays as it is in a path and a query (RFC 3986, 3.3 and 3.4); all else is percent-encoded."""
_HIGHEST_PORT: Final = 65_535


def https_redirect(access: Access, names: frozenset[str]) -> ASGIApp:
    """The application that answers plain HTTP, behind the same limits as the pages. It ends every connection."""
    limited = Headers(Limits(_answer, access, Names(names)), trusted=False)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        async def with_end(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await limited(scope, receive, with_end)

    return application


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    address = _address(scope) if scope["method"] in REDIRECTED else None
    if address is None:
        response = PlainTextResponse(f"{REFUSAL}\n", HTTPStatus.BAD_REQUEST)
    else:
        response = PlainTextResponse(f"{REFUSAL}\n", HTTPStatus.PERMANENT_REDIRECT, headers={"location": address})
    await response(scope, receive, send)


def _address(scope: Scope) -> str | None:
    """The same page by https; None where the request names no path of this gate."""
    host = dict(scope["headers"])[b"host"].decode("latin-1")  # one, and known: the limits saw to that
    authority = _authority(host, scope["server"][1])
    if authority is None or not scope["raw_path"].startswith(b"/"):
        return None
    path, query = (quote(part, safe=_KEPT) for part in (scope["raw_path"], scope["query_string"]))
    return f"https://{authority}{path}{'?' if query else ''}{query}"


def _authority(host: str, own_port: int) -> str | None:
    """The host and port of a Host header, rebuilt from their parts; None where they are invalid."""
    name, _, port = (host, "", "") if host.endswith("]") or ":" not in host else host.rpartition(":")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) <= _HIGHEST_PORT):
        return None
    name = name.strip("[]").lower().rstrip(".")
    try:
        address = ip_address(name)
    except ValueError:
        pass
    else:
        if isinstance(address, IPv6Address):
            name = "" if address.scope_id else f"[{address}]"
    return f"{name}:{int(port) if port else own_port}" if name else None
