"""The command `gate-agent camera find`: lists the network cameras that a gate can use, for the technician."""

import typer

from agent.cli.camera.find import find

app = typer.Typer(name="camera", help="Find network cameras by ONVIF.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep the name of the one command: a group of one would be the command itself."""


app.command("find")(find)
