"""Options that several commands share."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from agent.cli.option_group import with_options


@dataclass(frozen=True)
class Shared:
    gates: Annotated[int, typer.Option(min=1, help="Number of gates.")]
    prefix: Annotated[str, typer.Option("--begin", help="What ids begin with.")] = "gate-"


def run(*arguments):
    app, told = typer.Typer(), []

    @app.command()
    @with_options(Shared)
    def show(name: str, options: Shared, loud: Annotated[bool, typer.Option("--loud")] = False) -> None:
        """Say what was given."""
        told.append((name, options, loud))

    found = CliRunner().invoke(app, list(arguments))
    return found, told


def test_a_command_gets_its_own_options_and_the_group_together():
    found, told = run("north", "--gates", "3", "--begin", "x-", "--loud")
    assert (found.exit_code, told) == (0, [("north", Shared(3, "x-"), True)])
    assert run("north", "--gates", "3")[1] == [("north", Shared(3), False)]


def test_the_fields_are_checked_and_explained_as_options_are():
    assert "--gates" in run("north")[0].output
    assert run("north", "--gates", "0")[0].exit_code == 2
    shown = run("--help")[0].output
    assert all(words in shown for words in ("Say what was given.", "Number of gates.", "--begin"))


def test_a_command_that_takes_no_group_or_has_a_field_of_it_itself_is_a_mistake_of_ours():
    with pytest.raises(TypeError, match="needs the parameter options"):
        with_options(Shared)(lambda name: None)
    with pytest.raises(TypeError, match="none of gates, prefix"):
        with_options(Shared)(lambda gates, options: None)
