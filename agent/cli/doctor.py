"""The command `gate-agent doctor`: checks everything that a gate needs, and reports problems and fixes."""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Final

import typer

from agent.cli import exit_codes
from agent.cli.agent_client import DEFAULT_SOCKET, AgentAwayError, AgentClient, SocketOption
from agent.cli.clock import trust_of
from agent.cli.configuration import (
    ConfigurationArgument,
    ConfigurationOption,
    configuration_of,
    relay_boards,
    usable_configuration,
)
from agent.cli.gate_registry import registry_of
from agent.cli.terminal import echo
from agent.clock import Clock
from agent.doctor import (
    CheckRunner,
    ClockFacts,
    DiagnosticCheck,
    DiagnosticReport,
    ListsFacts,
    Severity,
    TaskDependencies,
    agent_user,
    check_title,
    common_tasks,
    free_device_tasks,
    health_of_the_doctor,
    health_payload,
    lists_facts,
    report_as_json,
    report_from_json,
    report_lines,
    tasks_without_settings,
)
from agent.i18n import Language
from agent.lists import REGISTRY
from agent.service import systemd_unit
from agent.settings import SettingsError
from agent.settings.configuration_loading import load_configuration
from agent.store.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.doctor import Finding, Task
    from agent.settings import Settings

PATH: Final = "/api/doctor"
PATIENCE_S: Final = 90.0
_SERIOUS: Final = (Severity.ERROR, Severity.WARNING)


def doctor(
    configuration: ConfigurationArgument = None,
    *,
    config: ConfigurationOption = None,
    as_json_: Annotated[bool, typer.Option("--json", help="Print the report as JSON, for programs.")] = False,
    language: Annotated[Language, typer.Option("--language", help="The language of the report.")] = Language.EN,
    socket: SocketOption = DEFAULT_SOCKET,
) -> None:
    """Check everything that the gate needs, and report problems and how to fix them. Moves nothing.

    If the agent runs, the command asks the agent, which has the devices. Otherwise it watches each camera for some
    seconds, asks each board what it is, and opens each scanner. Every check has a time limit; a check that hangs is a
    finding.

    Exit code 0 when there is nothing to fix, 1 when there are errors or warnings, 78 when no configuration can be used.
    """
    report, usable = report_of(configuration_of(configuration, config), socket, language)
    if as_json_:
        echo(json.dumps(report_as_json(report, language), ensure_ascii=False, indent=2))
    else:
        for line in report_lines(report, language):
            echo(line)
    if not usable:
        raise typer.Exit(exit_codes.CONFIGURATION)
    if report.worst in _SERIOUS:
        raise typer.Exit(exit_codes.FAILED)


def report_of(configuration: Path, socket: Path, language: Language) -> tuple[DiagnosticReport, bool]:
    """The report of the running agent, else one of this process' own; and whether a configuration can be used."""
    report = _asked(socket, language)
    return (report, True) if report is not None else _examined(configuration, language)


def _asked(socket: Path, language: Language) -> DiagnosticReport | None:
    """The report of the running agent; None where none runs here."""
    try:
        if not socket.exists() and not systemd_unit.is_coming_up():
            return None
    except PermissionError:  # there is one, and who may ask it is told below
        pass
    try:
        told = AgentClient(socket, language.value, PATIENCE_S).json(PATH)
        return report_from_json(told, Clock().now().utc)
    except AgentAwayError as error:
        echo(f"gate-agent doctor: {error}; checking the devices without it", err=True)
    except (KeyError, TypeError, ValueError) as error:
        echo(f"gate-agent doctor: the agent's report cannot be understood ({error!r})", err=True)
    return None


def _examined(path: Path, language: Language) -> tuple[DiagnosticReport, bool]:
    """A report of this process' own, and whether there is a configuration that can be used."""
    clock = Clock()
    try:
        settings = usable_configuration(path).loaded.settings
    except SettingsError:
        tasks, gate, usable = tasks_without_settings(path, lambda: load_configuration(path)), "?", False
    else:
        tasks, gate, usable = _tasks(path, settings, clock), settings.gate.id, True
    found = CheckRunner().run(tasks, _Progress(tasks, language).on_check_done)
    return DiagnosticReport(gate, version("gate-agent"), agent=False, utc=clock.now().utc, findings=found), usable


def _tasks(path: Path, settings: Settings, clock: Clock) -> list[Task]:
    gate, installed = settings.gate.id, version("gate-agent")
    dependencies = TaskDependencies(
        path=path,
        load=lambda: load_configuration(path),
        settings=settings,
        user=agent_user(),
        utc=lambda: clock.now().utc,
        clock=lambda: _clock(settings),
        lists=lambda: _lists(settings, clock),
        health=lambda: health_payload(health_of_the_doctor(gate, installed, clock.now().utc)),
        running=lambda: None,
        watchdog_s=systemd_unit.service_watchdog_s if systemd_unit.MANAGER.is_dir() else None,
    )
    return [*common_tasks(dependencies), *free_device_tasks(settings, relay_boards(settings.lanes))]


def _clock(settings: Settings) -> ClockFacts:
    trust = trust_of(settings)
    return ClockFacts(trust.state, trust.error_s, trust.detail, settings.clock.require_synchronised)


def _lists(settings: Settings, clock: Clock) -> ListsFacts:
    if not (settings.state.directory / REGISTRY).exists():
        return ListsFacts(begun=False)
    try:
        with registry_of(settings) as registry:
            return lists_facts(registry, settings, clock.now().utc)
    except RegistryError as error:
        return ListsFacts(trouble=str(error))


class _Progress:
    """Says on a terminal which checks are still at work."""

    def __init__(self, tasks: Sequence[Task], language: Language) -> None:
        self._left = {task.check for task in tasks}
        self._language = language

    def on_check_done(self, check: DiagnosticCheck, _found: Sequence[Finding]) -> None:
        """One check has ended."""
        self._left.discard(check)
        if not sys.stderr.isatty():
            return
        names = ", ".join(check_title(one, self._language) for one in DiagnosticCheck if one in self._left)
        # A wide character takes two columns: half of the line is enough for any.
        width = os.get_terminal_size(sys.stderr.fileno()).columns // 2
        typer.echo(f"\r\033[K{names[:width]}", err=True, nl=False)  # the titles are our own
