"""The page Configuration: forms made from the schema, the raw files, and every state kept to come back to.

What these would change is proposed in `configuration_proposals`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from agent.console import configuration_form
from agent.console.access import Role, Technician
from agent.console.configuration_form import label_of
from agent.console.configuration_requests import (
    AtEditor,
    Key,
    busy_lanes,
    document_of,
    file_of,
    files_of,
    found_or_refused,
    path_of,
    seen_token,
    target_of,
    text_of,
)
from agent.console.dependencies import AtGate, Gate
from agent.console.navigation import Nav, Place
from agent.console.page import render, translated
from agent.settings import (
    LARGEST_BYTES,
    ConfigEditor,
    Document,
    Problem,
    SettingsError,
    judged,
    masked_text,
    present_files,
    read,
    schema_of,
    step_text,
)
from drivers.text import Text

router = APIRouter()
NAV = Nav(Place.SETTINGS, 10, "/settings/configuration", Text("Configuration"), Role.TECHNICIAN)


@router.get("/settings/configuration", response_class=HTMLResponse)
def overview(request: Request, gate: AtGate, editor: AtEditor, _person: Technician) -> HTMLResponse:
    """What there is to configure, and how the files stand."""
    return render(
        request,
        "configuration.html",
        sections=configuration_form.sections(),
        lanes=list(gate.loaded.settings.lanes),
        files=files_of(editor),
        largest_kb=LARGEST_BYTES // 1024,
        seen=seen_token(editor),
        kinds=configuration_form.kinds("relay"),
        main=str(editor.main),
        **_standing(gate, editor),
    )


@router.get("/live/configuration", response_class=HTMLResponse)
def standing(request: Request, gate: AtGate, editor: AtEditor, _person: Technician) -> HTMLResponse:
    """Whether what is on the disk is what runs; a fragment."""
    return render(request, "configuration_standing.html", **_standing(gate, editor))


@router.get("/settings/configuration/table", response_class=HTMLResponse)
def show_table(request: Request, editor: AtEditor, _person: Technician, path: Key) -> HTMLResponse:
    """The form of a table."""
    made = found_or_refused(configuration_form.group(path_of(path), document_of(editor)))
    return render(request, "configuration_table.html", group=made, seen=seen_token(editor), label_of=label_of)


@router.get("/settings/configuration/add", response_class=HTMLResponse)
def show_blank(
    request: Request,
    editor: AtEditor,
    _person: Technician,
    *,
    path: Key,
    kind: Annotated[str, Query(max_length=40)] = "",
    name: Annotated[str, Query(max_length=40)] = "",
    replace: bool = False,
) -> HTMLResponse:
    """The form of a table that is to be added, or put in another's place."""
    target = target_of(path, name, document_of(editor))
    return render(
        request,
        "configuration_add.html",
        group=found_or_refused(configuration_form.blank(target, kind)),
        path=path,
        kind=kind,
        name=name,
        replace=replace,
        seen=seen_token(editor),
        label_of=label_of,
    )


FOUND_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class FoundSetting:
    """A setting that was looked for: the table that it is in, its key, its label and help in the reader's language."""

    table: str
    key: str
    label: str
    help: str


@router.get("/settings/configuration/search", response_class=HTMLResponse)
def search(
    request: Request, editor: AtEditor, _person: Technician, q: Annotated[str, Query(max_length=100)] = ""
) -> HTMLResponse:
    """The settings whose key or words contain what was typed; a fragment."""
    document = document_of(editor)
    lanes = document.data.get("lanes", {})
    tables = [*configuration_form.sections(), *(f"lanes.{name}" for name in lanes)]
    found = [one for table in tables for one in _found(request, table, document, q.strip().casefold())]
    return render(
        request, "configuration_found.html", found=found[:FOUND_LIMIT], asked=q.strip(), more=len(found) > FOUND_LIMIT
    )


def _found(request: Request, table: str, document: Document, wanted: str) -> Iterator[FoundSetting]:
    made = configuration_form.group(path_of(table), document)
    for field in () if made is None or not wanted else configuration_form.all_fields(made):
        words = translated(request, field.description)
        if wanted in f"{field.name} {words}".casefold():
            yield FoundSetting(table, field.name, *label_of(words))


@router.get("/settings/configuration/raw", response_class=HTMLResponse)
def show_raw(
    request: Request, editor: AtEditor, _person: Technician, file: Annotated[int, Query(ge=0, le=64)] = 0
) -> HTMLResponse:
    """A file as it is, but for its secrets."""
    path = file_of(editor, file)
    return render(
        request,
        "configuration_raw.html",
        file=file,
        path=str(path),
        content=masked_text(text_of(path), schema_of(read(editor.main), editor.models)),
        problems=_problems(editor),
        seen=seen_token(editor),
    )


@router.get("/settings/configuration/history", response_class=HTMLResponse)
def show_history(request: Request, editor: AtEditor, _person: Technician) -> HTMLResponse:
    """The last states, the newest first."""
    seen = seen_token(editor)
    now = present_files(editor.main)
    rows = [
        {
            "number": one.number,
            "utc": one.utc,
            "who": one.who,
            "what": translated(request, step_text(one.what)),
            "changed": one.changed,
            "is_now": one.state == now,
        }
        for one in reversed(editor.history.generations())
    ]
    return render(request, "configuration_history.html", rows=rows, seen=seen)


def _problems(editor: ConfigEditor) -> tuple[Problem, ...]:
    try:
        judged(editor, {})
    except SettingsError as error:
        return error.problems
    return ()


def _standing(gate: Gate, editor: ConfigEditor) -> dict[str, Any]:
    """Whether what is on the disk is what runs, what is wrong with it, and which lanes it waits for."""
    problems: tuple[Problem, ...] = ()
    digest = ""
    try:
        digest = judged(editor, {}).digest
    except SettingsError as error:
        problems = error.problems
    return {
        "problems": problems,
        "is_running": digest == gate.loaded.digest,
        "busy": busy_lanes(gate),
    }
