"""Judges whether to accept a fleet document: by its key, its place, its gate, its time and its version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.core.fleet.audience import SCOPES
from agent.core.fleet.document import FUTURE_SLACK_S, key_of, open_signed
from agent.core.fleet.document_kinds import KINDS
from agent.core.fleet.refusals import DocumentFault, DocumentRefusedError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.core.crypto import PublicKey
    from agent.core.fleet.audience import Audience
    from agent.core.fleet.document import FleetDocument, SignedDocument
    from agent.core.fleet.document_kinds import DocumentKind
    from agent.core.fleet.held_documents import Floor


@dataclass(frozen=True, slots=True)
class FleetKey:
    """A key of central that signs fleet documents. `may`: the kinds that it signs."""

    id: str
    public: PublicKey
    may: frozenset[DocumentKind]


@dataclass(frozen=True, slots=True)
class FleetRules:
    """Whose documents a gate takes, and who it is."""

    gate: str
    groups: tuple[str, ...]
    keys: Mapping[str, FleetKey]


@dataclass(frozen=True, slots=True)
class DocumentPlace:
    """Where a document came: the topic names its kind, its audience, and whether it is staged."""

    kind: DocumentKind
    audience: Audience
    staged: bool

    @property
    def slot(self) -> str:
        """Versions count for each by itself."""
        return slot_of(self.kind, self.audience.text, staged=self.staged)


def slot_of(kind: DocumentKind, audience: str, *, staged: bool) -> str:
    """What the versions of a document are counted by: while it is rolled out, the one before stays where it is."""
    return f"{kind}/{audience}/{'next' if staged else 'now'}"


def proven(text: str, rules: FleetRules) -> SignedDocument:
    """The document, once a key of these rules that may sign its kind has signed it. Raises DocumentRefusedError."""
    name = key_of(text)
    key = rules.keys.get(name)
    if key is None:
        raise DocumentRefusedError(
            DocumentFault.KEY_UNKNOWN, Text("signed by {name}, which is not in fleet.keys", name=name)
        )
    found = open_signed(text, key.public)
    if found.document.kind not in key.may:
        raise DocumentRefusedError(
            DocumentFault.KEY_OF_OTHER_KIND,
            Text("signed by {name}, which may not sign a document of {kind}", name=name, kind=found.document.kind),
        )
    return found


def judged_document(
    text: str, place: DocumentPlace, rules: FleetRules, floors: Mapping[str, Floor], utc: float | None
) -> SignedDocument | None:
    """The document, to be taken. None: it is in order, and there is nothing to do about it.

    That is so for one that the gate knows already, and for one whose stage has not come to this gate yet. `utc`: Unix
    seconds; None: the clock is not trusted, and times are not judged. Raises DocumentRefusedError.
    """
    found = proven(text, rules)
    document = found.document
    if (document.kind, document.audience, document.stage is not None) != (place.kind, place.audience, place.staged):
        raise DocumentRefusedError(
            DocumentFault.WRONG_PLACE,
            Text(
                "it is a {kind} document for {whom}, but it arrived at another topic",
                kind=document.kind,
                whom=document.for_whom,
            ),
        )
    if not document.audience.includes(rules.gate, rules.groups):
        raise DocumentRefusedError(
            DocumentFault.WRONG_GATE,
            Text("it is for {whom}, and this is gate {gate}", whom=document.for_whom, gate=rules.gate),
        )
    if document.stage is not None and not document.stage.includes(rules.gate, rules.groups):
        return None
    floor = floors.get(place.slot)
    if floor is not None and floor.identity == found.identity:
        return None
    _check_time(document, utc)
    _check_version(found, floor)
    return found


def _check_time(document: FleetDocument, utc: float | None) -> None:
    if utc is None:
        return
    if utc >= document.exp:
        raise DocumentRefusedError(
            DocumentFault.EXPIRED, Text("it was valid until {exp} Unix seconds", exp=document.exp)
        )
    if document.iat > utc + FUTURE_SLACK_S:
        raise DocumentRefusedError(
            DocumentFault.FROM_THE_FUTURE,
            Text("it was issued at {iat}, which is in the future: check central's clock", iat=document.iat),
        )


def _check_version(found: SignedDocument, floor: Floor | None) -> None:
    version = found.document.version
    if floor is None or version > floor.version:
        return
    if version == floor.version:
        raise DocumentRefusedError(
            DocumentFault.VERSION_REUSED,
            Text("version {version} was another document before; central must raise the version", version=version),
        )
    raise DocumentRefusedError(
        DocumentFault.ROLLED_BACK,
        Text("version {version}, while the gate has seen version {seen}", version=version, seen=floor.version),
    )


def in_layer_order(documents: Iterable[SignedDocument], groups: tuple[str, ...]) -> list[SignedDocument]:
    """Documents in the order in which they are laid over one another; of two groups the later one wins."""

    def order(one: SignedDocument) -> tuple[int, int, int]:
        audience = one.document.audience
        group = groups.index(audience.name) if audience.name in groups else -1
        return KINDS[one.document.kind].order, SCOPES.index(audience.scope), group

    return sorted(documents, key=order)
