"""The command `gate-agent run`."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import threading
from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import exits
from agent.cli.check import DEFAULT_PATH, load_configuration
from agent.settings import SettingsError

if TYPE_CHECKING:
    from types import FrameType

log = logging.getLogger(__name__)


def run(
    configuration: Annotated[Path, typer.Argument(metavar="[CONFIG]", help="The configuration file.")] = DEFAULT_PATH,
) -> None:
    """Run the agent until it is told to stop (SIGTERM or Ctrl-C). The service starts this command.

    It waits for no device: cameras, boards and brokers are looked for, lost and found again for as long as it runs.
    Exit code 78 when the configuration cannot be used, 1 when the journal cannot be opened or is found damaged.
    """
    from agent.app import App  # noqa: PLC0415 - what only this command needs
    from agent.service.clock import Clock  # noqa: PLC0415
    from agent.service.logs import configure  # noqa: PLC0415
    from agent.service.notify import Notifier  # noqa: PLC0415
    from agent.store.errors import EvidenceError, JournalError  # noqa: PLC0415

    faulthandler.enable()
    try:
        loaded = load_configuration(configuration)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(exits.CONFIGURATION) from None
    settings = loaded.settings
    password = settings.mqtt.password
    configure(
        level=settings.log.level,
        style=settings.log.format,
        gate=settings.gate.id,
        secrets=() if password is None else (password.get_secret_value(),),
        environment=os.environ,
    )
    for warning in loaded.warnings:
        log.warning("%s", warning)
    asked = _Asked()
    try:
        app = App(loaded, Clock(), Notifier.from_environment(os.environ), asked.damaged)
    except (EvidenceError, JournalError, OSError) as error:
        log.critical("the agent cannot start: %s", error)
        raise typer.Exit(exits.FAILED) from None
    app.start()
    log.info("gate %s runs with %d lanes", settings.gate.id, len(settings.lanes))
    asked.wait()
    log.info("stopping: %s", asked.cause)
    app.stop(asked.cause)
    if asked.failed:
        raise typer.Exit(exits.FAILED)


class _Asked:
    """Waits for what ends the run: a signal, or damage that only a new start mends."""

    def __init__(self) -> None:
        self.cause = ""
        self.failed = False
        self._event = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._take)

    def wait(self) -> None:
        """Wait until asked."""
        self._event.wait()

    def damaged(self, what: str) -> None:
        """Ask to stop because of damage; the service manager starts the agent anew."""
        log.critical("the agent must start anew: %s", what)
        self.cause, self.failed = "journal damaged", True
        self._event.set()

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.cause = signal.Signals(number).name
        self._event.set()
