"""A change of trust anchors that one person has signed and that waits for the second."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from agent.core.anchors.authority import AnchorFault, AnchorRefusedError, check_fits, signers_of
from agent.core.anchors.change_document import CENTRAL, PERSON
from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.anchors.change_document import ChangeDocument
    from agent.core.anchors.held_anchors import HeldAnchors

PROPOSAL_LIFE_S: Final = 86_400
"""How long a proposal waits: the second person may come with the next shift."""


class AnchorWaitsError(Exception):
    """Another proposal waits already. `person`: whose."""

    def __init__(self, person: str) -> None:
        super().__init__(Text("a proposal of {person} is already waiting: confirm or refuse it first", person=person))
        self.person = person


@dataclass(frozen=True, slots=True)
class AnchorProposal:
    """`person`: who proposes, as user of the console and as signer. `signatures`: so far, the proposer's first."""

    person: str
    signatures: tuple[str, ...]
    document: ChangeDocument


def proposed(held: HeldAnchors, text: str, person: str, utc: float) -> AnchorProposal:
    """A proposal that its proposer has signed. `person`: who is logged in. Raises AnchorRefusedError."""
    (signer, *_), document = signers_of(held, (text,))
    _check_signer(signer, person)
    check_fits(held, document, utc)
    if document.exp - document.iat > PROPOSAL_LIFE_S:
        raise AnchorRefusedError(
            AnchorFault.EXPIRED, Text("a proposal waits for at most {hours} hours", hours=PROPOSAL_LIFE_S // 3600)
        )
    return AnchorProposal(person, (text,), document)


def confirmed(held: HeldAnchors, waiting: AnchorProposal, text: str, person: str, utc: float) -> AnchorProposal:
    """The proposal with the second person's signature. Raises AnchorRefusedError, also for who proposed it."""
    if person == waiting.person:
        raise AnchorRefusedError(AnchorFault.SECOND_PERSON_NEEDED, Text("you cannot confirm your own proposal"))
    signers, document = signers_of(held, (*waiting.signatures, text))
    _check_signer(signers[-1], person)
    check_fits(held, document, utc)
    return replace(waiting, signatures=(*waiting.signatures, text))


def is_over(waiting: AnchorProposal, held: HeldAnchors | None, utc: float) -> bool:
    """Whether a proposal can come to nothing any more: its time is over, or the anchors are others by now."""
    document = waiting.document
    return held is None or utc >= document.exp or document.number <= held.number or document.before != held.digest


def _check_signer(signer: str, person: str) -> None:
    if signer.startswith(CENTRAL):
        raise AnchorRefusedError(AnchorFault.SIGNER_UNKNOWN, Text("a document from central needs no confirmation"))
    if signer != f"{PERSON}{person}":
        raise AnchorRefusedError(
            AnchorFault.SIGNER_UNKNOWN, Text("it is not signed by {person}, who is logged in", person=person)
        )
