"""The guards of the routes. Each route has exactly one: the application refuses to be made otherwise."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from agent.console.access.cookies import BROWSER, SESSION, cookie, form_token
from agent.console.access.roles import LOCAL, Person, Role
from agent.console.access.screens import COOKIE, TOKEN, is_of_this_computer
from agent.console.access.sessions import csrf_token
from agent.console.errors import (
    FactorNeededError,
    ForgedFormError,
    LoginNeededError,
    PasswordNeededError,
    RoleNeededError,
    ScreenTriesError,
    ScreenUnknownError,
)

if TYPE_CHECKING:
    from agent.console.access.access import Access
    from agent.console.access.screens import Screens

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
ACCOUNT: Final = "/settings/account"
DOOR: Final = "gate.door"
"""Key of the scope under which the server says by which door a request came."""

KNOW: Final = "gate.know"
"""Key of the scope under which the server hears, by a call, that the request's connection is no stranger's.

It came in a session, or from a browser by which somebody has logged in before: he may be about to log in again, while
strangers take each other's places.
"""


def access_of(request: Request) -> Access:
    """Who decides about this request."""
    access: Access = request.app.state.access
    return access


async def _known(request: Request) -> Person | None:
    """Who asks; None: nobody that is known. Through the computer's own socket it is a viewer."""
    if _is_local(request):
        return Person(LOCAL, Role.VIEWER, LOCAL)
    access = access_of(request)
    sessions = access.sessions
    session = sessions.find(cookie(request, SESSION))
    if KNOW in request.scope and (session or access.known_browsers.has(cookie(request, BROWSER))):
        request.scope[KNOW]()
    if session is None:
        return None
    if sessions.is_to_be_seen(session):
        await run_in_threadpool(sessions.saw, session)
    must_enrol = session.role in access.factor_roles and not session.has_factor
    return Person(session.user, session.role, address_of(request), session.key, session.must_change, must_enrol)


def _is_local(request: Request) -> bool:
    """Whether the request came through the computer's own socket.

    Only the door says so, never what is missing of an address.
    """
    return request.scope.get(DOOR) == LOCAL


def address_of(request: Request) -> str:
    """Where the request comes from; "" where that is not known."""
    if _is_local(request):
        return LOCAL
    return request.client.host if request.client else ""


async def anybody(request: Request) -> Person | None:
    """Let in everybody, also nobody known."""
    person = await _known(request)
    request.state.person = person
    await _check_form(request)
    return person


async def _guard(request: Request, least: Role) -> Person:
    person = await _known(request)
    if person is None:
        raise LoginNeededError
    request.state.person = person
    is_account = request.scope["path"].startswith(ACCOUNT)  # the path that is routed, not one made of a Host header too
    if person.must_change and not is_account:
        raise PasswordNeededError
    if person.must_enrol and not is_account:
        raise FactorNeededError
    if not person.role.covers(least):
        access_of(request).refusals.count("role")
        raise RoleNeededError(least)
    await _check_form(request)
    return person


async def viewer(request: Request) -> Person:
    """Let in every user who is logged in."""
    return await _guard(request, Role.VIEWER)


async def technician(request: Request) -> Person:
    """Let in technicians and admins."""
    return await _guard(request, Role.TECHNICIAN)


async def admin(request: Request) -> Person:
    """Let in admins."""
    return await _guard(request, Role.ADMIN)


async def _check_form(request: Request) -> None:
    """See that what changes something comes from a page of ours. No browser reaches the computer's own socket."""
    if request.method in SAFE_METHODS or _is_local(request):
        return
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else ""
    expected = csrf_token(form_token(request))
    strange = request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
    if strange or not hmac.compare_digest(given.encode(), expected.encode()):
        access_of(request).refusals.count("forged")
        raise ForgedFormError


@dataclass(frozen=True, slots=True)
class ScreenVisit:
    """A screen that may show a lane's driver page. `lane`: "" where its address names none.

    `here`: it is one of this computer. `by_token`: it came by the token, in place of which it is to get a cookie.
    """

    lane: str
    here: bool
    by_token: bool = False


async def screen(request: Request) -> ScreenVisit:
    """Let in a screen of this computer, and one elsewhere that has the token of the lane's page; nobody by a log-in.

    Every other answer is the same, whether there is such a lane or not.
    """
    request.state.person = None
    screens: Screens = request.app.state.screens
    lane = str(request.path_params.get("lane", ""))
    if _is_local(request) or (request.client and is_of_this_computer(request.client.host, request.headers)):
        return ScreenVisit(lane, here=True)
    if await run_in_threadpool(screens.knows_cookie, lane, screen_cookie(request)):
        return ScreenVisit(lane, here=False)
    token = request.query_params.get(TOKEN)
    if token:
        wait_s = screens.wait_s(address_of(request))
        if wait_s:
            access_of(request).refusals.count("screen_tries")
            raise ScreenTriesError(ceil(wait_s))
        if await run_in_threadpool(screens.knows_token, lane, token):
            return ScreenVisit(lane, here=False, by_token=True)
    access_of(request).refusals.count("screen")
    raise ScreenUnknownError


def screen_cookie(request: Request) -> str:
    """What the screen's browser sent in place of the token, "" for nothing."""
    return request.cookies.get(screen_cookie_name(request), "")


def screen_cookie_name(request: Request) -> str:
    """The name of that cookie: browsers take one of this beginning over TLS alone (RFC 6265bis, 4.1.3)."""
    return f"__Secure-{COOKIE}" if request.url.scheme == "https" else COOKIE


GUARDS: Final = frozenset({anybody, viewer, technician, admin, screen})

AtAccess = Annotated["Access", Depends(access_of)]
"""The parameter by which a route gets the access: `def page(access: AtAccess)`."""

Anybody = Annotated[Person | None, Depends(anybody)]
Viewer = Annotated[Person, Depends(viewer)]
Technician = Annotated[Person, Depends(technician)]
Admin = Annotated[Person, Depends(admin)]
Screen = Annotated[ScreenVisit, Depends(screen)]
