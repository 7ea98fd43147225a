"""Changes of the configuration from the console.

Whatever is sent becomes a proposal: judged as a whole by the loader, shown with what it would change, and written only
by a second request, unless somebody else was first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse

from agent.console import configuration_form
from agent.console.access import Person, Technician
from agent.console.change_rights import NOTHING, check_right
from agent.console.configuration_requests import (
    AtEditor,
    Key,
    busy_lanes,
    document_of,
    file_of,
    found_or_refused,
    path_of,
    target_of,
    text_of,
)
from agent.console.dependencies import AtGate, Gate
from agent.console.form_edits import Sent, changes, table
from agent.console.page import render, translated
from agent.console.proposals import Proposal, Proposals
from agent.settings import (
    LARGEST_BYTES,
    ChangeError,
    ConfigEditor,
    Edit,
    EditStep,
    HistoryError,
    SettingsError,
    StaleError,
    check_seen,
    differences,
    edited,
    judged,
    put_files,
    read,
    restored_text,
    schema_of,
)
from drivers.text import Text, first_line, joined, reason, shortened

router = APIRouter()

MOST_FIELDS: Final = 5_000
LONGEST_WORDS: Final = 1_000
"""Of what is wrong, in an event: a longer one would be taken by no broker, and hold up all that follow."""
Seen = Annotated[str, Form(max_length=64)]


async def _sent(request: Request) -> Sent:
    found = await request.form(max_fields=MOST_FIELDS)
    return Sent.of(found.multi_items())


def _proposals(request: Request) -> Proposals:
    proposals: Proposals = request.app.state.proposals
    return proposals


AtProposals = Annotated[Proposals, Depends(_proposals)]
FormSent = Annotated[Sent, Depends(_sent)]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks for a change, at which gate, and of which files. `proposals`: those that wait at this gate."""

    request: Request
    gate: Gate
    editor: ConfigEditor
    person: Person
    proposals: Proposals


def _asked(request: Request, gate: AtGate, editor: AtEditor, person: Technician, proposals: AtProposals) -> _Asked:
    return _Asked(request, gate, editor, person, proposals)


Asked = Annotated[_Asked, Depends(_asked)]


@router.post("/settings/configuration/table", response_class=HTMLResponse)
def propose_table(asked: Asked, sent: FormSent, path: Key) -> HTMLResponse:
    """What the form of a table would change."""
    document = document_of(asked.editor)
    made = found_or_refused(configuration_form.group(path_of(path), document))
    return _proposed_edits(asked, sent, lambda: changes(made, sent, document), Text("change {path}", path=path), made)


@router.post("/settings/configuration/add", response_class=HTMLResponse)
def propose_addition(
    asked: Asked,
    sent: FormSent,
    *,
    path: Key,
    kind: Annotated[str, Query(max_length=40)] = "",
    name: Annotated[str, Query(max_length=40)] = "",
    replace: bool = False,
) -> HTMLResponse:
    """What one table more would change."""
    target = target_of(path, name, document_of(asked.editor))
    made = found_or_refused(configuration_form.blank(target, kind))
    edits = [Edit("remove", target)] if replace else []
    edits.append(Edit("add", target, values=table(made, sent)))
    return _proposed_edits(
        asked,
        sent,
        lambda: edits,
        Text("add {path} {name}", path=path, name=name) if name else Text("add {path}", path=path),
        made,
    )


@router.post("/settings/configuration/remove", response_class=HTMLResponse)
def propose_removal(asked: Asked, sent: FormSent, path: Key) -> HTMLResponse:
    """What it would be without a table."""
    return _proposed_edits(asked, sent, lambda: [Edit("remove", path_of(path))], Text("remove {path}", path=path))


