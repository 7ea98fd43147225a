"""The commands of the agent with their options, as its manual page and the completion of its words need them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from typer.main import get_command

from agent.cli.main import COMMANDS, EPILOG, application

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Option:
    """One option or argument.

    How the help names it ("--json", "--within-s <float>", "CONFIG"), its spellings, its help.
    """

    shown: str
    names: tuple[str, ...]
    help: str


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """One command: its words after `gate-agent`, its help text, arguments, options and the commands below it."""

    words: tuple[str, ...]
    help: str
    arguments: tuple[Option, ...]
    options: tuple[Option, ...]
    below: tuple[CommandEntry, ...] = ()

    def walk(self) -> Iterator[CommandEntry]:
        """This one and all below it."""
        yield self
        for entry in self.below:
            yield from entry.walk()


@cache
def commands() -> CommandEntry:
    """All commands of the agent, every module of them loaded."""
    root = _entry(get_command(application([])), ())
    groups = ((command.name, get_command(application([command.name]))) for command in COMMANDS)
    below = tuple(_entry(group.commands[name], (name,)) for name, group in groups)  # type: ignore[attr-defined]
    return CommandEntry(root.words, f"{root.help}\n\n{EPILOG}", root.arguments, root.options, below)


def _entry(command: Any, words: tuple[str, ...]) -> CommandEntry:
    context = command.make_context(" ".join(("gate-agent", *words)), [], resilient_parsing=True)
    found: dict[str, list[Option]] = {"argument": [], "option": []}
    for parameter in command.get_params(context):
        shown, text = parameter.get_help_record(context) or ("", "")
        if shown:
            names = (*parameter.opts, *parameter.secondary_opts)
            found[parameter.param_type_name].append(Option(" ".join(shown.split()), names, text))
    inner = getattr(command, "commands", {}) if words else {}
    below = tuple(_entry(one, (*words, name)) for name, one in inner.items() if not one.hidden)
    return CommandEntry(words, command.help or "", tuple(found["argument"]), tuple(found["option"]), below)
