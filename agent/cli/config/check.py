"""The command `gate-agent config check`: the loader of the service, and what would run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import exit_codes
from agent.cli.configuration import (
    ConfigurationArgument,
    ConfigurationOption,
    ProblemLanguage,
    configuration_of,
    relay_boards,
)
from agent.cli.terminal import echo
from agent.core.model import CommandName
from agent.i18n import Language
from agent.settings import SettingsError, interlocks, shared_arms
from agent.settings.configuration_loading import confined_problems, drivers_from_outside, load_configuration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from agent.settings import Commands, Lane, LoadedSettings, Problem


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
            echo(f"{path}: {_count(error.problems)}", err=True)
        raise typer.Exit(exit_codes.CONFIGURATION) from None
    if as_json:
        _print_json(path, loaded.warnings, loaded, language)
        return
    for warning in loaded.warnings:
        echo(warning.words(language), err=True)
    echo(_summary(path, loaded))


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


def _summary(path: Path, loaded: LoadedSettings) -> str:
    settings = loaded.settings
    brokers = ", ".join(settings.mqtt.brokers) if settings.mqtt.enabled else "none: events stay in the journal"
    lines = [
        f"{path}: can be used",
        f"  gate     {settings.gate.id}, site {settings.gate.site}, configuration {loaded.digest[:12]}",
        f"  brokers  {brokers}",
        f"  commands {_commands_line(settings.commands)}",
    ]
    lines += [f"  lane     {_lane_line(name, lane)}" for name, lane in settings.lanes.items()]
    lines += [f"  together {line}" for line in _together(settings.lanes)]
    # They run with the agent's rights: whose they are is for whoever checks.
    lines += [f"  driver   {name} of the package {package}" for name, package in drivers_from_outside(settings).items()]
    return "\n".join(lines)


def _commands_line(commands: Commands) -> str:
    """Who may order what."""
    if not commands.keys:
        return "none are accepted: there are no keys"
    return "; ".join(
        f"{key.id} may {'sign all' if set(key.may) == set(CommandName) else ', '.join(key.may)}"
        for key in commands.keys
    )


def _together(lanes: Mapping[str, Lane]) -> Iterator[str]:
    """What lanes have in common."""
    for place, names in relay_boards(lanes).items():
        if len(names) > 1:
            yield f"{' and '.join(names)} are on one relay board, {place}"
    for one, other in shared_arms(lanes):
        yield f"{one} and {other} share one arm: while one uses it the other waits"
    for one, other in interlocks(lanes):
        yield f"{one} opens only while {other} is closed and at rest, and the other way round"


def _lane_line(name: str, lane: Lane) -> str:
    sees = lane.signals is not None and lane.signals.presence is not None
    inputs = f"inputs {lane.inputs.kind}" if lane.inputs else "no inputs"
    inputs += "" if sees else " (passages are assumed)"
    cameras = ", ".join(f"{camera.id} ({camera.kind}: {'+'.join(camera.readers)})" for camera in lane.cameras)
    scanners = ", ".join(f"{scanner.id} ({scanner.kind})" for scanner in lane.scanners)
    signs = ", ".join(f"{sign.id} ({sign.kind})" for sign in lane.signs)
    voice = f"voice {lane.voice.kind} ({', '.join(lane.voice.languages)}); " if lane.voice else ""
    witnesses = ", ".join(f"{witness.id} ({witness.kind})" for witness in lane.witnesses)
    closes = "the barrier closes itself" if lane.close_mode == "controller" else "the agent closes"
    return (
        f"{name}, number {lane.number}, {lane.direction}; {'DRY RUN, nothing moves; ' if lane.dry_run else ''}"
        f"relay {lane.relay.kind}; {inputs}; "
        f"cameras {cameras or 'none'}; scanners {scanners or 'none'}; signs {signs or 'none'}; {voice}"
        f"{f'witnesses {witnesses}; ' if witnesses else ''}{closes}"
    )


def _count(problems: tuple[Problem, ...]) -> str:
    errors = sum(problem.severity == "error" for problem in problems)
    return f"{errors} error{'s' if errors != 1 else ''}"
