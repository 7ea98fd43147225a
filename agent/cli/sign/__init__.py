"""The commands `gate-agent sign list | test`, with which a technician tests the signs for drivers."""

import typer

from agent.cli.sign.listing import list_signs
from agent.cli.sign.trial import try_sign

app = typer.Typer(
    name="sign",
    help="Find and try the signs that tell drivers what to do, before the agent runs.",
    no_args_is_help=True,
)
app.command("list")(list_signs)
app.command("test")(try_sign)
