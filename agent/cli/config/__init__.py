"""The commands `gate-agent config check | schema`: the file that says what runs."""

import typer

from agent.cli.config.check import check
from agent.cli.config.schema import schema

app = typer.Typer(
    name="config", help="Check, show and change the configuration, and take a change back.", no_args_is_help=True
)
app.command()(check)
app.command()(schema)
