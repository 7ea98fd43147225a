"""The commands `gate-agent config set`, `unset` and `add`."""

from __future__ import annotations

import getpass
import os
import sys
import tomllib
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from agent.cli import exit_codes
from agent.cli.configuration import DEFAULT_PATH, ConfigurationToChange, ProblemLanguage
from agent.cli.terminal import echo
from agent.clock import Clock
from agent.i18n import Language, translate
from agent.service.redaction import sounds_secret, url_secrets
from agent.settings import (
    ChangeError,
    Edit,
    EditStep,
    HistoryError,
    SettingsError,
    StaleError,
    edited,
    key_path,
    put_files,
    read,
    schema_of,
    seen_state,
    set_value,
)
from agent.settings.configuration_loading import editor_of
from drivers.text import Text, reason

if TYPE_CHECKING:
    from pathlib import Path

    from agent.settings import ConfigEditor, LoadedSettings
    from agent.settings import Path as KeyPath

TAKE = "apply it with: systemctl reload gate-agent"
FROM_STANDARD_INPUT = "-"
LISTS_OF_TABLES: Final = frozenset({"cameras", "scanners", "signs", "witnesses", "keys", "gates"})


def set_key(
    key: Annotated[str, typer.Argument(help="The key, such as lanes.exit-1.timing.read_s.")],
    value: Annotated[
        str,
        typer.Argument(help='The value, as TOML or plain text; a list as a,b; "-" asks for it, for passwords.'),
    ],
    configuration: ConfigurationToChange = DEFAULT_PATH,
    *,
    language: ProblemLanguage = Language.EN,
) -> None:
    """Set one key, in the file that it belongs to. The whole result is checked before anything is written.

    Comments, layout, mode and owner of the file do not change. Exit code 0 when the key is set, 1 when it is not and
    nothing has changed.

    Examples:
      gate-agent config set lanes.exit-1.timing.read_s 40
      gate-agent config set mqtt.brokers mqtts://broker.example:8883
    """
    try:
        editor = editor_of(configuration)
        given = _asked(key) if value == FROM_STANDARD_INPUT else _no_secret(editor, key, value)
        change = set_value(editor, key, given, step(f"set {key}"))
    except (ChangeError, HistoryError, SettingsError, OSError) as error:
        refuse("set", error, language)
    warn(change.loaded, language)
    echo(f"{change.key} is set in {change.place}; state {change.number}")
    echo(TAKE)


def unset_key(
    key: Annotated[str, typer.Argument(help="A key, a table or an item of a list, such as lanes.exit-1.cameras[1].")],
    configuration: ConfigurationToChange = DEFAULT_PATH,
    *,
    language: ProblemLanguage = Language.EN,
) -> None:
    """Remove a key, a lane, or an item of a list from the file. A key that is removed has its default again.

    No other line changes. Exit code 0 when it is removed, 1 when it is not and nothing has changed.
    """
    path = _path(key, language)
    _propose("unset", configuration, Edit("remove", path), f"unset {key}", language)


def add_table(
    key: Annotated[
        str,
        typer.Argument(
            help="What to add: a table, such as lanes.exit-2, or an item of a list, such as lanes.exit-1.cameras."
        ),
    ],
    values: Annotated[
        list[str] | None,
        typer.Argument(
            help="Its keys, as NAME=VALUE; a list as a,b; a key of an inner table as "
            'relay.port="/dev/gate-barrier"; NAME=- asks for the value, for passwords.'
        ),
    ] = None,
    configuration: ConfigurationToChange = DEFAULT_PATH,
    *,
    language: ProblemLanguage = Language.EN,
) -> None:
    """Add a lane, a board, or an item to a list such as lanes.exit-1.cameras, next to similar entries in the file.

    The whole result is checked before anything is written. Exit code 0 when it is added, 1 when it is not and nothing
    has changed.

    Example:
      gate-agent config add lanes.exit-1.cameras id=rear kind=opencv url=rtsp://192.168.1.65/stream1
    """
    path = _path(key, language)
    if isinstance(path[-1], str) and path[-1] in LISTS_OF_TABLES:
        path = (*path, 0)  # the next number is found where it is written
    try:
        edit = Edit("add", path, values=_values(values or [], language))
    except ChangeError as error:
        refuse("add", error, language)
    _propose("add", configuration, edit, f"add {key}", language)


