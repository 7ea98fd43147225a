"""The page Trust anchors: what the gate believes without asking anybody, locked; and how two persons change it.

A change is a document. Who proposes it signs it, and so does who confirms it, each with a key of his own that never
comes to the gate; the helper of root's proves both. What a page shows or sends changes nothing by itself.
"""

import tomllib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from agent.anchors import HelperUnreachableError, changed_or_refused, check_usable
from agent.console.access import Admin, Person, Technician
from agent.console.dependencies import AtGate, Gate
from agent.console.page import render, translated
from agent.core.anchors import (
    NOT_ADOPTED,
    PROPOSAL_LIFE_S,
    SIGNATURE_TYPE,
    AnchorDifference,
    AnchorProposal,
    AnchorRefusedError,
    AnchorWaitsError,
    Authority,
    ChangeDocument,
    ChangeRequest,
    HeldAnchors,
    Sender,
    SignedText,
    confirmed,
    differences,
    document_bytes,
    fingerprints,
    judge_change,
    proposed,
)
from agent.core.crypto import JwsError
from agent.settings import (
    AnchorsUnusableError,
    AnchorValueError,
    Problem,
    SettingsError,
    anchors_of,
    anchors_text,
)
from drivers.text import Text, joined, reason

router = APIRouter()

TEXT_LIMIT: Final = 128 * 1024
Signed = Annotated[str, Form(max_length=TEXT_LIMIT)]


@dataclass(frozen=True, slots=True)
class AnchorEntry:
    """An anchor as a page shows it. `entries`: fingerprints and values, none where it has none."""

    key: str
    entries: tuple[str, ...]


