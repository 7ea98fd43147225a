"""The command `gate-agent run`."""

from __future__ import annotations

import faulthandler
import logging
import os
import time
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import typer

from agent.cli import exit_codes
from agent.cli.configuration import (
    ConfigurationArgument,
    ConfigurationOption,
    configuration_of,
    configuration_on_disk,
    last_good_configuration,
    usable_configuration,
)
from agent.cli.process_signals import ProcessSignals
from agent.cli.relay_release import begin_release, boards_of, wait_for_releases
from agent.cli.terminal import counted
from agent.core.events import OwnCause
from agent.core.model import ReportOnce
from agent.service.cleanup import on_failure
from agent.service.garbage_collection import leave_loaded_alone, loading
from agent.service.memory import give_back_memory
from agent.service.systemd_notify import Notifier
from agent.service.watchdog import PlannedPause
from agent.service.worker import end_on_thread_failure
from agent.settings import (
    BY_HAND,
    EditStep,
    History,
    HistoryError,
    Problem,
    SettingsError,
    generation_of,
    made_by,
    on_disk,
    state_directory,
    step_text,
)
from agent.settings.configuration_loading import load_configuration
from agent.store.journal import is_written
from drivers.text import Text, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.assembly import App
    from agent.cli.relay_release import Release
    from agent.core.events import ConfigurationRefused
    from agent.fleet import TrialStart
    from agent.settings import LoadedSettings, Settings, UsableConfiguration

log = logging.getLogger(__name__)

LOOK_S = 0.5
LONGEST_WORDS: Final = 1_000
"""Of what is wrong with a configuration, in an event: a value in it can be as long as a file."""
START_OVER_S = 60.0
"""Within this time an agent that takes a new configuration must be at work again; the stop of the old one is a part of
it."""
HAND_OVER_S: Final = 300.0
"""Until the service manager stops an agent that is to be updated: the package is checked before."""
NEW: Final = OwnCause.NEW_CONFIGURATION.value


def run(
    configuration: ConfigurationArgument = None,
    *,
    config: ConfigurationOption = None,
) -> None:
    """Run the agent until it is stopped (SIGTERM or Ctrl-C). The service starts this command.

    The agent does not wait for devices. It connects to cameras, boards and brokers, and reconnects when they are lost.
    If the configuration is invalid, the agent runs with the last valid one and reports this. SIGHUP reloads the
    configuration; a valid one is applied when no vehicle is under way.

    Exit code 78 if no configuration can be used. Exit code 1 if the journal or the lists cannot be opened, the journal
    is damaged, or a part fails or does not end. The service then starts the agent again.
    """
    path = configuration_of(configuration, config)
    faulthandler.enable()
    gives_back = give_back_memory()
    asked = ProcessSignals()
    end_on_thread_failure(asked.thread_failed)
    _trial_start(path).recover()
    try:
        found = usable_configuration(path)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(exit_codes.CONFIGURATION) from None
    releases = _begin_release(found)
    with on_failure(partial(wait_for_releases, releases)):
        _load()
        app, found = _started(path, found, None, asked, releases)
    if not gives_back:
        log.info("the C library of this system cannot return memory early: the agent uses more memory")
    while (newer := _newer(path, app, found.loaded, asked)) is not None:
        app, found = _started_over(path, app, newer, found, asked)
    log.info("stopping: %s", asked.cause)
    app.stop(asked.cause)
    if asked.failed:
        raise typer.Exit(exit_codes.FAILED)


def _begin_release(found: UsableConfiguration) -> Mapping[str, Release]:
    """Release what the last run left energised, as one that was killed: that does not wait for all else to be loaded.

    Nothing where another agent is at work: the boards are its own, and this one will not start.
    """
    if is_written(found.loaded.settings.state.directory / "journal.db"):
        return {}
    return begin_release(boards_of(found))


def _load() -> None:
    """Load what only this command needs: once, before there is anything that a later start would leave behind."""
    with loading():
        import agent.assembly  # noqa: F401, PLC0415
    leave_loaded_alone()


