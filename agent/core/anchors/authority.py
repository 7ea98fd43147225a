"""Judges a change of trust anchors: whether its signers may make it.

Anchors are sealed once the gate has seen a real vehicle. Three things can change sealed anchors: two different people,
one person together with root at the computer, or a document of central. Functions here raise only `AnchorRefusedError`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from agent.core.anchors.change_document import (
    CENTRAL,
    LONGEST_LIFE_S,
    PERSON,
    SIGNATURES_LIMIT,
    SignedText,
    parsed_document,
)
from agent.core.crypto import JwsError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.core.anchors.change_document import ChangeDocument
    from agent.core.anchors.held_anchors import HeldAnchors
    from agent.core.crypto import PublicKey

CLOCK_SKEW_S: Final = 300
"""How far ahead of the gate's clock the signer's may be."""
_TWO: Final = 2
NOT_ADOPTED: Final = Text("this gate has no trust anchors of its own yet: gate-agent anchors adopt")


class Sender(StrEnum):
    """Who brings a change: root at the computer takes part in it, the agent only carries it."""

    ROOT = "root"
    SERVICE = "service"


class Authority(StrEnum):
    """By whose word anchors are changed."""

    ROOT = "root"
    PERSONS = "persons"
    PERSON_AND_ROOT = "person_and_root"
    CENTRAL = "central"


class AnchorFault(StrEnum):
    """Why a change is refused, in the order of the checks."""

    NOT_ADOPTED = "not_adopted"
    NOT_SIGNED = "not_signed"
    SIGNER_UNKNOWN = "signer_unknown"
    SIGNATURE_INVALID = "signature_invalid"
    DIFFERENT_DOCUMENTS = "different_documents"
    DOCUMENT_INVALID = "document_invalid"
    WRONG_GATE = "wrong_gate"
    NUMBER_USED = "number_used"
    OTHER_ANCHORS = "other_anchors"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    SECOND_PERSON_NEEDED = "second_person_needed"
    VALUE_INVALID = "value_invalid"
    NOBODY_LEFT = "nobody_left"


class AnchorRefusedError(Exception):
    """A change is refused; `fault` says why in one word, the message in a sentence. Nothing was changed."""

    def __init__(self, fault: AnchorFault, message: Text) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class JudgedChange:
    """A change whose signers may make it. `by`: who, by name. `values` of `document` are not judged yet."""

    document: ChangeDocument
    authority: Authority
    by: tuple[str, ...]


def signers_of(held: HeldAnchors, signatures: Sequence[str]) -> tuple[tuple[str, ...], ChangeDocument]:
    """Who has signed a document, each once, and the document. Raises AnchorRefusedError.

    For one that waits for a second signature; whether it may be applied is for `judge_change`.
    """
    texts = [_read(text) for text in signatures]
    if not texts or len(texts) > SIGNATURES_LIMIT:
        raise AnchorRefusedError(
            AnchorFault.NOT_SIGNED, Text("expected one to {most} signed texts", most=SIGNATURES_LIMIT)
        )
    for text in texts:
        key = _key_of(held, text.signer)
        if key is None:
            raise AnchorRefusedError(
                AnchorFault.SIGNER_UNKNOWN, Text("no person or key of the trust anchors has this key id")
            )
        if not text.holds(key):
            raise AnchorRefusedError(AnchorFault.SIGNATURE_INVALID, Text("a signature is not by the key that it names"))
    if any(text.payload != texts[0].payload for text in texts):
        raise AnchorRefusedError(AnchorFault.DIFFERENT_DOCUMENTS, Text("the signatures are of different documents"))
    try:
        document = parsed_document(texts[0].payload)
    except ValueError as error:
        raise AnchorRefusedError(
            AnchorFault.DOCUMENT_INVALID, Text("the document does not have the required form: {why}", why=error)
        ) from None
    return tuple(dict.fromkeys(text.signer for text in texts)), document


def check_fits(held: HeldAnchors, document: ChangeDocument, utc: float) -> None:
    """See that a document is for these anchors and for now. `utc`: Unix seconds. Raises AnchorRefusedError."""
    if document.gate != held.gate:
        raise AnchorRefusedError(AnchorFault.WRONG_GATE, Text("it is for another gate than {gate}", gate=held.gate))
    if document.number <= held.number:
        raise AnchorRefusedError(
            AnchorFault.NUMBER_USED,
            Text("its number is {number}; expected more than {held}", number=document.number, held=held.number),
        )
    if document.before is not None and document.before != held.digest:
        raise AnchorRefusedError(
            AnchorFault.OTHER_ANCHORS, Text("it was written for other trust anchors than the current ones")
        )
    if document.iat > utc + CLOCK_SKEW_S:
        raise AnchorRefusedError(AnchorFault.NOT_YET_VALID, Text("it was made in the future of this clock"))
    if utc >= document.exp or document.exp - document.iat > LONGEST_LIFE_S:
        raise AnchorRefusedError(
            AnchorFault.EXPIRED,
            Text("it has expired, or is valid for more than {days} days", days=LONGEST_LIFE_S // 86_400),
        )


def judge_change(held: HeldAnchors | None, signatures: Sequence[str], sender: Sender, utc: float) -> JudgedChange:
    """Whether signed texts change these anchors now. `held`: None where a gate has none yet. `utc`: Unix seconds.

    Raises AnchorRefusedError.
    """
    if held is None:
        raise AnchorRefusedError(AnchorFault.NOT_ADOPTED, NOT_ADOPTED)
    signers, document = signers_of(held, signatures)
    check_fits(held, document, utc)
    central = tuple(one.removeprefix(CENTRAL) for one in signers if one.startswith(CENTRAL))
    if central:
        return JudgedChange(document, Authority.CENTRAL, central)
    persons = tuple(one.removeprefix(PERSON) for one in signers)
    if document.before is None or document.number != held.number + 1:
        raise AnchorRefusedError(
            AnchorFault.OTHER_ANCHORS,
            Text("the document that people sign must name the current trust anchors and the next number"),
        )
    if len(persons) >= _TWO:
        return JudgedChange(document, Authority.PERSONS, persons)
    if sender is Sender.ROOT:
        return JudgedChange(document, Authority.PERSON_AND_ROOT, persons)
    raise AnchorRefusedError(
        AnchorFault.SECOND_PERSON_NEEDED,
        Text("one person has signed it; a second person must sign it too, or root at the computer"),
    )


def sealed(held: HeldAnchors) -> HeldAnchors:
    """The anchors once a real vehicle has been there. Raises AnchorRefusedError where nobody could change them then."""
    if not held.can_change:
        raise AnchorRefusedError(
            AnchorFault.NOBODY_LEFT,
            Text("then no one could change the trust anchors: no person or key is allowed to"),
        )
    return replace(held, sealed=True)


def _read(text: str) -> SignedText:
    try:
        return SignedText.read(text)
    except JwsError as error:
        raise AnchorRefusedError(
            AnchorFault.NOT_SIGNED, Text("not a signed document: {why}", why=Text.of(str(error)))
        ) from None


def _key_of(held: HeldAnchors, signer: str) -> PublicKey | None:
    if signer.startswith(PERSON):
        person = held.persons.get(signer.removeprefix(PERSON))
        return None if person is None else person.public
    return held.document_keys.get(signer.removeprefix(CENTRAL))
