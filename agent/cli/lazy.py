"""Mounting the commands: only the module of the command that was asked for is imported.

So a quick command does not wait for the libraries of a heavy one, and a broken module breaks its own command only.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import typer

from agent.service.garbage_collection import loading

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class CliCommand:
    """A command: its name, `module:function` or `module:app` that serves it, and its line in the help."""

    name: str
    target: str
    help: str


class CommandBrokenError(Exception):
    """The module of a command cannot be loaded."""


def mount(app: typer.Typer, commands: Sequence[CliCommand], arguments: Sequence[str]) -> None:
    """Mount the command that the arguments name, and for all others just their lines in the help.

    Raises:
        CommandBrokenError: the module of the named command cannot be loaded.
    """
    named = next((argument for argument in arguments if not argument.startswith("-")), "")
    for command in commands:
        if command.name == named:
            _mount_real(app, command)
        else:
            app.command(command.name, help=command.help, add_help_option=False)(_not_loaded)


def _not_loaded() -> None:
    """Stand in for a command that nobody asked for."""


def _mount_real(app: typer.Typer, command: CliCommand) -> None:
    module, _, name = command.target.partition(":")
    try:
        with loading():
            target = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        message = f"the command {command.name} cannot be loaded: {error}"
        raise CommandBrokenError(message) from error
    if isinstance(target, typer.Typer):
        _unwrap(target)
        app.add_typer(target, name=command.name)
    else:
        app.command(command.name, help=unwrapped(inspect.getdoc(target) or ""))(target)


def _unwrap(app: typer.Typer) -> None:
    """Give every command of a group, and of the groups in it, its help without the line breaks of the source."""
    described = isinstance(app.info.help, str)  # then the docstring of its callback is not its help
    callback = () if described or app.registered_callback is None else (app.registered_callback,)
    for command in (*app.registered_commands, *callback):
        if command.callback is not None:
            command.help = unwrapped(inspect.getdoc(command.callback) or "")
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _unwrap(group.typer_instance)


def unwrapped(text: str) -> str:
    """A docstring with one line a paragraph, for a terminal of any width. Paragraphs with indented lines stay."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(one if "\n " in one else " ".join(one.split()) for one in paragraphs)
