"""The page of one's own account."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from agent.console.access import Role, Viewer
from agent.console.access.cookies import SESSION, set_cookie
from agent.console.access.guards import AtAccess
from agent.console.dependencies import AtCertificate, AtGate
from agent.console.errors import RefusedError
from agent.console.logins import AtLogins, made_or_refused, see_same
from agent.console.navigation import Nav, Place
from agent.console.page import refusal, render
from drivers.text import Text

router = APIRouter()
NAV = Nav(Place.SETTINGS, 90, "/settings/account", Text("Account"), Role.VIEWER)


@router.get("/settings/account", response_class=HTMLResponse)
def show(request: Request, person: Viewer, access: AtAccess, certificate: AtCertificate) -> Response:
    """Who is logged in, and how to know this computer."""
    done = request.query_params.get("done")
    shown = done if done in {"password", "others"} else ""
    factor = access.factors.standing(person.name)
    return render(request, "account.html", certificate=certificate, done=shown, factor=factor)


@router.post("/settings/account/password", response_class=HTMLResponse)
def change_password(
    request: Request,
    person: Viewer,
    access: AtAccess,
    gate: AtGate,
    logins: AtLogins,
    certificate: AtCertificate,
    password: Annotated[str, Form(max_length=1000)],
    new: Annotated[str, Form(max_length=1000)],
    again: Annotated[str, Form(max_length=1000)],
) -> Response:
    """Choose another password: it ends all his sessions, and this browser gets a new one."""
    try:
        see_same(new, again)
        _see_other(password, new)
        logins.check(person, password)
        made_or_refused(lambda: access.users.set_password(person.name, new))
    except RefusedError as error:
        factor = access.factors.standing(person.name)
        return refusal(request, "account.html", error, certificate=certificate, done="", factor=factor)
    gate.audit(person, "password.changed")
    response = RedirectResponse("/settings/account?done=password", HTTPStatus.SEE_OTHER)
    set_cookie(request, response, SESSION, access.sessions.open(person.name))
    return response


@router.post("/settings/account/others", response_class=HTMLResponse)
def end_others(person: Viewer, access: AtAccess, gate: AtGate) -> Response:
    """End his sessions in other browsers."""
    access.sessions.close_others(person.name, person.session)
    gate.audit(person, "sessions.closed", detail=Text("all but this one"))
    return RedirectResponse("/settings/account?done=others", HTTPStatus.SEE_OTHER)


def _see_other(old: str, new: str) -> None:
    if old == new:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY, Text("The new password is the same as the old one. Choose another one.")
        )
