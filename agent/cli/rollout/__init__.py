"""The commands `gate-agent fleet plan | apply | status | software`, beside the commands that simulate a fleet.

Without a command, `gate-agent fleet` still simulates gates that send small events.
"""

from __future__ import annotations

import typer

from agent.cli.fleet import fleet, simulate
from agent.cli.rollout.commands import apply, plan, status
from agent.cli.rollout.software import software

app = typer.Typer()
app.callback(invoke_without_command=True)(fleet)
for _command in (plan, apply, status, software, simulate):
    app.command()(_command)
