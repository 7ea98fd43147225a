"""Creates every part of the gate from the settings. Starts nothing."""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from agent.anchors import AnchorFollower, AnchorFollowerDependencies
from agent.assembly.central_connection import CentralConnection, CentralDependencies
from agent.assembly.certificates import certificate_renewal, expiry_table
from agent.assembly.command_handlers import HandlerDependencies
from agent.assembly.lanes import GateLanes
from agent.assembly.own_software import software_service
from agent.assembly.records import JOURNAL, MEGABYTE, GateRecords, RecordsDependencies
from agent.assembly.status import GateStatus, StatusSources
from agent.assembly.upload_handlers import UploadParts
from agent.assembly.upload_routes import shelves, upload_rules
from agent.clock import ClockFiles, ClockMonitor, holdover_rules
from agent.console import ConsoleServer, VehicleFollower
from agent.core.events import OwnCause
from agent.core.fleet import FleetRules, TrialView
from agent.core.trust_state import Witness
from agent.devices import WORKING_STATES, DeviceStatusTable, PortState
from agent.doctor import Diagnostics, DiagnosticsDependencies
from agent.fleet import FleetDependencies, FleetService, FleetStore
from agent.lane import Interlock, LaneServiceDependencies, scene_folders, simulated_vehicle_runs
from agent.lane.decider import Decider, Sources, lane_place
from agent.lists import ListService
from agent.mqtt import GateIdentity
from agent.notifications import NotificationDependencies, NotificationService, NotificationSettings
from agent.numbers import CountingJob
from agent.observability import Counters, LogLevel, MeasuredParts
from agent.recording import OWN_NAME
from agent.service.cleanup import on_failure
from agent.service.watchdog import Watchdog
from agent.service.worker_supervisor import WorkerSupervisor
from agent.settings import History, anchors_folder, fleet_key, interlocks, shared_arms
from agent.site import StandaloneSite, site_service
from agent.store.gate_key import gate_key
from agent.store.numbers import NAME as NUMBERS
from agent.uploads import UploadDependencies, UploadService
from agent.vision.second_reading import COMMAND, WITHOUT_PRINT, SecondReadingService
from agent.voice import FOLDER_NAME, ImportedRecordings, Recordings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from datetime import time
    from pathlib import Path

    from agent.assembly.lanes import Deciding
    from agent.clock import Clock
    from agent.console.dependencies import Gate
    from agent.core.events import ClockReading, ConfigurationRefused, Draft, Event
    from agent.core.model import LedgerChange, WitnessReading
    from agent.mqtt import BrokerLinkView, CentralLink
    from agent.service.systemd_notify import Notifier
    from agent.settings import Lane, LoadedSettings
    from agent.software import SoftwareService
    from agent.store.gate_key import GateKey
    from agent.uploads import Shelf


@dataclass(frozen=True, slots=True)
class ConfigurationSource:
    """Where the settings came from. `path`: the main file. `refused`: why the files now differ from it.

    `request_reload`: request a reload, as SIGHUP does; returns at once. `load`: the files as they are now; raises
    SettingsError; None: it cannot be looked at. `load_with`: the same with other fleet documents than those that are
    held, as signed texts; None: the gate takes none. `documents`: the state directory in which those are held, as
    the loader of the configuration finds it; None: that of the settings. `renamed`: the last configuration with which
    the agent ran names another gate, so that a journal of another gate is no foreign one: the configuration is at
    fault.
    """

    path: Path
    refused: ConfigurationRefused | None = None
    request_reload: Callable[[], None] = lambda: None
    load: Callable[[], LoadedSettings] | None = None
    load_with: Callable[[Sequence[str]], LoadedSettings] | None = None
    documents: Path | None = None
    renamed: bool = False


