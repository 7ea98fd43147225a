"""The first start: a person who can read the computer's log creates the first administrator."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from agent.console.access import Anybody
from agent.console.access.cookies import SESSION, set_cookie
from agent.console.access.guards import AtAccess, address_of
from agent.console.dependencies import AtGate
from agent.console.errors import RefusedError
from agent.console.logins import AtLogins, see_same
from agent.console.page import refusal, render
from agent.setup import EXAMPLE_GATE

router = APIRouter()


@router.get("/first", response_class=HTMLResponse)
def show_form(request: Request, _person: Anybody, access: AtAccess) -> Response:
    """The form; where there is an admin already, that of logging in."""
    if not access.users.lack_admin():
        return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    return render(request, "first.html", code="", name="")


@router.post("/first", response_class=HTMLResponse)
def make(
    request: Request,
    _person: Anybody,
    logins: AtLogins,
    gate: AtGate,
    code: Annotated[str, Form(max_length=100)],
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    again: Annotated[str, Form(max_length=1000)],
) -> Response:
    """Make the first admin and log him in: at a gate that still has the name of the example, he sets it up next."""
    try:
        see_same(password, again)
        token = logins.make_first(code, name, password, address_of(request))
    except RefusedError as error:
        return refusal(request, "first.html", error, code=code, name=name)
    is_new = gate.loaded.settings.gate.id == EXAMPLE_GATE
    response = RedirectResponse("/settings/setup" if is_new else "/", HTTPStatus.SEE_OTHER)
    set_cookie(request, response, SESSION, token)
    return response
