"""What commands say: whatever a file, a path or a device holds, it never steers the terminal that shows it."""

from __future__ import annotations

from typing import Final

import typer

from agent.core.model.printable import printable

LAYOUT: Final = "\n\t"


def echo(message: object = "", *, nl: bool = True, err: bool = False) -> None:
    """Say a text on the standard output or error output, with all that could steer a terminal escaped."""
    typer.echo(printable(str(message), keep=LAYOUT), nl=nl, err=err)
