"""What is known of the running gate, put together: its figures, its metrics, and what its doctor finds."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from agent.broker import BrokerAddress
from agent.devices import PortState
from agent.doctor.bundle.archive import BundleMaterial, BundleRequest, pack_bundle
from agent.doctor.bundle.contents import service_log
from agent.doctor.check_runner import Task
from agent.doctor.check_table import HeldDevices, TaskDependencies, common_tasks, held_device_tasks
from agent.doctor.codes import DiagnosticCheck
from agent.doctor.collectors import remote
from agent.doctor.collectors.user import agent_user
from agent.doctor.facts import BrokerFacts, ClockFacts
from agent.doctor.health_message import health, health_payload
from agent.doctor.health_monitor import HealthMonitor
from agent.doctor.rules import remote as judging
from agent.observability import LINES_KEPT, MetricsCollector, MetricsServer, log_ring, registry
from agent.service import systemd_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.core.fleet import FleetReport
    from agent.doctor.facts import ListsFacts
    from agent.mqtt import BrokerLinkView, MqttClient
    from agent.notifications import ChannelView
    from agent.observability import Counters, MeasuredParts
    from agent.service.worker import Worker
    from agent.settings import LoadedSettings
    from agent.site import GateView
    from agent.store.registry import Registry
    from agent.vision.second_reading import SecondReadingService

INSTALLED = version("gate-agent")
"""The version of the code that runs: an update changes what is on the disk, and not this."""


@dataclass(frozen=True, slots=True)
class DiagnosticsDependencies:
    """What is looked at. `load`: reads the configuration on the disk, raises SettingsError.

    `places`: the lanes of each relay board. `boot`: of this start. `utc`: the wall clock. `central`: the connection to
    central; None: the gate has none. `site`: what is known of the other gates of the site. `fleet`: what is told of the
    fleet documents. `notifications`: why no notices can be made, "" for nothing, and how each channel does.
    """

    parts: MeasuredParts
    loaded: LoadedSettings
    path: Path
    load: Callable[[], LoadedSettings]
    registry: Registry
    places: Mapping[str, list[str]]
    boot: str
    utc: Callable[[], float]
    central: Callable[[], MqttClient | None]
    site: Callable[[], tuple[GateView, ...]]
    second_reading: SecondReadingService
    fleet: Callable[[], FleetReport | None] = lambda: None
    notifications: Callable[[], tuple[str, tuple[ChannelView, ...]]] = lambda: ("", ())


class Diagnostics:
    """For all threads. Starts and stops with the gate; nothing of the gate waits for it."""

    def __init__(self, dependencies: DiagnosticsDependencies, counters: Counters) -> None:
        self._dependencies = dependencies
        self._links: dict[str, BrokerLinkView] = {}
        self._metrics_collector = MetricsCollector(dependencies.parts, self._links)
        settings = dependencies.loaded.settings
        self.health_monitor = self._make_health_monitor()
        self._metrics: MetricsServer | None = None
        if settings.metrics.enabled:
            self._metrics = MetricsServer(
                registry(self._metrics_collector.read, counters), str(settings.metrics.listen), settings.metrics.port
            )

    @property
    def metrics_port(self) -> int | None:
        """The port on which the metrics are served; None: they are not."""
        return None if self._metrics is None else self._metrics.port

    def start(self) -> None:
        """Begin to serve the metrics and to make rounds."""
        if self._metrics is not None:
            self._metrics.start()
        self.health_monitor.start()

    def stop(self) -> bool:
        """Stop, within a bounded time; whether all of it has."""
        rounds_ended = self.health_monitor.stop()
        return (self._metrics is None or self._metrics.stop()) and rounds_ended

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Its threads."""
        return (self.health_monitor.worker, *(() if self._metrics is None else (self._metrics.worker,)))

    def link_changed(self, link: str, view: BrokerLinkView) -> None:
        """Note how the link of this name, central or site, is."""
        self._links[link] = view

    def health(self) -> bytes:
        """The health of the gate as it is published."""
        return health_payload(
            health(
                self._metrics_collector.read(),
                self._dependencies.boot,
                self._dependencies.utc(),
                self.health_monitor.report,
                self._dependencies.fleet(),
            )
        )

    def bundle(self) -> bytes:
        """A support bundle as `gate-agent bundle` makes one without further wishes: plates and VINs are masked.

        With what the doctor found last. Takes a second or two. Raises OSError.
        """
        report = self.health_monitor.report or self.health_monitor.examine()
        directory = os.environ.get("CREDENTIALS_DIRECTORY")
        ring = log_ring()
        lines = None if ring is None else "\n".join(line.text for line in ring.last(LINES_KEPT)) + "\n"
        material = BundleMaterial(
            report=report,
            loaded=self._dependencies.loaded,
            log=service_log() or lines,
            health=json.loads(self.health()),
            environment=os.environ,
            credentials=Path(directory) if directory else None,
        )
        return pack_bundle(material, BundleRequest())

    def brokers(self) -> tuple[BrokerFacts, ...]:
        """How every broker does. Waits for them, seconds."""
        return remote.brokers(self._dependencies.loaded.settings, self.health, self._own_links())

    def _make_health_monitor(self) -> HealthMonitor:
        dependencies, settings, parts = self._dependencies, self._dependencies.loaded.settings, self._dependencies.parts
        task_dependencies = TaskDependencies(
            path=dependencies.path,
            load=dependencies.load,
            settings=settings,
            user=agent_user(),
            utc=dependencies.utc,
            clock=self._clock,
            lists=self._lists,
            health=self.health,
            running=lambda: (dependencies.loaded.digest, INSTALLED),
            watchdog_s=(lambda: parts.watchdog.window_s) if systemd_unit.MANAGER.is_dir() else None,
            failing=lambda: parts.recorder.failing,
            links=self._own_links,
            ours=self._ours,
            renewal_troubles=self._renewal_troubles,
        )
        devices = HeldDevices(
            parts.lanes,
            parts.cameras,
            parts.relays,
            parts.devices,
            parts.workers,
            dependencies.places,
            dependencies.site,
            dependencies.second_reading,
            dependencies.notifications,
        )
        tasks = [*common_tasks(task_dependencies), *held_device_tasks(settings, devices)]
        quiet = Task(DiagnosticCheck.BROKERS, self._linked, judging.brokers)
        rounds = [quiet if task.check is DiagnosticCheck.BROKERS else task for task in tasks]
        return HealthMonitor(settings.gate.id, INSTALLED, dependencies.utc, tasks, rounds)

    def _own_links(self) -> remote.Links:
        return remote.Links(self._dependencies.central(), self._links.get("site"))

    def _ours(self) -> frozenset[int]:
        return frozenset(
            (os.getpid(), *(pid for camera in self._dependencies.parts.cameras if (pid := camera.pid) is not None))
        )

    def _renewal_troubles(self) -> Mapping[str, str]:
        expiries = self._dependencies.parts.expiries()
        return {one.subject: one.trouble for one in expiries if one.trouble and one.renews_utc is not None}

    def _clock(self) -> ClockFacts:
        trust = self._dependencies.parts.clock.trust()
        required = self._dependencies.loaded.settings.clock.require_synchronised
        return ClockFacts(trust.state, trust.error_s, trust.detail, required)

    def _lists(self) -> ListsFacts:
        return remote.lists_facts(
            self._dependencies.registry, self._dependencies.loaded.settings, self._dependencies.utc()
        )

    def _linked(self) -> tuple[BrokerFacts, ...]:
        """The brokers as the links of now see them: nobody is visited."""
        return tuple(
            BrokerFacts(
                view.url, BrokerAddress.parse(view.url).tls, trouble="" if up else view.detail or view.state.value
            )
            for view in self._links.values()
            for up in (view.state is PortState.UP,)
        )
