"""Looks at a camera's second, small stream while its first one rests: what moves there wakes the first."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from agent.core.model import delay_s
from agent.service.worker import OnFailure, Worker
from agent.vision.worker.change_detector import ChangeDetector
from drivers.api import DeviceError, EndOfStreamError, RestingPort
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.vision.worker.protocol import Configure
    from drivers.api import CameraPort

_STEADY_S = 5.0


class SecondStream:
    """Own the second stream: open it for ever, and say when something moves in it while it is looked at.

    `on_change`, `on_note`: called from its thread, with nothing, and with why the stream is not there ("": it is). It
    has a background of its own: the two streams differ in size, sharpness and text.
    """

    def __init__(
        self,
        make_camera: Callable[[], CameraPort],
        settings: Configure,
        on_change: Callable[[], None],
        on_note: Callable[[str], None],
    ) -> None:
        self._make_camera = make_camera
        self._settings = settings
        self._on_change = on_change
        self._on_note = on_note
        # Each change counts for itself here: how long it lasts, the first stream knows.
        self._gate = settings.gate.model_copy(update={"hold_s": 0.0})
        self._looking = False
        self._camera: RestingPort | None = None
        self._failures = 0
        self._worker = Worker("second stream", self._run, limit_s=None, on_failure=OnFailure.END)

    def start(self) -> None:
        """Start to connect."""
        self._worker.start()

    def stop(self, timeout_s: float) -> bool:
        """Stop; False when it hangs in a call."""
        self._worker.ask_to_stop()
        self.look(wanted=True)  # else it would wait for the next picture that it may decode
        return self._worker.stop(timeout_s)

    def look(self, *, wanted: bool) -> None:
        """Have each of its pictures looked at from now on, or only one now and then. From any thread."""
        self._looking, camera = wanted, self._camera
        if camera is not None:
            camera.rest(not wanted)

    # -------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        while not self._worker.stopping:
            try:
                self._open_and_look()
            except EndOfStreamError:
                return
            except DeviceError as error:
                self._back_off(error)

    def _open_and_look(self) -> None:
        camera = self._make_camera()
        try:
            camera.open()
            opened_at = time.monotonic()
            self._camera = camera if isinstance(camera, RestingPort) else None
            self.look(wanted=self._looking)
            detector, first = ChangeDetector(self._gate), True
            while not self._worker.stopping:
                frame = camera.read()
                detector.passes(frame.pixels, frame.at)
                # The first picture differs from nothing.
                if detector.open and not first and self._looking:
                    self._on_change()
                first = False
                if self._failures and frame.at - opened_at >= _STEADY_S:
                    self._failures = 0
                self._on_note("")
        finally:
            self._camera = None
            camera.close()

    def _back_off(self, error: DeviceError) -> None:
        settings = self._settings
        self._on_note(Text("without its second stream: {cause}", cause=error))
        # Jitter, no secret: cameras behind one switch come back at the same moment.
        pause_s = delay_s(self._failures, settings.retry_first_s, settings.retry_cap_s, random.random())  # noqa: S311
        self._failures += 1
        self._worker.wait(pause_s)