class _AnswerError(Exception):
    """A request comes to nothing; `text` says why, `problems` what is wrong with a configuration."""

    def __init__(self, text: Text, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.problems = problems


@router.get("/configuration/anchors", response_class=HTMLResponse)
def show(request: Request, gate: AtGate, person: Technician) -> HTMLResponse:
    """All anchors, locked, and the proposal that waits."""
    try:
        held = gate.anchors.read()
    except AnchorsUnusableError as error:
        return render(
            request,
            "anchors.html",
            held=None,
            rows=(),
            trouble=Text("{path}: {why}", path=error.filename, why=reason(error)),
            text="",
            waiting=None,
            changes=(),
            signing=None,
        )
    waiting = None if held is None else gate.anchors.waiting.find(held)
    return render(
        request,
        "anchors.html",
        held=held,
        rows=() if held is None else _rows(held),
        trouble="",
        text="" if held is None else anchors_text(held),
        waiting=waiting,
        changes=() if held is None or waiting is None else _changes(held, waiting.document),
        signing=None if waiting is None else _signing(SignedText.read(waiting.signatures[0]).payload, person),
    )


@router.post("/configuration/anchors/write", response_class=HTMLResponse)
def write(
    request: Request,
    gate: AtGate,
    person: Admin,
    content: Annotated[str, Form(max_length=TEXT_LIMIT)],
    cause: Annotated[str, Form(max_length=200)],
) -> HTMLResponse:
    """The document of a change, to be signed by who proposes it. Nothing waits yet."""
    try:
        held = _held(gate)
        document = _document(held, content, " ".join(cause.split()), gate.now().utc)
        found = _changes(held, document)
        _see_usable(gate, held, document)
    except _AnswerError as error:
        return _refused(request, error)
    return render(
        request,
        "anchors_sign.html",
        document=document,
        changes=found,
        signing=_signing(document_bytes(document), person),
        action="/configuration/anchors/propose",
        button=Text("Propose"),
    )


@router.post("/configuration/anchors/propose", response_class=HTMLResponse)
def propose(request: Request, gate: AtGate, person: Admin, signed: Signed) -> HTMLResponse:
    """Have a signed change wait for a second person; a document of central is done at once."""
    try:
        held = _held(gate)
        if _is_of_central(signed):
            return _apply(request, gate, person, held, (signed.strip(),))
        proposal = proposed(held, signed.strip(), person.name, gate.now().utc)
        _see_usable(gate, held, proposal.document)
        gate.anchors.waiting.keep(proposal, held, gate.now().utc)
    except (_AnswerError, AnchorRefusedError, AnchorWaitsError, OSError) as error:
        return _not_done(request, gate, person, "anchors.proposed", error)
    gate.audit(person, "anchors.proposed", detail=_told(proposal.document, _changes(held, proposal.document)))
    return _done(request, Text("It waits for a second person, who has to confirm it under this page."))


@router.post("/configuration/anchors/confirm", response_class=HTMLResponse)
def confirm(request: Request, gate: AtGate, person: Admin, signed: Signed) -> HTMLResponse:
    """Confirm what another has proposed, and hand it to the helper."""
    try:
        held = _held(gate)
        waiting = _waiting(gate, held)
        done = confirmed(held, waiting, signed.strip(), person.name, gate.now().utc)
        return _apply(request, gate, person, held, done.signatures)
    except (_AnswerError, AnchorRefusedError) as error:
        return _not_done(request, gate, person, "anchors.confirmed", error)


@router.post("/configuration/anchors/refuse", response_class=HTMLResponse)
def refuse(request: Request, gate: AtGate, person: Admin) -> HTMLResponse:
    """Refuse what waits, or take back what one has proposed oneself."""
    try:
        held = _held(gate)
        waiting = _waiting(gate, held)
        gate.anchors.waiting.drop()
    except (_AnswerError, OSError) as error:
        return _not_done(request, gate, person, "anchors.refused", error)
    detail = Text(
        "proposed by {person}: {what}",
        person=waiting.person,
        what=_told(waiting.document, _changes(held, waiting.document)),
    )
    gate.audit(person, "anchors.refused", detail=detail)
    return _done(request, Text("The proposal waits no more. Nothing was changed."))


# -------------------------------------------------------------------------------------------------------------- within


def _held(gate: Gate) -> HeldAnchors:
    try:
        held = gate.anchors.read()
    except AnchorsUnusableError as error:
        raise _AnswerError(Text("{path}: {why}", path=error.filename, why=reason(error))) from None
    if held is None:
        raise _AnswerError(NOT_ADOPTED)
    return held


def _waiting(gate: Gate, held: HeldAnchors) -> AnchorProposal:
    found = gate.anchors.waiting.find(held)
    if found is None:
        raise _AnswerError(Text("No proposal waits any more."))
    return found


def _rows(held: HeldAnchors) -> tuple[AnchorEntry, ...]:
    return tuple(AnchorEntry(key, fingerprints(key, value)) for key, value in held.values.items())


def _changes(held: HeldAnchors, document: ChangeDocument) -> tuple[AnchorDifference, ...]:
    """What a document would change. Raises _AnswerError where it is not of its form."""
    try:
        fresh = changed_or_refused(held, document.number, document.changes)
    except AnchorRefusedError as error:
        raise _AnswerError(Text.of(str(error))) from None
    return differences(held, fresh)


def _document(held: HeldAnchors, content: str, cause: str, utc: float) -> ChangeDocument:
    """The document that changes the anchors to those of an edited text. Raises _AnswerError."""
    try:
        wanted = anchors_of(tomllib.loads(content.replace("\r\n", "\n")))
    except AnchorValueError as error:
        raise _AnswerError(Text("{key}: {what}", key=error.key, what=Text.of(str(error)))) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _AnswerError(Text("This is no TOML: {why}", why=str(error))) from None
    if (wanted.gate, wanted.number, wanted.sealed) != (held.gate, held.number, held.sealed):
        raise _AnswerError(Text("The gate's id, the number and the seal are not changed here."))
    changes = {key: value for key, value in wanted.values.items() if value != held.values.get(key)}
    if not changes:
        raise _AnswerError(Text("Nothing was changed on the form."))
    if not cause:
        raise _AnswerError(Text("Say why: it goes into the gate's events."))
    return ChangeDocument(
        gate=held.gate,
        number=held.number + 1,
        before=held.digest,
        iat=int(utc),
        exp=int(utc) + PROPOSAL_LIFE_S,
        cause=cause,
        changes=changes,
    )


def _see_usable(gate: Gate, held: HeldAnchors, document: ChangeDocument) -> None:
    """See that the gate could run with the change. Raises _AnswerError."""
    try:
        fresh = changed_or_refused(held, document.number, document.changes)
        check_usable(gate.configuration, fresh)
    except AnchorRefusedError as error:
        raise _AnswerError(Text.of(str(error))) from None
    except SettingsError as error:
        raise _AnswerError(Text("The gate could not run with it."), error.problems) from None
    except OSError as error:
        raise _AnswerError(Text("It cannot be tried: {why}", why=reason(error))) from None


def _apply(
    request: Request, gate: Gate, person: Person, held: HeldAnchors, signatures: tuple[str, ...]
) -> HTMLResponse:
    """Hand signed texts to the helper, once the gate could run with what they say. Raises what the callers catch."""
    judged = judge_change(held, signatures, Sender.SERVICE, gate.now().utc)
    found = _changes(held, judged.document)
    _see_usable(gate, held, judged.document)
    try:
        answer = gate.anchors.ask(ChangeRequest(signatures=signatures))
    except HelperUnreachableError as error:
        raise _AnswerError(Text("The helper of root's does not answer: {why}", why=Text.of(str(error)))) from None
    if not answer.done:
        raise _AnswerError(Text("The helper of root's refuses it: {why}", why=answer.why))
    gate.anchors.waiting.drop()
    act = "anchors.applied" if judged.authority is Authority.CENTRAL else "anchors.confirmed"
    by = Text("by {names}", names=", ".join(judged.by))
    gate.audit(person, act, detail=joined([_told(judged.document, found), by], "; "))
    gate.reload()
    return _done(request, Text("The trust anchors are changed; their number is {number}.", number=answer.number))


def _is_of_central(signed: str) -> bool:
    try:
        return SignedText.read(signed.strip()).signer.startswith("central:")
    except JwsError:
        return False  # what is wrong with it is told where it is judged


@dataclass(frozen=True, slots=True)
class Signing:
    """What a browser needs to sign a document: payload (base64url), key id and type. `text`: the document itself."""

    payload: str
    signer: str
    kind: str
    text: str


def _signing(raw: bytes, person: Person) -> Signing:
    """`raw`: the document as the first who signed it did, byte for byte."""
    payload = urlsafe_b64encode(raw).rstrip(b"=").decode()
    return Signing(payload, f"person:{person.name}", SIGNATURE_TYPE, raw.decode())


def _told(document: ChangeDocument, found: tuple[AnchorDifference, ...]) -> Text:
    """A change in words for an event, with the fingerprints of old and new."""
    parts = [f"{one.key}: {'; '.join(one.before) or '-'} -> {'; '.join(one.after) or '-'}" for one in found]
    return joined([Text("number {number}: {cause}", number=document.number, cause=document.cause), *parts], "; ")


def _not_done(request: Request, gate: Gate, person: Person, act: str, error: Exception) -> HTMLResponse:
    """Tell why nothing was done, and record that it was tried."""
    answer = error if isinstance(error, _AnswerError) else _AnswerError(_why(error))
    gate.audit(person, act, detail=answer.text, done=False)
    return _refused(request, answer)


def _why(error: Exception) -> Text:
    return reason(error) if isinstance(error, OSError) else Text.of(str(error))


def _refused(request: Request, error: _AnswerError) -> HTMLResponse:
    if error.problems:
        return render(
            request, "configuration_problems.html", problems=error.problems, status=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    message = translated(request, error.text)
    return render(request, "configuration_refused.html", message=message, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _done(request: Request, text: Text) -> HTMLResponse:
    return render(request, "anchors_done.html", message=translated(request, text))
