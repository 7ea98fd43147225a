"""The guards of the routes: each route has exactly one, or is in the short list of those that anybody may ask for."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Request

from agent.console.access.person import Person, Role
from agent.console.access.sessions import csrf_token
from agent.console.errors import ForgedFormError, LoginNeededError, RoleNeededError

if TYPE_CHECKING:
    from agent.console.access.sessions import Sessions

COOKIE: Final = "gate-session"
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL: Final = "local"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may come in."""

    sessions: Sessions


async def known_person(request: Request) -> Person | None:
    """Who asks; None: nobody that is known. Through the machine's own socket it is a viewer."""
    if request.scope.get("gate.door") == LOCAL:
        return Person(LOCAL, Role.VIEWER, LOCAL)
    access: Access = request.app.state.access
    session = access.sessions.find(request.cookies.get(COOKIE, ""))
    address = request.client.host if request.client else ""
    return None if session is None else Person(session.user, session.role, address)


async def _guard(request: Request, least: Role) -> Person:
    person = await known_person(request)
    if person is None:
        raise LoginNeededError
    if not person.role.covers(least):
        raise RoleNeededError(least)
    if request.method not in SAFE_METHODS:
        await _check_form(request)
    request.state.person = person
    return person


async def _check_form(request: Request) -> None:
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else ""
    expected = csrf_token(request.cookies.get(COOKIE, ""))
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise ForgedFormError


async def viewer(request: Request) -> Person:
    """Let in whoever is logged in."""
    return await _guard(request, Role.VIEWER)


async def technician(request: Request) -> Person:
    """Let in technicians and admins."""
    return await _guard(request, Role.TECHNICIAN)


async def admin(request: Request) -> Person:
    """Let in admins."""
    return await _guard(request, Role.ADMIN)


GUARDS: Final = frozenset({viewer, technician, admin})

Viewer = Annotated[Person, Depends(viewer)]
Technician = Annotated[Person, Depends(technician)]
Admin = Annotated[Person, Depends(admin)]
