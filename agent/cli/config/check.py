"""The command `gate-agent config check`: the loader of the service, and what would run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import exit_codes
from agent.cli.config.summary import summary_lines
from agent.cli.configuration import (
    ConfigurationArgument,
    ConfigurationOption,
    ProblemLanguage,
    configuration_of,
    relay_boards,
)
from agent.cli.terminal import echo
from agent.i18n import Language, translate
from agent.settings import SettingsError, interlocks, shared_arms
from agent.settings.configuration_loading import confined_problems, drivers_from_outside, load_configuration
from drivers.text import Text, ngettext

if TYPE_CHECKING:
    from pathlib import Path

    from agent.settings import Lane, LoadedSettings, Problem


def check(
    configuration: ConfigurationArgument = None,
    *,
    config: ConfigurationOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")] = False,
    language: ProblemLanguage = Language.EN,
) -> None:
    """Check the configuration and say what would run. Moves nothing and opens no device.

    Reads the file, what it includes, the credentials and the GATE_ variables exactly as the service does, and names
    every problem with its line. Exit code 0 when the configuration can be used, 78 when it cannot.
    """
    path = configuration_of(configuration, config)
    try:
        loaded = _proved(load_configuration(path))
    except SettingsError as error:
        if as_json:
            _print_json(path, error.problems, None, language)
        else:
            echo(error.words(language), err=True)
            echo(translate(_count(path, error.problems), language), err=True)
        raise typer.Exit(exit_codes.CONFIGURATION) from None
    if as_json:
        _print_json(path, loaded.warnings, loaded, language)
        return
    for warning in loaded.warnings:
        echo(warning.words(language), err=True)
    echo("\n".join(summary_lines(path, loaded, language)))


def _proved(loaded: LoadedSettings) -> LoadedSettings:
    """The same, once the drivers were tried that nobody loads in the agent's own process. Raises SettingsError."""
    if broken := confined_problems(loaded):
        raise SettingsError([*loaded.warnings, *broken])
    return loaded


def _print_json(path: Path, problems: tuple[Problem, ...], loaded: LoadedSettings | None, language: Language) -> None:
    answer: dict[str, object] = {
        "file": str(path),
        "usable": loaded is not None,
        "problems": [problem.as_json(language) for problem in problems],
    }
    if loaded is not None:
        answer |= {
            "digest": loaded.digest,
            "files": [str(file) for file in loaded.files],
            "gate": loaded.settings.gate.id,
            "commands": {key.id: list(key.may) for key in loaded.settings.commands.keys},
            "lanes": {name: _lane_facts(lane) for name, lane in loaded.settings.lanes.items()},
            "relay_boards": relay_boards(loaded.settings.lanes),
            "interlocks": interlocks(loaded.settings.lanes),
            "shared_arms": shared_arms(loaded.settings.lanes),
            "drivers_from_outside": drivers_from_outside(loaded.settings),
        }
    echo(json.dumps(answer, ensure_ascii=False, indent=2))


def _lane_facts(lane: Lane) -> dict[str, object]:
    return {
        "number": lane.number,
        "direction": lane.direction,
        "mode": lane.mode,
        "close_mode": lane.close_mode,
        "relay": lane.relay.kind,
        "inputs": lane.inputs.kind if lane.inputs else None,
        "cameras": {camera.id: camera.kind for camera in lane.cameras},
        "scanners": {scanner.id: scanner.kind for scanner in lane.scanners},
        "signs": {sign.id: sign.kind for sign in lane.signs},
        "voice": lane.voice.kind if lane.voice else None,
        "witnesses": {witness.id: witness.kind for witness in lane.witnesses},
    }


def _count(path: Path, problems: tuple[Problem, ...]) -> Text:
    errors = sum(problem.severity == "error" for problem in problems)
    return ngettext("{path}: {errors} error", "{path}: {errors} errors", errors, path=path, errors=errors)
