"""The commands `gate-agent config show` and `schema`: what is in effect, and what may be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.configuration import ConfigurationArgument, ConfigurationOption, configuration_of
from agent.cli.terminal import echo
from agent.settings import key_origins, schema_text
from agent.settings.configuration_loading import load_configuration, models, usable_kinds

if TYPE_CHECKING:
    from agent.settings import KeyOrigin


def show(
    configuration: ConfigurationArgument = None,
    *,
    config: ConfigurationOption = None,
    origin: Annotated[
        bool, typer.Option("--origin", help="Show which line, credential or variable each value comes from.")
    ] = False,
    owner: Annotated[
        bool,
        typer.Option("--owner", help="Show who decides about each key: anchors, gate, technician, policy, central."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON, for programs.")] = False,
) -> None:
    """Show every key with its current value, including defaults and the keys of drivers.

    Secrets are shown as "set". Exit code 78 when the configuration cannot be used.
    """
    path = configuration_of(configuration, config)
    found = key_origins(load_configuration(path))
    if as_json:
        echo(json.dumps([_fields(entry) for entry in found], ensure_ascii=False, indent=2))
        return
    lines = [f"{entry.key} = {entry.shown}" for entry in found]
    wide = max(map(len, lines))
    for entry, line in zip(found, lines, strict=True):
        said = [*([entry.owner.value] if owner else ()), *([entry.source] if origin else ())]
        echo(f"{line:<{wide}}  # {', '.join(said)}" if said else line)


def _fields(entry: KeyOrigin) -> dict[str, object]:
    at = entry.origin
    return {
        "key": entry.key,
        "value": None if entry.secret else entry.value,
        "secret": entry.secret,
        "owner": entry.owner.value,
        "origin": None if at is None else at.name,
        "line": None if at is None or at.place is None else at.place.row + 1,
    }


def schema() -> None:
    """Print the JSON Schema of the configuration file, for editors that complete and check as you type."""
    echo(schema_text(models, usable_kinds()), nl=False)
