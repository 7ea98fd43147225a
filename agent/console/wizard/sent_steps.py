"""What a sent step asks of the configuration: edits, or what is wrong at which field."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from agent.console.configuration_requests import document_of
from agent.console.wizard.forms import (
    MOST_TEXT,
    board_edits,
    camera_edits,
    input_edits,
    sent_step,
    trust_edits,
    value_at,
)
from agent.console.wizard.step_proposal import StepRefusedError, keep_file
from agent.console.wizard.step_visit import StepVisit, guarded
from agent.console.wizard.uploads import see_certificates, see_trust_list
from agent.core.model import ListKind
from agent.settings import Edit, schema_of
from agent.settings.configuration_loading import models, usable_kinds
from agent.settings.toml.plain_value import toml
from agent.setup import (
    PRACTICE,
    AnswerError,
    PlateError,
    StepCode,
    is_practice,
    judged_answer,
    practice_permit,
)
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_TRUST: Final = "trust"
_CERTIFICATES: Final = "certificates"
_KEYS: Final = {"ca": "ca_file", "certificate": "certificate_file", "key": "key_file"}


@dataclass(frozen=True, slots=True)
class SentForm:
    """A sent form. `texts`: by field, those of one name with commas between; `files`: None where one is too large."""

    texts: Mapping[str, str]
    files: Mapping[str, bytes | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepAsked:
    """What a form comes to. `errors`: what is wrong, by field; then there are no edits."""

    edits: tuple[Edit, ...] = ()
    errors: Mapping[str, Text] = field(default_factory=dict)


def asked_of(visit: StepVisit, sent: SentForm) -> StepAsked:
    """What a sent step asks for.

    Raises:
        StepRefusedError: it cannot be done at all.
    """
    visit.settings  # noqa: B018 - sees that there is such a lane
    too_large = {name: Text("The file is larger than 256 kB.") for name, data in sent.files.items() if data is None}
    too_long = {name: Text("This is too long.") for name, text in sent.texts.items() if len(text) > MOST_TEXT}
    if too_large or too_long:
        return StepAsked(errors={**too_large, **too_long})
    return _ASKED.get(visit.code, _plain)(visit, sent)


def _plain(visit: StepVisit, sent: SentForm) -> StepAsked:
    found = sent_step(visit.code, visit.lane, sent.texts, visit.editor, document_of(visit.editor))
    return StepAsked(() if found.errors else found.edits, found.errors)


def _board(visit: StepVisit, sent: SentForm) -> StepAsked:
    texts, document = sent.texts, document_of(visit.editor)
    errors: dict[str, Text] = {}
    port = texts.get("port", "").strip()
    if not port:
        errors["port"] = Text("Enter the port of the board, such as /dev/serial/by-id/...")
    channel = texts.get("channel", "1").strip()
    if not channel.isdecimal() or not int(channel):
        errors["channel"] = Text("Enter the number of a relay, from 1.")
    kind = texts.get("kind", "").strip()
    if kind not in usable_kinds()["relay"]:
        raise StepRefusedError(Text("The board is not known any more. Ask its port again."))
    if "relay" in texts:
        relay, inputs = _table(texts["relay"]), _table(texts.get("inputs", "null"))
    else:
        relay, inputs = _named_board(kind, texts)
    if relay is None:
        raise StepRefusedError(Text("The board is not known any more. Ask its port again."))
    if errors:
        return StepAsked(errors=errors)
    table = None if inputs is None else {"kind": kind, "port": port, **inputs}
    guarded(lambda: visit.wizard.note_board(visit.lane, table, visit.person.name))
    return StepAsked(board_edits(visit.lane, document, {"kind": kind, "port": port, **relay}, int(channel)))


def _named_board(kind: str, texts: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The keys of relays and inputs of a board that somebody names: those that its drivers have."""
    numbers = {name: int(text) for name in ("unit", "channels") if (text := texts.get(name, "").strip()).isdecimal()}
    relay = {name: value for name, value in numbers.items() if name in models("relay", kind).model_fields}
    if kind not in usable_kinds()["inputs"]:
        return relay, None
    counted = {**numbers, "count": numbers["channels"]} if "channels" in numbers else numbers
    return relay, {name: value for name, value in counted.items() if name in models("inputs", kind).model_fields}


