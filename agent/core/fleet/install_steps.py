"""The steps of the software documents that a gate has, one at a time.

Software documents are not layers of the configuration. The agent does not start with them, so they are never on trial
as configuration. They wait with the other documents, and are kept separately once they are in force.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.fleet.document_lifecycle import outcome_of, with_outcome, without
from agent.core.fleet.held_documents import LONGEST_DETAIL, DocumentState, HeldFleet, UndoneReason
from drivers.text import shortened

if TYPE_CHECKING:
    from agent.core.fleet.document import SignedDocument
    from agent.core.fleet.refusals import DocumentFault


def progressed(held: HeldFleet, found: SignedDocument, state: DocumentState, utc: float, detail: str = "") -> HeldFleet:
    """A document that waits is in another state, such as FETCHING. One that is replaced by now is left alone."""
    if found.signed not in held.waiting or _is_told(held, found, state, detail):
        return held
    return with_outcome(held, outcome_of(found, state, utc, None, detail))


def installed(held: HeldFleet, found: SignedDocument, utc: float) -> HeldFleet:
    """What a document orders runs: it is in force."""
    if found.signed not in held.waiting:
        return held
    changes = {
        "waiting": without(held.waiting, found.document.place),
        "installed": (*without(held.installed, found.document.place), found.signed),
    }
    held = held.model_copy(update=changes).without_undone(found.document.digest)
    return with_outcome(held, outcome_of(found, DocumentState.APPLIED, utc))


def not_installed(
    held: HeldFleet, found: SignedDocument, code: DocumentFault, detail: str, utc: float, *, began: bool = False
) -> HeldFleet:
    """What a document orders cannot be installed here. `began`: it was tried, and the gate went back."""
    if found.signed not in held.waiting:
        return held
    held = held.model_copy(update={"waiting": without(held.waiting, found.document.place)})
    if began:
        reason = UndoneReason(code=code, detail=shortened(detail, LONGEST_DETAIL))
        held = held.with_undone(found.document.digest, reason)
    state = DocumentState.UNDONE if began else DocumentState.REFUSED
    return with_outcome(held, outcome_of(found, state, utc, code, detail))


def _is_told(held: HeldFleet, found: SignedDocument, state: DocumentState, detail: str) -> bool:
    document = found.document
    wanted = (document.place, document.version, state, detail)
    return any((one.place, one.version, one.state, one.detail) == wanted for one in held.outcomes)
