"""The command `gate-agent fleet software`: the text of a document that orders a version."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import Annotated

import typer

from agent.cli.terminal import echo, fail
from central.fleet import SoftwareTextError, software_text


def software(
    repository: Annotated[
        Path, typer.Argument(help="The repository of a release: the folder apt, which contains dists.")
    ],
    version: Annotated[str, typer.Argument(help="The version that the gates must run, such as 0.5.0.")],
    path: Annotated[
        str, typer.Option(help="Path of the repository below the addresses in software.repositories.")
    ] = "",
    floor: Annotated[str, typer.Option(help="Lowest version that gates may install from now on.")] = "",
) -> None:
    """Print the text of a software document: a version, and the SHA-256 of its package for each kind of computer.

    Write it to a file, and name that file in a plan of the kind software.

    Example:
      gate-agent fleet software apt 0.5.0 > software.toml
    """
    try:
        echo(software_text(repository, version, path=path, floor=floor).rstrip("\n"))
    except (SoftwareTextError, OSError) as error:
        fail("fleet software", error)
