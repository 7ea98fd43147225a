"""The command `gate-agent anchors apply`: root takes a signed change of the trust anchors."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated

import typer

from agent.anchors import AnchorStoreError, changed_or_refused, check_usable, read_root_file
from agent.cli.anchors.common import as_agent, root_name, see_root, show_differences, store_of
from agent.cli.configuration import DEFAULT_PATH, ConfigurationLater
from agent.cli.terminal import echo, fail
from agent.clock import Clock
from agent.core.anchors import (
    NOT_ADOPTED,
    REQUEST_LIMIT_BYTES,
    AnchorRefusedError,
    Authority,
    Sender,
    differences,
    judge_change,
)
from agent.settings import SettingsError
from drivers.text import reason


def apply(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files with the signed texts of one document, one file for each signature. Root must own them."
        ),
    ],
    configuration: ConfigurationLater = DEFAULT_PATH,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Change the trust anchors as a signed document says. Central, two persons or one other than you must sign.

    Only files that no one but root can change are accepted. The command checks the configuration with the new anchors
    first. Exit code 1 if nothing was changed.
    """
    see_root("anchors apply")
    store, utc = store_of(configuration), Clock().now().utc
    try:
        held = store.held()
        if held is None:
            fail("anchors apply", NOT_ADOPTED)
        signatures = [_text(path) for path in files]
        judged = judge_change(held, signatures, Sender.ROOT, utc)
        if judged.authority is Authority.PERSON_AND_ROOT and root_name() in judged.by:
            fail("anchors apply", f"{root_name()} signed it: another person must be root, or must sign it too")
        fresh = changed_or_refused(held, judged.document.number, judged.document.changes)
        with as_agent(configuration):
            check_usable(configuration, fresh)
        echo(f"by {judged.authority.value} {', '.join(judged.by)}: {judged.document.cause}")
        show_differences(differences(held, fresh))
        if not yes:
            typer.confirm("Change the trust anchors?", abort=True)
        change = store.change(signatures, Sender.ROOT, utc, root_name())
    except (AnchorRefusedError, AnchorStoreError) as error:
        fail("anchors apply", error)
    except SettingsError as error:
        echo(str(error), err=True)
        fail("anchors apply", "the gate could not run with them: nothing was changed")
    echo(f"{store.folder}: number {change.number}, digest {change.digest}")


def _text(path: Path) -> str:
    try:
        return read_root_file(path.absolute(), REQUEST_LIMIT_BYTES).decode("ascii").strip()
    except UnicodeDecodeError:
        fail("anchors apply", f"{path}: expected a signed text")
    except PermissionError as error:
        where = "copy it into a folder that only root can change, such as /root, and give that path"
        fail("anchors apply", f"{path}: {reason(error)}; {where}")
    except OSError as error:
        fail("anchors apply", f"{path}: {reason(error)}")
