"""The commands `gate-agent console`: manage who may log in to the console, for the computer's administrator."""

import typer

from agent.cli.console.code import code
from agent.cli.console.screen import screen
from agent.cli.console.user import app as user

app = typer.Typer(
    name="console",
    help="Manage users of the console, the code for the first log-in, and the addresses of drivers' screens.",
    no_args_is_help=True,
)
app.command()(code)
app.command()(screen)
app.add_typer(user, name="user")
