"""The enrolment of the gate in the step Central system: ask the server, compare, get the certificate, use it."""

# ruff: noqa: FAST003 - `AtVisit` takes the lane and the step

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from agent.console.access import Role
from agent.console.errors import RefusedError, RoleNeededError
from agent.console.pages.configuration_proposals import AtProposals
from agent.console.wizard.enrolment import EnrolmentProgress
from agent.console.wizard.step_page import StepOutcome, enrolment_card, onward, step_body
from agent.console.wizard.step_proposal import StepChange, StepRefusedError
from agent.console.wizard.step_visit import AtVisit, StepVisit
from agent.setup import (
    ENROLMENT_ERRORS,
    AnswerError,
    GatePlace,
    StepCode,
    TypedServer,
    refusal_advice,
    refusal_words,
)
from drivers.text import Text, joined

router = APIRouter()

Server = Annotated[str, Form(max_length=1100)]
Token = Annotated[str, Form(max_length=200)]
Short = Annotated[str, Form(max_length=64)]


@router.get("/settings/setup/{lane}/{step}/enrolment", response_class=HTMLResponse)
def start(request: Request, visit: AtVisit) -> HTMLResponse:
    """The form, or how far an enrolment is that runs; a fragment."""
    _see_administrator(visit)
    enrolment = visit.wizard.enrolment
    before = enrolment.progress.url
    enrolment.forget()
    return _part(request, visit, **({"server": before} if before else {}))


@router.get("/live/settings/setup/{lane}/{step}/enrolment", response_class=HTMLResponse)
def progress(request: Request, visit: AtVisit) -> HTMLResponse:
    """How far an enrolment is; a fragment that the page asks for again and again."""
    visit.only(StepCode.CENTRAL)
    return _part(request, visit)


@router.post("/settings/setup/{lane}/{step}/enrolment", response_class=HTMLResponse)
def ask(request: Request, visit: AtVisit, server: Server = "", token: Token = "") -> HTMLResponse:
    """Ask a server who it is, without showing it the token. Waits some seconds."""
    _see_administrator(visit)
    errors: dict[str, Text] = {}
    typed = TypedServer("")
    try:
        typed = TypedServer.of(server)
    except AnswerError as error:
        errors["server"] = error.text
    token = token.strip()
    if not errors and not typed.token:
        if not token or not token.isascii() or not token.isprintable():
            errors["token"] = Text("Enter the token.")
        typed = TypedServer(typed.url, token)
    if errors:
        return _part(request, visit, server=server, errors=errors)
    visit.gate.audit(visit.person, "setup.enrolment_asked", lane=visit.lane, detail=typed.url)
    try:
        offer = visit.wizard.enrolment.ask(visit.person.name, typed)
    except ENROLMENT_ERRORS as error:
        return _part(request, visit, server=typed.url, trouble=refusal_words(error), advice=refusal_advice(error))
    return _part(request, visit, offer=offer)


@router.post("/settings/setup/{lane}/{step}/enrolment/begin", response_class=HTMLResponse)
def begin(request: Request, visit: AtVisit, offer: Short = "", fingerprint: Short = "") -> HTMLResponse:
    """Get the certificate from the server whose authority has that fingerprint: somebody compared it."""
    _see_administrator(visit)
    found = visit.wizard.enrolment.offer(offer, visit.person.name)
    if found is None:
        trouble = Text("The token was entered too long ago. Enter it again.")
        return _part(request, visit, trouble=trouble, advice=Text("Nothing was changed."))
    if fingerprint not in {one.fingerprint for one in found.authorities}:
        errors = {"fingerprint": Text("Compare the fingerprint, and choose the one that is the same.")}
        return _part(request, visit, offer=found, errors=errors)

    def told(ended: EnrolmentProgress) -> None:
        said = joined([ended.url, *([] if ended.trouble is None else [ended.trouble])], ": ")
        visit.gate.audit(visit.person, "setup.enrolled", lane=visit.lane, detail=said, done=ended.state == "done")

    visit.wizard.enrolment.begin(found, fingerprint, told)
    return _part(request, visit)


@router.post("/settings/setup/{lane}/{step}/enrolment/use", response_class=HTMLResponse)
def use(request: Request, visit: AtVisit, proposals: AtProposals, seen: Short = "") -> Response:
    """Propose what the configuration lacks, so that the gate uses its certificate."""
    _see_administrator(visit)
    ended = visit.wizard.enrolment.progress
    if ended.state != "done":
        raise RefusedError(HTTPStatus.CONFLICT, Text("The gate has no new certificate. Load the page again."))
    try:
        place = GatePlace.of(visit.gate.configuration)
    except (ValueError, OSError) as error:
        return step_body(request, visit, StepOutcome(refused=StepRefusedError(refusal_words(error))))
    edits = place.edits(ended.url, ended.brokers, locked=visit.gate.loaded.anchors is not None)
    if not edits:
        visit.wizard.enrolment.forget()
        return onward(request, visit.next_path)
    try:
        proposal = StepChange(visit.gate, visit.person, visit.editor, proposals).propose(edits, visit.what, seen)
    except StepRefusedError as error:
        return step_body(request, visit, StepOutcome(refused=error))
    return step_body(request, visit, StepOutcome(proposal=proposal))


def _part(request: Request, visit: StepVisit, **found: Any) -> HTMLResponse:
    return enrolment_card(request, visit, found)


def _see_administrator(visit: StepVisit) -> None:
    """See that it is the step of the central system, and an administrator's request. Raises RefusedError."""
    visit.only(StepCode.CENTRAL)
    if not visit.person.role.covers(Role.ADMIN):
        raise RoleNeededError(Role.ADMIN)
