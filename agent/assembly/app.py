"""The composition root.

Makes every part of the gate from the settings, starts them in order, and stops them in the opposite one.
"""

from __future__ import annotations

import os
import time
import uuid
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from agent.assembly.central_connection import CentralConnection, CentralDependencies
from agent.assembly.command_handlers import HandlerDependencies
from agent.assembly.lanes import GateLanes
from agent.assembly.records import MEGABYTE, GateRecords, RecordsDependencies
from agent.assembly.status import GateStatus, StatusSources
from agent.clock import ClockFiles, ClockMonitor, holdover_rules
from agent.console.web.server import ConsoleServer
from agent.core.events import GateStopping
from agent.devices import DeviceStatusTable
from agent.doctor.diagnostics import Diagnostics, DiagnosticsDependencies
from agent.lane import Interlock, LaneService, LaneServiceDependencies, scene_folders, simulated_vehicle_runs
from agent.lane import pause as lane_pause
from agent.lane.decider import Decider, Sources, lane_place
from agent.lists import ListService
from agent.mqtt import GateIdentity
from agent.observability import Counters, LogLevel, MeasuredParts
from agent.service.cleanup import on_failure
from agent.service.lifecycle import Lifecycle, Part, Phase
from agent.service.watchdog import Watchdog
from agent.service.workers import Workers
from agent.settings import interlocks, shared_arms
from agent.site import site_service
from agent.store.gate_key import gate_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from agent.clock import Clock
    from agent.console.dependencies import Gate
    from agent.core.crypto import SigningKey
    from agent.core.events import ClockReading, ConfigurationRefused, Draft, Event
    from agent.core.model import LedgerChange
    from agent.lane import LanePause
    from agent.mqtt import LinkView
    from agent.service.notify import Notifier
    from agent.service.worker import Worker
    from agent.settings import LoadedSettings

STOP_S = {
    "watch": 0.5,
    "senses": 4.5,
    "lanes": 2.5,
    "stores": 3.0,
    "record": 2.0,
    "link": 3.0,
    "journal": 1.5,
    "boards": 1.0,
}
"""How long each phase of a stop may take, whatever its parts do.
Together less than TimeoutStopSec of the service's unit."""
NOT_STARTED = "the agent could not start"


@dataclass(frozen=True, slots=True)
class ConfigurationSource:
    """Where the settings came from. `path`: the main file. `refused`: why the files now differ from it.

    `read_anew`: request a reload, as SIGHUP does; returns at once. `load`: the files as they are now; raises
    SettingsError; None: it cannot be looked at.
    """

    path: Path
    refused: ConfigurationRefused | None = None
    read_anew: Callable[[], None] = lambda: None
    load: Callable[[], LoadedSettings] | None = None


