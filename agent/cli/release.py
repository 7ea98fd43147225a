"""The command `gate-agent release`: release every relay without the agent.

The service runs it whenever it has stopped.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import exit_codes
from agent.cli.configuration import (
    ConfigurationArgument,
    ConfigurationOption,
    configuration_of,
    last_good_configuration,
    relay_boards,
    usable_configuration,
)
from agent.cli.terminal import echo
from agent.service.parallel import Job
from agent.settings import SettingsError
from drivers import registry
from drivers.api import Delivery, DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.settings import Device, UsableConfiguration
    from drivers.api import RelayPort

TRIES = 3
WITHIN_S = 5.0
NO_ANSWER = "no answer in time; its relays are not known to be released"


def release(
    configuration: ConfigurationArgument = None,
    *,
    config: ConfigurationOption = None,
    within_s: Annotated[
        float, typer.Option("--within-s", min=0.1, max=60.0, help="Maximum time in seconds.")
    ] = WITHIN_S,
) -> None:
    """Release every relay of every board in the configuration, and say whether each board confirms it.

    Use it when the agent does not run, mainly after it was killed in the middle of a pulse; it cannot use a board
    that the agent has open. It also releases the boards of the last valid configuration, or only those if the one on
    the disk is invalid. Exit code 0 when every board is known to be released, 1 when one is not, 78 when no
    configuration can be used.
    """
    path = configuration_of(configuration, config)
    try:
        found = usable_configuration(path)
    except SettingsError as error:
        echo(str(error), err=True)
        raise typer.Exit(exit_codes.CONFIGURATION) from None
    if found.refused is not None:
        echo(f"{found.refused}\nthe boards of the last good configuration are released instead", err=True)
    good = last_good_configuration(path)
    boards = ({} if good is None else _boards(good)) | _boards(found)
    # On a thread each: a board that hangs must not keep the others energised.
    jobs = {
        place: Job(f"release {place}", partial(_released, partial(registry.relay, board.kind, board.table)))
        for place, board in boards.items()
    }
    deadline = time.monotonic() + within_s
    all_proved = True
    for place, job in jobs.items():
        answered = job.ended(deadline - time.monotonic()) and job.error is None
        proved, words = job.result(deadline) if answered else (False, NO_ANSWER)
        all_proved = all_proved and proved
        echo(f"{place}: {words}", err=not proved)
    if not all_proved:
        raise typer.Exit(exit_codes.FAILED)


def _boards(configuration: UsableConfiguration) -> dict[str, Device]:
    """The relay boards of a configuration, by where they are; one of lanes in dry run alone is none of the agent's."""
    lanes = {name: lane for name, lane in configuration.loaded.settings.lanes.items() if not lane.dry_run}
    return {place: lanes[names[0]].relay for place, names in relay_boards(lanes).items()}


def _released(make: Callable[[], RelayPort]) -> tuple[bool, str]:
    """Release one board; whether that is proved, and what to say of it."""
    try:
        relay = make()
    except DeviceError as error:
        return False, f"not released: {error}"
    try:
        relay.open()
        proved = any(relay.all_off() is Delivery.DELIVERED for _ in range(TRIES))
    except DeviceError as error:
        return False, f"not released: {error}"
    finally:
        relay.close()
    return proved, "released" if proved else "was told to release its relays, but does not confirm it"
