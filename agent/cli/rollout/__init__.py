"""The commands `gate-agent fleet plan | apply | status`, beside the simulator of a fleet.

`gate-agent fleet` with options and no command is `fleet simulate`, as it was before there were others.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from agent.cli.fleet import fleet
from agent.cli.rollout.commands import apply, plan, status

SIMULATE = "simulate"


class _FleetGroup(TyperGroup):
    """Takes options where a command is due for those of the simulator."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = [SIMULATE, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_FleetGroup, no_args_is_help=True, help="Bring documents to many gates, and simulate many against brokers."
)
app.command()(plan)
app.command()(apply)
app.command()(status)
app.command(SIMULATE)(fleet)