class App:
    """The gate. `start` brings every part up without waiting for any device; `stop` takes at most the sum of STOP_S."""

    def __init__(
        self,
        loaded: LoadedSettings,
        clock: Clock,
        notifier: Notifier,
        on_damage: Callable[[str], None],
        source: ConfigurationSource | None = None,
    ) -> None:
        """Make every part.

        Raises JournalError when the journal cannot be opened, RegistryError for the lists, EvidenceError for the
        pictures, WrongGateKeyError where the site knows this gate by another key, OSError for the rest.

        `on_damage` is called, from a thread, when the journal turns out to be damaged while the gate runs: only a
        restart fixes it. `source`: where the settings came from; None: they are never reloaded.
        """
        self._opened = ExitStack()
        with on_failure(self._opened.close):
            self._make_parts(loaded, clock, notifier, on_damage, source)

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
        self._settings, self._loaded = settings, loaded
        self._source = source or ConfigurationSource(loaded.files[0])
        self._clock, self._notifier = clock, notifier
        self._boot = str(uuid.uuid4())
        settings.state.directory.mkdir(parents=True, exist_ok=True)
        signing = gate_key(settings.state.directory)
        self._watchdog, self._counters = Watchdog(notifier), Counters()
        self._workers = Workers(self._watchdog, self._note)
        self._lists = self._opened.enter_context(closing(ListService(settings, clock, self._note)))
        self._trusted = ClockMonitor(
            clock,
            self._lists.registry,
            ClockFiles(settings.state.directory),
            holdover_rules(settings.clock),
            self._note_all,
        )
        self._records = self._opened.enter_context(closing(self._make_records(signing, on_damage)))
        self._journal, self._recorder = self._records.journal, self._records.recorder
        self._evidence, self._evidence_writer = self._records.evidence, self._records.evidence_writer
        self._site = site_service(settings, signing, self._journal, self._site_changed)
        self._devices = DeviceStatusTable(self._recorder, self._utc)
        self._gate_lanes = self._make_lanes(signing.sign(b"the vehicles that an officer sees"))
        self._status = GateStatus(
            settings,
            loaded.digest,
            self._source.refused,
            StatusSources(self._gate_lanes, self._devices, self._trusted, self._lists, self._site, self._records),
        )
        self._log_level = LogLevel(settings.log.level)
        self._central = self._make_central() if settings.mqtt.enabled else None
        self._diagnostics = self._make_insight()
        self._simulated_runs = dict(
            simulated_vehicle_runs(settings.lanes, scene_folders(settings.state.directory, os.environ))
        )
        self._console = ConsoleServer.from_environment(self._gate, settings.console)
        self._stop_cause = NOT_STARTED
        self._lifecycle = Lifecycle(self._phases())

    @property
    def lanes(self) -> tuple[LaneService, ...]:
        """The lanes, in the order of the configuration."""
        return tuple(self._gate_lanes.units)

    @property
    def console(self) -> ConsoleServer:
        """The technician's page."""
        return self._console

    def start(self) -> None:
        """Release every relay, record the start and what the last one left open, then start all else.

        Waits for no device. Where a part cannot be started, all is stopped and closed. Raises what the part raises, as
        JournalError and OSError.
        """
        self._workers.watch(self._parts_workers())
        with on_failure(self._opened.close):
            self._lifecycle.start()

    def refuse(self, refused: ConfigurationRefused) -> None:
        """Tell that a new configuration cannot be used and this one runs on."""
        self._status.refused = refused
        self._note(refused)
        self._notifier.status(self._status.summary())

    def wind_down_at_rest(self) -> tuple[str, ...]:
        """Where no vehicle is under way in any lane, look at nothing any more, so that `stop` disturbs nobody.

        Returns the lanes that are not at rest, or do not answer in time; all lanes go on then.
        """
        until_at = time.monotonic() + lane_pause.ANSWER_S
        pauses: dict[str, LanePause] = {}
        with ExitStack() as held:
            for lane in self._gate_lanes.units:
                pauses[lane.name] = lane.pause()
                held.callback(pauses[lane.name].end)
            busy = tuple(name for name, pause in pauses.items() if not pause.at_rest(until_at))
            if not busy:
                for lane in self._gate_lanes.units:
                    lane.wind_down()
        return busy

    def stop(self, cause: str, *, again: bool = False) -> bool:
        """Stop deciding, release every relay, record the stop, send what can be sent in a moment, and close.

        `again`: another one is to take over in this process, so that the service manager has nothing to do. Returns
        whether every part has ended; one that has not is in the log, and may still hold a device or a file.
        """
        # While the parts end they make no progress. Who starts the agent over feeds the manager's watchdog meanwhile.
        self._stop_cause = cause
        if again:
            self._notifier.reloading(cause)
        else:
            self._notifier.stopping(cause)
        for simulated_run in self._simulated_runs.values():
            simulated_run.stop()
        for lane in self._gate_lanes.units:
            lane.wind_down()
        return self._lifecycle.stop()

    def _phases(self) -> Sequence[Phase]:
        """All parts, in the order in which they start."""
        lanes, records, central = self._gate_lanes, self._records, self._central
        boards = lanes.boards.items()
        # Before the disk is asked: the last run may have left a relay energised.
        opened = [Part(f"the relay board {name}", board.start, board.stop) for name, board in boards]
        journal = [Part("the journal", self._note_start, self._opened.close)]
        link = [] if central is None else [Part("the link to central", stop=central.stop)]
        record = [Part("the record of the stop", self._begin_record, self._record_stop)]
        stores = [
            Part("the clock", self._trusted.start, self._trusted.stop),
            Part("the lists", self._lists.start, self._lists.stop),
            Part("the devices", self._devices.start, self._devices.stop),
            Part("the evidence", self._evidence_writer.start, self._evidence_writer.stop),
            Part("the housekeeper", records.retention.start, records.retention.stop),
        ]
        taking = [] if central is None else [Part("what comes from central", central.start, central.stop_taking)]
        senses = [
            # A pulse that the stop cuts short is reported to its lane: so boards stop before lanes.
            *(Part(f"the barriers at the relay board {name}", stop=board.stop) for name, board in boards),
            Part("the site", self._site.start, self._site.stop),
            *(Part(f"the eye {eye.name}", eye.start, eye.stop) for eye in lanes.eyes),
            *taking,
            Part("the log level", stop=self._log_level.stop),
            # Open before anybody hears that the gate is ready: who comes before there are answers waits for them.
            Part("the console's own socket", self._console.listen),
            Part("the service manager", lambda: self._notifier.ready(self._status.summary())),
            Part("the doctor", self._diagnostics.start, self._diagnostics.stop),
            Part("the console", self._console.start, self._console.stop),
        ]
        parts = {
            "boards": opened,
            "journal": journal,
            "link": link,
            "record": record,
            "stores": stores,
            "lanes": [Part(f"the lane {lane.name}", lane.start, lane.stop) for lane in lanes.units],
            "senses": senses,
            "watch": [Part("the watchdog", self._watchdog.start, self._watchdog.stop)],
        }
        return [Phase(name, STOP_S[name], found) for name, found in parts.items()]

    def _note_start(self) -> None:
        self._records.note_start(version("gate-agent"), self._loaded.digest)
        if self._status.refused is not None:
            self._note(self._status.refused)

    def _begin_record(self) -> None:
        self._workers.start()
        self._records.checkpointer.start()

    def _record_stop(self) -> bool:
        told = self._workers.stop()
        self._note(GateStopping(cause=self._stop_cause))
        return self._records.checkpointer.stop() and told

    def _parts_workers(self) -> Iterator[Worker]:
        """The threads of all parts."""
        yield from self._gate_lanes.workers
        yield from (self._trusted.worker, *self._records.workers, self._devices.worker, self._console.worker)
        yield from (*self._lists.workers, *self._site.workers, *self._diagnostics.workers)
        yield from () if self._central is None else self._central.workers

    # ------------------------------------------------------------------------------------------------- making parts

    def _make_records(self, signing: SigningKey, on_damage: Callable[[str], None]) -> GateRecords:
        needs = RecordsDependencies(
            boot=self._boot,
            signing=signing,
            reading=self._reading,
            utc=self._utc,
            registry=self._lists.registry,
            reserving=self._reserving,
            recorded=self._counters.heard,
            on_damage=on_damage,
        )
        return GateRecords(self._settings, needs)

    def _make_lanes(self, sample_salt: bytes) -> GateLanes:
        settings = self._settings
        services = LaneServiceDependencies(
            self._recorder,
            self._devices,
            self._clock.now,
            self._evidence_writer.keep,
            Interlock(interlocks(settings.lanes), shared_arms(settings.lanes)),
            self._journal.lane_orders,
            self._counters.sighted,
        )
        sources = Sources(self._lists.registry, self._journal, self._trusted.trusted, self._site)
        return GateLanes(
            settings,
            services,
            lambda lane: Decider(lane_place(settings, lane, self._lists.rules, sample_salt), sources).decide,
        )

    def _make_central(self) -> CentralConnection:
        ground = CentralDependencies(
            GateIdentity(self._settings.gate.id, version("gate-agent"), self._boot, self._status.inventory()),
            self._journal,
            self._recorder,
            self._reading,
            self._status.health,
            self._health_message,
            self._link_changed,
            self._lists,
        )
        return CentralConnection(
            self._settings,
            ground,
            lambda link: HandlerDependencies(
                lanes=self._gate_lanes.by_name,
                cameras=self._gate_lanes.eyes_by_name,
                uplink=link.uplink,
                evidence=self._evidence,
                trust=(self._lists,),
                log_level=self._log_level,
            ),
        )

    def _make_insight(self) -> Diagnostics:
        looked = DiagnosticsDependencies(
            parts=self._gauged_parts(),
            loaded=self._loaded,
            path=self._source.path,
            load=self._source.load or (lambda: self._loaded),
            registry=self._lists.registry,
            places=self._gate_lanes.places,
            boot=self._boot,
            utc=self._utc,
            central=lambda: None if self._central is None else self._central.session,
        )
        return Diagnostics(looked, self._counters)

    def _gauged_parts(self) -> MeasuredParts:
        central = self._central
        return MeasuredParts(
            gate=self._settings.gate.id,
            version=version("gate-agent"),
            state=self._settings.state.directory,
            journal_limit_bytes=self._settings.journal.max_mb * MEGABYTE,
            lanes=self._gate_lanes.units,
            eyes=self._gate_lanes.eyes,
            relays=self._gate_lanes.boards,
            devices=self._devices,
            journal=self._journal,
            recorder=self._recorder,
            clock=self._trusted,
            watchdog=self._watchdog,
            workers=self._workers,
            lists=lambda: self._lists.state,
            uplink=lambda: None if central is None else central.uplink_view,
            pictures_waiting=lambda: 0 if central is None else central.pictures_waiting,
            refused=lambda: self._status.refused is not None,
        )

    def _gate(self) -> Gate:
        """What the console works with."""
        from agent.console.dependencies import Gate  # noqa: PLC0415 - brings the web libraries, which the gate does not wait for

        return Gate(
            loaded=self._loaded,
            configuration=self._source.path,
            refusal=lambda: self._status.refused,
            lanes=self._gate_lanes.by_name,
            eyes=self._gate_lanes.eyes_by_name,
            journal=self._journal,
            lists=self._lists,
            evidence=self._evidence,
            devices=self._devices,
            recorder=self._recorder,
            clock=self._trusted,
            link=lambda: None if self._central is None else self._central.link_view,
            health=self._status.health,
            diagnostics=self._diagnostics,
            reload=self._source.read_anew,
            now=self._clock.now,
            simulated_runs=self._simulated_runs,
        )

    def _health_message(self) -> bytes:
        return self._diagnostics.health()

    # ------------------------------------------------------------------------------------------------- what they tell

    def _utc(self) -> float:
        return self._clock.now().utc

    def _note_all(self, drafts: Sequence[Draft]) -> None:
        self._recorder.note(drafts)

    def _note(self, event: Event) -> None:
        self._records.note(event)

    def _reserving(self, drafts: Sequence[Draft], ledger: Sequence[LedgerChange]) -> AbstractContextManager[None]:
        return self._site.reserving(drafts, ledger)

    def _reading(self) -> ClockReading:
        return replace(self._trusted.reading(), lists=self._lists.state)

    def _link_changed(self, view: LinkView) -> None:
        self._diagnostics.link_changed("central", view)
        self._devices.changed("broker", "broker", view.state.value, view.detail or view.url)

    def _site_changed(self, view: LinkView) -> None:
        self._diagnostics.link_changed("site", view)
        self._devices.changed("broker", "site broker", view.state.value, view.detail or view.url)
