"""The commands `gate-agent anchors`: show and change the keys, brokers and people that a gate trusts."""

import typer

from agent.cli.anchors.adopt import adopt
from agent.cli.anchors.apply import apply
from agent.cli.anchors.documents import keygen, sign, write
from agent.cli.anchors.show import show

app = typer.Typer(
    name="anchors",
    help="Show, adopt and change the trust anchors: keys, brokers, gates of the site.",
    no_args_is_help=True,
)
app.command()(show)
app.command()(adopt)
app.command()(keygen)
app.command()(write)
app.command()(sign)
app.command("apply")(apply)
