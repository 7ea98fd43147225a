"""The commands `gate-agent permit`: manage keys, trust lists and permits for the issuer, and inspect a code."""

import typer

from agent.cli.permit.batch import batch
from agent.cli.permit.inspect import inspect
from agent.cli.permit.issue import issue
from agent.cli.permit.keygen import keygen
from agent.cli.permit.revoke import revoke
from agent.cli.permit.trust_list_renewal import renew
from agent.cli.permit.verify import verify

app = typer.Typer(no_args_is_help=True, help="Make, inspect, verify and revoke permits, keys and trust lists.")
app.command()(keygen)
app.command()(renew)
app.command()(issue)
app.command()(batch)
app.command()(inspect)
app.command()(verify)
app.command()(revoke)
