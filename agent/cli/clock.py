"""The commands `gate-agent clock`: how reliable the computer's clock is, and how to fix a wrong floor."""

from __future__ import annotations

import getpass
import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import exit_codes
from agent.cli.configuration import DEFAULT_PATH, Configuration
from agent.cli.gate_registry import registry_of, settings_of
from agent.cli.terminal import echo, fail
from agent.clock import CAUSE_CHARACTERS, Clock, ClockFiles, FloorReset, first_trust, holdover_rules
from agent.core.clock import ClockFloor, ClockObservation, observe
from agent.core.events import time_text
from agent.lists import REGISTRY
from agent.store.errors import RegistryError

if TYPE_CHECKING:
    from agent.core.clock import ClockTrust
    from agent.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="Show how reliable the clock is, and correct its floor after a wrong time."
)

NEVER = "never"


@app.command()
def show(
    configuration: Configuration = DEFAULT_PATH,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON, for programs.")] = False,
) -> None:
    """Show how reliable the clock is now, and why.

    Exit code 0 if it is reliable enough to decide on permits, otherwise 1.
    """
    settings = settings_of(configuration)
    files = ClockFiles(settings.state.directory)
    try:
        floor = _floor(settings)
        waiting = files.reset()
    except (RegistryError, OSError, ValueError) as error:
        fail("clock show", error)
    trust = _trust(settings, files, floor)
    found = {
        "state": trust.state.value,
        "why": trust.detail,
        "time": _moment(trust.seen.utc),
        "off_by_at_most_s": None if trust.error_s is None else round(trust.error_s, 3),
        "floor": _moment(floor.utc) if floor.utc else NEVER,
        "last_kept_by_a_time_server": NEVER if floor.synced_utc is None else _moment(floor.synced_utc),
        "floor_reset_waits": None if waiting is None else f"to {_moment(waiting.utc)} by {waiting.operator}",
    }
    if as_json:
        echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        wide = max(map(len, found))
        for name, value in found.items():
            if value not in (None, ""):
                echo(f"{name.replace('_', ' '):<{wide}}  {value}")
    raise typer.Exit(exit_codes.OK if trust.trusted else exit_codes.FAILED)


@app.command("reset-floor")
def reset_floor(
    cause: Annotated[str, typer.Option(help="Why the floor is wrong; recorded in an event with your user name.")],
    configuration: Configuration = DEFAULT_PATH,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether the time is right.")] = False,
) -> None:
    """Set the clock's floor, the earliest time that the gate believes, to the current time.

    Use it after the gate believed a time in the future. First set the computer's clock: it must be right. The agent
    changes the floor and records an event: within a second if it runs, otherwise when it starts.

    Example:
      sudo gate-agent clock reset-floor --cause "wrong year of the time server"
    """
    settings = settings_of(configuration)
    if not cause.strip() or not cause.isprintable() or len(cause) > CAUSE_CHARACTERS:
        raise typer.BadParameter(f"--cause must be one line, up to {CAUSE_CHARACTERS} characters")
    files = ClockFiles(settings.state.directory)
    now = Clock().now().utc
    if not yes:
        typer.confirm(f"This computer's clock says {_moment(now)}. Is that right?", abort=True)
    operator = os.environ.get("SUDO_USER") or getpass.getuser()
    try:
        files.ask_reset(FloorReset(now, operator, cause.strip()))
    except OSError as error:
        fail("clock reset-floor", error)
    echo(f"the floor becomes {_moment(now)}: at once if the agent runs, otherwise when it starts")


def _floor(settings: Settings) -> ClockFloor:
    """The floor of the gate; none is made where no agent has run yet."""
    if not (settings.state.directory / REGISTRY).exists():
        return ClockFloor(0.0)
    with registry_of(settings) as registry:
        return registry.clock_floor()


def trust_of(settings: Settings) -> ClockTrust:
    """What an agent that starts now would make of the clock. Raises RegistryError, OSError or ValueError."""
    return _trust(settings, ClockFiles(settings.state.directory), _floor(settings))


def _trust(settings: Settings, files: ClockFiles, floor: ClockFloor) -> ClockTrust:
    """What an agent that starts now would make of the clock."""
    clock = Clock()
    now, kernel = clock.together(), clock.synchronisation()
    look = ClockObservation(now, kernel.synchronised, (kernel.error_ms or 0.0) / 1000, floor, kernel.detail)
    return observe(first_trust(files, clock), look, holdover_rules(settings.clock))


def _moment(utc: float) -> str:
    return time_text(round(utc * 1000))
