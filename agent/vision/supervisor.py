"""The parent's side of a vision worker.

It keeps the worker process of one camera alive, restarts it after each failure, and checks everything that it says.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from agent.core.model import TokenBucket, delay_s
from agent.devices import PortState
from agent.service.listeners import notify_listeners
from agent.service.worker import Backoff, Worker
from agent.vision.heartbeat_stats import HeartbeatStats
from agent.vision.mapping import CameraStatus, DetectionMapper
from agent.vision.preview import PreviewBuffer
from agent.vision.process import COMMAND, VisionWorkerProcess
from agent.vision.worker.protocol import Attend, CameraState, Detection, Expose, Heartbeat, PreviewFrame, Sandbox, Stop
from agent.vision.worker_link import CameraSession, VisionWorkerFailedError, VisionWorkerLimits
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.vision.mapping import MappedDetection
    from agent.vision.preview import LivePicture, PreviewRequest
    from agent.vision.worker.protocol import Configure, ToWorker
    from agent.vision.worker.wire import Envelope

log = logging.getLogger(__name__)

_JOIN_SLACK_S = 3.0
_LOOK_S = 0.2
NOT_OPEN = -1
_HELD = Text(
    "does not end although it was killed: its camera or a driver hangs; a new process is started as soon as it ends"
)
LIMIT_S = 60.0
"""How long its thread may take over one message, or to start or end a process."""
CHANGES_A_SECOND: Final = 2.0
CHANGES_AT_ONCE: Final = 30
"""So often a vision worker's word on its camera is passed on: each change is an event, and one that was taken over must
not fill the journal with them."""


class CameraSupervisor:
    """Run one vision worker: start it, pass on what it reads and how it is, kill it when it hangs, start it again.

    `on_seen` and `on_status` are called from its own thread and must only pass the news on. All methods may be
    called from any thread.
    """

    def __init__(
        self,
        name: str,
        configure: Configure,
        *,
        on_seen: Callable[[MappedDetection], None],
        on_status: Callable[[CameraStatus], None],
        limits: VisionWorkerLimits | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._name = name
        self._configure = configure
        self._on_seen = on_seen
        self._on_status = on_status
        self._limits = limits or VisionWorkerLimits()
        self._command = tuple(command)
        self._status = self._told = CameraStatus(name)
        self._telling = TokenBucket(CHANGES_A_SECOND, CHANGES_AT_ONCE)
        self._heartbeat: Heartbeat | None = None
        self._sandbox: Sandbox | None = None
        self._process: VisionWorkerProcess | None = None
        self._translator = self._mapper(0, 0.0)
        self._stats = HeartbeatStats()
        self._present = self._told_present = False
        self._left = False
        self._wake = NOT_OPEN
        self._waking = threading.Lock()
        self._preview_buffer = PreviewBuffer()
        self._exposure: Expose | None = None
        self._end_cause: Text | None = None
        backoff = Backoff(self._limits.retry_first_s, self._limits.retry_cap_s, self._limits.steady_s)
        self.worker = Worker(f"camera-{name}", self._run, limit_s=LIMIT_S, backoff=backoff)

    @property
    def name(self) -> str:
        """The camera's name."""
        return self._name

    @property
    def status(self) -> CameraStatus:
        """How the camera and its vision worker are."""
        return self._status

    @property
    def last_heartbeat(self) -> Heartbeat | None:
        """The figures of the last heartbeat of the process that runs now, for health and console."""
        return self._heartbeat

    @property
    def sandbox(self) -> Sandbox | None:
        """What the newest vision worker has taken from itself, and what it could not; None before it says so first."""
        return self._sandbox

    @property
    def stats(self) -> HeartbeatStats:
        """How well the process that runs now keeps up."""
        return self._stats

    @property
    def pid(self) -> int | None:
        """Process id of the vision worker that runs now."""
        process = self._process
        return process.pid if process else None

    def start(self) -> None:
        """Start the vision worker. Raises OSError where the process has no file left to open."""
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.worker.start()

    def stop(self) -> bool:
        """End the vision worker, within `stop_s`, `killed_s` and a moment; whether its process has ended."""
        with self._waking:
            self.worker.ask_to_stop()
            if self._wake != NOT_OPEN:
                os.eventfd_write(self._wake, 1)
        if not self.worker.join(self._limits.stop_s + self._limits.killed_s + _JOIN_SLACK_S):
            return False
        with self._waking:
            if self._wake != NOT_OPEN:
                os.close(self._wake)
                self._wake = NOT_OPEN
        return not self._left

    def set_vehicle_present(self, present: bool) -> None:
        """Tell the vision worker, now and after every restart, whether a vehicle is there whose code is awaited."""
        if present != self._present:
            self._present = present
            self._wake_up()

    @property
    def picture(self) -> LivePicture | None:
        """The newest picture of the camera that somebody watched, however old; None when there has been none."""
        return self._preview_buffer.newest

    def watch(self, request: PreviewRequest) -> LivePicture | None:
        """The newest picture of the camera, as `picture`; never waits.

        A viewer calls it again within WANTED_FOR_S. The vision worker makes one picture for all who watch, as large as
        the largest request, and none while nobody does.
        """
        if self._preview_buffer.request(request, time.monotonic()):
            self._wake_up()
        return self._preview_buffer.newest

    def snapshot(self, timeout_s: float) -> bytes | None:
        """What the camera sees now as a small JPEG; None when it delivers no picture in time."""
        return self._preview_buffer.snapshot(timeout_s, self._wake_up, stopped=lambda: self.worker.stopping)

    def start_anew(self, cause: Text) -> None:
        """End the vision worker and start another. `cause`: what follows "the vision worker"; returns at once."""
        self._end_cause = cause
        self._wake_up()

    def expose(self, share: float | None, for_s: float) -> None:
        """Have an exposure tried for so long, at most 60 s.

        `share`: of the light that the automatic takes; None: all. `last_heartbeat` tells what came of it. Afterwards
        the camera is as its settings want it.
        """
        self._exposure = Expose(share=share, for_s=for_s)
        self._wake_up()

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        failures = 0
        while not self.worker.stopping:
            born_at = time.monotonic()
            self._live_once(born_at)
            if time.monotonic() - born_at >= self._limits.steady_s:
                failures = 0
            # Jitter, no secret: processes that failed together do not load the machine in step.
            draw = random.random()  # noqa: S311
            self.worker.wait(delay_s(failures, self._limits.retry_first_s, self._limits.retry_cap_s, draw))
            failures += 1

    def _live_once(self, born_at: float) -> None:
        """One life of the vision worker, until it ends by itself, has to be killed, or is to stop."""
        process: VisionWorkerProcess | None = None
        try:
            self._begin(born_at)
            self._process = process = self._started()
            self._run_session(process)
        except VisionWorkerFailedError as error:
            self._lost(Text("the vision worker {error}", error=error))
        finally:
            # A fault of ours costs one vision worker: the thread reports it, and begins the next.
            fault = sys.exception()
            if fault is not None:
                self._lost(Text("an error in the agent itself: {name}", name=type(fault).__name__))
            self._process = self._heartbeat = None
            if process is not None:
                self._end(process)

    def _begin(self, born_at: float) -> None:
        self._translator = self._mapper(self._translator.last_frame, born_at)
        self._stats = HeartbeatStats()
        self._told_present = False
        self._end_cause = None
        self._preview_buffer.reset()

    def _mapper(self, first_frame: int, born_at: float) -> DetectionMapper:
        asked = self._configure
        return DetectionMapper(
            self._name, first_frame, born_at, asked.picture_every_s, permits=asked.read_codes, vins=asked.read_vins
        )

    def _started(self) -> VisionWorkerProcess:
        try:
            return VisionWorkerProcess(self._command)
        except OSError as error:
            raise VisionWorkerFailedError(Text("could not be started: {error}", error=error)) from error

    def _run_session(self, process: VisionWorkerProcess) -> None:
        self._send(process, self._configure)
        CameraSession(process, self._limits, self._handle_message, self.worker.resting).listen(self._wake, self._woken)
        self._send(process, Stop())
        if not process.ended_within(self._limits.stop_s):
            log.warning("camera %s: the vision worker does not end by itself; killing it", self._name)

    def _lost(self, cause: str) -> None:
        """Say that the vision worker is lost, before anything else: its end may take long."""
        self._process = self._heartbeat = None
        if not self.worker.stopping:
            log.warning("camera %s: %s; restarting it", self._name, cause)
            self._change(self._status.without_process(cause))

    def _end(self, process: VisionWorkerProcess) -> None:
        """Kill the process and wait until it has ended, or this is to stop.

        No other one is started before: two at one camera would hinder one another, and one that the kernel holds would
        be followed by a second and a third.
        """
        process.kill()
        if process.ended_within(self._limits.killed_s):
            return
        log.error("camera %s: the vision worker %d does not end although it was killed", self._name, process.pid)
        if not self.worker.stopping:
            detail = Text("the vision worker {held}", held=_HELD)
            self._change(replace(self._status, state=PortState.LOST, detail=detail))
        while not process.ended_within(0.0):
            if self.worker.wait(_LOOK_S):
                self._left = True
                process.leave_to_end()
                return
        log.warning("camera %s: the vision worker %d has ended at last", self._name, process.pid)

    def _send(self, process: VisionWorkerProcess, message: ToWorker) -> None:
        try:
            process.send(message)
        except OSError as error:
            ended = process.ended_within(1.0)
            raise VisionWorkerFailedError(
                process.how_it_ended() if ended else Text("does not listen ({error})", error=error)
            ) from error

    def _woken(self) -> bool:
        """Do what this thread was woken for; True when it is to stop."""
        if self.worker.stopping:
            return True
        cause, self._end_cause = self._end_cause, None
        if cause is not None:
            raise VisionWorkerFailedError(cause)
        self._send_pending()
        return False

    def _wake_up(self) -> None:
        """Have the thread look at what is wanted, where it runs: it looks at its start as well."""
        with self._waking:
            if not self.worker.stopping and self._wake != NOT_OPEN:
                os.eventfd_write(self._wake, 1)

    def _send_pending(self) -> None:
        """Tell the vision worker what it has not heard yet, once it works: before, it listens to its settings only."""
        process, present = self._process, self._present
        if process is None or self._heartbeat is None:
            return
        if present != self._told_present:
            self._send(process, Attend(present=present))
            self._told_present = present
        exposure, self._exposure = self._exposure, None
        if exposure is not None:
            self._send(process, exposure)
        for preview in self._preview_buffer.due_requests(time.monotonic()):
            self._send(process, preview)

    def _handle_message(self, envelope: Envelope) -> None:
        message = envelope.message
        match message:
            case Detection():
                self._preview_buffer.add_detection(message)
                self._pass_on(self._translator.seen(message, envelope.pictures, time.monotonic()))
            case CameraState():
                self._note(self._status.with_camera(message))
            case Heartbeat():
                self._heartbeat = message
                self._stats.add_heartbeat(message)
                self._send_pending()
                self._note(replace(self._status, overloaded=self._stats.overloaded))
            case Sandbox():
                if message.missing and message != self._sandbox:
                    log.warning("camera %s: missing in its sandbox: %s", self._name, "; ".join(message.missing))
                self._sandbox = message
            case PreviewFrame():
                self._preview_buffer.add_frame(message, envelope.pictures)
            case _:
                log.debug("camera %s: nothing to do for %s", self._name, type(message).__name__)

    def _note(self, status: CameraStatus) -> None:
        """Take the worker's word on its camera.

        Where it changes too often that is passed on as it stands later, with a heartbeat.
        """
        self._status = status
        if status != self._told and self._telling.try_acquire(time.monotonic()):
            self._change(status)

    def _change(self, status: CameraStatus) -> None:
        self._status = status
        if status != self._told:
            self._told = status
            self._pass_on(status)

    def _pass_on(self, news: MappedDetection | CameraStatus) -> None:
        # A listener's fault, such as one that a picture brings to light, must not blind the gate.
        if isinstance(news, CameraStatus):
            notify_listeners([self._on_status], news, f"camera {self._name}: a listener failed")
        else:
            notify_listeners([self._on_seen], news, f"camera {self._name}: a listener failed")
