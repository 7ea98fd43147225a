"""One life of the worker: a camera, its readers, and the heartbeat that tells the parent that all is well."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from agent.vision.worker.adaptive_exposure import ExposureGuide, screen
from agent.vision.worker.capture import Capture
from agent.vision.worker.exposure_trial import ExposureTrial
from agent.vision.worker.latest_frame import LatestFrame
from agent.vision.worker.picture_measures import Measures, measured
from agent.vision.worker.preview import PreviewSender
from agent.vision.worker.protocol import Attend, Expose, Heartbeat, Preview, Stop
from agent.vision.worker.reader_threads import ReaderThreads
from agent.vision.worker.second_stream import SecondStream
from agent.vision.worker.view_quality import ViewQualityMonitor
from agent.vision.worker.wakefulness import Wakefulness

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.vision.worker.parent_link import ParentConnection
    from agent.vision.worker.protocol import Configure
    from agent.vision.worker.readers import Readers
    from drivers.api import CameraPort

_MEASURE_EVERY_S = 0.75
_MEASURE_SUSPECT_EVERY_S = 0.5
_MEASURE_SLACK_S = 0.05
_EXPOSURE_SETTLES_S = 1.0
_CAPTURE_STOP_S = 1.5
_READING_STOP_S = 1.0
_SHOWING_STOP_S = 0.5


class VisionWorkerSession:
    """Run the threads of one worker.

    The thread that calls `run` listens to the parent, sends heartbeats and watches the camera.
    """

    def __init__(
        self,
        link: ParentConnection,
        settings: Configure,
        make_camera: Callable[[], CameraPort],
        readers: Readers,
        make_second: Callable[[], CameraPort] | None = None,
    ) -> None:
        """`make_second`: makes the camera of the second stream; None where there is none."""
        self._link = link
        self._settings = settings
        self._latest_frame = LatestFrame()
        self._capture = Capture(make_camera, self._latest_frame, settings, link.send)
        self._reading = ReaderThreads(self._latest_frame, readers, settings, link, self._wake)
        self._showing = PreviewSender(
            self._latest_frame, link, lambda: self._reading.dropped, lambda: self._vehicle or self._reading.changing
        )
        self._view = ViewQualityMonitor(settings.view_s)
        self._measures = Measures(0.0, 0.0, 0.0)
        self._measured_at = 0.0
        self._measured_frame = 0
        self._vehicle = False
        self._guide = ExposureGuide() if settings.exposure == "adapt" else None
        self._guided_frame = 0
        self._guided_at = -math.inf
        self._trial = ExposureTrial()
        self._wakefulness = Wakefulness()
        self._second = (
            None if make_second is None else SecondStream(make_second, settings, self._stir, self._capture.noted)
        )

    def run(self) -> bool:
        """Work until the parent says Stop, then stop everything. False when a thread hangs in a call.

        Raises ParentGoneError and ProtocolError, after which nothing but leaving the process helps.
        """
        self._reading.start()
        self._capture.start()
        self._showing.start()
        if self._second is not None:
            self._second.start()
        self._until_stop()
        self._latest_frame.close()
        captured = self._capture.stop(_CAPTURE_STOP_S)
        read = self._reading.stop(_READING_STOP_S)
        looked = self._second is None or self._second.stop(_CAPTURE_STOP_S)
        return self._showing.stop(_SHOWING_STOP_S) and read and captured and looked

    def _until_stop(self) -> None:
        due_at = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= due_at:
                due_at = now + self._settings.heartbeat_s
                self._capture.tick(now)
                self._expose(now)
                self._measure(now)
                self._rest(now)
                self._send_heartbeat()
            for envelope in self._link.receive(due_at - time.monotonic()):
                match envelope.message:
                    case Stop():
                        return
                    case Preview():
                        self._look(envelope.message)
                    case Expose():
                        self._trial.begin(envelope.message, time.monotonic())
                    case Attend(present=present):
                        self._attend(present=present)
                    case _:
                        # A second Configure: this worker keeps the first; the parent starts another for another.
                        continue

    def _look(self, asked: Preview) -> None:
        now = time.monotonic()
        if asked.for_s == 0:
            self._wakefulness.note_look(now)
            self._wake()
        elif self._wakefulness.note_watch(now, asked.for_s, every_picture=asked.measured):
            self._wake()
        self._showing.set_request(asked)

    def _attend(self, *, present: bool) -> None:
        self._vehicle = present
        if present:
            self._wake()
        self._reading.set_vehicle_present(present=present)

    def _wake(self) -> None:
        """Have each picture decoded from now on, the newest first; from any thread."""
        self._capture.rest(wanted=False)

    def _stir(self) -> None:
        """Something moves in the second stream."""
        if self._wakefulness.note_stir(time.monotonic()):
            self._wake()

    def _rest(self, now: float) -> None:
        awake = self._wakefulness.awake(
            now,
            vehicle=self._vehicle,
            changing=self._reading.changing,
            suspicious=self._view.suspects or self._capture.still,
            gap_s=self._capture.figures.key_gap_s,
        )
        resting = not awake and not self._trial.active
        self._capture.rest(wanted=resting)
        if self._second is not None:
            self._second.look(wanted=resting)

    def _expose(self, now: float) -> None:
        if self._trial.active:
            self._capture.expose(self._trial.share(now))
            self._guided_at = now
            return
        newest = self._latest_frame.newest()
        if self._guide is None or newest is None or newest.number == self._guided_frame:
            return
        self._guided_frame = newest.number
        share = self._guide.share(screen(newest.frame.pixels), self._reading.code_at, now)
        if share is not None:
            self._guided_at = now
        self._capture.expose(share)

    def _measure(self, now: float) -> None:
        newest = self._latest_frame.newest()
        if self._settings.view_s == 0 or newest is None or newest.number == self._measured_frame:
            return
        # A heartbeat that comes a little early must not put the measure off to the next one.
        every_s = _MEASURE_SUSPECT_EVERY_S if self._view.suspects else _MEASURE_EVERY_S
        if now - self._measured_at < every_s - _MEASURE_SLACK_S:
            return
        if now - self._guided_at < _EXPOSURE_SETTLES_S:
            return  # it is dark by our own doing
        self._measured_at, self._measured_frame = now, newest.number
        self._measures = measured(newest.frame.pixels)
        self._capture.viewed(self._view.judged(self._measures, now, vehicle=self._vehicle))

    def _send_heartbeat(self) -> None:
        captured = self._capture.figures
        reading = self._reading
        codes, plates = reading.codes.taken(), reading.plates.taken()
        readers = (codes, plates, reading.thorough_looks.taken(), reading.vins.taken())
        busy = [one.busy_since for one in readers if one.busy_since is not None]
        read_at = [one.read_at for one in readers if one.read_at is not None]
        self._link.send(
            Heartbeat(
                at=time.monotonic(),
                captured_at=captured.frame_at,
                read_at=max(read_at, default=None),
                captured=captured.came,
                decoded=captured.frames,
                resting=captured.resting,
                read=reading.passed,
                skipped=max(0, captured.came - reading.passed),
                dropped=reading.dropped,
                load=codes.load,
                behind_s=captured.behind_s,
                failures=sum(one.failures for one in readers),
                qr_ms=codes.mean_ms,
                plate_ms=plates.mean_ms,
                reading_since=min(busy, default=None),
                camera_since=captured.call_since,
                brightness=self._measures.brightness,
                sharpness=self._measures.sharpness,
                glare=self._measures.glare,
                noise=self._measures.noise,
                exposure=captured.exposure,
                exposable=captured.exposable,
            )
        )
