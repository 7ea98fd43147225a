"""The composition root: makes every part of the gate from the settings, starts them, and stops them in order.

The only module, beside the eye's own start, that names concrete drivers.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
import uuid
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from agent import lane_pause
from agent.central import Central, Ground
from agent.checkpointer import Checkpointer
from agent.clock_keeper import ClockKeeper, holdover_rules
from agent.console.server import ConsoleServer
from agent.core.events import Draft, EvidenceDropped, GateStopping
from agent.core.lane_state import LaneOrders
from agent.core.privacy import masked
from agent.decider import Decider, Sources
from agent.decider.place import lane_place
from agent.devices import Devices
from agent.executors import Parts
from agent.eye.protocol import Configure
from agent.eye_life import EyeLimits
from agent.eye_port import EyePort
from agent.gate_lists import GateLists
from agent.gate_site import site_desk
from agent.gauges import GaugedParts
from agent.housekeeper import DAY_S, HOUR_S, Ages, Erasure, Housekeeper, PersonalAges
from agent.insight import Insight, Looked
from agent.keeper import Keeper
from agent.lane_unit import Boards, LaneUnit, Services
from agent.link.presence import GateIdentity
from agent.recorder import Recorder
from agent.rehearsal import rehearsals, scene_folders
from agent.relay_board import RelayBoard
from agent.service.logs import LogLevel
from agent.service.metrics import Tally
from agent.service.parallel import at_once
from agent.service.watchdog import Watchdog
from agent.service.workers import Workers
from agent.settings import board_place, interlocks, shared_arms
from agent.start_record import start_record
from agent.store.clock_files import ClockFiles
from agent.store.evidence import EvidenceAges, EvidenceStore
from agent.store.gate_key import gate_key
from agent.store.journal import Journal
from agent.way_guard import WayGuard
from drivers import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from agent.console.desk import Gate
    from agent.core.chain import ClockReading
    from agent.core.events import ConfigurationRefused, Event
    from agent.lane_pause import LanePause
    from agent.link.setup import LinkView
    from agent.service.clock import Clock
    from agent.service.notify import Notifier
    from agent.service.worker import Worker
    from agent.settings import Camera, Device, LoadedSettings, Settings
    from agent.settings import Lane as LaneSettings

log = logging.getLogger(__name__)

STOP_S = {"watch": 1.0, "senses": 4.5, "lanes": 2.5, "stores": 3.0, "record": 2.5, "link": 3.0, "close": 1.5}
"""How long each phase of a stop may take, whatever its parts do. Together less than TimeoutStopSec of the service's unit."""
FIRST_SERIALS = 10_000
MEGABYTE = 1 << 20
EYE_STOP_S = 0.7


