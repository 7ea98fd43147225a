"""The commands `gate-agent voice list | test | import | remove`: manage recorded speech, for the technician."""

import typer

from agent.cli.voice.import_ import import_
from agent.cli.voice.listing import list_
from agent.cli.voice.remove import remove
from agent.cli.voice.trial import trial

app = typer.Typer(
    name="voice",
    help="List and play the messages to drivers, and replace the shipped recordings with your own.",
    no_args_is_help=True,
)
app.command("list")(list_)
app.command("test")(trial)
app.command("import")(import_)
app.command("remove")(remove)
