"""Who may log in: only admins see and change it."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from agent.console.access import Admin, Person, Role
from agent.console.access.guards import AtAccess
from agent.console.access.passwords import made_up_password
from agent.console.access.users import spelled_name
from agent.console.dependencies import AtGate
from agent.console.errors import RefusedError
from agent.console.logins import made_or_refused
from agent.console.navigation import Nav, Place
from agent.console.page import refusal, render
from drivers.text import Text, joined

router = APIRouter()
NAV = Nav(Place.SETTINGS, 40, "/settings/users", Text("Users"), Role.ADMIN)


@router.get("/settings/users", response_class=HTMLResponse)
def show(request: Request, _person: Admin, access: AtAccess) -> Response:
    """All users."""
    return _page(request, access)


@router.post("/settings/users", response_class=HTMLResponse)
def add(
    request: Request,
    person: Admin,
    access: AtAccess,
    gate: AtGate,
    name: Annotated[str, Form(max_length=200)],
    role: Annotated[Role, Form()],
) -> Response:
    """Add one, with a password that is shown once and that he has to change first."""
    password = made_up_password()
    try:
        made_or_refused(lambda: access.users.add(name, role, password, given=True))
    except RefusedError as error:
        return _refused(request, access, error)
    gate.audit(person, "user.added", detail=joined([spelled_name(name), role], ": "))
    return _page(request, access, given=(spelled_name(name), password))


@router.post("/settings/users/{name}/password", response_class=HTMLResponse)
def reset(request: Request, person: Admin, access: AtAccess, gate: AtGate, name: str) -> Response:
    """Give somebody who lost his another password, shown once."""
    password = made_up_password()
    try:
        _see_other(person, name)
        made_or_refused(lambda: access.users.set_password(name, password, given=True))
    except RefusedError as error:
        return _refused(request, access, error)
    access.forget_failures(name)
    gate.audit(person, "user.changed", detail=Text("{name}: {said}", name=name, said=Text("another password")))
    return _page(request, access, given=(name, password))


@router.post("/settings/users/{name}/second-factor", response_class=HTMLResponse)
def reset_factor(request: Request, person: Admin, access: AtAccess, gate: AtGate, name: str) -> Response:
    """Forget the second factor of somebody who lost it; his sessions end, and his password stays."""
    try:
        _see_other(person, name)
        made_or_refused(lambda: access.factors.remove(name))
    except RefusedError as error:
        return _refused(request, access, error)
    access.forget_failures(name)
    gate.audit(person, "second_factor.reset", detail=name)
    return _back()


@router.post("/settings/users/{name}/role", response_class=HTMLResponse)
def change_role(
    request: Request, person: Admin, access: AtAccess, gate: AtGate, name: str, role: Annotated[Role, Form()]
) -> Response:
    """Give somebody another role; his sessions end."""
    try:
        _see_other(person, name)
        made_or_refused(lambda: access.users.change(name, role=role))
    except RefusedError as error:
        return _refused(request, access, error)
    gate.audit(person, "user.changed", detail=Text("{name}: {said}", name=name, said=Text("role {role}", role=role)))
    return _back()


@router.post("/settings/users/{name}/disabled", response_class=HTMLResponse)
def disable(
    request: Request, person: Admin, access: AtAccess, gate: AtGate, name: str, disabled: Annotated[bool, Form()]
) -> Response:
    """Let somebody in no more, or again; his sessions end."""
    try:
        _see_other(person, name)
        made_or_refused(lambda: access.users.change(name, disabled=disabled))
    except RefusedError as error:
        return _refused(request, access, error)
    gate.audit(person, "user.changed", detail=joined([name, Text("disabled") if disabled else Text("enabled")], ": "))
    return _back()


@router.post("/settings/users/{name}/removed", response_class=HTMLResponse)
def remove(request: Request, person: Admin, access: AtAccess, gate: AtGate, name: str) -> Response:
    """Forget somebody; his sessions end."""
    try:
        _see_other(person, name)
        made_or_refused(lambda: access.users.remove(name))
    except RefusedError as error:
        return _refused(request, access, error)
    gate.audit(person, "user.removed", detail=name)
    return _back()


def _see_other(person: Person, name: str) -> None:
    """See that nobody shuts himself out, nor goes round the question for his own password."""
    if name == person.name:
        raise RefusedError(
            HTTPStatus.CONFLICT, Text("You cannot change your own user here. Change your password under Account.")
        )


def _page(request: Request, access: AtAccess, given: tuple[str, str] | None = None) -> Response:
    factors = access.factors.standings()
    return render(request, "users.html", users=access.users.all(), roles=list(Role), given=given, factors=factors)


def _refused(request: Request, access: AtAccess, error: RefusedError) -> Response:
    users, factors = access.users.all(), access.factors.standings()
    return refusal(request, "users.html", error, users=users, roles=list(Role), given=None, factors=factors)


def _back() -> Response:
    return RedirectResponse("/settings/users", HTTPStatus.SEE_OTHER)
