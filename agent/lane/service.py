"""Puts one lane together: loop, barrier, inputs, scanners, cameras, signs and loudspeaker."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from agent.barrier import Wiring
from agent.core.commands import CommandAnswer, Result
from agent.core.decision import weigh
from agent.core.lane import GATHERING, CommandKind, Lane, LaneState
from agent.core.model import View, VinSource
from agent.core.permit import label_readings, vin
from agent.devices import InputMonitor, PortState, ScannerMonitor, ScannerState, SignalMap
from agent.i18n import Language
from agent.i18n.cameras import camera_view_text
from agent.lane.driver_outputs import DriverOutputs, DriverOutputServices, DriverPorts
from agent.lane.dry_run import DryRunRecorder, DryRunWatch
from agent.lane.loop import LaneDependencies, LaneDetection, LaneLoop
from agent.lane.order_requests import ANYONE, RequestQueue
from agent.lane.pause import LanePause
from agent.lane.rules_from_settings import rules
from agent.service.listeners import notify_listeners
from agent.voice import Recordings
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import time

    from agent.barrier import PulseReport, RelayBoard
    from agent.core.events import DriverOutputRecord
    from agent.core.lane import Decide, Decided, LaneLockout, OrderSubject, TextForDriver
    from agent.core.model import Instant, Presentation, Reading, VinReading, WitnessReading
    from agent.devices import DeviceStatusTable
    from agent.lane.dry_run import DryRunCounts
    from agent.lane.lane_view import LaneView
    from agent.lane.shared_interlock import Interlock
    from agent.recording import Recorder
    from agent.service.worker import Worker
    from agent.settings import Lane as LaneSettings
    from agent.settings import SignalWiring
    from agent.vision.mapping import CameraStatus, MappedDetection
    from agent.vision.witness import WitnessedPicture
    from drivers.api import InputPort, ScannerPort

OVERLOADED = Text(
    "the computer is too slow for this camera: pictures are lost or late; use smaller pictures or fewer cameras"
)
NO_PICTURES: Final[Mapping[str, bytes]] = MappingProxyType({})
DRY_RUN: Final = Text("the lane is in dry run: nothing moves, and the driver gets no messages")
_ACTING: Final = frozenset(
    {
        CommandKind.OPEN,
        CommandKind.REFUSE,
        CommandKind.HOLD,
        CommandKind.RELEASE,
        CommandKind.CLOSE,
        CommandKind.TEST_OPEN,
        CommandKind.TEST_CLOSE,
    }
)
_AWAITS_A_CODE = GATHERING | {LaneState.MANUAL, LaneState.DENIED}
_WEIGHED = 8
"""How many readings are weighed together: a little more than what a vote makes use of."""
_WITNESSED = 64
"""How many words of each witness are kept: more than come while one vehicle is judged."""


@dataclass(frozen=True, slots=True)
class LaneServiceDependencies:
    """What all lanes share.

    `lockout`: what was ordered in the last run and still holds, by lane. `on_detection` is told the
    lane and the time (monotonic) of each frame or scan in which something was seen; it must not block. `recordings`:
    makes the recordings of a lane that speaks. `local_time`: the time of day at the gate; None while the clock is not
    trusted.
    """

    recorder: Recorder
    devices: DeviceStatusTable
    now: Callable[[], Instant]
    keep: Callable[[Mapping[str, bytes]], None]
    interlock: Interlock
    lockout: Callable[[str], LaneLockout]
    on_detection: Callable[[str, float], None] = lambda _lane, _at: None
    recordings: Callable[[], Recordings] = Recordings
    local_time: Callable[[], time | None] = lambda: None


@dataclass(frozen=True, slots=True)
class LaneDevices:
    """The devices of a lane, not opened yet, its scanners by id. The relay board may serve other lanes too."""

    relay: RelayBoard
    inputs: InputPort | None
    scanners: Mapping[str, ScannerPort] = field(default_factory=dict)
    driver: DriverPorts = field(default_factory=DriverPorts)


class LaneService:
    """One lane with its threads. Its relay board belongs to the caller that made it.

    `first_serial`: where its transaction ids begin, other with each start.
    """

    def __init__(
        self,
        name: str,
        settings: LaneSettings,
        boards: LaneDevices,
        services: LaneServiceDependencies,
        decide: Callable[[Decide, Instant, Callable[[Decided], None]], Decided | None],
        first_serial: int,
    ) -> None:
        self.name = name
        self._requests = RequestQueue(services.now)
        self._devices = services.devices
        self._on_detection = services.on_detection
        self._view: LaneView | None = None
        self._readings: tuple[Reading, ...] = ()
        # One each: a witness that talks without end pushes out no word of another.
        self._witness_readings: dict[str, deque[WitnessReading]] = {}
        self._relay_up: bool | None = None
        barrier = boards.relay.barrier(Wiring(**settings.barrier.model_dump()), self._pulsed, self._relay_changed)
        self.barrier = barrier
        recorder: Recorder | DryRunRecorder = services.recorder
        if settings.dry_run:
            recorder = DryRunRecorder(services.recorder)
        self._dry_run = DryRunWatch(recorder.note) if settings.dry_run else None
        self.loop = LaneLoop(
            Lane.start(rules(name, settings, services.interlock), first_serial, services.lockout(name)),
            LaneDependencies(
                barrier,
                recorder,
                services.now,
                decide,
                services.keep,
                self._observe,
                self._requests.answered,
                services.interlock.of_lane(name),
                self._dry_run,
            ),
        )
        self._signals: InputMonitor | None = None
        if boards.inputs is not None and settings.signals is not None:
            self._signals = InputMonitor(
                name, boards.inputs, _signal_map(settings.signals), self.loop.sampled, self._inputs_changed
            )
        self._scanners = [
            ScannerMonitor(f"{name}/{scanner}", port, self._scanned, partial(self._scanner_changed, scanner))
            for scanner, port in boards.scanners.items()
        ]
        self._outputs = DriverOutputs(
            name,
            settings,
            boards.driver,
            DriverOutputServices(services.devices, services.now, services.recordings, services.local_time),
        )
        self._code_awaited: list[Callable[[bool], None]] = []
        self._readers: dict[str, bool] = {}
        self._readers_lock = threading.Lock()

    @property
    def is_dry_run(self) -> bool:
        """Whether the lane moves nothing and tells its driver nothing."""
        return self._dry_run is not None

    @property
    def dry_run(self) -> DryRunCounts | None:
        """How its decisions agree with what happens, where it moves nothing; None: it is at work."""
        return None if self._dry_run is None else self._dry_run.counts

    @property
    def view(self) -> LaneView | None:
        """What the lane looks like now; None before its first round."""
        return self._view

    @property
    def driver_outputs(self) -> Mapping[str, DriverOutputRecord]:
        """What each sign and the loudspeaker were given last and what became of it, by the device's name."""
        return self._outputs.latest

    def start(self) -> None:
        """Start to decide first, then to tell the driver, and to read inputs and scanners."""
        self.loop.start()
        self._outputs.start()
        if self._signals is not None:
            self._signals.start()
        for scanner in self._scanners:
            scanner.start()

    def notify_code_awaited(self, to: Callable[[bool], None]) -> None:
        """Report, about 20 times a second, whether a vehicle is there whose code is awaited; for before `start`.

        `to` is called from the lane's loop and must not block.
        """
        self._code_awaited.append(to)

    def order(
        self,
        kind: CommandKind,
        operator: str,
        cause: str,
        timeout_s: float,
        subject: OrderSubject = ANYONE,
    ) -> CommandAnswer:
        """Order something in an officer's name and wait for what becomes of it, as RequestQueue.order does.

        In a dry run what moves something, or tells the driver something, is refused.
        """
        if self._dry_run is not None and kind in _ACTING:
            return CommandAnswer(Result.NOT_DONE, DRY_RUN)
        return self._requests.order(self.loop, kind, operator, cause, timeout_s, subject)

    def display(self, text: TextForDriver, operator: str, cause: str, timeout_s: float) -> CommandAnswer:
        """Tell the driver who stands there what central says, and wait for what becomes of it.

        In a dry run the driver is told nothing.
        """
        if self._dry_run is not None:
            return CommandAnswer(Result.NOT_DONE, DRY_RUN)
        return self._requests.display(self.loop, text, operator, cause, timeout_s)

    def pause(self) -> LanePause:
        """Ask whether the lane is at rest, and hold it still if so."""
        pause = LanePause()
        self.loop.pause(pause)
        return pause

    def wind_down(self) -> bool:
        """Decide nothing any more, and only note what becomes of the last pulse; for before the relay board stops.

        As a stop does, it says that nothing is left: the loop goes on until `stop`.
        """
        self.loop.wind_down()
        return True

    def stop(self) -> bool:
        """Record the last report, and stop; whether all has stopped. For after the relay board has stopped."""
        others = [*self._scanners, *(() if self._signals is None else (self._signals,))]
        for other in others:
            other.worker.ask_to_stop()
        self._outputs.ask_to_stop()
        ended = [self.loop.stop(), *(other.stop() for other in others), self._outputs.stop()]
        return all(ended)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The threads of its loop, its inputs, its scanners, its signs and its loudspeaker."""
        signals = () if self._signals is None else (self._signals.worker,)
        scanners = (scanner.worker for scanner in self._scanners)
        return (self.loop.worker, *signals, *scanners, *self._outputs.workers)

    def detected(self, detection: MappedDetection) -> None:
        """Hand in what a camera saw. What takes time to make of its plates is done here, in the camera's thread."""
        self._on_detection(self.name, detection.at)
        before, self._readings = self._readings, (*self._readings, *detection.readings)[-_WEIGHED:]
        try:
            weigh(detection.readings, before)
        finally:  # what cannot be weighed must not keep back a permit in the same picture
            seen = LaneDetection(
                detection.presentations, detection.readings, detection.pictures, detection.vin_readings
            )
            self.loop.detected(seen, shown_again=True)

    def vin_read(self, reading: VinReading, pictures: Mapping[str, bytes] = NO_PICTURES) -> None:
        """Hand in a VIN that a camera or a scanner read. What has not the form of one is left aside.

        `pictures`: JPEG by SHA-256, that which the reading names among them, where it came with no detection.
        """
        if not vin.is_well_formed(reading.text):
            return
        self._on_detection(self.name, reading.at)
        seen = LaneDetection((), (), pictures, (reading,))
        self.loop.detected(seen, shown_again=reading.source is not VinSource.SCANNER)

    def camera_changed(self, camera: str, status: CameraStatus, *, reads_codes: bool) -> None:
        """Note how a camera is; the lane is told whether any of its code readers works."""
        state, detail = "streaming" if status.up else status.state.value, status.detail
        if status.up and status.overloaded:
            state, detail = "overloaded", OVERLOADED
        if status.up and status.view is not View.CLEAR:
            state, detail = status.view.value, camera_view_text(status.view, Language.EN)
        # The lane is told first, here as below: who acts on the change finds a lane that knows it.
        if reads_codes and status.state is not PortState.CONNECTING:
            self._reader_changed(camera, works=status.up)
        self._devices.changed("camera", f"{self.name}/{camera}", state, detail, self.name)

    def witness_changed(self, witness: str, status: CameraStatus) -> None:
        """Note how a camera is that reads plates by itself. It is no reader of the lane, which goes on without it."""
        state = "streaming" if status.up else status.state.value
        self._devices.changed("camera", f"{self.name}/{witness}", state, status.detail, self.name)

    def witnessed(self, seen: WitnessedPicture) -> None:
        """Note what a witness said. It begins no transaction and wakes nobody: it is there for who judges a plate."""
        self._witness_readings.setdefault(seen.reading.witness, deque(maxlen=_WITNESSED)).append(seen.reading)

    def witness_readings(self, since: float) -> tuple[WitnessReading, ...]:
        """What the witnesses have said of the lane since then (monotonic s): the newest of each, as it came."""
        kept = (tuple(words) for words in tuple(self._witness_readings.values()))
        said = (reading for words in kept for reading in words if reading.at >= since)
        return tuple(sorted(said, key=lambda reading: reading.at))

    def _scanned(self, presentation: Presentation) -> None:
        """Hand in a text that a scanner read: a permit, or the VINs of a label that was held before it."""
        vins = label_readings(presentation, VinSource.SCANNER)
        for reading in vins:
            self.vin_read(reading)
        if vins:
            return
        self._on_detection(self.name, presentation.at)
        self.loop.detected(LaneDetection((presentation,), (), {}))

    def _scanner_changed(self, scanner: str, state: ScannerState, detail: str) -> None:
        self._reader_changed(scanner, works=state.works)
        self._devices.changed("scanner", f"{self.name}/{scanner}", state.value, detail, self.name)

    def _reader_changed(self, reader: str, *, works: bool) -> None:
        # Each reader reports from its own thread; the lane must get their changes in the order in which they were
        # made.
        with self._readers_lock:
            before = any(self._readers.values())
            first = not self._readers
            self._readers[reader] = works
            after = any(self._readers.values())
            if first or before != after:
                self.loop.readers_changed(up=after)

    def _pulsed(self, report: PulseReport) -> None:
        self.loop.pulsed(report)

    def _relay_changed(self, state: PortState, detail: str) -> None:
        # The lane is told of the first try in any case: it waits for that.
        before, self._relay_up = self._relay_up, state is PortState.UP
        if before is not self._relay_up:
            self.loop.relay_changed(state)
        self._devices.changed("relay", f"{self.name}/relay", state.value, detail, self.name)

    def _inputs_changed(self, state: PortState, detail: str) -> None:
        self._devices.changed("inputs", f"{self.name}/inputs", state.value, detail, self.name)

    def _observe(self, view: LaneView) -> None:
        self._view = view
        # What only tells the driver never stops what decides.
        notify_listeners([self._outputs.observe], view, "signs and loudspeaker could not be told")
        for notify in self._code_awaited:
            notify(view.state in _AWAITS_A_CODE)


def _signal_map(signals: SignalWiring) -> SignalMap:
    return SignalMap(
        signals.wired,
        inverted=frozenset(signals.inverted),
        debounce_s=signals.debounce_ms / 1000,
        period_s=1 / signals.poll_hz,
    )
