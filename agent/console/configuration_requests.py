"""What the pages of the configuration share: its editor, its files, and the keys that a request names."""

from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated, Final

from fastapi import Depends, Query

from agent.console import configuration_form
from agent.console.dependencies import AtGate, Gate
from agent.console.errors import RefusedError
from agent.settings import (
    ConfigEditor,
    Document,
    EditStep,
    HistoryError,
    Path,
    SettingsError,
    key_path,
    note_present,
    read,
    read_file,
    seen_state,
)
from agent.settings.configuration_loading import editor_of
from drivers.text import Text

LONGEST_KEY: Final = 300

Key = Annotated[str, Query(max_length=LONGEST_KEY)]


def _editor(gate: AtGate) -> ConfigEditor:
    return editor_of(gate.configuration)


AtEditor = Annotated[ConfigEditor, Depends(_editor)]


def busy_lanes(gate: Gate) -> list[str]:
    """The lanes in which a vehicle is under way now."""
    return [name for name, lane in gate.lanes.items() if lane.view is not None and lane.view.transaction is not None]


def path_of(key: str) -> Path:
    """The path of a dotted key. Raises RefusedError where it is none."""
    try:
        return key_path(key)
    except ValueError:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page.")) from None


def target_of(key: str, name: str, document: Document) -> Path:
    """Where something is to be added: a name among tables, the end of a list, or the table itself."""
    path = path_of(key)
    found = (
        None
        if configuration_form.group(path, document) is not None
        else configuration_form.parts(path, document)
        if _has_parts(path)
        else None
    )
    if found is None:
        return path
    if path == ("lanes",):
        if not name:
            raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, Text("A new lane needs a name. Nothing was done."))
        return (*path, name)
    return (*path, len(found.items))


def _has_parts(path: Path) -> bool:
    return path == ("lanes",) or str(path[-1]) in ("cameras", "scanners", "witnesses", "keys", "gates")


def found_or_refused(made: configuration_form.Group | None) -> configuration_form.Group:
    """The form of a table. Raises RefusedError where there is no such table."""
    if made is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page."))
    return made


def seen_token(editor: ConfigEditor) -> str:
    """A name for the files as they are; they are remembered, so that a second editor can be shown what changed."""
    try:
        with editor.history.held():
            note_present(editor, EditStep("", "", 0.0))
        return seen_state(editor)
    except (HistoryError, OSError) as error:
        raise RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE, Text("The files or their history cannot be read: {why}", why=str(error))
        ) from None


def document_of(editor: ConfigEditor) -> Document:
    """The files and what is laid over them. Raises RefusedError where they are no TOML."""
    try:
        return editor.load(read_file).document
    except SettingsError:
        document = read(editor.main)
        if document.problems:
            raise RefusedError(HTTPStatus.CONFLICT, Text("The file is not valid TOML. Fix it as text first.")) from None
        return document


def files_of(editor: ConfigEditor) -> list[str]:
    """The names of the files, the first one first."""
    return [str(one.path) for one in read(editor.main).files] or [str(editor.main)]


def file_of(editor: ConfigEditor, number: int) -> FilePath:
    """The file of a number, from 0. Raises RefusedError where there is none."""
    files = files_of(editor)
    if number >= len(files):
        raise RefusedError(HTTPStatus.NOT_FOUND, Text("There is no such page."))
    return FilePath(files[number])


def text_of(path: FilePath) -> str:
    """The text of a file. Raises RefusedError where it cannot be read."""
    try:
        return read_file(path).decode("utf-8", errors="replace").removeprefix("\ufeff")
    except OSError as error:
        raise RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE, Text("The files or their history cannot be read: {why}", why=str(error))
        ) from None