def _table(text: str) -> dict[str, Any] | None:
    """The keys of a board as the page was given them; None where they are none."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and all(isinstance(key, str) for key in found) else None


def _inputs(visit: StepVisit, _sent: SentForm) -> StepAsked:
    wizard, lane = visit.wizard, visit.lane
    learned = {name: one for name, one in guarded(lambda: wizard.learned(lane)).items() if one is not None}
    table = guarded(lambda: wizard.board_inputs(lane))
    if table is None:
        raise StepRefusedError(Text("The board has no inputs that the gate can read."))
    numbers = {name: one.number for name, one in learned.items()}
    inverted = tuple(sorted({one.number for one in learned.values() if one.inverted}))
    return StepAsked(input_edits(lane, document_of(visit.editor), table, numbers, inverted))


def _cameras(visit: StepVisit, sent: SentForm) -> StepAsked:
    name, url = sent.texts.get("camera", "").strip() or "front", sent.texts.get("url", "").strip()
    document = document_of(visit.editor)
    errors: dict[str, Text] = {}
    second = ""
    if token := sent.texts.get("stream", ""):
        stream = visit.wizard.cameras.offered(token)
        if stream is None:
            raise StepRefusedError(Text("The streams were found too long ago. Log in to the camera again."))
        url, second = stream.url, stream.second_url
    path = ("lanes", visit.lane, "cameras", 0)
    try:
        judged_answer(schema_of(document, visit.editor.models), (*path, "id"), name)
    except AnswerError as error:
        errors["camera"] = error.text
    edits: tuple[Edit, ...] = ()
    try:
        edits = camera_edits(visit.lane, document, name, url, second)
    except AnswerError as error:
        errors["url"] = error.text
    return StepAsked(() if errors else edits, errors)


def _trust(visit: StepVisit, sent: SentForm) -> StepAsked:
    document = document_of(visit.editor)
    found = sent_step(visit.code, visit.lane, sent.texts, visit.editor, document)
    if found.errors:
        return StepAsked(errors=found.errors)
    roots = tuple(one.strip().lower() for one in sent.texts.get("root_keys", "").split(",") if one.strip())
    before, data = value_at(document, ("permits", "trust_list")), sent.files.get("trust_list")
    permits = visit.gate.loaded.settings.permits
    trust_file = None if is_practice(permits.trust_list) else before
    if data is not None:
        try:
            see_trust_list(data, roots)
        except AnswerError as error:
            return StepAsked(errors={"trust_list": error.text})
        trust_file = str(keep_file(_folder(visit, _TRUST), "trust-list.txt", data.strip() + b"\n"))
    require = value_at(document, ("lists", "require"))
    if is_practice(permits.trust_list) or require is None:
        require = [ListKind.REVOCATIONS.value]  # as it is shipped
    return StepAsked(trust_edits(document, roots, trust_file, tuple(require)))


def _central(visit: StepVisit, sent: SentForm) -> StepAsked:
    found = sent_step(visit.code, visit.lane, sent.texts, visit.editor, document_of(visit.editor))
    files = {name: data for name, data in sent.files.items() if data is not None and name in _KEYS}
    errors = {**found.errors, **see_certificates(files, visit.gate.now().utc)}
    if errors:
        return StepAsked(errors=errors)
    folder = _folder(visit, _CERTIFICATES)
    named = (
        Edit("set", ("mqtt", _KEYS[name]), toml(str(keep_file(folder, f"{name}.pem", data))))
        for name, data in files.items()
    )
    return StepAsked((*found.edits, *named))


def _practice(visit: StepVisit, sent: SentForm) -> StepAsked:
    settings = visit.gate.loaded.settings
    direction = visit.settings.direction
    try:
        made = practice_permit(settings.gate.site, direction, sent.texts.get("plate", ""), int(visit.gate.now().utc))
    except PlateError as error:
        return StepAsked(errors={"plate": error.args[0]})
    folder = _folder(visit, PRACTICE)
    place = folder / f"trust-list-{made.mark}.txt"
    _keep(place, made.trust_list)
    _keep(folder / f"permit-{made.mark}.txt", made.text.encode() + b"\n")
    return StepAsked(trust_edits(document_of(visit.editor), (made.root,), str(place), ()))


def _keep(path: Path, data: bytes) -> None:
    keep_file(path.parent, path.name, data, is_named=True)


def _folder(visit: StepVisit, name: str) -> Path:
    return visit.gate.loaded.settings.state.directory / name


_ASKED: Final[Mapping[StepCode, Callable[[StepVisit, SentForm], StepAsked]]] = {
    StepCode.BOARD: _board,
    StepCode.INPUTS: _inputs,
    StepCode.CAMERAS: _cameras,
    StepCode.TRUST: _trust,
    StepCode.CENTRAL: _central,
    StepCode.PRACTICE: _practice,
}
