"""The capture thread: keeps the camera open without limit, and provides the newest frame."""

from __future__ import annotations

import logging
import random
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from agent.core.model import delay_s
from agent.service.worker import OnFailure, Worker
from agent.vision.worker.camera_health import CameraMonitor, FrameFacts, Note
from agent.vision.worker.latest_frame import NumberedFrame
from agent.vision.worker.protocol import CameraPhase
from drivers.api import (
    DeviceError,
    DeviceLockingError,
    DeviceMisconfiguredError,
    DeviceUnavailableError,
    EndOfStreamError,
    ExposurePort,
    RestingPort,
)
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from agent.core.model import View
    from agent.vision.worker.latest_frame import LatestFrame
    from agent.vision.worker.protocol import CameraState, Configure
    from drivers.api import CameraPort, Frame, StreamFigures

log = logging.getLogger(__name__)

_SAMPLE_STEP_PX = 8
_FROZEN_REOPEN_S = 10.0
_STEADY_S = 5.0
_HINDERED_S = 30.0
"""For so long a camera cannot rest before that is told."""

T = TypeVar("T")


@dataclass(slots=True)
class CaptureFigures:
    """What the capture has done. `call_since`: since when a call of the camera is under way, or None.

    `frames`: that were decoded. `came`: pictures that came, the newest at `frame_at`. `resting`: only some are decoded.
    `key_gap_s`: by how much the last two came apart that can be decoded at rest. `behind_s`: how late the newest frame
    was for its stream. `exposure`: share of the automatic's light. `exposable`: whether the camera lets it be set; None
    while it is not open.
    """

    frames: int = 0
    frame_at: float | None = None
    came: int = 0
    resting: bool = False
    key_gap_s: float = 0.0
    behind_s: float = 0.0
    exposure: float = 1.0
    exposable: bool | None = None
    call_since: float | None = None


