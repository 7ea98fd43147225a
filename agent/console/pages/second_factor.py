"""The page on which somebody sets up, renews or removes his own second factor."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response  # noqa: TC002 - FastAPI reads the annotations

from agent.console.access import Access, Person, Viewer  # noqa: TC001
from agent.console.access.cookies import form_token
from agent.console.access.guards import AtAccess  # noqa: TC001
from agent.console.access.relying_party import relying_party_of
from agent.console.dependencies import AtGate, Gate  # noqa: TC001
from agent.console.errors import RefusedError
from agent.console.logins import AtLogins, Logins, made_or_refused
from agent.console.page import render, translated
from agent.console.passkey_forms import PasskeyField, passkey_answer, passkey_question, proof_of
from agent.console.totp_qr_code import enrolment_code, enrolment_text
from drivers.text import Text

router = APIRouter()

LONGEST_LABEL = 40
Password = Annotated[str, Form(max_length=1000)]
Code = Annotated[str, Form(max_length=100)]


@dataclass(frozen=True, slots=True)
class _Given:
    """What a form gives to prove who sends it. `passkey`: what the browser answered; empty: a code is given."""

    password: str
    code: str
    passkey: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks, of which gate."""

    request: Request
    person: Person
    access: Access
    gate: Gate
    logins: Logins

    def see_proved(self, given: _Given) -> None:
        """See that he knows his password, and has his second factor where he has one. Raises RefusedError."""
        proof = proof_of(self.request, self.access, given.code, given.passkey)
        self.logins.check_both(self.person, given.password, proof)


def _asked(request: Request, person: Viewer, access: AtAccess, gate: AtGate, logins: AtLogins) -> _Asked:
    return _Asked(request, person, access, gate, logins)


def _given(password: Password, code: Code = "", passkey: PasskeyField = "") -> _Given:
    return _Given(password, code, passkey)


Asked = Annotated[_Asked, Depends(_asked)]
Given = Annotated[_Given, Depends(_given)]


@router.get("/settings/account/second-factor", response_class=HTMLResponse)
def show(asked: Asked) -> Response:
    """Whether there is one, and what can be done about it."""
    return _page(asked)


@router.post("/settings/account/second-factor/begin", response_class=HTMLResponse)
def begin(asked: Asked, given: Given) -> Response:
    """Show a new secret for an app. Nothing holds before a code of it has come back."""
    try:
        asked.see_proved(given)
    except RefusedError as error:
        return _page(asked, error=error)
    asked.access.enrolments.begin(asked.person.session, asked.access.factors.proposed())
    return _page(asked, asks=True)


@router.post("/settings/account/second-factor/confirm", response_class=HTMLResponse)
def confirm(asked: Asked, code: Code) -> Response:
    """Take the secret that was shown. His other sessions end: the password alone has opened them."""
    person, access = asked.person, asked.access
    try:
        codes = _enrolled(access, person, code)
    except RefusedError as error:
        return _page(asked, asks=True, error=error)
    access.enrolments.end(person.session)
    asked.gate.audit(person, "second_factor.set", detail=person.name)
    return render(asked.request, "recovery_codes.html", codes=codes)


@router.post("/settings/account/second-factor/passkey/begin", response_class=HTMLResponse)
def begin_passkey(asked: Asked, given: Given) -> Response:
    """Have the browser make a passkey. Nothing holds before it has answered."""
    try:
        asked.see_proved(given)
        party = relying_party_of(asked.request)
        if party is None:
            raise _no_passkeys()
    except RefusedError as error:
        return _page(asked, error=error)
    access, person = asked.access, asked.person
    challenge = access.challenges.make(form_token(asked.request))
    access.passkey_enrolments.begin(person.session, challenge)
    options = access.passkeys.options(person.name, asked.gate.loaded.settings.gate.id, party, challenge)
    return render(asked.request, "passkey_made.html", options=options, longest_label=LONGEST_LABEL)


@router.post("/settings/account/second-factor/passkey/confirm", response_class=HTMLResponse)
def confirm_passkey(
    asked: Asked, passkey: PasskeyField, label: Annotated[str, Form(max_length=LONGEST_LABEL)] = ""
) -> Response:
    """Take the passkey that the browser made. His other sessions end. Recovery codes come with the first."""
    person, access = asked.person, asked.access
    try:
        answer, begun = passkey_answer(asked.request, access, passkey), access.passkey_enrolments.find(person.session)
        access.passkey_enrolments.end(person.session)
        if answer is None or answer.challenge != begun:
            raise _too_late()
        if not made_or_refused(lambda: access.passkeys.add(person.name, answer, label, person.session)):
            raise _not_made()
    except RefusedError as error:
        return _page(asked, error=error)
    asked.gate.audit(person, "second_factor.set", detail=Text("passkey {label}", label=label.strip()))
    standing = access.factors.standing(person.name)
    if standing is None or standing.codes_left:
        return _back()
    return render(asked.request, "recovery_codes.html", codes=access.factors.renew_codes(person.name))


