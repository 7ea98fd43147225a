"""The commands `gate-agent config check | show | schema | set | unset | add | history | undo`.

They read and change the configuration file.
"""

import typer

from agent.cli.config.change import add_table, set_key, unset_key
from agent.cli.config.check import check
from agent.cli.config.history import history, undo_change
from agent.cli.config.show import schema, show

app = typer.Typer(
    name="config", help="Check, show and change the configuration, and undo a change.", no_args_is_help=True
)
app.command()(check)
app.command()(show)
app.command()(schema)
app.command("set")(set_key)
app.command("unset")(unset_key)
app.command("add")(add_table)
app.command()(history)
app.command("undo")(undo_change)
