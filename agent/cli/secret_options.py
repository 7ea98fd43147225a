"""Secrets of commands: from a file, a prompt, the standard input or a variable, and never an argument.

What stands among the arguments of a program is seen by every user of the computer (ps), and stays in the history of
the shell.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from drivers.text import reason

if TYPE_CHECKING:
    from collections.abc import Callable

ASKED: Final = Path("-")
LONGEST: Final = 4096
"""Bytes of a secret."""


class SecretError(OSError):
    """A secret cannot be had; the message says why and how to fix it, and never repeats it."""


def refusing(option: str, instead: str) -> Callable[[str | None], None]:
    """A callback that refuses an option of earlier versions, which took the secret as an argument."""

    def refuse(given: str | None) -> None:
        if given is not None:
            raise typer.BadParameter(
                f"{option} is no longer accepted: every user of this computer can see the arguments of a program. "
                f"Give {instead}. If others use this computer, assume that they know what you typed."
            )

    return refuse


def secret_of(file: Path, question: str) -> str:
    """The first line of a file that is its owner's alone; of "-", what somebody types, or the standard input's first.

    Raises SecretError.
    """
    if file != ASKED:
        found = _of_file(file)
    elif sys.stdin.isatty():
        found = str(typer.prompt(question, hide_input=True, err=True))
    else:
        found = sys.stdin.readline(LONGEST + 1)
    found = found.partition("\n")[0].removesuffix("\r")
    if not found or len(found.encode()) > LONGEST:
        raise SecretError(f"{_name(file)}: expected one line of 1 to {LONGEST} bytes")
    return found


def password_of(file: Path | None, variable: str) -> str | None:
    """The password at a broker: of the file, else of the variable of the environment; None: there is none.

    Raises SecretError.
    """
    return os.environ.get(variable) if file is None else secret_of(file, "Password at the broker")


def _of_file(file: Path) -> str:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise SecretError(f"{file}: {reason(error)}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SecretError(f"{file} is not a file; give a file, or - to be asked for it")
        if status.st_uid not in {0, os.geteuid()}:
            raise SecretError(f"{file} belongs to another user (uid {status.st_uid}), who can change it")
        if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretError(
                f"{file} can be used by others (mode {stat.S_IMODE(status.st_mode):04o}): run chmod 600 {file}"
            )
        return os.read(descriptor, LONGEST + 2).decode()
    except UnicodeDecodeError:
        raise SecretError(f"{file}: expected one line of UTF-8 text") from None
    finally:
        os.close(descriptor)


def _name(file: Path) -> str:
    return "the standard input" if file == ASKED else str(file)


_OF_A_FILE: Final = "File with the password at the broker (mode 600); - asks for it. Without it:"


def password_file_help(variable: str) -> str:
    """What the help of --password-file says."""
    return f"{_OF_A_FILE} the variable {variable}."


def password_refusal(variable: str) -> Callable[[str | None], None]:
    """The callback of --password, for commands that take the password from this variable too."""
    return refusing("--password", f"--password-file FILE (mode 600), --password-file - to be asked, or {variable}")


BROKER_PASSWORD: Final = "MQTT_PASSWORD"  # noqa: S105 - the name of a variable
PasswordFile = Annotated[Path | None, typer.Option("--password-file", help=password_file_help(BROKER_PASSWORD))]
RefusedPassword = Annotated[
    str | None, typer.Option("--password", hidden=True, callback=password_refusal(BROKER_PASSWORD))
]
"""For the parameter that keeps the option of earlier versions known, so that its user is told what to do."""
