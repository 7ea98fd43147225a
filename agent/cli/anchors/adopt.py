"""The command `gate-agent anchors adopt`: what the configuration says is trusted becomes root's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.anchors import AnchorStoreError
from agent.cli.anchors.common import as_agent, root_name, see_root, show_anchors, store_of
from agent.cli.configuration import DEFAULT_PATH, ConfigurationLater
from agent.cli.terminal import echo, fail
from agent.clock import Clock
from agent.core.anchors import ANCHOR_KEYS, CA_KEYS, DOCUMENT_KEYS, PERSONS, AnchorRefusedError, anchor_key
from agent.settings import AnchorValueError, anchors_of, read_file
from agent.settings.configuration_loading import load_configuration

if TYPE_CHECKING:
    from pathlib import Path

    from agent.core.anchors import HeldAnchors

_Person = Annotated[
    list[str] | None,
    typer.Option(
        "--person",
        help="A person who may sign changes: NAME=PUBLIC_KEY, as `gate-agent anchors keygen` prints it. Repeat"
        " for each person; give at least two.",
    ),
]
_DocumentKey = Annotated[
    list[str] | None,
    typer.Option("--document-key", help="Id of a command key whose owner may sign changes; repeat for more."),
]


def adopt(
    person: _Person = None,
    document_key: _DocumentKey = None,
    configuration: ConfigurationLater = DEFAULT_PATH,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Lock root keys, command keys, brokers and the other trust anchors, so the agent cannot change them.

    The command copies them from the configuration into a file that only root can change. From then on, that file
    overrides gate.toml. You can repeat this until the first real vehicle. Without --person, the persons from the
    previous time stay. Exit code 1 if nothing was changed.

    Example:
      sudo gate-agent anchors adopt --person aigul=PUBLIC_KEY --person bolat=PUBLIC_KEY
    """
    see_root("anchors adopt")
    store = store_of(configuration)
    try:
        held = store.held()
        with as_agent(configuration):
            tables = _tables(configuration)
        tables["anchors"] |= {
            "persons": _persons(person) if person else [] if held is None else held.values[PERSONS],
            "document_keys": document_key or ([] if held is None else held.values[DOCUMENT_KEYS]),
        }
        wanted = anchors_of(tables)
        show_anchors(wanted)
        _warn(wanted)
        if not yes:
            typer.confirm("Are these the trust anchors of this gate?", abort=True)
        change = store.adopt(wanted, root_name(), Clock().now().utc)
    except AnchorValueError as error:
        fail("anchors adopt", f"{error.key}: {error}")
    except (AnchorRefusedError, AnchorStoreError) as error:
        fail("anchors adopt", error)
    echo(f"{store.folder}: number {change.number}, digest {change.digest}")
    echo("the agent uses them within seconds, or at once after: systemctl reload gate-agent")


def _tables(configuration: Path) -> dict[str, Any]:
    """The anchors as the configuration has them, without those that are held. Raises SettingsError, OSError."""
    loaded = load_configuration(configuration, anchors=None)
    for warning in loaded.warnings:
        echo(str(warning), err=True)
    settings = loaded.settings
    plain = settings.model_dump(mode="json")
    tables: dict[str, Any] = {"version": 1, "anchors": {"gate": settings.gate.id, "number": 1}}
    for section, name in ANCHOR_KEYS:
        table = tables.setdefault(section, {})
        if (section, name) not in CA_KEYS:
            table[name] = plain[section][name]
        elif (file := getattr(getattr(settings, section), name)) is not None:
            table[anchor_key((section, name)).partition(".")[2]] = read_file(file).decode("ascii", "replace")
    return tables


def _persons(given: list[str]) -> list[dict[str, str]]:
    found = [one.partition("=") for one in given]
    if not all(mark for _, mark, _ in found):
        raise typer.BadParameter("expected NAME=PUBLIC_KEY, as `gate-agent anchors keygen` prints it")
    return [{"name": name, "public_key": key} for name, _, key in found]


def _warn(wanted: HeldAnchors) -> None:
    if not wanted.can_change:
        echo(
            "warning: without --person and --document-key, no one could change them after the first real vehicle.",
            err=True,
        )
        echo("They stay unsealed, and root alone can change them", err=True)
    elif len(wanted.persons) == 1 and not wanted.document_keys:
        echo("note: with one person, a change needs that person's signature and root at this computer", err=True)
