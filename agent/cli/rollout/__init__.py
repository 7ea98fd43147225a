"""The commands `gate-agent fleet plan | apply | status | software`, beside those that simulate a fleet.

`gate-agent fleet` with options and no command simulates gates that send small events, as it did before there were
others.
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
