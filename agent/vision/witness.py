"""The parent's side of a witness: keeps its process alive, and converts its messages to values of the core.

It checks everything that the witness says. A witness moves nothing: the core judges what a reading is worth.
"""

from __future__ import annotations

import hashlib
import logging
import os
import random
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.core.model import TokenBucket, WitnessReading, delay_s
from agent.service.listeners import notify_listeners
from agent.service.worker import Backoff, Worker
from agent.vision.mapping import CameraStatus
from agent.vision.process import VisionWorkerProcess
from agent.vision.worker.protocol import CameraState, Heartbeat, ProtocolError, SaidPlate, Sandbox, Stop
from agent.vision.worker_link import CameraSession, VisionWorkerFailedError, VisionWorkerLimits
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.vision.worker.protocol import ConfigureWitness
    from agent.vision.worker.wire import Envelope

log = logging.getLogger(__name__)

COMMAND: Final = (sys.executable, "-I", "-m", "agent.vision.worker.witness")
LIMIT_S: Final = 60.0
"""How long its thread may take over one message, or to start or end a process."""
CAMERA_S: Final = 300.0
"""How long one call of the camera may take: to be opened it is asked twice, each time with up to three tries."""
PLATES_A_SECOND: Final = 2.0
PLATES_AT_ONCE: Final = 20
"""So many plates are passed on; a camera gone mad, or taken over, must not keep a lane busy."""
CHANGES_A_SECOND: Final = 2.0
CHANGES_AT_ONCE: Final = 30
_CLOCK_SLACK_S: Final = 0.05
_JOIN_SLACK_S: Final = 3.0
_NOT_OPEN: Final = -1


@dataclass(frozen=True, slots=True)
class WitnessedPicture:
    """What a witness said of one plate, with its picture by SHA-256 (hex), if it sent one."""

    reading: WitnessReading
    pictures: Mapping[str, bytes]


