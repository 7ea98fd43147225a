"""The commands `gate-agent events tail | verify | export | erase | key | ack-keygen | schema`: recorded events."""

import typer

from agent.cli.events.ack_keygen import ack_keygen
from agent.cli.events.erase import erase
from agent.cli.events.export import export
from agent.cli.events.key import show_key
from agent.cli.events.schema import schema
from agent.cli.events.tail import tail
from agent.cli.events.verify import verify_command

app = typer.Typer(name="events", help="Show, verify and export what the gate recorded.", no_args_is_help=True)
app.command()(tail)
app.command("verify")(verify_command)
app.command()(export)
app.command()(erase)
app.command("key")(show_key)
app.command("ack-keygen")(ack_keygen)
app.command()(schema)