@router.post("/settings/account/second-factor/passkey/removed", response_class=HTMLResponse)
def remove_passkey(asked: Asked, given: Given, key: Annotated[str, Form(max_length=2000)]) -> Response:
    """Forget a passkey: not the last second factor of somebody whose role needs one. His other sessions end."""
    person, access = asked.person, asked.access
    try:
        standing = access.factors.standing(person.name)
        if standing is not None and standing.app_since_utc is None and standing.passkeys == 1:
            _see_not_needed(access, person)
        asked.see_proved(given)
        made_or_refused(lambda: access.passkeys.remove(person.name, key, person.session))
    except RefusedError as error:
        return _page(asked, error=error)
    asked.gate.audit(person, "second_factor.removed", detail=Text("a passkey"))
    return _back()


@router.post("/settings/account/second-factor/codes", response_class=HTMLResponse)
def renew_codes(asked: Asked, given: Given) -> Response:
    """Other recovery codes; those of before are void."""
    person = asked.person
    try:
        asked.see_proved(given)
        codes = made_or_refused(lambda: asked.access.factors.renew_codes(person.name))
    except RefusedError as error:
        return _page(asked, error=error)
    asked.gate.audit(person, "second_factor.codes_renewed", detail=person.name)
    return render(asked.request, "recovery_codes.html", codes=codes)


@router.post("/settings/account/second-factor/removed", response_class=HTMLResponse)
def remove(asked: Asked, given: Given) -> Response:
    """Do without any again, where the role allows it. His other sessions end."""
    person, access = asked.person, asked.access
    try:
        _see_not_needed(access, person)
        asked.see_proved(given)
        made_or_refused(lambda: access.factors.remove(person.name, person.session))
    except RefusedError as error:
        return _page(asked, error=error)
    asked.gate.audit(person, "second_factor.removed", detail=person.name)
    return _back()


def _enrolled(access: Access, person: Person, code: str) -> tuple[str, ...]:
    """The recovery codes of a secret that was shown to this session, and is taken now. Raises RefusedError."""
    secret = access.enrolments.find(person.session)
    if secret is None:
        raise _too_late()
    codes = made_or_refused(lambda: access.factors.enrol(person.name, secret, code, person.session))
    if codes is None:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            Text(
                "This code does not match the secret shown here. Scan it again, wait for the next code, and check "
                "that the time on the phone is right."
            ),
        )
    return codes


def _see_not_needed(access: Access, person: Person) -> None:
    if person.role in access.factor_roles:
        raise RefusedError(
            HTTPStatus.CONFLICT, Text("Your role needs a second factor at this gate. You can set up another one.")
        )


def _too_late() -> RefusedError:
    return RefusedError(
        HTTPStatus.CONFLICT, Text("This took too long, or was not started here. Start again; nothing was changed.")
    )


def _not_made() -> RefusedError:
    return RefusedError(
        HTTPStatus.UNPROCESSABLE_ENTITY, Text("This passkey cannot be used here; nothing was changed. Use another one.")
    )


def _no_passkeys() -> RefusedError:
    return RefusedError(
        HTTPStatus.CONFLICT,
        Text("Browsers make passkeys only where the gate is reached by a name, under a certificate that they trust."),
    )


def _page(asked: _Asked, *, asks: bool = False, error: RefusedError | None = None) -> Response:
    """The page. `asks`: with the secret that waits for its code. `error`: what is wrong."""
    request, person, access = asked.request, asked.person, asked.access
    secret = access.enrolments.find(person.session) if asks else None
    return render(
        request,
        "second_factor.html",
        status=HTTPStatus.OK if error is None else error.status,
        problem="" if error is None else translated(request, error.text),
        factor=access.factors.standing(person.name),
        passkeys=access.passkeys.of_user(person.name),
        asked=passkey_question(request, access),
        is_needed=person.role in access.factor_roles,
        picture=None if secret is None else enrolment_code(secret, person.name, asked.gate.loaded.settings.gate.id),
        secret=None if secret is None else enrolment_text(secret),
        is_local=not person.session,
    )


def _back() -> Response:
    return RedirectResponse("/settings/account/second-factor", HTTPStatus.SEE_OTHER)