@dataclass(frozen=True, slots=True)
class ConfigurationSource:
    """Where the settings came from. `path`: the main file. `refused`: why what stands there now is not what was loaded.

    `read_anew`: have it read again, as SIGHUP does; returns at once. `load`: what stands there now, by the same loader; raises
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

        Raises JournalError when the journal cannot be opened, RegistryError for the lists, EvidenceError for the pictures,
        WrongGateKeyError where the site knows this gate by another key, OSError for the rest.

        `on_damage` is called, from a thread, when the journal turns out to be damaged while the gate runs: only a new
        start mends it. `source`: where the settings came from; None: nobody reads it anew.
        """
        self._opened = ExitStack()
        try:
            self._make_parts(loaded, clock, notifier, on_damage, source)
        except BaseException:
            self._opened.close()
            raise

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
        self._digest, self._refused = loaded.digest, self._source.refused
        self._clock, self._notifier = clock, notifier
        self._boot = str(uuid.uuid4())
        settings.state.directory.mkdir(parents=True, exist_ok=True)
        signing = gate_key(settings.state.directory)
        self._lists = self._opened.enter_context(closing(GateLists(settings, clock, self._note)))
        self._trusted = ClockKeeper(
            clock,
            self._lists.registry,
            ClockFiles(settings.state.directory),
            holdover_rules(settings.clock),
            self._note_all,
        )
        self._journal = self._opened.enter_context(
            closing(
                Journal.open(
                    settings.state.directory / "journal.db",
                    gate=settings.gate.id,
                    boot=self._boot,
                    clock=self._reading,
                    max_bytes=settings.journal.max_mb * MEGABYTE,
                )
            )
        )
        self._checkpointer = Checkpointer(
            self._journal, signing, settings.gate.id, self._utc, settings.journal.checkpoint_s
        )
        self._evidence = _evidence_store(settings)
        self._keeper = Keeper(self._evidence)
        self._site = site_desk(settings, signing, self._journal, self._site_changed)
        self._recorder = Recorder(
            self._journal,
            self._utc,
            masked if settings.privacy.publish_plate == "masked" else None,
            self._heard,
            self._site.reserving,
        )
        self._devices = Devices(self._recorder, self._utc)
        self._sample_salt = signing.sign(b"the vehicles that an officer sees")
        self._watchdog, self._tally = Watchdog(notifier), Tally()
        self._workers = Workers(self._watchdog, self._note)
        self._eyes: list[EyePort] = []
        self._relays: dict[str, RelayBoard] = {}
        self._lanes_of_boards: dict[str, list[str]] = {}
        self._ways = WayGuard(interlocks(settings.lanes), shared_arms(settings.lanes))
        self._lanes = [self._make_lane(name, lane) for name, lane in settings.lanes.items()]
        self._central = self._make_central(LogLevel(settings.log.level)) if settings.mqtt.enabled else None
        self._housekeeper = self._make_housekeeper(on_damage)
        self._insight = self._make_insight()
        self._rehearsals, self._console = (
            dict(rehearsals(settings.lanes, scene_folders(settings.state.directory, os.environ))),
            ConsoleServer.from_environment(self._gate, settings.console),
        )

    @property
    def lanes(self) -> tuple[LaneUnit, ...]:
        """The lanes, in the order of the configuration."""
        return tuple(self._lanes)

    @property
    def console(self) -> ConsoleServer:
        """The technician's page."""
        return self._console

    def start(self) -> None:
        """Release every relay, record the start and what the last one left open, then start all else. Waits for no device."""
        self._workers.watch(self._parts_workers())
        # Before the disk is asked: the last run may have left a relay energised.
        for relay in self._relays.values():
            relay.start()
        self._record_start()
        self._workers.start()
        self._trusted.start()
        self._lists.start()
        self._checkpointer.start()
        self._site.start()
        self._devices.start()
        self._keeper.start()
        for lane in self._lanes:
            lane.start()
        for eye in self._eyes:
            eye.start()
        if self._central is not None:
            self._central.start()
        self._housekeeper.start()
        self._watchdog.start()
        self._console.listen()
        self._notifier.ready(self._summary())
        self._insight.start()
        self._console.start()

    def refuse(self, refused: ConfigurationRefused) -> None:
        """Tell that a new configuration cannot be used and this one runs on."""
        self._refused = refused
        self._note(refused)
        self._notifier.status(self._summary())

    def wind_down_at_rest(self) -> tuple[str, ...]:
        """Where no vehicle is under way in any lane, look at nothing any more, so that `stop` disturbs nobody.

        Returns the lanes that are not at rest, or do not answer in time; all lanes go on then.
        """
        until_at = time.monotonic() + lane_pause.ANSWER_S
        pauses: dict[str, LanePause] = {}
        with ExitStack() as held:
            for lane in self._lanes:
                pauses[lane.name] = lane.pause()
                held.callback(pauses[lane.name].end)
            busy = tuple(name for name, pause in pauses.items() if not pause.at_rest(until_at))
            if not busy:
                for lane in self._lanes:
                    lane.wind_down()
        return busy

    def stop(self, cause: str, *, again: bool = False) -> bool:
        """Stop deciding, release every relay, record the stop, send what can be sent in a moment, and close.

        `again`: another one is to take over in this process, so that the service manager has nothing to do. Returns whether
        every part has ended; one that has not is in the log, and may still hold a device or a file.
        """
        # While the parts end they make no progress. Who starts the agent over feeds the manager's watchdog meanwhile.
        ended = [_in_time("watch", {"the watchdog": self._watchdog.stop})]
        if again:
            self._notifier.reloading(cause)
        else:
            self._notifier.stopping(cause)
        for rehearsal in self._rehearsals.values():
            rehearsal.stop()
        for lane in self._lanes:
            lane.wind_down()
        ended += [_in_time(phase, duties) for phase, duties in self._stop_phases(cause).items()]
        return all(ended)

    def _stop_phases(self, cause: str) -> Mapping[str, Mapping[str, Callable[[], object]]]:
        """What ends in which phase, in their order: within a phase all at the same time."""
        central = self._central
        relays = {f"the relay board {name}": relay.stop for name, relay in self._relays.items()}
        eyes = {f"the eye {eye.name}": eye.stop for eye in self._eyes}
        others: dict[str, Callable[[], object]] = {
            "the console": self._console.stop,
            "the doctor": self._insight.stop,
            "the site": self._site.stop,
        }
        taking = {} if central is None else {"what comes from central": central.stop_taking}
        return {
            "senses": {**relays, **eyes, **others, **taking},
            "lanes": {f"the lane {lane.name}": lane.stop for lane in self._lanes},
            "stores": {
                "the devices": self._devices.stop,
                "the lists": self._lists.stop,
                "the clock": self._trusted.stop,
                "the evidence": self._keeper.stop,
                "the housekeeper": self._housekeeper.stop,
            },
            "record": {"the record of the stop": partial(self._record_stop, cause)},
            "link": {} if central is None else {"the link to central": central.stop},
            "close": {"the journal": self._close},
        }

    def _record_stop(self, cause: str) -> bool:
        told = self._workers.stop()
        self._note(GateStopping(cause=cause))
        return self._checkpointer.stop() and told

    def _close(self) -> None:
        self._recorder.end()
        self._opened.close()

    def _parts_workers(self) -> Iterator[Worker]:
        """The threads of all parts."""
        yield from (relay.worker for relay in self._relays.values())
        yield from (eye.worker for eye in self._eyes)
        yield from (worker for lane in self._lanes for worker in lane.workers)
        yield from (self._trusted.worker, self._checkpointer.worker, self._devices.worker)
        yield from (self._keeper.worker, self._housekeeper.worker, self._console.worker)
        yield from (*self._lists.workers, *self._site.workers, *self._insight.workers)
        yield from () if self._central is None else self._central.workers

    # ------------------------------------------------------------------------------------------------- making parts

    def _make_lane(self, name: str, settings: LaneSettings) -> LaneUnit:
        place = lane_place(self._settings, settings, self._lists.rules, self._sample_salt)
        inputs = settings.inputs
        unit = LaneUnit(
            name,
            settings,
            Boards(
                self._relay_board(name, settings.relay),
                None if inputs is None else registry.inputs(inputs.kind, inputs.table),
                {scanner.id: registry.scanner(scanner.kind, scanner.table) for scanner in settings.scanners},
            ),
            Services(
                self._recorder,
                self._devices,
                self._clock.now,
                self._keeper.keep,
                self._ways,
                self._journal.lane_orders,
                self._tally.sighted,
            ),
            Decider(place, Sources(self._lists.registry, self._journal, self._trusted, self._site)).decide,
            secrets.randbelow(FIRST_SERIALS),
        )
        self._eyes += [self._make_eye(unit, camera) for camera in settings.cameras]
        return unit

    def _relay_board(self, lane: str, device: Device) -> RelayBoard:
        """The board of a lane's relays: one for all lanes that name it."""
        model = registry.settings_model(registry.RELAYS, device.kind).model_validate(device.table)
        place = board_place(device.kind, model) or f"of lane {lane}"
        self._lanes_of_boards.setdefault(place, []).append(lane)
        if place not in self._relays:
            self._relays[place] = RelayBoard(place, registry.relay(device.kind, device.table))
        return self._relays[place]

    def _make_eye(self, lane: LaneUnit, camera: Camera) -> EyePort:
        configure = Configure(
            camera_kind=camera.kind,
            camera=registry.settings_model(registry.CAMERAS, camera.kind)
            .model_validate(camera.table)
            .model_dump(mode="json"),
            read_codes="qr" in camera.readers,
            read_plates="plate" in camera.readers,
            exposure=camera.exposure,
            zone=camera.zone,
        )
        eye = EyePort(
            f"{lane.name}/{camera.id}",
            configure,
            on_seen=lane.seen,
            on_status=lambda status: lane.camera_changed(camera.id, status, reads_codes="qr" in camera.readers),
            limits=EyeLimits(hang_s=camera.hang_s, reading_s=camera.reading_deadline_s, stop_s=EYE_STOP_S),
        )
        lane.tell_presence(eye.attend)
        return eye

    def _make_central(self, level: LogLevel) -> Central:
        ground = Ground(
            GateIdentity(self._settings.gate.id, version("gate-agent"), self._boot, self._inventory()),
            self._journal,
            self._recorder,
            self._reading,
            self._health,
            self._health_message,
            self._link_changed,
            self._lists,
        )
        return Central(
            self._settings,
            ground,
            lambda link: Parts(
                lanes={lane.name: lane for lane in self._lanes},
                cameras={eye.name: eye for eye in self._eyes},
                uplink=link.uplink,
                evidence=self._evidence,
                trust=(self._lists,),
                log_level=level,
            ),
        )

    def _make_housekeeper(self, on_damage: Callable[[str], None]) -> Housekeeper:
        journal, privacy = self._settings.journal, self._settings.privacy
        ages = Ages(journal.keep_acknowledged_days * DAY_S, journal.max_mb * MEGABYTE * 9 // 10)
        erasure = Erasure(
            self._lists.registry,
            PersonalAges(privacy.keep_uses_days * DAY_S, privacy.keep_lists_hours * HOUR_S),
            self._reading,
            self._recorder.note,
        )
        return Housekeeper(self._journal, ages, self._prune_evidence, on_damage, erasure)

    def _make_insight(self) -> Insight:
        looked = Looked(
            parts=self._gauged_parts(),
            loaded=self._loaded,
            path=self._source.path,
            load=self._source.load or (lambda: self._loaded),
            registry=self._lists.registry,
            places=self._lanes_of_boards,
            boot=self._boot,
            utc=self._utc,
            central=lambda: None if self._central is None else self._central.session,
        )
        return Insight(looked, self._tally)

    def _gauged_parts(self) -> GaugedParts:
        central = self._central
        return GaugedParts(
            gate=self._settings.gate.id,
            version=version("gate-agent"),
            state=self._settings.state.directory,
            journal_limit_bytes=self._settings.journal.max_mb * MEGABYTE,
            lanes=self._lanes,
            eyes=self._eyes,
            relays=self._relays,
            devices=self._devices,
            journal=self._journal,
            recorder=self._recorder,
            clock=self._trusted,
            watchdog=self._watchdog,
            workers=self._workers,
            lists=lambda: self._lists.state,
            uplink=lambda: None if central is None else central.uplink_view,
            pictures_waiting=lambda: 0 if central is None else central.pictures_waiting,
            refused=lambda: self._refused is not None,
        )

    def _gate(self) -> Gate:
        """What the console works with."""
        from agent.console.desk import Gate  # noqa: PLC0415 - brings the web libraries, which the gate does not wait for

        return Gate(
            loaded=self._loaded,
            configuration=self._source.path,
            refusal=lambda: self._refused,
            lanes={lane.name: lane for lane in self._lanes},
            eyes={eye.name: eye for eye in self._eyes},
            journal=self._journal,
            lists=self._lists,
            evidence=self._evidence,
            devices=self._devices,
            recorder=self._recorder,
            clock=self._trusted,
            link=lambda: None if self._central is None else self._central.link_view,
            health=self._health,
            insight=self._insight,
            reload=self._source.read_anew,
            now=self._clock.now,
            rehearsals=self._rehearsals,
        )

    def _inventory(self) -> Mapping[str, object]:
        return {
            "site": self._settings.gate.site,
            "configuration": self._digest,
            "lanes": {
                name: {
                    "number": lane.number,
                    "direction": lane.direction,
                    "relay": lane.relay.kind,
                    "inputs": None if lane.inputs is None else lane.inputs.kind,
                    "cameras": {camera.id: camera.kind for camera in lane.cameras},
                    "scanners": {scanner.id: scanner.kind for scanner in lane.scanners},
                }
                for name, lane in self._settings.lanes.items()
            },
        }

    def _health(self) -> Mapping[str, object]:
        """What birth and status say beside the link's own fields."""
        return {
            "configuration_problem": "" if self._refused is None else self._refused.detail,
            "devices": self._devices.states,
            "lanes": {lane.name: None if lane.view is None else lane.view.state for lane in self._lanes},
            "orders": self._standing_orders(),
            "clock_state": self._trusted.trust().state.value,
            "lists": self._lists.status(),
            "site": self._site.status(),
            "journal_failing": self._recorder.failing,
            "key": self._checkpointer.public_key,
            "checkpoint": self._checkpointer.head_checkpoint(),
        }

    def _health_message(self) -> bytes:
        return self._insight.health()

    def _standing_orders(self) -> Mapping[str, object]:
        standing = {lane.name: lane.view.orders for lane in self._lanes if lane.view is not None}
        return {name: asdict(orders) for name, orders in standing.items() if orders != LaneOrders()}

    # ------------------------------------------------------------------------------------------------- what they tell

    def _utc(self) -> float:
        return self._clock.now().utc

    def _note_all(self, drafts: Sequence[Draft]) -> None:
        self._recorder.note(drafts)

    def _note(self, event: Event) -> None:
        self._recorder.note([Draft(event, None, None, self._utc())])

    def _reading(self) -> ClockReading:
        return replace(self._trusted.reading(), lists=self._lists.state)

    def _heard(self, drafts: Sequence[Draft]) -> None:
        self._keeper.heard(drafts)
        self._tally.heard(drafts)

    def _link_changed(self, view: LinkView) -> None:
        self._insight.link_changed("central", view)
        self._devices.changed("broker", "broker", view.state.value, view.detail or view.url)

    def _site_changed(self, view: LinkView) -> None:
        self._insight.link_changed("site", view)
        self._devices.changed("broker", "site broker", view.state.value, view.detail or view.url)

    def _prune_evidence(self) -> int:
        """Give up old pictures, and tell of those that went before their time; returns how many went in time."""
        reading = self._reading()
        gone = self._evidence.prune(reading.utc, synced=reading.synced)
        dropped = self._evidence.take_dropped()
        if dropped:
            cause = f"all pictures were more than {self._settings.evidence.max_mb} MB"
            self._note(EvidenceDropped(count=dropped, cause=cause))
        return gone

    def _record_start(self) -> None:
        """Tell of the start and of what the last run left open."""
        record = start_record(
            version("gate-agent"), self._digest, self._journal.recover(), self._journal.replaced, self._utc()
        )
        self._recorder.note(record.drafts, record.changes)
        if self._refused is not None:
            self._note(self._refused)

    def _summary(self) -> str:
        problem = "" if self._refused is None else f"; the configuration on the disk is refused: {self._refused.detail}"
        return f"{len(self._lanes)} lanes, {len(self._eyes)} cameras{problem}"


def _evidence_store(settings: Settings) -> EvidenceStore:
    evidence = settings.evidence
    return EvidenceStore(
        settings.state.directory / "evidence",
        evidence.max_mb * MEGABYTE,
        EvidenceAges(evidence.keep_passed_hours * HOUR_S, evidence.keep_hours * HOUR_S),
        evidence.send,
    )


def _in_time(phase: str, duties: Mapping[str, Callable[[], object]]) -> bool:
    """Do the duties of a phase at the same time; whether all ended within its time, and none says that something is left."""
    jobs = [(f"stop {name}", partial(_done, name, duty), None) for name, duty in duties.items()]
    found = dict(zip(duties, at_once(jobs, STOP_S[phase]), strict=True))
    for name in (name for name, ended in found.items() if ended is None):
        log.error("%s does not stop within %g s; it is left behind", name, STOP_S[phase])
    return all(found.values())


def _done(name: str, duty: Callable[[], object]) -> bool | None:
    try:
        return duty() is not False
    except Exception:
        log.exception("%s could not be stopped in order", name)
        return False
