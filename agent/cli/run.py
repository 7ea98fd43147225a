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
from agent.cli.configuration import DEFAULT_PATH, load_configuration
from agent.settings import SettingsError

if TYPE_CHECKING:
    from types import FrameType

    from agent.app import App
    from agent.settings import LoadedSettings, Settings

log = logging.getLogger(__name__)


def run(
    configuration: Annotated[Path, typer.Argument(metavar="[CONFIG]", help="The configuration file.")] = DEFAULT_PATH,
) -> None:
    """Run the agent until it is told to stop (SIGTERM or Ctrl-C). The service starts this command.

    It waits for no device: cameras, boards and brokers are looked for, lost and found again for as long as it runs.
    Exit code 78 when the configuration cannot be used, 1 when the journal or the lists cannot be opened or the journal is
    found damaged.
    """
    faulthandler.enable()
    try:
        loaded = load_configuration(configuration)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(exits.CONFIGURATION) from None
    settings = loaded.settings
    _start_log(settings)
    for warning in loaded.warnings:
        log.warning("%s", warning)
    asked = _Asked()
    app = _made(loaded, asked)
    app.start()
    log.info("gate %s runs with %d lanes", settings.gate.id, len(settings.lanes))
    asked.wait()
    log.info("stopping: %s", asked.cause)
    app.stop(asked.cause)
    if asked.failed:
        raise typer.Exit(exits.FAILED)


def _start_log(settings: Settings) -> None:
    from agent.service.logs import configure  # noqa: PLC0415 - what only this command needs

    passwords = (section.password for section in (settings.mqtt, settings.site))
    configure(
        level=settings.log.level,
        style=settings.log.format,
        gate=settings.gate.id,
        secrets=tuple(password.get_secret_value() for password in passwords if password is not None),
        environment=os.environ,
    )


def _made(loaded: LoadedSettings, asked: _Asked) -> App:
    from agent.app import App  # noqa: PLC0415 - what only this command needs
    from agent.gate_site import WrongGateKeyError  # noqa: PLC0415
    from agent.service.clock import Clock  # noqa: PLC0415
    from agent.service.notify import Notifier  # noqa: PLC0415
    from agent.store.errors import EvidenceError, JournalError, RegistryError  # noqa: PLC0415

    try:
        return App(loaded, Clock(), Notifier.from_environment(os.environ), asked.damaged)
    except WrongGateKeyError as error:
        log.critical("the configuration cannot be used: %s", error)
        raise typer.Exit(exits.CONFIGURATION) from None
    except (EvidenceError, JournalError, RegistryError, OSError) as error:
        log.critical("the agent cannot start: %s", error)
        raise typer.Exit(exits.FAILED) from None


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
