"""The steps of the fleet documents that a gate has, one at a time. The gate stores each step before the next.

    taken in -> waiting -> on trial -> begun -> applied, or undone

After an interruption, the gate starts with the documents that were in force before. It undoes a trial that had begun,
and starts a trial again that had not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agent.core.detail import Message
from agent.core.fleet.document import read_signed
from agent.core.fleet.document_acceptance import slot_of
from agent.core.fleet.document_kinds import KINDS
from agent.core.fleet.held_documents import (
    LONGEST_DETAIL,
    PROBLEMS_KEPT,
    DocumentOutcome,
    DocumentProblem,
    DocumentState,
    Floor,
    HeldFleet,
    Trial,
    UndoneReason,
)
from agent.core.fleet.refusals import DocumentFault, DocumentRefusedError
from drivers.text import Text, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agent.core.fleet.document import SignedDocument

CUT_OFF: Final = Text("the agent ended before the trial of the document was over")


def taken_in(held: HeldFleet, found: SignedDocument, utc: float) -> HeldFleet:
    """A document that was judged good: it waits, in place of an older one that waits; its version is the floor.

    One that wants what is in force already is in force at once. One that the gate has undone before is not tried again,
    unless it says so.
    """
    document = found.document
    slot = slot_of(document.kind, document.for_whom, staged=document.stage is not None)
    floors = {**held.floors, slot: Floor(version=document.version, identity=found.identity)}
    held = held.model_copy(update={"floors": floors})
    if document.version < _newest_version(held, document.place):
        return held  # the one before a document that is rolled out, seen after it
    held = _replaced(held, waiting=without(held.waiting, document.place))
    field = "in_force" if KINDS[document.kind].is_layer else "installed"
    in_force = held.in_force if KINDS[document.kind].is_layer else held.installed
    if _digest_in(in_force, document.place) == document.digest:
        texts = (*without(in_force, document.place), found.signed)
        return with_outcome(_replaced(held, **{field: texts}), outcome_of(found, DocumentState.APPLIED, utc))
    if document.digest in held.undone and not document.again:
        return with_outcome(held, _undone_before(held, found, utc))
    waiting = (*held.waiting, found.signed)
    return with_outcome(_replaced(held, waiting=waiting), outcome_of(found, DocumentState.WAITING, utc))


def candidate(held: HeldFleet, found: SignedDocument) -> tuple[str, ...]:
    """The texts that would be in force with a document."""
    return (*without(held.in_force, found.document.place), found.signed)


def refused_by_check(
    held: HeldFleet, found: SignedDocument, problems: Sequence[DocumentProblem], utc: float
) -> HeldFleet:
    """The configuration would not be usable with a document that waited."""
    kept = tuple(problems[:PROBLEMS_KEPT])
    detail = kept[0].message if kept else ""
    outcome = outcome_of(found, DocumentState.REFUSED, utc, DocumentFault.CONFIGURATION_INVALID, detail)
    waiting = without(held.waiting, found.document.place)
    return with_outcome(_replaced(held, waiting=waiting), outcome.model_copy(update={"problems": kept}))


def put_on_trial(held: HeldFleet, found: SignedDocument, was_up: Iterable[str], *, was_whole: bool) -> HeldFleet:
    """The configuration would be usable: the agent is to start with it once no vehicle is under way."""
    trial = Trial(texts=candidate(held, found), signed=found.signed, was_up=tuple(sorted(was_up)), was_whole=was_whole)
    return _replaced(held, waiting=without(held.waiting, found.document.place), trial=trial)


def begun(held: HeldFleet, process: str, at: float, utc: float) -> HeldFleet:
    """The agent starts with the document on trial. Written before anything of it is made."""
    if held.trial is None:
        return held
    trial = held.trial.model_copy(update={"begun": True, "process": process, "began_at": at})
    outcome = outcome_of(_read(held.trial.signed), DocumentState.TRIAL, utc)
    return with_outcome(_replaced(held, trial=trial), outcome)


def applied(held: HeldFleet, utc: float) -> HeldFleet:
    """The gate was whole and connected with the document: it is in force."""
    if held.trial is None:
        return held
    found = _read(held.trial.signed)
    held = _replaced(held, in_force=held.trial.texts, trial=None).without_undone(found.document.digest)
    return with_outcome(held, outcome_of(found, DocumentState.APPLIED, utc))


def undone(held: HeldFleet, code: DocumentFault, detail: str, utc: float) -> HeldFleet:
    """Go back to what was in force before."""
    if held.trial is None:
        return held
    found = _read(held.trial.signed)
    reason = UndoneReason(code=code, detail=shortened(detail, LONGEST_DETAIL))
    held = _replaced(held, trial=None).with_undone(found.document.digest, reason)
    return with_outcome(held, outcome_of(found, DocumentState.UNDONE, utc, code, detail))


def recovered(held: HeldFleet, process: str, utc: float) -> HeldFleet:
    """At the start of a process: nothing is on trial that another process began. One that had not begun waits again."""
    if held.trial is None or held.trial.process == process:
        return held
    if held.trial.begun:
        return undone(held, DocumentFault.CUT_OFF, CUT_OFF, utc)
    place = _read(held.trial.signed).document.place
    waiting = held.waiting if _digest_in(held.waiting, place) else (*held.waiting, held.trial.signed)
    return _replaced(held, waiting=waiting, trial=None)


def all_told(held: HeldFleet, told: Iterable[DocumentOutcome]) -> HeldFleet:
    """These outcomes have their events."""
    known = tuple(told)
    outcomes = tuple(one.model_copy(update={"told": True}) if one in known else one for one in held.outcomes)
    return held.model_copy(update={"outcomes": outcomes})


def _read(signed: str) -> SignedDocument:
    return read_signed(signed)[0]


def outcome_of(
    found: SignedDocument, state: DocumentState, utc: float, code: DocumentFault | None = None, detail: str = ""
) -> DocumentOutcome:
    """What became of a document. `utc`: Unix seconds."""
    document = found.document
    return DocumentOutcome(
        kind=document.kind,
        audience=document.for_whom,
        version=document.version,
        digest=document.digest,
        key=found.key,
        state=state,
        code=code,
        detail=shortened(detail, LONGEST_DETAIL),
        utc=utc,
    )


def _undone_before(held: HeldFleet, found: SignedDocument, utc: float) -> DocumentOutcome:
    """What becomes of a text that the gate has undone before: it says why that was, where it knows."""
    reason, message = held.reasons.get(found.document.digest), None
    detail = Text("this gate has undone the same text before; set `again` in the document to retry it")
    if reason is not None:
        values = {"code": reason.code.value, "why": reason.detail}
        detail = Text(
            "this gate has undone the same text before ({code}: {why}); set `again` in the document to retry it",
            **values,
        )
        if reason.message is not None:  # read from the disk: its words are a text no more
            message = Message(id=detail.pattern, args=values | {"why": reason.message.model_dump()})
    outcome = outcome_of(found, DocumentState.UNDONE, utc, DocumentFault.UNDONE_BEFORE, detail)
    return outcome.model_copy(update={"message": message})


def with_outcome(held: HeldFleet, outcome: DocumentOutcome) -> HeldFleet:
    """What is held with the newest outcome of a place."""
    others = tuple(one for one in held.outcomes if one.place != outcome.place)
    return held.model_copy(update={"outcomes": (*others, outcome)})


def _replaced(held: HeldFleet, **changes: object) -> HeldFleet:
    return held.model_copy(update=changes)


def without(texts: Iterable[str], place: str) -> tuple[str, ...]:
    """The signed texts of all other places."""
    return tuple(one for one in texts if _place(one) != place)


def _place(signed: str) -> str:
    try:
        return _read(signed).document.place
    except DocumentRefusedError:  # damaged where it lay: it is in nobody's place
        return ""


def _digest_in(texts: Iterable[str], place: str) -> str:
    return next((_read(one).document.digest for one in texts if _place(one) == place), "")


def _newest_version(held: HeldFleet, place: str) -> int:
    texts = (*held.in_force, *held.installed, *held.waiting, *(() if held.trial is None else held.trial.texts))
    known = [_read(one).document.version for one in texts if _place(one) == place]
    return max([*known, *(one.version for one in held.outcomes if one.place == place)], default=0)
