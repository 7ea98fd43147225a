"""The command `gate-agent release`: release every relay without the agent.

The service runs it whenever it has stopped.
"""

from __future__ import annotations

import time
from typing import Annotated

import typer

from agent.cli import exit_codes
from agent.cli.configuration import (
    ConfigurationArgument,
    ConfigurationOption,
    configuration_of,
    last_good_configuration,
    usable_configuration,
)
from agent.cli.relay_release import WITHIN_S, begin_release, boards_of
from agent.cli.terminal import echo
from agent.settings import SettingsError

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
    boards = ({} if good is None else boards_of(good)) | boards_of(found)
    jobs = begin_release(boards)
    deadline = time.monotonic() + within_s
    all_proved = True
    for place, job in jobs.items():
        answered = job.ended(deadline - time.monotonic()) and job.error is None
        proved, words = job.result(deadline) if answered else (False, NO_ANSWER)
        all_proved = all_proved and proved
        echo(f"{place}: {words}", err=not proved)
    if not all_proved:
        raise typer.Exit(exit_codes.FAILED)
