"""Logging in and out."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from agent.console.access import Anybody, Viewer
from agent.console.access.cookies import BROWSER, SESSION, cookie, drop_cookie, set_cookie
from agent.console.access.guards import AtAccess, address_of
from agent.console.access.known_browsers import LIFE_S
from agent.console.dependencies import AtGate
from agent.console.errors import RefusedError
from agent.console.logins import AtLogins
from agent.console.page import local_path, refusal, render
from agent.console.passkey_forms import PasskeyField, passkey_question, proof_of

router = APIRouter()


@router.get("/login", response_class=HTMLResponse)
def show_form(request: Request, person: Anybody, access: AtAccess, onward: str = "/") -> Response:
    """The form; where there is no user yet, that of the first start."""
    if person is not None:
        return RedirectResponse(local_path(onward), HTTPStatus.SEE_OTHER)
    if not access.users.all():
        return RedirectResponse("/first", HTTPStatus.SEE_OTHER)
    return render(
        request,
        "login.html",
        onward=local_path(onward),
        name="",
        lack_admin=access.users.lack_admin(),
        asks_for_codes=access.asks_for_codes(),
        asked=passkey_question(request, access),
    )


@router.post("/login", response_class=HTMLResponse)
def enter(
    request: Request,
    person: Anybody,
    access: AtAccess,
    logins: AtLogins,
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    code: Annotated[str, Form(max_length=100)] = "",
    passkey: PasskeyField = "",
    onward: Annotated[str, Form(max_length=1000)] = "/",
) -> Response:
    """Log in. The session is always a new one, whatever cookie came, and ends the one that this browser had."""
    try:
        proof = proof_of(request, access, code, passkey)
        entered = logins.enter(name, password, address_of(request), cookie(request, BROWSER), proof)
    except RefusedError as error:
        return refusal(
            request,
            "login.html",
            error,
            onward=local_path(onward),
            name=name,
            lack_admin=False,
            asks_for_codes=access.asks_for_codes(),
            asked=passkey_question(request, access),
        )
    if person is not None:
        access.sessions.close(person.session)
    response = RedirectResponse(local_path(onward), HTTPStatus.SEE_OTHER)
    set_cookie(request, response, SESSION, entered.session)
    set_cookie(request, response, BROWSER, entered.browser, max_age_s=LIFE_S)
    return response


@router.post("/logout", response_class=HTMLResponse)
def leave(request: Request, person: Viewer, access: AtAccess, gate: AtGate) -> Response:
    """Log out."""
    access.sessions.close(person.session)
    gate.audit(person, "session.closed")
    response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    drop_cookie(request, response, SESSION)
    return response
