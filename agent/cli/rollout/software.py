"""The command `gate-agent fleet software`: the text of a document that orders a version."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import Annotated

import typer

from agent.cli.terminal import echo, fail
from central.fleet import SoftwareTextError, software_text


def software(
    repository: Annotated[Path, typer.Argument(help="The repository of a release: the folder apt, which holds dists.")],
    version: Annotated[str, typer.Argument(help="The version that gates are to run, such as 0.5.0.")],
    path: Annotated[str, typer.Option(help="Where it is below the address in software.repositories.")] = "",
    floor: Annotated[str, typer.Option(help="No gate may install a version below this one.")] = "",
) -> None:
    """Print the text of a software document: a version, and the SHA-256 of its package for each kind of machine.

    Put it into a file, and name that in a plan of the kind software.
    """
    try:
        echo(software_text(repository, version, path=path, floor=floor).rstrip("\n"))
    except (SoftwareTextError, OSError) as error:
        fail("fleet software", error)