class WitnessSupervisor:
    """Run the process of one witness: start it, pass on what it says, kill it when it hangs, start it again.

    `camera_lane`: the camera's own number of the lane whose plates count; None: all do. `on_seen` and `on_status` are
    called from its own thread and must only pass the news on. All methods may be called from any thread.
    """

    def __init__(  # noqa: PLR0913 - the seams of the composition root
        self,
        name: str,
        configure: ConfigureWitness,
        *,
        on_seen: Callable[[WitnessedPicture], None],
        on_status: Callable[[CameraStatus], None],
        camera_lane: int | None = None,
        limits: VisionWorkerLimits | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._name = name
        self._configure = configure
        self._camera_lane = camera_lane
        self._on_seen = on_seen
        self._on_status = on_status
        self._limits = limits or VisionWorkerLimits(camera_s=CAMERA_S)
        self._command = tuple(command)
        self._status = self._told = CameraStatus(name)
        self._telling = TokenBucket(CHANGES_A_SECOND, CHANGES_AT_ONCE)
        self._passing = TokenBucket(PLATES_A_SECOND, PLATES_AT_ONCE)
        self._held_back = 0
        self._sandbox: Sandbox | None = None
        self._process: VisionWorkerProcess | None = None
        self._born_at = 0.0
        self._wake = _NOT_OPEN
        self._waking = threading.Lock()
        backoff = Backoff(self._limits.retry_first_s, self._limits.retry_cap_s, self._limits.steady_s)
        self.worker = Worker(f"witness-{name}", self._run, limit_s=LIMIT_S, backoff=backoff)

    @property
    def name(self) -> str:
        """Name of the witness."""
        return self._name

    @property
    def status(self) -> CameraStatus:
        """How the camera and its process are."""
        return self._status

    @property
    def sandbox(self) -> Sandbox | None:
        """What the newest process has taken from itself, and what it could not; None before it says so first."""
        return self._sandbox

    @property
    def held_back(self) -> int:
        """How many plates were more than a lane takes."""
        return self._held_back

    @property
    def pid(self) -> int | None:
        """Process id of the process that runs now."""
        process = self._process
        return process.pid if process else None

    def start(self) -> None:
        """Start the process. Raises OSError where this one has no file left to open."""
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.worker.start()

    def stop(self) -> bool:
        """End the process, within `stop_s`, `killed_s` and a moment; whether its thread has ended."""
        with self._waking:
            self.worker.ask_to_stop()
            if self._wake != _NOT_OPEN:
                os.eventfd_write(self._wake, 1)
        if not self.worker.join(self._limits.stop_s + self._limits.killed_s + _JOIN_SLACK_S):
            return False
        with self._waking:
            if self._wake != _NOT_OPEN:
                os.close(self._wake)
                self._wake = _NOT_OPEN
        return True

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        failures = 0
        while not self.worker.stopping:
            self._born_at = time.monotonic()
            self._live_once()
            if time.monotonic() - self._born_at >= self._limits.steady_s:
                failures = 0
            # Jitter, no secret: processes that failed together do not load the machine in step.
            draw = random.random()  # noqa: S311
            self.worker.wait(delay_s(failures, self._limits.retry_first_s, self._limits.retry_cap_s, draw))
            failures += 1

    def _live_once(self) -> None:
        """One life of the process, until it ends by itself, has to be killed, or is to stop."""
        process: VisionWorkerProcess | None = None
        try:
            self._process = process = self._started()
            self._run_session(process)
        except VisionWorkerFailedError as error:
            self._lost(Text("its process {error}", error=error))
        finally:
            # A fault of ours costs one process: the thread reports it, and begins the next.
            fault = sys.exception()
            if fault is not None:
                self._lost(Text("an error in the agent itself: {name}", name=type(fault).__name__))
            self._process = None
            if process is not None:
                self._end(process)

    def _started(self) -> VisionWorkerProcess:
        try:
            return VisionWorkerProcess(self._command)
        except OSError as error:
            raise VisionWorkerFailedError(Text("could not be started: {error}", error=error)) from error

    def _run_session(self, process: VisionWorkerProcess) -> None:
        try:
            process.send(self._configure)
        except OSError as error:
            raise VisionWorkerFailedError(Text("does not listen ({error})", error=error)) from error
        session = CameraSession(process, self._limits, self._handle_message, self.worker.resting)
        session.listen(self._wake, lambda: self.worker.stopping)
        try:
            process.send(Stop())
        except OSError:
            return
        if not process.ended_within(self._limits.stop_s):
            log.warning("witness %s: its process does not end by itself; killing it", self._name)

    def _end(self, process: VisionWorkerProcess) -> None:
        process.kill()
        if not process.ended_within(self._limits.killed_s):
            # Two at one camera do not hinder one another: the next one does not wait for this.
            log.error("witness %s: the process %d does not end although it was killed", self._name, process.pid)
            process.leave_to_end()

    def _lost(self, cause: Text) -> None:
        self._process = None
        if not self.worker.stopping:
            log.warning("witness %s: %s; restarting it", self._name, cause)
            self._change(self._status.without_process(cause))

    def _handle_message(self, envelope: Envelope) -> None:
        message = envelope.message
        match message:
            case SaidPlate():
                self._pass_on(self._mapped(message, envelope.pictures))
            case CameraState():
                self._status = self._status.with_camera(message)
                self._tell()
            case Heartbeat():
                self._tell()
            case Sandbox():
                if message.missing and message != self._sandbox:
                    log.warning("witness %s: missing in its sandbox: %s", self._name, "; ".join(message.missing))
                self._sandbox = message
            case _:
                raise ProtocolError(f"a witness does not say {type(message).__name__}")

    def _mapped(self, said: SaidPlate, pictures: tuple[bytes, ...]) -> WitnessedPicture:
        """What was said, as values of the core. Raises ProtocolError for a time that cannot be."""
        now = time.monotonic()
        if not self._born_at - _CLOCK_SLACK_S <= said.at <= now + _CLOCK_SLACK_S:
            raise ProtocolError(f"a plate from {said.at - now:+.3f} s cannot be")
        named = {hashlib.sha256(picture).hexdigest(): picture for picture in pictures}
        reading = WitnessReading(
            self._name,
            said.text,
            said.confidence,
            said.at,
            said.lane,
            said.country,
            said.kind,
            said.colour,
            next(iter(named), None),
        )
        return WitnessedPicture(reading, named)

    def _pass_on(self, seen: WitnessedPicture) -> None:
        if self._camera_lane is not None and seen.reading.lane != self._camera_lane:
            return
        if not self._passing.try_acquire(time.monotonic()):
            self._held_back += 1
            return
        notify_listeners([self._on_seen], seen, f"witness {self._name}: a listener failed")

    def _tell(self) -> None:
        """Pass the status on; where it changes too often, as it stands later, with a heartbeat."""
        if self._status != self._told and self._telling.try_acquire(time.monotonic()):
            self._change(self._status)

    def _change(self, status: CameraStatus) -> None:
        self._status = status
        if status != self._told:
            self._told = status
            notify_listeners([self._on_status], status, f"witness {self._name}: a listener failed")