def _started(
    configuration: Path,
    found: UsableConfiguration,
    before: UsableConfiguration | None,
    asked: ProcessSignals,
    releases: Mapping[str, Release] = MappingProxyType({}),
) -> tuple[App, UsableConfiguration]:
    """The agent at work with a configuration; where that only now turns out to be of no use, with the one before.

    `releases`: of relay boards, under way at the start of the process, by where the boards are.
    """
    from agent.site import WrongGateKeyError  # noqa: PLC0415 - what only this command needs
    from agent.store.errors import EvidenceError, JournalError, RegistryError  # noqa: PLC0415

    _start_log(found.loaded.settings)
    if found.refused is not None:
        _log_refused(found.refused)
    for warning in found.loaded.warnings:
        log.warning("%s", warning)
    fallback = before or last_good_configuration(configuration)
    try:
        app = _made(configuration, found, fallback, asked)
        app.start(releases)
    except (WrongGateKeyError, EvidenceError, JournalError, RegistryError, OSError) as error:
        wrong = isinstance(error, WrongGateKeyError)
        log.critical("%s: %s", "the configuration cannot be used" if wrong else "the agent cannot start", error)
        if before is not None and _trial_start(configuration).fail(found.loaded.fleet.texts, str(error)):
            return _started(configuration, _on_disk_or(configuration, before), before, asked, releases)
        if fallback is None or fallback.state == found.state:
            raise typer.Exit(exit_codes.CONFIGURATION if wrong else exit_codes.FAILED) from None
        problem = SettingsError(
            [Problem(str(configuration), "", Text("the agent cannot start with it: {why}", why=error))]
        )
        return _started(configuration, replace(fallback, refused=problem), fallback, asked, releases)
    if found.refused is None:
        who, how = _made_by(configuration, found, fallback)
        app.note_configuration(None if fallback is None else fallback.loaded, who, how)
    _remember(configuration, found)
    log.info("gate %s runs with %s", found.loaded.settings.gate.id, counted(len(found.loaded.settings.lanes), "lane"))
    return app, found


def _started_over(
    configuration: Path, app: App, newer: UsableConfiguration, found: UsableConfiguration, asked: ProcessSignals
) -> tuple[App, UsableConfiguration]:
    """The agent at work with a newer configuration, in the place of the one that ran. Exits where that does not end."""
    log.info("stopping: %s", NEW)
    trials = _trial_start(configuration)
    if not trials.begin(newer.loaded.fleet.texts):
        newer = on_disk(configuration, partial(load_configuration, configuration, fleet=trials.in_force()))
    with PlannedPause(Notifier.from_environment(os.environ), START_OVER_S):
        if not app.stop(NEW, again=True):
            log.critical("a part of the agent has not ended: the service must start a new process")
            raise typer.Exit(exit_codes.FAILED)
        return _started(configuration, newer, found, asked)


def _trial_start(configuration: Path) -> TrialStart:
    """Who notes the trials of fleet documents around the starts of the agent."""
    from agent.clock import Clock  # noqa: PLC0415 - what only this command needs
    from agent.fleet import FleetStore, TrialStart  # noqa: PLC0415

    return TrialStart(FleetStore(state_directory(configuration, os.environ)), Clock().now)


def _on_disk_or(configuration: Path, before: UsableConfiguration) -> UsableConfiguration:
    """The configuration on the disk, without what was undone; where that cannot be used, the one of before."""
    try:
        return configuration_on_disk(configuration)
    except SettingsError as error:
        return replace(before, refused=error)


def _newer(configuration: Path, app: App, running: LoadedSettings, asked: ProcessSignals) -> UsableConfiguration | None:
    """Wait until the agent may start with a new configuration; None: it is to stop."""
    newer: UsableConfiguration | None = None
    reported = ReportOnce()
    while True:
        asked.wait(None if newer is None else LOOK_S)
        if asked.cause:
            return None
        if asked.pop_reload_request():
            newer = _reloaded(configuration, app, running)
            reported.clear()
        if newer is None:
            continue
        waits_for = _wound_down(app)
        if not waits_for:
            return None if app.hand_over() and _stopped(asked) else newer
        if reported.is_new(waits_for):
            log.info("%s waits for %s", NEW, waits_for)