class Capture:
    """Own one camera: open it, keep its latest frame, say how it is, and open it again after every failure.

    `on_state` is called from the capture thread or from the one that calls `tick`, never from two at once.
    """

    def __init__(
        self,
        make_camera: Callable[[], CameraPort],
        latest_frame: LatestFrame,
        settings: Configure,
        on_state: Callable[[CameraState], None],
    ) -> None:
        self._make_camera = make_camera
        self._latest_frame = latest_frame
        self._settings = settings
        self._on_state = on_state
        self._health = CameraMonitor(settings.stale_s, settings.frozen_s)
        self._one_at_a_time = threading.Lock()
        # Watched by the parent, which hears of the calls of the camera.
        self._worker = Worker("capture", self._run, limit_s=None, on_failure=OnFailure.END)
        self._sample: npt.NDArray[np.uint8] | None = None
        self._exposure: float | None = None
        self._resting: RestingPort | None = None
        self._came_before = 0
        self._restful_at = 0.0
        self._failures = 0
        self._opened_at = 0.0
        self.figures = CaptureFigures()
        self.still = False
        """Whether the last picture was the same as the one before."""

    def start(self) -> None:
        """Start to capture."""
        self._worker.start()

    def stop(self, timeout_s: float) -> bool:
        """Stop and release the camera. False when it hangs in a call that cannot be interrupted.

        The process must then leave without the interpreter's own clean-up: a thread inside the video library would
        abort it.
        """
        self._worker.ask_to_stop()
        self.rest(wanted=False)  # else it would wait for the next picture that it may decode
        return self._worker.stop(timeout_s)

    def tick(self, at: float) -> None:
        """Notice that no frame came for too long. To be called several times a second (monotonic seconds)."""
        self._report_state(lambda: self._ticked(at))

    def viewed(self, view: View) -> None:
        """Note how well the camera sees."""
        self._report_state(lambda: self._health.viewed(view))

    def noted(self, note: str) -> None:
        """Note what is the matter with the camera's second stream; "" where nothing is."""
        with self._one_at_a_time:
            self._health.noted(Note.SECOND_STREAM, note)

    def expose(self, share: float | None) -> None:
        """Have the camera take this share of its automatic's light from its next picture on; None: the automatic."""
        self._exposure = share

    def rest(self, *, wanted: bool) -> None:
        """Have the camera decode a picture now and then only, where it can; or each, from now on. From any thread."""
        camera = self._resting
        if camera is not None:
            camera.rest(wanted)

    # -------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        while not self._worker.stopping:
            self._report_state(self._health.connecting)
            try:
                self._open_and_read()
            except EndOfStreamError as error:
                self._report_state(partial(self._health.ended, str(error)))
                return
            except DeviceError as error:
                self._back_off(error)

    def _open_and_read(self) -> None:
        camera = self._make_camera()
        try:
            details = self._timed(camera.open)
            self.figures.exposure, self.figures.exposable = 1.0, None
            # The automatic also where it was never left: a worker that crashed may have left the camera in the dark.
            note = self._set_exposure(camera, None) if self._settings.exposure == "adapt" else ""
            if self.figures.exposable is None:
                self.figures.exposable = isinstance(camera, ExposurePort) and camera.can_expose()
            self._health.opened(details.frame_rate_hz, note or details.note)
            self._opened_at = self._restful_at = time.monotonic()
            self._came_before = self.figures.came
            self._resting = camera if isinstance(camera, RestingPort) else None
            exposure = None
            while not self._worker.stopping:
                if exposure != self._exposure:
                    exposure = self._exposure
                    self._set_exposure(camera, exposure)
                self._handle_frame(self._timed(camera.read))
        finally:
            self._resting = None
            self._timed(camera.close)

    def _set_exposure(self, camera: CameraPort, share: float | None) -> str:
        """Expose so, where the camera allows it; returns why it does not. One that does not is not asked again."""
        if self.figures.exposable is False:
            return ""
        if not isinstance(camera, ExposurePort):
            self.figures.exposable = False
            return Text(
                "the exposure of a camera of the kind {camera_kind} cannot be set",
                camera_kind=self._settings.camera_kind,
            )
        try:
            self.figures.exposure = self._timed(partial(camera.expose, share))
        except DeviceMisconfiguredError as error:
            self.figures.exposable = False
            return str(error)
        self.figures.exposable = True
        return ""

    def _timed(self, call: Callable[[], T]) -> T:
        self.figures.call_since = time.monotonic()
        try:
            return call()
        finally:
            self.figures.call_since = None

    def _handle_frame(self, frame: Frame) -> None:
        figures = self.figures
        figures.frames += 1
        figures.frame_at = frame.at
        if self._stream_figures() is None:
            figures.came += 1
        figures.behind_s = frame.behind_s
        height_px, width_px = frame.pixels.shape[:2]
        before, self.still = self.still, self._same_as_before(frame)
        if self.still and not before:
            self.rest(wanted=False)  # whether it stands still is to be known soon
        facts = FrameFacts(frame.at, width_px, height_px, self.still)
        self._report_state(lambda: self._health.frame(facts))
        if self._health.phase is CameraPhase.FROZEN:
            # A picture that stands still may show a permit that left long ago: nobody must read it.
            if self._health.still_s >= self._settings.frozen_s + _FROZEN_REOPEN_S:
                raise DeviceUnavailableError(
                    Text("the same picture for {still_s} s; the camera may hang", still_s=f"{self._health.still_s:.0f}")
                )
            return
        if frame.at - self._opened_at >= _STEADY_S:
            self._failures = 0
        self._latest_frame.set_frame(NumberedFrame(figures.frames, frame, opened_at=self._opened_at))

    def _ticked(self, at: float) -> CameraState | None:
        figures = self._stream_figures()
        if figures is None or not figures.hindrance:
            self._restful_at = at
        hindered = figures is not None and at - self._restful_at >= _HINDERED_S
        self._health.noted(Note.REST, figures.hindrance if figures is not None and hindered else "")
        if figures is not None and figures.resting and figures.came_at is not None:
            # What comes could be decoded at once: it is as good as at hand.
            self.figures.frame_at = figures.came_at
            self._health.came(figures.came_at)
        return self._health.ticked(at)

    def _stream_figures(self) -> StreamFigures | None:
        """What came, decoded or not, and note it; None where the camera does not say."""
        camera = self._resting
        figures = None if camera is None else camera.stream_figures()
        self.figures.resting = figures is not None and figures.resting
        if figures is not None:
            self.figures.came = self._came_before + figures.came
            self.figures.key_gap_s = figures.key_gap_s
        return figures

    def _same_as_before(self, frame: Frame) -> bool:
        sample = np.ascontiguousarray(frame.pixels[::_SAMPLE_STEP_PX, ::_SAMPLE_STEP_PX, 1])
        before, self._sample = self._sample, sample
        return before is not None and np.array_equal(before, sample)

    def _back_off(self, error: DeviceError) -> None:
        settings = self._settings
        misconfigured = isinstance(error, DeviceMisconfiguredError)
        self._report_state(lambda: self._health.failed(str(error), misconfigured=misconfigured))
        # Jitter, no secret: cameras behind one switch come back at the same moment.
        may_lock = isinstance(error, DeviceLockingError)
        cap_s = settings.refused_cap_s if may_lock else settings.retry_cap_s
        pause_s = delay_s(self._failures, settings.retry_first_s, cap_s, random.random())  # noqa: S311
        self._failures += 1
        self._worker.wait(pause_s)

    def _report_state(self, news: Callable[[], CameraState | None]) -> None:
        with self._one_at_a_time:
            state = news()
            if state is not None:
                self._on_state(state)