@router.post("/settings/configuration/raw", response_class=HTMLResponse)
def propose_raw(asked: Asked, sent: FormSent, file: Annotated[int, Query(ge=0, le=64)] = 0) -> HTMLResponse:
    """What another text of a file would change."""
    path = file_of(asked.editor, file)
    return _proposed_text(asked, path, sent.text("content"), sent.text("seen"), Text("edit {name}", name=path.name))


@router.post("/settings/configuration/upload", response_class=HTMLResponse)
def propose_upload(asked: Asked, upload: Annotated[UploadFile, File()], seen: Seen) -> HTMLResponse:
    """What an uploaded file would change in the place of the first."""
    data = upload.file.read(LARGEST_BYTES + 1)
    if len(data) > LARGEST_BYTES:
        _note(asked, "upload", refused=Text("larger than {largest_bytes} kB", largest_bytes=LARGEST_BYTES // 1024))
        return _refused(
            asked,
            Text(
                "The file is larger than {largest_kb} kB: it is not a configuration.", largest_kb=LARGEST_BYTES // 1024
            ),
        )
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        _note(asked, "upload", refused=Text("not UTF-8 text"))
        return _refused(asked, Text("The file is not UTF-8 text: it is not a configuration."))
    return _proposed_text(asked, asked.editor.main, content, seen, "upload")


@router.post("/settings/configuration/undo", response_class=HTMLResponse)
def propose_undo(asked: Asked, number: Annotated[int, Form(ge=1)], seen: Seen) -> HTMLResponse:
    """What a former state would change."""
    found = next((one for one in asked.editor.history.generations() if one.number == number), None)
    if found is None:
        _note(asked, Text("undo to {number}", number=number), refused=Text("there is no such state"))
        return _refused(asked, Text("The history has no state {number}.", number=number))
    return _proposed(
        asked, lambda: found.state.files, seen, Text("undo to {number}", number=number), of=found.of or number
    )


@router.post("/settings/configuration/apply", response_class=HTMLResponse)
def apply(asked: Asked, proposal: Annotated[str, Form(max_length=64)]) -> HTMLResponse:
    """Write a proposal, and have the gate take it."""
    gate, person = asked.gate, asked.person
    found = asked.proposals.pop_proposal(proposal, person.name, gate.now().at)
    if found is None:
        return _refused(asked, Text("This proposal is too old, or was applied already. Check again."))
    step = EditStep(person.name, found.what, gate.now().utc)
    try:
        check_right(asked.gate, asked.person, asked.editor, judged(asked.editor, found.files), found.of)
        change = put_files(asked.editor, found.files, step, found.seen, found.of)
    except (StaleError, SettingsError, ChangeError) as error:
        return _not_proposed(asked, error, None)
    except HistoryError as error:
        return _refused(asked, Text("The history cannot be kept, so nothing was written: {why}", why=str(error)))
    except OSError as error:
        gate.audit(person, "configuration.changed", detail=joined([found.what, str(error)], ": "), done=False)
        return _cannot_write(asked, error)
    said = Text("{what}: {said}", what=found.what, said=Text("state {number}", number=change.number))
    gate.audit_configuration(person, "configuration.changed", change.loaded, said=said)
    gate.reload()
    return render(asked.request, "configuration_done.html", number=change.number)


def _proposed_edits(
    asked: _Asked, sent: Sent, make: Any, what: str, made: configuration_form.Group | None = None
) -> HTMLResponse:
    def files() -> Mapping[str, bytes]:
        edits = make()
        return edited(asked.editor, edits) if edits else {}

    return _proposed(asked, files, sent.text("seen"), what, made=made)


def _proposed_text(asked: _Asked, path: FilePath, content: str, seen: str, what: str) -> HTMLResponse:
    def files() -> Mapping[str, bytes]:
        before = text_of(path)
        schema = schema_of(read(asked.editor.main), asked.editor.models)
        restored = restored_text(content, before, schema)
        if "\r\n" in before:
            restored = restored.replace("\r\n", "\n").replace("\n", "\r\n")
        return {} if restored == before else {str(path.resolve()): restored.encode()}

    return _proposed(asked, files, seen, what)


def _proposed(
    asked: _Asked, make: Any, seen: str, what: str, of: int | None = None, made: configuration_form.Group | None = None
) -> HTMLResponse:
    """Judge what would be there and show it; nothing is written but an event.

    `make` gives the files; `made`: the form that was sent.
    """
    editor, gate, files = asked.editor, asked.gate, {}
    try:
        check_seen(editor, seen)
        files = make()
        if not files:
            _note(asked, what, refused=Text("nothing would change"))
            return _refused(asked, Text("Nothing was changed on the form."))
        loaded = judged(editor, files)
        check_right(asked.gate, asked.person, asked.editor, loaded, of)
    except (StaleError, SettingsError, ChangeError, HistoryError, OSError) as error:
        _note(asked, what, files, refused=_first(error))
        return _not_proposed(asked, error, made)
    found = differences(gate.loaded, loaded)
    said = joined([what, *_hashes(files)], "; ")
    gate.audit_configuration(asked.person, "configuration.proposed", loaded, said=said)
    proposal = Proposal(asked.person.name, files, seen, what, gate.now().at, of)
    number = asked.proposals.add(proposal)
    return render(
        asked.request,
        "configuration_proposal.html",
        number=number,
        differences=found,
        warnings=loaded.warnings,
        files=sorted(files),
        busy=busy_lanes(gate),
    )


def _not_proposed(asked: _Asked, error: Exception, made: configuration_form.Group | None) -> HTMLResponse:
    match error:
        case StaleError():
            return _stale(asked, error)
        case SettingsError():
            return _wrong(asked, error, made)
        case ChangeError():
            return _refused(asked, Text("This cannot be done here: {why}", why=str(error)))
        case _:
            return _refused(asked, Text("The files or their history cannot be read: {why}", why=str(error)))


def _first(error: Exception) -> str:
    """The first line of what is wrong: it names the key and quotes no file. A value in it can be as long as a file."""
    words = error.problems[0].head if isinstance(error, SettingsError) else first_line(str(error))
    return shortened(words, LONGEST_WORDS)


def _note(asked: _Asked, what: str, files: Mapping[str, bytes] = NOTHING, *, refused: str) -> None:
    """Record a proposal that was refused, and why: of which files, by their SHA-256."""
    detail = joined([what, *_hashes(files), refused], "; ")
    asked.gate.audit(asked.person, "configuration.proposed", detail=detail, done=False)


def _hashes(files: Mapping[str, bytes]) -> list[str]:
    return [f"{name} {sha256(data).hexdigest()}" for name, data in sorted(files.items())]


def _refused(asked: _Asked, why: Text) -> HTMLResponse:
    message = translated(asked.request, why)
    return render(asked.request, "configuration_refused.html", message=message, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _stale(asked: _Asked, error: StaleError) -> HTMLResponse:
    return render(
        asked.request,
        "configuration_stale.html",
        changed=error.changed,
        who=error.who,
        status=HTTPStatus.CONFLICT,
    )


def _wrong(asked: _Asked, error: SettingsError, made: configuration_form.Group | None = None) -> HTMLResponse:
    """What is wrong: in a form by its fields, without lines, since its file was never written."""
    fields = {} if made is None else {"fields": configuration_form.places(made, (one.key for one in error.problems))}
    return render(
        asked.request,
        "configuration_problems.html",
        problems=error.problems,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        **fields,
    )


def _cannot_write(asked: _Asked, error: OSError) -> HTMLResponse:
    folder = asked.editor.main.resolve().parent
    return _refused(
        asked,
        Text(
            "The gate may not write into {folder} ({why}). Make the folder and its files writable for the group "
            "gate-agent, and see that the service has ReadWritePaths={folder}.",
            folder=folder,
            why=reason(error),
        ),
    )