class GateParts:
    """Opens the files of the gate and makes its parts, each from those before it. `close` closes the files.

    `clock_monitor`: what the clock is worth. `central`: None where the gate has no broker. `workers`: watches the
    threads. `status`: inventory, health and state of the gate.
    """

    def __init__(
        self,
        loaded: LoadedSettings,
        clock: Clock,
        notifier: Notifier,
        on_damage: Callable[[str], None],
        source: ConfigurationSource | None,
    ) -> None:
        """Make every part. Arguments and errors as of App."""
        self._opened = ExitStack()
        with on_failure(self.close):
            self._make_parts(loaded, clock, notifier, on_damage, source)

    def close(self) -> None:
        """Write what waits to be recorded, and close the files."""
        self._opened.close()

    def _make_parts(
        self,
        loaded: LoadedSettings,
        clock: Clock,
        notifier: Notifier,
        on_damage: Callable[[str], None],
        source: ConfigurationSource | None,
    ) -> None:
        """Make every part; what must be closed is on the stack `_opened` as soon as it is open."""
        settings = loaded.settings
        self.settings, self.loaded = settings, loaded
        self.source = source or ConfigurationSource(loaded.files[0])
        self._clock, self.notifier = clock, notifier
        self.boot = str(uuid.uuid4())
        settings.state.directory.mkdir(parents=True, exist_ok=True)
        key = gate_key(settings.state.directory)
        signing = key.signing
        self.fingerprint_key = signing.sign(b"the secrets of the configuration, as events tell of them")
        self.watchdog, self._counters = Watchdog(notifier), Counters()
        self.workers = WorkerSupervisor(self.watchdog, self.note)
        self.anchors = self._make_anchors()
        self.lists = self._opened.enter_context(closing(ListService(settings, clock, self.note)))
        self.clock_monitor = ClockMonitor(
            clock,
            self.lists.registry,
            ClockFiles(settings.state.directory),
            holdover_rules(settings.clock),
            self._note_all,
        )
        self.records = self._opened.enter_context(closing(self._make_records(key, on_damage)))
        self.journal, self.recorder = self.records.journal, self.records.recorder
        self.evidence, self.evidence_writer = self.records.evidence, self.records.evidence_writer
        self.trust, self.numbers = self.records.trust, self._make_numbers()
        self.site = site_service(
            settings, signing, self.journal, self._site_changed, self.trust, new_key=self.records.new_key
        )
        self.devices = DeviceStatusTable(self.recorder, self.utc)
        self.lanes = self._make_lanes(signing.sign(b"the vehicles that an officer sees"))
        self.fleet, self.software = self._make_fleet(), self._make_software()
        self.status = GateStatus(
            settings,
            loaded.digest,
            self.source.refused,
            StatusSources(
                self.lanes,
                self.devices,
                self.clock_monitor,
                self.lists,
                self.site,
                self.records,
                self.anchors,
                self.fleet,
                self.loaded.fleet.groups,
            ),
        )
        self.log_level = LogLevel(settings.log.level)
        self.central = self._make_central() if settings.mqtt.enabled else None
        self.renewal = certificate_renewal(
            settings,
            clock,
            {"mqtt": None if self.central is None else self.central.client, "site": self.site.client},
        )
        self.notifications, self.diagnostics = self._make_notifications(), self._make_diagnostics()
        self.simulated_runs = dict(
            simulated_vehicle_runs(settings.lanes, scene_folders(settings.state.directory, os.environ))
        )
        self.vehicle_index, self.console = self._make_vehicle_index(), ConsoleServer(self._gate, settings.console)

    # ------------------------------------------------------------------------------------------------- making parts

    def _make_anchors(self) -> AnchorFollower:
        settings, held = self.settings, self.loaded.anchors
        dependencies = AnchorFollowerDependencies(
            folder=anchors_folder(self.source.path),
            state=settings.state.directory,
            running=None if held is None else held.held,
            overruled=self.loaded.overruled,
            real_lanes=frozenset(
                name for name, lane in settings.lanes.items() if lane.relay.kind != "simulated" and not lane.dry_run
            ),
            note=self.note,
            utc=self.utc,
            reload=self.source.request_reload,
        )
        return AnchorFollower(dependencies)

    def _make_fleet(self) -> FleetService:
        settings, source = self.settings, self.source
        dependencies = FleetDependencies(
            store=self._fleet_store(),
            site=settings.gate.site,
            rules=self._fleet_rules(),
            running=self.loaded,
            load=source.load_with or (lambda _texts: self.loaded),
            history=History(settings.state.directory, source.path),
            reload=source.request_reload,
            view=self._trial_view,
            now=self._clock.now,
            trusted_utc=self._trusted_utc,
            note=self.note,
        )
        return FleetService(dependencies)

    def _make_software(self) -> SoftwareService:
        return software_service(
            self.settings,
            self._fleet_store(),
            self._fleet_rules(),
            is_connected=lambda: self._trial_view().connected,
            reload=self.source.request_reload,
            now=self._clock.now,
            trusted_utc=self._trusted_utc,
        )

    def _fleet_store(self) -> FleetStore:
        return FleetStore(self.source.documents or self.settings.state.directory)

    def _fleet_rules(self) -> FleetRules:
        keys = () if self.source.load_with is None else self.settings.fleet.keys
        return FleetRules(self.settings.gate.id, self.loaded.fleet.groups, {key.id: fleet_key(key) for key in keys})

    def _trial_view(self) -> TrialView:
        """How the gate is, as a fleet document on trial is judged by it."""
        states, central = self.devices.states, self.central
        seen = all(lane.view is not None for lane in self.lanes.units)
        return TrialView(
            connected=central is not None and central.broker_link_view.state is PortState.UP,
            whole=seen and self.trust.state.whole and not self.recorder.failing,
            up=frozenset(name for name, state in states.items() if state in WORKING_STATES),
            known=frozenset(states),
        )

    def _make_records(self, key: GateKey, on_damage: Callable[[str], None]) -> GateRecords:
        dependencies = RecordsDependencies(
            boot=self.boot,
            key=key,
            reading=self._reading,
            utc=self.utc,
            registry=self.lists.registry,
            reserving=self._reserving,
            recorded=self._recorded,
            on_damage=on_damage,
            trusted_utc=self._trusted_utc,
            list_versions=self.lists.versions,
            lock_lane=self._lock_lane,
            renamed=self.source.renamed,
        )
        return GateRecords(self.settings, dependencies)

    def _make_vehicle_index(self) -> VehicleFollower:
        settings = self.settings
        return VehicleFollower(self.journal, settings.state.directory, wanted=settings.console.enabled)

    def _make_numbers(self) -> CountingJob:
        state = self.settings.state.directory
        return CountingJob(state / JOURNAL, state / NUMBERS, self._trusted_utc)

    def _make_lanes(self, sample_salt: bytes) -> GateLanes:
        settings = self.settings
        services = LaneServiceDependencies(
            self.recorder,
            self.devices,
            self._clock.now,
            self.evidence_writer.keep,
            Interlock(interlocks(settings.lanes), shared_arms(settings.lanes)),
            self.trust.lockout,
            self._counters.note_detection,
            lambda: Recordings(ImportedRecordings(settings.state.directory / FOLDER_NAME)),
            self._local_time,
        )
        self.second_reading = second_reading_of(settings.lanes.values())
        sources = Sources(
            self.lists.registry,
            self.journal,
            self.clock_monitor.trusted,
            self.site,
            self.second_reading,
            self._distrust,
            lambda: self.trust.hold,
        )
        # A lane in dry run claims nothing at the site: it looks into this gate's own ledger, and leaves it as it is.
        unclaimed = StandaloneSite(self.journal)

        def decider(name: str) -> Deciding:
            place = lane_place(settings, name, self.lists.rules, sample_salt)
            claims = unclaimed if settings.lanes[name].dry_run else sources.claims
            return Decider(place, replace(sources, claims=claims, witnessed=partial(self._witnessed, name))).decide

        return GateLanes(settings, services, decider)

    def _local_time(self) -> time | None:
        """The time of day at the gate; None while the clock is not trusted."""
        if not self.clock_monitor.trusted():
            return None
        return datetime.fromtimestamp(self.utc(), UTC).astimezone().time()

    def _lock_lane(self, name: str) -> None:
        """Lock a lane whose orders are not known. No lane runs yet where this is handed on."""
        self.lanes.lock(name, OWN_NAME, OwnCause.ORDERS_LOST.value, lambda: name in self.trust.state.unordered)

    def _witnessed(self, name: str, since: float) -> tuple[WitnessReading, ...]:
        """What the witnesses of a lane have said; the lanes are not made yet where this is handed on."""
        return self.lanes.by_name[name].witness_readings(since)

    def _distrust(self, camera: str) -> None:
        """End a vision worker that lied; the lanes are not made yet where this is handed to them."""
        self.lanes.distrust(camera)

    def _make_central(self) -> CentralConnection:
        dependencies = CentralDependencies(
            GateIdentity(
                self.settings.gate.id, version("gate-agent"), self.boot, self.status.inventory(), self.status.devices
            ),
            self.journal,
            self.recorder,
            self._reading,
            self.status.health,
            self._health_message,
            self._health_problems,
            self._link_changed,
            self.lists,
            lambda record: self.trust.own_record(record, Witness.STATUS),
            shelves(self.evidence, self.records.bundles),
            self.trust,
            self.loaded.fleet.groups,
        )
        return CentralConnection(
            self.settings,
            dependencies,
            lambda link: self._command_parts(link, dependencies.shelves),
            self.fleet.subscribe,
        )

    def _command_parts(self, link: CentralLink, outgoing: Sequence[Shelf]) -> HandlerDependencies:
        """What the commands work on."""

        def rebirth() -> bool:
            link.client.announce(birth=True)
            return link.client.view.state is PortState.UP

        uploads = UploadDependencies(self.note, lambda: link.uplink.caught_up, link.client.announce)
        service = UploadService(outgoing, upload_rules(self.settings.uploads), uploads)
        return HandlerDependencies(
            lanes=self.lanes.by_name,
            cameras=self.lanes.cameras_by_name,
            uplink=link.uplink,
            evidence=self.evidence,
            lists=self.lists,
            log_level=self.log_level,
            rebirth=rebirth,
            values=self.records.values,
            stream=self.journal.stream,
            # The doctor is made later: it looks at all this.
            uploads=UploadParts(service, self.records.bundles, lambda: self.diagnostics.bundle()),  # noqa: PLW0108
        )

    def _make_notifications(self) -> NotificationService:
        expiries = expiry_table(self.settings, self.lists.registry, self.renewal).now
        dependencies = NotificationDependencies(
            state=self.settings.state.directory,
            head=lambda: self.journal.head,
            begin=self.journal.head,
            now=self._clock.now,
            local=self._local_time,
            expiries=lambda: [(one.kind.value, one.subject, one.ends_utc) for one in expiries() if one.ends_utc],
        )
        return NotificationService(NotificationSettings.of(self.settings), dependencies)

    def _make_diagnostics(self) -> Diagnostics:
        dependencies = DiagnosticsDependencies(
            parts=self._measured_parts(),
            loaded=self.loaded,
            path=self.source.path,
            load=self.source.load or (lambda: self.loaded),
            registry=self.lists.registry,
            places=self.lanes.places,
            boot=self.boot,
            utc=self.utc,
            central=lambda: None if self.central is None else self.central.client,
            site=lambda: self.site.gates,
            second_reading=self.second_reading,
            fleet=self.fleet.report,
            notifications=lambda: (self.notifications.trouble, self.notifications.views),
        )
        return Diagnostics(dependencies, self._counters)

    def _measured_parts(self) -> MeasuredParts:
        central = self.central
        return MeasuredParts(
            gate=self.settings.gate.id,
            version=version("gate-agent"),
            state=self.settings.state.directory,
            journal_limit_bytes=self.settings.journal.max_mb * MEGABYTE,
            lanes=self.lanes.units,
            cameras=self.lanes.cameras,
            relays=self.lanes.boards,
            devices=self.devices,
            journal=self.journal,
            recorder=self.recorder,
            clock=self.clock_monitor,
            watchdog=self.watchdog,
            workers=self.workers,
            lists=lambda: self.lists.state,
            uplink=lambda: None if central is None else central.uplink_view,
            pictures_waiting=lambda: 0 if central is None else central.pictures_waiting,
            uploads=lambda: {} if central is None else central.uploads.outcomes,
            refused=lambda: self.status.refused is not None,
            expiries=expiry_table(self.settings, self.lists.registry, self.renewal).now,
            notifications=lambda: self.notifications.views,
        )

    def _gate(self) -> Gate:
        """What the console works with."""
        # Brings the web libraries, which the gate does not wait for.
        from agent.console.dependencies import Gate  # noqa: PLC0415

        return Gate(
            loaded=self.loaded,
            configuration=self.source.path,
            refusal=lambda: self.status.refused,
            lanes=self.lanes.by_name,
            cameras=self.lanes.cameras_by_name,
            journal=self.journal,
            lists=self.lists,
            evidence=self.evidence,
            devices=self.devices,
            recorder=self.recorder,
            trust=self.trust,
            clock=self.clock_monitor,
            link=lambda: None if self.central is None else self.central.broker_link_view,
            health=self.status.health,
            diagnostics=self.diagnostics,
            reload=self.source.request_reload,
            now=self._clock.now,
            simulated_runs=self.simulated_runs,
            fingerprint_key=self.fingerprint_key,
            anchors=self.anchors,
            notifications=self.notifications,
        )

    def _health_message(self) -> bytes:
        return self.diagnostics.health()

    def _health_problems(self) -> object:
        return self.diagnostics.health_monitor.problems

    # ------------------------------------------------------------------------------------------------- what they tell

    def utc(self) -> float:
        """The wall clock, Unix seconds."""
        return self._clock.now().utc

    def _trusted_utc(self) -> float | None:
        """The wall clock, Unix seconds; None while it is not to be trusted."""
        return self.utc() if self.clock_monitor.trusted() else None

    def _note_all(self, drafts: Sequence[Draft]) -> None:
        self.recorder.note(drafts)

    def note(self, event: Event) -> None:
        """Record something that belongs to no lane."""
        self.records.note(event)

    def _recorded(self, drafts: Sequence[Draft]) -> None:
        self._counters.count_events(drafts)
        self.anchors.on_recorded(drafts)

    def _reserving(self, drafts: Sequence[Draft], ledger: Sequence[LedgerChange]) -> AbstractContextManager[None]:
        return self.site.reserving(drafts, ledger)

    def _reading(self) -> ClockReading:
        return replace(self.clock_monitor.reading(), lists=self.lists.state)

    def _link_changed(self, view: BrokerLinkView) -> None:
        self.diagnostics.link_changed("central", view)
        self.devices.changed("broker", "broker", view.state.value, view.detail or view.url)

    def _site_changed(self, view: BrokerLinkView) -> None:
        self.diagnostics.link_changed("site", view)
        self.devices.changed("broker", "site broker", view.state.value, view.detail or view.url)


def second_reading_of(lanes: Iterable[Lane]) -> SecondReadingService:
    """The second readers of a gate with these lanes. One waits, as the next one is ready in milliseconds.

    Without cameras there are no pictures to read, and none waits.
    """
    cameras = [camera for lane in lanes for camera in lane.cameras]
    reads_vins = any("vin" in camera.readers for camera in cameras)
    return SecondReadingService(1 if cameras else 0, command=COMMAND if reads_vins else WITHOUT_PRINT)
