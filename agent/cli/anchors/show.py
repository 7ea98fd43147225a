"""The command `gate-agent anchors show`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from agent.anchors import recorded_changes
from agent.cli.anchors.common import show_anchors, show_differences
from agent.cli.configuration import DEFAULT_PATH, Configuration
from agent.cli.terminal import echo, fail
from agent.core.anchors import fingerprints
from agent.core.events import time_text
from agent.settings import AnchorsUnusableError, anchors_folder, read_anchors
from drivers.text import reason

if TYPE_CHECKING:
    from agent.anchors import AnchorChange
    from agent.core.anchors import HeldAnchors


def show(
    configuration: Configuration = DEFAULT_PATH,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON, for programs.")] = False,
    changes: Annotated[int, typer.Option(min=0, max=200, help="How many of the last changes to show.")] = 3,
) -> None:
    """Show the trust anchors: keys and certificates by their fingerprints, who may change them, and the last changes.

    Exit code 1 if they cannot be read; 0 otherwise, also if they are still in gate.toml.
    """
    folder = anchors_folder(configuration)
    try:
        file, noted = read_anchors(folder), recorded_changes(folder)
    except AnchorsUnusableError as error:
        fail("anchors show", f"{error.filename}: {reason(error)}")
    except (OSError, ValueError) as error:
        fail("anchors show", error)
    shown = noted[len(noted) - changes :] if changes else ()
    held = None if file is None else file.held
    if as_json:
        echo(json.dumps(_fields(held, shown), ensure_ascii=False, indent=2))
        return
    if held is None:
        echo("The trust anchors of this gate are not locked: anyone who can change its configuration can change them.")
        echo("Lock them with: sudo gate-agent anchors adopt")
        return
    echo(f"gate {held.gate}, number {held.number}, {_standing(held)}")
    echo(f"digest {held.digest}")
    show_anchors(held)
    for one in shown:
        when = time_text(round(one.utc * 1000))
        echo(f"\n{when}  number {one.number}, by {one.authority} {', '.join(one.by)}: {one.cause}")
        show_differences(one.differences)


def _standing(held: HeldAnchors) -> str:
    if held.sealed:
        return "sealed: only two persons, one person and root, or a document of central can change them"
    if held.can_change:
        return "not sealed: root can still replace them, until the first real vehicle"
    return "not sealed, because no one could change them later: adopt them again with --person or --document-key"


def _fields(held: HeldAnchors | None, shown: tuple[AnchorChange, ...]) -> dict[str, object]:
    if held is None:
        return {"adopted": False}
    return {
        "adopted": True,
        "gate": held.gate,
        "number": held.number,
        "sealed": held.sealed,
        "digest": held.digest,
        "anchors": {key: list(fingerprints(key, value)) for key, value in held.values.items()},
        "changes": [
            {"number": one.number, "utc": one.utc, "authority": one.authority, "by": one.by, "cause": one.cause}
            for one in shown
        ],
    }
