"""The page Trust anchors: what the gate believes without asking anybody, locked; and how two persons change it.

A change is a document. Who proposes it signs it, and so does who confirms it, each with a key of his own that never
comes to the gate; the helper of root's proves both. What a page shows or sends changes nothing by itself.
"""

from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from agent.console.access import Admin, Person, Role, Technician
from agent.console.anchor_changes import (
    AnchorChangeError,
    changes_of,
    changes_told,
    entries_of,
    hand_over,
    held_anchors,
    in_words,
    is_of_central,
    see_usable,
    signing_of,
    waiting_proposal,
    written_document,
)
from agent.console.dependencies import AtGate, Gate
from agent.console.navigation import Nav, Place
from agent.console.page import render, translated
from agent.core.anchors import (
    AnchorRefusedError,
    AnchorWaitsError,
    HeldAnchors,
    SignedText,
    confirmed,
    document_bytes,
    is_over,
    proposed,
)
from agent.settings import AnchorsUnusableError, anchors_text
from drivers.text import Text, joined, reason

router = APIRouter()
NAV = Nav(Place.SETTINGS, 50, "/settings/anchors", Text("Trust anchors"), Role.TECHNICIAN)

TEXT_LIMIT: Final = 128 * 1024
Signed = Annotated[str, Form(max_length=TEXT_LIMIT)]


@router.get("/settings/anchors", response_class=HTMLResponse)
def show(request: Request, gate: AtGate, person: Technician) -> HTMLResponse:
    """All anchors, locked, and the proposal that waits."""
    held, trouble = None, ""
    try:
        held = gate.anchors.read()
    except AnchorsUnusableError as error:
        trouble = Text("{path}: {why}", path=error.filename, why=reason(error))
    waiting = None if held is None else gate.anchors.waiting.find(held)
    if waiting is not None and is_over(waiting, held, gate.now().utc):
        waiting = None  # the agent takes it away, and tells
    return render(
        request,
        "anchors.html",
        held=held,
        rows=() if held is None else entries_of(held),
        trouble=trouble,
        text="" if held is None else anchors_text(held),
        waiting=waiting,
        changes=() if held is None or waiting is None else changes_told(held, waiting.document),
        signing=None if waiting is None else signing_of(SignedText.read(waiting.signatures[0]).payload, person),
    )


@router.post("/settings/anchors/write", response_class=HTMLResponse)
def write(
    request: Request,
    gate: AtGate,
    person: Admin,
    content: Annotated[str, Form(max_length=TEXT_LIMIT)],
    cause: Annotated[str, Form(max_length=200)],
) -> HTMLResponse:
    """The document of a change, to be signed by who proposes it. Nothing waits yet."""
    try:
        held = held_anchors(gate)
        document = written_document(held, content, " ".join(cause.split()), gate.now().utc)
        found = changes_of(held, document)
        see_usable(gate, held, document)
    except AnchorChangeError as error:
        return _refused(request, error)
    return render(
        request,
        "anchors_sign.html",
        document=document,
        changes=found,
        signing=signing_of(document_bytes(document), person),
        action="/settings/anchors/propose",
        button=Text("Propose"),
    )


@router.post("/settings/anchors/propose", response_class=HTMLResponse)
def propose(request: Request, gate: AtGate, person: Admin, signed: Signed) -> HTMLResponse:
    """Have a signed change wait for a second person; a document of central is done at once."""
    signed, act = signed.strip(), "anchors.proposed"
    try:
        held = held_anchors(gate)
        if is_of_central(signed):
            act = "anchors.applied"
            return _apply(request, gate, person, held, (signed,), act)
        proposal = proposed(held, signed, person.name, gate.now().utc)
        see_usable(gate, held, proposal.document)
        gate.anchors.waiting.keep(proposal, held, gate.now().utc)
    except (AnchorChangeError, AnchorRefusedError, AnchorWaitsError, OSError) as error:
        return _not_done(request, gate, person, act, error)
    gate.audit(person, act, detail=in_words(proposal.document, changes_of(held, proposal.document)))
    return _done(request, Text("Waiting for a second person to confirm it on this page."))


@router.post("/settings/anchors/confirm", response_class=HTMLResponse)
def confirm(request: Request, gate: AtGate, person: Admin, signed: Signed) -> HTMLResponse:
    """Confirm what another has proposed, and hand it to the helper."""
    act = "anchors.confirmed"
    try:
        held = held_anchors(gate)
        done = confirmed(held, waiting_proposal(gate, held), signed.strip(), person.name, gate.now().utc)
        return _apply(request, gate, person, held, done.signatures, act)
    except (AnchorChangeError, AnchorRefusedError) as error:
        return _not_done(request, gate, person, act, error)


@router.post("/settings/anchors/refuse", response_class=HTMLResponse)
def refuse(request: Request, gate: AtGate, person: Admin) -> HTMLResponse:
    """Refuse what waits, or take back what one has proposed oneself."""
    try:
        held = held_anchors(gate)
        waiting = waiting_proposal(gate, held)
        gate.anchors.waiting.drop()
    except (AnchorChangeError, OSError) as error:
        return _not_done(request, gate, person, "anchors.refused", error)
    what = in_words(waiting.document, changes_told(held, waiting.document))
    gate.audit(person, "anchors.refused", detail=Text("proposed by {person}: {what}", person=waiting.person, what=what))
    return _done(request, Text("The proposal is no longer open. Nothing was changed."))


def _apply(
    request: Request, gate: Gate, person: Person, held: HeldAnchors, signatures: tuple[str, ...], act: str
) -> HTMLResponse:
    """Have a change made, tell and take it. Raises AnchorChangeError, AnchorRefusedError."""
    applied = hand_over(gate, held, signatures)
    by = Text("by {names}", names=", ".join(applied.judged.by))
    gate.audit(person, act, detail=joined([in_words(applied.judged.document, applied.differences), by], "; "))
    gate.reload()
    with suppress(OSError):  # it is over by its number: the agent takes it away as soon as it can
        gate.anchors.waiting.drop()
    return _done(request, Text("The trust anchors are changed; their number is {number}.", number=applied.number))


def _not_done(request: Request, gate: Gate, person: Person, act: str, error: Exception) -> HTMLResponse:
    """Tell why nothing was done, and record that it was tried."""
    if not isinstance(error, AnchorChangeError):
        error = AnchorChangeError(reason(error) if isinstance(error, OSError) else Text.of(str(error)))
    gate.audit(person, act, detail=error.text, done=False)
    return _refused(request, error)


def _refused(request: Request, error: AnchorChangeError) -> HTMLResponse:
    if error.problems:
        return render(
            request, "configuration_problems.html", problems=error.problems, status=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    message = translated(request, error.text)
    return render(request, "configuration_refused.html", message=message, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _done(request: Request, text: Text) -> HTMLResponse:
    return render(request, "anchors_done.html", message=translated(request, text))
