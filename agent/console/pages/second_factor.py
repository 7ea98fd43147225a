"""The page on which somebody sets up, renews or removes his own second factor."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response  # noqa: TC002 - FastAPI reads the annotations

from agent.console.access import Viewer  # noqa: TC001
from agent.console.access.guards import AtAccess  # noqa: TC001
from agent.console.dependencies import AtGate  # noqa: TC001
from agent.console.enrolment_code import enrolment_code, enrolment_text
from agent.console.errors import RefusedError
from agent.console.logins import AtLogins, made_or_refused
from agent.console.page import render, translated
from drivers.text import Text

if TYPE_CHECKING:
    from agent.console.access import Access, Person
    from agent.console.dependencies import Gate

router = APIRouter()

Password = Annotated[str, Form(max_length=1000)]
Code = Annotated[str, Form(max_length=100)]


@router.get("/account/second-factor", response_class=HTMLResponse)
def show(request: Request, person: Viewer, access: AtAccess, gate: AtGate) -> Response:
    """Whether there is one, and what can be done about it."""
    return _page(request, access, gate, person)


@router.post("/account/second-factor/begin", response_class=HTMLResponse)
def begin(
    request: Request,
    person: Viewer,
    access: AtAccess,
    gate: AtGate,
    logins: AtLogins,
    password: Password,
    code: Code = "",
) -> Response:
    """Show a new secret. Nothing holds before a code of it has come back. `code`: of the second factor of now."""
    try:
        logins.check_both(person, password, code)
    except RefusedError as error:
        return _page(request, access, gate, person, error=error)
    access.enrolments.begin(person.session, access.factors.proposed())
    return _page(request, access, gate, person, asks=True)


@router.post("/account/second-factor/confirm", response_class=HTMLResponse)
def confirm(request: Request, person: Viewer, access: AtAccess, gate: AtGate, code: Code) -> Response:
    """Take the secret that was shown. His other sessions end: the password alone has opened them."""
    try:
        codes = _enrolled(access, person, code)
    except RefusedError as error:
        return _page(request, access, gate, person, asks=True, error=error)
    access.enrolments.end(person.session)
    gate.audit(person, "second_factor.set", detail=person.name)
    return render(request, "recovery_codes.html", codes=codes)


@router.post("/account/second-factor/codes", response_class=HTMLResponse)
def renew_codes(
    request: Request,
    person: Viewer,
    access: AtAccess,
    gate: AtGate,
    logins: AtLogins,
    password: Password,
    code: Code,
) -> Response:
    """Other recovery codes; those of before are void."""
    try:
        logins.check_both(person, password, code)
        codes = made_or_refused(lambda: access.factors.renew_codes(person.name))
    except RefusedError as error:
        return _page(request, access, gate, person, error=error)
    gate.audit(person, "second_factor.codes_renewed", detail=person.name)
    return render(request, "recovery_codes.html", codes=codes)


@router.post("/account/second-factor/removed", response_class=HTMLResponse)
def remove(
    request: Request,
    person: Viewer,
    access: AtAccess,
    gate: AtGate,
    logins: AtLogins,
    password: Password,
    code: Code,
) -> Response:
    """Do without it again, where the role allows it. His other sessions end."""
    try:
        _see_not_needed(access, person)
        logins.check_both(person, password, code)
        made_or_refused(lambda: access.factors.remove(person.name, person.session))
    except RefusedError as error:
        return _page(request, access, gate, person, error=error)
    gate.audit(person, "second_factor.removed", detail=person.name)
    return RedirectResponse("/account/second-factor", HTTPStatus.SEE_OTHER)


def _enrolled(access: Access, person: Person, code: str) -> tuple[str, ...]:
    """The recovery codes of a secret that was shown to this session, and is taken now. Raises RefusedError."""
    secret = access.enrolments.find(person.session)
    if secret is None:
        raise RefusedError(
            HTTPStatus.CONFLICT, Text("This took too long, or was not begun here. Begin again; nothing was changed.")
        )
    codes = made_or_refused(lambda: access.factors.enrol(person.name, secret, code, person.session))
    if codes is None:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            Text(
                "This code is not of the secret shown here. Scan it again, wait for the next code, and see that the "
                "telephone has the right time."
            ),
        )
    return codes


def _see_not_needed(access: Access, person: Person) -> None:
    if person.role in access.factor_roles:
        raise RefusedError(
            HTTPStatus.CONFLICT, Text("Your role needs a second factor at this gate. You can set up another one.")
        )


def _page(
    request: Request,
    access: Access,
    gate: Gate,
    person: Person,
    *,
    asks: bool = False,
    error: RefusedError | None = None,
) -> Response:
    """The page. `asks`: with the secret that waits for its code. `error`: what is wrong."""
    secret = access.enrolments.find(person.session) if asks else None
    return render(
        request,
        "second_factor.html",
        status=HTTPStatus.OK if error is None else error.status,
        problem="" if error is None else translated(request, error.text),
        factor=access.factors.standing(person.name),
        is_needed=person.role in access.factor_roles,
        picture=None if secret is None else enrolment_code(secret, person.name, gate.loaded.settings.gate.id),
        secret=None if secret is None else enrolment_text(secret),
        is_local=not person.session,
    )
