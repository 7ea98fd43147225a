"""The commands `gate-agent console`: who may log in to the technician's page, for who administers this computer."""

import typer

from agent.cli.console.code import code
from agent.cli.console.user import app as user

app = typer.Typer(
    name="console", help="Make the users of the console, and the code of its first start.", no_args_is_help=True
)
app.command()(code)
app.add_typer(user, name="user")