def _propose(command: str, configuration: Path, edit: Edit, what: str, language: Language) -> None:
    editor = editor_of(configuration)
    try:
        seen = seen_state(editor)
        change = put_files(editor, edited(editor, [edit]), step(what), seen)
    except (ChangeError, HistoryError, SettingsError, StaleError, OSError) as error:
        refuse(command, error, language)
    warn(change.loaded, language)
    echo(f"done: {what}; state {change.number}")
    echo(TAKE)


def _path(key: str, language: Language) -> KeyPath:
    try:
        return key_path(key)
    except ValueError as error:
        raise typer.BadParameter(translate(str(error), language)) from None


def _values(given: list[str], language: Language) -> dict[str, Any]:
    """The keys of a new table. What is no TOML is a text. Raises typer.BadParameter."""
    found: dict[str, Any] = {}
    for one in given:
        name, mark, value = one.partition("=")
        parts = _path(name.strip(), language)
        if not mark or not all(isinstance(part, str) for part in parts):
            wrong = Text("expected NAME=VALUE, such as id=front, not {given!r}", given=one)
            raise typer.BadParameter(translate(wrong, language))
        table = found
        for part in parts[:-1]:
            table = table.setdefault(str(part), {})
            if not isinstance(table, dict):
                wrong = Text("{name}: {part} already has a value", name=name, part=part)
                raise typer.BadParameter(translate(wrong, language))
        table[str(parts[-1])] = _given(name.strip(), str(parts[-1]), value.strip())
    return found


def _given(name: str, last: str, value: str) -> Any:
    """The value of a key of a new table. Raises ChangeError for a secret among the arguments."""
    if value == FROM_STANDARD_INPUT:
        return _asked(name)
    if url_secrets(value) or (sounds_secret(last) and not last.endswith(("_file", "_keys"))):
        raise ChangeError(
            Text("{key} is a secret, which every user of this computer would see: write {key}=- to be asked", key=name)
        )
    return _parsed(value)


def _no_secret(editor: ConfigEditor, key: str, value: str) -> str:
    """The value, where it is no secret. Raises ChangeError for one: it stands among the arguments; OSError."""
    schema = schema_of(read(editor.main), editor.models)
    try:
        path = key_path(key)
    except ValueError:
        return value  # told of where it is set
    if url_secrets(value) or (schema.field(path) is not None and schema.hides(path, value)):
        raise ChangeError(
            Text(
                "{key} is a secret, which every user of this computer would see: give - as its value to be asked",
                key=key,
            )
        )
    return value


def _parsed(value: str) -> Any:
    try:
        found = tomllib.loads(f"x = {value}")
    except tomllib.TOMLDecodeError:
        return value
    return found["x"] if list(found) == ["x"] else value


def step(what: str) -> EditStep:
    """Who changes the configuration now, and how."""
    return EditStep(os.environ.get("SUDO_USER") or getpass.getuser(), what, Clock().now().utc)


def _asked(key: str) -> str:
    """A value that is to stand neither on the screen nor in the shell's history."""
    if sys.stdin.isatty():
        answer: str = typer.prompt(f"{key}", hide_input=True, err=True)
        return answer
    return sys.stdin.readline().rstrip("\r\n")


def warn(loaded: LoadedSettings, language: Language) -> None:
    """Say what is unwise in what is written now."""
    for warning in loaded.warnings:
        echo(warning.words(language), err=True)


def refuse(command: str, error: Exception, language: Language) -> NoReturn:
    """Say why nothing is changed, and exit with FAILED."""
    echo(_why(error, language), err=True)
    echo(f"gate-agent config {command}: {translate(Text('nothing is changed'), language)}", err=True)
    raise typer.Exit(exit_codes.FAILED)


def _why(error: Exception, language: Language) -> str:
    match error:
        case SettingsError():
            return error.words(language)
        case OSError(filename=str(path)):
            return translate(Text("{path}: {why}", path=path, why=reason(error)), language)
        case _:
            return translate(str(error), language)
