"""The commands `gate-agent relay list | test | inputs | trace`: test the boards of the gate, for the technician."""

import typer

from agent.cli.relay.inputs import inputs
from agent.cli.relay.listing import list_ports
from agent.cli.relay.pulse import pulse
from agent.cli.relay.trace import trace

app = typer.Typer(
    name="relay",
    help="Find, try and watch the relay and input boards of the gate, before the agent runs.",
    no_args_is_help=True,
)
app.command("list")(list_ports)
app.command("test")(pulse)
app.command("inputs")(inputs)
app.command("trace")(trace)
