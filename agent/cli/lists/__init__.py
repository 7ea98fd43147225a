"""The commands `gate-agent lists`: publish, pack, show and import the signed lists of a site."""

import typer

from agent.cli.lists.import_ import import_
from agent.cli.lists.inspect import inspect
from agent.cli.lists.pack import pack
from agent.cli.lists.publish import publish
from agent.cli.lists.show import show

app = typer.Typer(no_args_is_help=True, help="Publish, pack, import and show declarations and other lists.")
app.command()(publish)
app.command()(pack)
app.command()(inspect)
app.command("import")(import_)
app.command()(show)
