"""The console's cookies: under TLS with the prefix that no other site or plain page can set (RFC 6265bis, 4.1.3)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from agent.console.access.sessions import TOKEN_BYTES, TOKEN_LENGTH

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.responses import Response

SESSION: Final = "gate-session"
VISIT: Final = "gate-visit"
"""Of somebody who is not logged in: binds the forms of log-in and first start to his browser."""

BROWSER: Final = "gate-browser"
"""Of a browser by which somebody has logged in before: it lets nobody in, but is not shut out for what others do."""

LANGUAGE: Final = "gate-language"
THEME: Final = "gate-theme"
YEAR_S: Final = 31_536_000


def cookie(request: Request, name: str) -> str:
    """What the browser sent under this name, "" for nothing."""
    return request.cookies.get(_full(request, name), "")


def set_cookie(request: Request, response: Response, name: str, value: str, *, max_age_s: int | None = None) -> None:
    """Have the browser keep it: until it is closed, or for so long."""
    response.set_cookie(
        _full(request, name),
        value,
        max_age=max_age_s,
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Have the browser forget it."""
    response.delete_cookie(_full(request, name), secure=_is_secure(request), httponly=True, samesite="strict")


def form_token(request: Request) -> str:
    """The secret to which the forms of this browser are bound: of its session, else of its visit, which may be new."""
    person = getattr(request.state, "person", None)
    if person is not None and person.session:
        return cookie(request, SESSION)
    kept = cookie(request, VISIT)
    if len(kept) == TOKEN_LENGTH:
        return kept
    if not hasattr(request.state, "new_visit"):
        request.state.new_visit = secrets.token_urlsafe(TOKEN_BYTES)
    new: str = request.state.new_visit
    return new


def keep_visit(request: Request, response: Response) -> None:
    """Have the browser keep the visit that `form_token` began, if it did."""
    if hasattr(request.state, "new_visit"):
        set_cookie(request, response, VISIT, request.state.new_visit)


def _full(request: Request, name: str) -> str:
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"
