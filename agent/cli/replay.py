"""The command `gate-agent replay`: past vehicles judged by the rules of another configuration."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import exit_codes
from agent.cli.configuration import DEFAULT_PATH, ConfigurationLater
from agent.cli.events.time_argument import unix_time
from agent.cli.terminal import counted, echo, fail
from agent.cli.view_record import leave_view
from agent.i18n import Language
from agent.replay import Period, as_html, as_text, recorded_vehicles, replay, replay_rules
from agent.service.privileges import acting_as, owner_for_root
from agent.settings import SettingsError
from agent.settings.configuration_loading import load_configuration
from agent.store.errors import JournalError
from agent.store.evidence import kept_picture
from agent.store.journal import JournalReader

if TYPE_CHECKING:
    from agent.replay import Report
    from agent.settings import LoadedSettings

EVIDENCE = "evidence"
SHOWN = 50
_PRIVATE = 0o600


def replay_command(  # noqa: PLR0913, PLR0917 - one argument an option
    journal: Annotated[Path, typer.Argument(help="The journal's file, such as /var/lib/gate-agent/journal.db.")],
    configuration: ConfigurationLater = DEFAULT_PATH,
    lane: Annotated[str, typer.Option(help="Only the vehicles of this lane.")] = "",
    since: Annotated[
        str | None,
        typer.Option(help="Only vehicles that came since this time: 2026-11-24T08:30Z, or 90m, 24h, 7d ago."),
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only vehicles that came before this time.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML file, with pictures.")] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder of the pictures. Default: the folder evidence beside the journal.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON, for programs.")] = False,
    language: Annotated[Language, typer.Option("--language", help="The language of the HTML file.")] = Language.EN,
) -> None:
    """Decide again on the vehicles of a journal with another configuration, and show which decisions differ.

    Nothing moves and nothing is changed: the command only reads the journal, which may be a copy. It decides on each
    vehicle separately, with what was known when the vehicle came. Exit code 0 even if decisions differ; 78 when the
    configuration cannot be used.

    Example:
      gate-agent replay /var/lib/gate-agent/journal.db --config new/gate.toml --since 7d --html report.html
    """
    loaded = _loaded(configuration)
    period = Period(_time(since), _time(until), lane)
    if lane and lane not in loaded.settings.lanes:
        raise typer.BadParameter(f"{configuration} has no lane {lane}: {', '.join(loaded.settings.lanes)}")
    folder = _pictures(journal, pictures)
    owner = owner_for_root(journal)
    try:
        with acting_as(owner), JournalReader(journal) as reader:
            leave_view(journal.absolute().parent, "replay")
            found = replay(recorded_vehicles(reader, period), replay_rules(loaded.settings))
            found.gate, found.configuration = reader.standing().gate, loaded.digest
            page = None if html is None else as_html(found, language, _picture(folder))
        if html is not None and page is not None:
            _write(html, page)
    except (JournalError, OSError) as error:
        fail("replay", error)
    echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2) if as_json else as_text(found, SHOWN))
    if html is not None:
        echo(f"{html}: {_count(found)}", err=True)


def _write(path: Path, page: str) -> None:
    """Write a file that is whole or not there, for its owner alone: it names people. Raises OSError."""
    fresh = path.with_name(f"{path.name}.part")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE), "wb") as file:
        file.write(page.encode())
    fresh.rename(path)


def _loaded(configuration: Path) -> LoadedSettings:
    try:
        with acting_as(owner_for_root(configuration)):
            return load_configuration(configuration)
    except SettingsError as error:
        echo(str(error), err=True)
        raise typer.Exit(exit_codes.CONFIGURATION) from None


def _time(text: str | None) -> float | None:
    return None if text is None else unix_time(text)


def _pictures(journal: Path, named: Path | None) -> Path | None:
    """The folder of the pictures. Raises typer.BadParameter for one that is named and not there."""
    if named is None:
        beside = journal.absolute().parent / EVIDENCE
        return beside if beside.is_dir() else None
    if not named.is_dir():
        raise typer.BadParameter(f"there is no folder {named}")
    return named


def _picture(folder: Path | None) -> partial[bytes | None] | None:
    return None if folder is None else partial(kept_picture, folder)


def _count(found: Report) -> str:
    return f"other decisions: {len(found.differences)} of {counted(found.vehicles, 'vehicle')}"
