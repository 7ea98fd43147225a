"""What commands say: whatever a file, a path or a device holds, it never steers the terminal that shows it."""

from __future__ import annotations

import os
import sys
from typing import Final, NoReturn

import typer

from agent.cli import exit_codes
from agent.core.model.printable import printable

LAYOUT: Final = "\n\t"


def echo(message: object = "", *, nl: bool = True, err: bool = False) -> None:
    """Say a text on the standard output or error output, with all that could steer a terminal escaped."""
    typer.echo(printable(str(message), keep=LAYOUT), nl=nl, err=err)


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 lane", "2 lanes"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def fail(command: str, error: object) -> NoReturn:
    """Say why a command could not do what it was asked, and exit with FAILED. `command`: without `gate-agent`."""
    echo(f"gate-agent {command}: {error}", err=True)
    raise typer.Exit(exit_codes.FAILED)


def drop_output() -> None:
    """Have all further output go nowhere, as where the reader of a pipe (`head`) has gone away.

    What is still buffered would fail, and be complained of, while Python exits.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
