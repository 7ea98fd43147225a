"""Changes of trust anchors as the console works with them: what one would change, and handing it to root's helper."""

from __future__ import annotations

import tomllib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.anchors import HelperUnreachableError, changed_or_refused, check_usable
from agent.core.anchors import (
    NOT_ADOPTED,
    PROPOSAL_LIFE_S,
    AnchorRefusedError,
    ChangeDocument,
    ChangeRequest,
    Sender,
    SignedText,
    differences,
    fingerprints,
    judge_change,
)
from agent.core.crypto import JwsError, JwsType
from agent.core.model.printable import printable
from agent.i18n.recorded import recorded_text
from agent.settings import AnchorsUnusableError, AnchorValueError, SettingsError, anchors_of
from drivers.text import Text, joined, reason

if TYPE_CHECKING:
    from agent.console.access import Person
    from agent.console.dependencies import Gate
    from agent.core.anchors import AnchorDifference, AnchorProposal, HeldAnchors, JudgedChange
    from agent.settings import Problem


class AnchorChangeError(Exception):
    """A request comes to nothing; `text` says why, `problems` what is wrong with a configuration. Nothing changed."""

    def __init__(self, text: Text, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.problems = problems


@dataclass(frozen=True, slots=True)
class AnchorEntry:
    """An anchor as a page shows it. `entries`: fingerprints and values, none where it has none."""

    key: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signing:
    """What a browser needs to sign a document: payload (base64url), key id and type. `text`: the document itself."""

    payload: str
    signer: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class AppliedChange:
    """A change that the helper has made. `number`: of the anchors after it."""

    judged: JudgedChange
    differences: tuple[AnchorDifference, ...]
    number: int


def held_anchors(gate: Gate) -> HeldAnchors:
    """The anchors as they are on the disk. Raises AnchorChangeError where there are none that can be used."""
    try:
        held = gate.anchors.read()
    except AnchorsUnusableError as error:
        raise AnchorChangeError(Text("{path}: {why}", path=error.filename, why=reason(error))) from None
    if held is None:
        raise AnchorChangeError(NOT_ADOPTED)
    return held


def waiting_proposal(gate: Gate, held: HeldAnchors) -> AnchorProposal:
    """The proposal that waits. Raises AnchorChangeError where none does."""
    found = gate.anchors.waiting.find(held)
    if found is None:
        raise AnchorChangeError(Text("There is no pending proposal any more."))
    return found


def entries_of(held: HeldAnchors) -> tuple[AnchorEntry, ...]:
    """All anchors as a page shows them."""
    return tuple(AnchorEntry(key, fingerprints(key, value)) for key, value in held.values.items())


def changes_of(held: HeldAnchors, document: ChangeDocument) -> tuple[AnchorDifference, ...]:
    """What a document would change. Raises AnchorChangeError where a value is not of its form."""
    try:
        return differences(held, changed_or_refused(held, document.number, document.changes))
    except AnchorRefusedError as error:
        raise AnchorChangeError(Text.of(str(error))) from None


def written_document(held: HeldAnchors, content: str, cause: str, utc: float) -> ChangeDocument:
    """The document that changes the anchors to those of an edited text. Raises AnchorChangeError.

    `content`: TOML, as the file of the anchors. `utc`: now, Unix seconds.
    """
    try:
        wanted = anchors_of(tomllib.loads(content.replace("\r\n", "\n")))
    except AnchorValueError as error:
        raise AnchorChangeError(Text("{key}: {what}", key=error.key, what=Text.of(str(error)))) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise AnchorChangeError(Text("This is not valid TOML: {why}", why=str(error))) from None
    if (wanted.gate, wanted.number, wanted.sealed) != (held.gate, held.number, held.sealed):
        raise AnchorChangeError(Text("The gate id, the number and the seal cannot be changed here."))
    changes = {key: value for key, value in wanted.values.items() if value != held.values.get(key)}
    if not changes:
        raise AnchorChangeError(Text("Nothing was changed on the form."))
    if not cause:
        raise AnchorChangeError(Text("Say why: it goes into the gate's events."))
    if cause != printable(cause):
        raise AnchorChangeError(Text("Say why in plain text: there are characters in it that are not shown."))
    return ChangeDocument(
        gate=held.gate,
        number=held.number + 1,
        before=held.digest,
        iat=int(utc),
        exp=int(utc) + PROPOSAL_LIFE_S,
        cause=cause,
        changes=changes,
    )


def changes_told(held: HeldAnchors, document: ChangeDocument) -> tuple[AnchorDifference, ...]:
    """The same, for who looks at one that waits; none where it does not fit these anchors, and can only be refused."""
    try:
        return changes_of(held, document)
    except AnchorChangeError:
        return ()


def see_usable(gate: Gate, held: HeldAnchors, document: ChangeDocument) -> None:
    """See that the gate could run with a change. Raises AnchorChangeError."""
    try:
        check_usable(gate.configuration, changed_or_refused(held, document.number, document.changes))
    except AnchorRefusedError as error:
        raise AnchorChangeError(Text.of(str(error))) from None
    except SettingsError as error:
        raise AnchorChangeError(Text("The gate cannot run with it."), error.problems) from None
    except OSError as error:
        raise AnchorChangeError(Text("It cannot be checked: {why}", why=reason(error))) from None


def hand_over(gate: Gate, held: HeldAnchors, signatures: tuple[str, ...]) -> AppliedChange:
    """Have the helper make a signed change, once the gate could run with it. May wait for seconds.

    Raises AnchorChangeError, AnchorRefusedError.
    """
    judged = judge_change(held, signatures, Sender.SERVICE, gate.now().utc)
    found = changes_of(held, judged.document)
    see_usable(gate, held, judged.document)
    try:
        answer = gate.anchors.ask(ChangeRequest(signatures=signatures))
    except HelperUnreachableError as error:
        raise AnchorChangeError(Text("The root helper does not answer: {why}", why=Text.of(str(error)))) from None
    if not answer.done:
        why = recorded_text(answer.why, answer.message)
        raise AnchorChangeError(Text("The root helper refuses it: {why}", why=why))
    return AppliedChange(judged, found, answer.number)


def is_of_central(signed: str) -> bool:
    """Whether a text says that central has signed it; what is wrong with it is told where it is judged."""
    try:
        return SignedText.read(signed).signer.startswith("central:")
    except JwsError:
        return False


def signing_of(raw: bytes, person: Person) -> Signing:
    """What somebody's browser needs. `raw`: the document as the first who signed it did, byte for byte."""
    payload = urlsafe_b64encode(raw).rstrip(b"=").decode()
    return Signing(payload, f"person:{person.name}", JwsType.ANCHORS, raw.decode())


def in_words(document: ChangeDocument, found: tuple[AnchorDifference, ...]) -> Text:
    """A change for an event, with the fingerprints of old and new."""
    parts = []
    for one in found:
        gone = [entry for entry in one.before if entry not in one.after]
        new = [entry for entry in one.after if entry not in one.before]
        parts.append(f"{one.key}: {', '.join(gone) or '-'} -> {', '.join(new) or '-'}")
    return joined([Text("number {number}: {cause}", number=document.number, cause=document.cause), *parts], "; ")
