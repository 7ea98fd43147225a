"""The command `gate-agent release`: release every relay without the agent. The service runs it whenever it has stopped."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import exits
from agent.cli.configuration import DEFAULT_PATH, ConfigurationFile, relay_boards, usable_configuration
from agent.cli.terminal import echo
from agent.settings import SettingsError
from drivers import registry
from drivers.api import Delivery, DeviceError

if TYPE_CHECKING:
    from agent.settings import Device

TRIES = 3
WITHIN_S = 5.0


def release(
    configuration: ConfigurationFile = DEFAULT_PATH,
    *,
    within_s: Annotated[
        float, typer.Option("--within-s", min=0.1, max=60.0, help="Seconds that all of it may take.")
    ] = WITHIN_S,
) -> None:
    """Release every relay of every board in the configuration, and say of each board whether that is proved.

    For when the agent does not run, above all after it was killed in the middle of a pulse: a board that it has open
    refuses. Where the configuration cannot be used, the boards of the last good one are released. Exit code 0 when every
    board is known to be released, 1 when one is not, 78 when no configuration can be used.
    """
    try:
        found = usable_configuration(configuration)
    except SettingsError as error:
        echo(str(error), err=True)
        raise typer.Exit(exits.CONFIGURATION) from None
    if found.refused is not None:
        echo(f"{found.refused}\nthe boards of the last good configuration are released instead", err=True)
    settings = found.loaded.settings
    outcomes = {
        place: _Release(settings.lanes[lanes[0]].relay) for place, lanes in relay_boards(settings.lanes).items()
    }
    for outcome in outcomes.values():
        outcome.start()
    deadline = time.monotonic() + within_s
    for place, outcome in outcomes.items():
        outcome.done.wait(max(0.0, deadline - time.monotonic()))
        echo(f"{place}: {outcome.words}", err=not outcome.proved)
    if not all(outcome.proved for outcome in outcomes.values()):
        raise typer.Exit(exits.FAILED)


class _Release:
    """The release of one board, on a thread of its own: a board that hangs must not keep the others energised."""

    def __init__(self, device: Device) -> None:
        self.done = threading.Event()
        self.proved = False
        self.words = "no answer in time; its relays are not known to be released"
        self._relay = registry.relay(device.kind, device.table)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _run(self) -> None:
        try:
            self._relay.open()
            self.proved = any(self._relay.all_off() is Delivery.DELIVERED for _ in range(TRIES))
            self.words = "released" if self.proved else "told to release its relays, but that is not proved"
        except DeviceError as error:
            self.words = f"not released: {error}"
        finally:
            self._relay.close()
            self.done.set()