def _wound_down(app: App) -> str:
    """Wind the lanes down for a stop that disturbs nobody; what that has to wait for, or "" once it is done."""
    if app.is_starting:
        return "the end of the start"
    busy = app.wind_down_at_rest()
    return f"the lanes {', '.join(busy)} to be at rest" if busy else ""


def _stopped(asked: ProcessSignals) -> bool:
    """Root's helper stops the agent to update it, at a moment without a vehicle; whether it has, in time."""
    until_at = time.monotonic() + HAND_OVER_S
    with PlannedPause(Notifier.from_environment(os.environ), HAND_OVER_S):
        while not asked.cause and (left_s := until_at - time.monotonic()) > 0:
            asked.wait(left_s)
    return bool(asked.cause)


def _reloaded(configuration: Path, app: App, running: LoadedSettings) -> UsableConfiguration | None:
    """The configuration on the disk; None where it cannot be used, which is told.

    Where the agent runs with a fleet document that was undone, it is the last good one then: that must end.
    """
    try:
        return configuration_on_disk(configuration)
    except SettingsError as error:
        _log_refused(error)
        app.refuse(_refusal(error, running))
        if _trial_start(configuration).counts(running.fleet.texts):
            return None
        return last_good_configuration(configuration)


def _log_refused(refused: SettingsError) -> None:
    for problem in refused.problems:
        log.error("%s", problem.head)
    log.error("the configuration on the disk is refused; the gate runs with the last good one")


def _refusal(refused: SettingsError, running: LoadedSettings) -> ConfigurationRefused:
    from agent.core.events import ConfigurationRefused  # noqa: PLC0415 - loads all events: after the relays' release

    errors = [problem for problem in refused.problems if problem.severity == "error"]
    return ConfigurationRefused(
        errors=len(errors), detail=shortened(errors[0].head, LONGEST_WORDS), running=running.digest
    )


def _remember(configuration: Path, found: UsableConfiguration) -> None:
    """Keep the configuration that the agent now runs with. That it cannot be kept must not stop the gate."""
    from agent.clock import Clock  # noqa: PLC0415 - what only this command needs

    # Not where the file says now: somebody may be writing it.
    history, utc = History(found.loaded.settings.state.directory, configuration), Clock().now().utc
    try:
        with history.held():
            if found.refused is None and generation_of(history, found.state, configuration) is None:
                history.note(found.state, EditStep("", BY_HAND, utc))
            history.keep_good(found.state, utc)
    except HistoryError as error:
        log.warning("the configuration cannot be saved as the last valid one: %s", error)


def _made_by(configuration: Path, found: UsableConfiguration, before: UsableConfiguration | None) -> tuple[str, str]:
    """Who made the configuration another than the one before, and how, as far as that is known."""
    try:
        return made_by(History(found.loaded.settings.state.directory, configuration), configuration, found, before)
    except HistoryError as error:
        log.warning("it is not known who changed the configuration: %s", error)
        return "", step_text(BY_HAND)


def _start_log(settings: Settings) -> None:
    from agent.observability import configure  # noqa: PLC0415 - what only this command needs

    passwords = (section.password for section in (settings.mqtt, settings.site))
    configure(
        level=settings.log.level,
        style=settings.log.format,
        gate=settings.gate.id,
        secrets=tuple(password.get_secret_value() for password in passwords if password is not None),
        environment=os.environ,
    )


def _made(
    configuration: Path, found: UsableConfiguration, last: UsableConfiguration | None, asked: ProcessSignals
) -> App:
    """The agent, not started yet. `last`: with what it ran before. Raises what App raises."""
    from agent.assembly import App, ConfigurationSource  # noqa: PLC0415 - what only this command needs
    from agent.clock import Clock  # noqa: PLC0415

    refused = None if found.refused is None else _refusal(found.refused, found.loaded)
    source = ConfigurationSource(
        configuration,
        refused,
        asked.request_reload,
        partial(load_configuration, configuration),
        lambda texts: load_configuration(configuration, fleet=texts),
        state_directory(configuration, os.environ),
        renamed=last is not None and last.loaded.settings.gate.id != found.loaded.settings.gate.id,
    )
    return App(found.loaded, Clock(), Notifier.from_environment(os.environ), asked.damaged, source)
