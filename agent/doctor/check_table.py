"""Which checks there are.

Those that any process can make, and those of devices that an agent has, or that nobody has.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from agent.doctor.check_runner import Task
from agent.doctor.codes import DiagnosticCheck
from agent.doctor.collectors import devices as opened
from agent.doctor.collectors import drivers, files, machine, ports, remote, software
from agent.doctor.collectors import running_agent as running
from agent.doctor.rules import certificates as of_certificates
from agent.doctor.rules import devices as of_devices
from agent.doctor.rules import files as of_files
from agent.doctor.rules import journal as of_journal
from agent.doctor.rules import machine as of_machine
from agent.doctor.rules import remote as of_others
from agent.doctor.rules import software as of_software
from agent.service.systemd_unit import ASK_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from agent.barrier import RelayBoard
    from agent.devices import DeviceStatusTable
    from agent.doctor.collectors.user import SystemUser
    from agent.doctor.facts import ClockFacts, InputsFacts, ListsFacts, RelayFacts
    from agent.lane import LaneService
    from agent.notifications import ChannelView
    from agent.service.worker_supervisor import WorkerSupervisor
    from agent.settings import LoadedSettings, Settings
    from agent.site import GateView
    from agent.vision.second_reading import SecondReadingService
    from agent.vision.supervisor import CameraSupervisor

CAMERAS_LIMIT_S: Final = opened.CAMERA_LIMIT_S + 10.0
"""A vision worker may take some seconds to end."""
BROKERS_LIMIT_S: Final = remote.LIMIT_S + 2.0
JOURNAL_LIMIT_S: Final = 30.0
DRIVERS_LIMIT_S: Final = 30.0
"""A driver may hang for as long as its process is given."""


@dataclass(frozen=True, slots=True)
class TaskDependencies:
    """What the checks of every process stand on.

    `load`: reads the configuration on the disk, raises SettingsError. `settings`: those that are looked at. `utc`: the
    wall clock. `clock`, `lists`: how they are. `health`: what is published to try a broker. `running`: digest of the
    configuration and version of the agent that runs, None where none was asked. `watchdog_s`: within which the service
    manager wants a sign of life; None: nobody can say. `failing`: whether the agent cannot write its journal now.
    `links`: the connections that the agent has. `ours`: process ids that may hold a device.
    `renewal_troubles`: why the agent could not renew the certificate of a section.
    """

    path: Path
    load: Callable[[], LoadedSettings]
    settings: Settings
    user: SystemUser
    utc: Callable[[], float]
    clock: Callable[[], ClockFacts]
    lists: Callable[[], ListsFacts]
    health: Callable[[], bytes]
    running: Callable[[], tuple[str, str] | None]
    watchdog_s: Callable[[], float | None] | None
    failing: Callable[[], bool] = lambda: False
    links: Callable[[], remote.Links] = remote.Links
    ours: Callable[[], frozenset[int]] = frozenset
    renewal_troubles: Callable[[], Mapping[str, str]] = dict


@dataclass(frozen=True, slots=True)
class HeldDevices:
    """The devices of an agent that runs, its threads, its neighbours, and how notices get to people.

    `places`: the lanes of each relay board, by where it is.
    """

    lanes: Sequence[LaneService]
    cameras: Sequence[CameraSupervisor]
    boards: Mapping[str, RelayBoard]
    devices: DeviceStatusTable
    workers: WorkerSupervisor
    places: Mapping[str, list[str]]
    site: Callable[[], tuple[GateView, ...]]
    second_reading: SecondReadingService
    notifications: Callable[[], tuple[str, tuple[ChannelView, ...]]]


def common_tasks(dependencies: TaskDependencies) -> list[Task]:
    """The checks of software, machine, files and brokers."""
    settings, state = dependencies.settings, dependencies.settings.state.directory

    def digest() -> str | None:
        return None if (known := dependencies.running()) is None else known[0]

    def version() -> str | None:
        return None if (known := dependencies.running()) is None else known[1]

    return [
        Task(
            DiagnosticCheck.CONFIGURATION,
            partial(software.configuration, dependencies.path, dependencies.load, digest),
            of_software.configuration,
        ),
        Task(DiagnosticCheck.ANCHORS, partial(files.anchors, dependencies.path), of_files.anchors),
        Task(DiagnosticCheck.SERVICE, software.service, of_software.service, 3 * ASK_S),
        Task(DiagnosticCheck.VERSIONS, partial(software.versions, version), of_software.versions),
        Task(DiagnosticCheck.DRIVERS, drivers.drivers, of_software.drivers, DRIVERS_LIMIT_S),
        Task(DiagnosticCheck.WATCHDOG, partial(machine.watchdog, dependencies.watchdog_s), of_machine.watchdog),
        Task(DiagnosticCheck.CLOCK, dependencies.clock, of_machine.clock),
        Task(DiagnosticCheck.TIME_ZONE, machine.time_zone, of_machine.time_zone),
        Task(DiagnosticCheck.DISK, lambda: machine.disk(state, files.wanted_bytes(settings)), of_machine.disk),
        Task(DiagnosticCheck.MEMORY, machine.memory, of_machine.memory),
        Task(DiagnosticCheck.PROCESSOR, machine.processor, of_machine.processor),
        Task(DiagnosticCheck.STATE, partial(files.state, state, dependencies.user), of_files.state),
        Task(DiagnosticCheck.WITNESS, partial(files.head_file, settings), of_files.head_file),
        Task(
            DiagnosticCheck.JOURNAL,
            lambda: files.journal(settings, failing=dependencies.failing(), utc=dependencies.utc()),
            of_journal.journal,
            JOURNAL_LIMIT_S,
        ),
        Task(DiagnosticCheck.GATE_KEY, partial(files.gate_key, settings), of_files.gate_key),
        Task(
            DiagnosticCheck.CERTIFICATES,
            lambda: files.tls_facts(settings, dependencies.user, dependencies.utc(), dependencies.renewal_troubles()),
            of_certificates.certificates,
        ),
        Task(DiagnosticCheck.MODELS, files.models, of_files.models),
        Task(
            DiagnosticCheck.BROKERS,
            lambda: remote.brokers(settings, dependencies.health, dependencies.links()),
            of_others.brokers,
            BROKERS_LIMIT_S,
        ),
        Task(DiagnosticCheck.LISTS, dependencies.lists, of_others.lists),
        Task(
            DiagnosticCheck.PORTS,
            lambda: ports.ports(settings, dependencies.user, dependencies.ours() | {os.getpid()}),
            of_devices.ports,
        ),
    ]


def tasks_without_settings(path: Path, load: Callable[[], LoadedSettings]) -> list[Task]:
    """The checks that can be made where no configuration can be used."""
    return [
        Task(
            DiagnosticCheck.CONFIGURATION,
            partial(software.configuration, path, load, lambda: None, fallback=False),
            of_software.configuration,
        ),
        Task(DiagnosticCheck.ANCHORS, partial(files.anchors, path), of_files.anchors),
        Task(DiagnosticCheck.SERVICE, software.service, of_software.service, 3 * ASK_S),
        Task(DiagnosticCheck.VERSIONS, partial(software.versions, lambda: None), of_software.versions),
        Task(DiagnosticCheck.DRIVERS, drivers.drivers, of_software.drivers, DRIVERS_LIMIT_S),
        Task(DiagnosticCheck.TIME_ZONE, machine.time_zone, of_machine.time_zone),
        Task(DiagnosticCheck.MEMORY, machine.memory, of_machine.memory),
        Task(DiagnosticCheck.PROCESSOR, machine.processor, of_machine.processor),
        Task(DiagnosticCheck.MODELS, files.models, of_files.models),
    ]


def held_device_tasks(settings: Settings, parts: HeldDevices) -> list[Task]:
    """The checks of what the running agent has: its threads, its neighbours and its devices."""
    known = parts.devices
    return [
        Task(DiagnosticCheck.PARTS, lambda: running.parts(parts.workers.states), of_software.parts),
        Task(DiagnosticCheck.SITE, lambda: running.site(parts.site()), of_others.site),
        Task(
            DiagnosticCheck.NOTIFICATIONS,
            lambda: running.notifications(*parts.notifications()),
            of_software.notifications,
        ),
        Task(DiagnosticCheck.CAMERAS, partial(running.cameras, parts.cameras), of_devices.cameras),
        Task(
            DiagnosticCheck.SECOND_READING,
            partial(running.second_reading, parts.second_reading),
            of_devices.second_reading,
        ),
        Task(DiagnosticCheck.RELAYS, partial(running.relays, parts.boards, parts.places), of_devices.relays),
        Task(DiagnosticCheck.INPUTS, lambda: running.inputs(settings, parts.lanes, known.known), of_devices.inputs),
        Task(DiagnosticCheck.SCANNERS, lambda: running.scanners(settings, known.known), of_devices.scanners),
        Task(DiagnosticCheck.SIGNS, lambda: running.signs(settings, known.known), of_devices.signs),
        Task(DiagnosticCheck.VOICES, lambda: running.voices(settings, known.known), of_devices.voices),
    ]


def free_device_tasks(settings: Settings, places: Mapping[str, list[str]]) -> list[Task]:
    """The checks of devices that no agent has: they are opened, and nothing is moved.

    The boards come one after the other where a relay board and inputs are one: a port is opened by one at a time.
    """
    relays_done = threading.Event()

    def relays() -> tuple[RelayFacts, ...]:
        try:
            return opened.relays(settings, places)
        finally:
            relays_done.set()

    def inputs() -> tuple[InputsFacts, ...]:
        relays_done.wait(opened.BOARD_LIMIT_S)
        return opened.inputs(settings)

    return [
        Task(DiagnosticCheck.CAMERAS, partial(opened.cameras, settings), of_devices.cameras, CAMERAS_LIMIT_S),
        Task(
            DiagnosticCheck.SECOND_READING,
            opened.second_reading,
            of_devices.second_reading,
            2 * opened.SECOND_READING_LIMIT_S,
        ),
        Task(DiagnosticCheck.RELAYS, relays, of_devices.relays, 2 * opened.BOARD_LIMIT_S),
        Task(DiagnosticCheck.INPUTS, inputs, of_devices.inputs, 3 * opened.BOARD_LIMIT_S),
        Task(
            DiagnosticCheck.SCANNERS, partial(opened.scanners, settings), of_devices.scanners, 2 * opened.BOARD_LIMIT_S
        ),
        Task(DiagnosticCheck.SIGNS, partial(opened.signs, settings), of_devices.signs, 2 * opened.BOARD_LIMIT_S),
        Task(DiagnosticCheck.VOICES, partial(opened.voices, settings), of_devices.voices, 2 * opened.BOARD_LIMIT_S),
    ]
