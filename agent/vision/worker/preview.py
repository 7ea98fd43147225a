"""Pictures for viewers: the least of the worker's duties, for which no reader waits."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

from agent.service.worker import OnFailure, Worker
from agent.vision.worker.cpu_budget import CpuBudget, lower_priority
from agent.vision.worker.picture_measures import measured
from agent.vision.worker.picture_selector import frame_jpeg
from agent.vision.worker.protocol import Preview, PreviewFrame

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.vision.worker.latest_frame import LatestFrame, NumberedFrame
    from agent.vision.worker.parent_link import ParentConnection

_MOST_SHARE = 0.5
_NICENESS = 19
_STILL_EVERY_S = 0.8
"""Less than the second between two key pictures, none of which is to be left out."""
_MEASURES = ("brightness", "sharpness", "glare", "noise")


class PreviewSender:
    """Make one small picture of a frame, however many watch, for as long as the parent goes on asking.

    While nothing happens it makes about one a second, unless each is to be measured. Its thread is the last that the
    kernel gives a core to, rests the longer the more frames the code reader loses, and leaves a picture out where the
    parent has not fetched what was sent before. `lost`: how many frames the code reader has lost so far. `lively`:
    whether something moves, or a vehicle is there.
    """

    def __init__(
        self,
        latest_frame: LatestFrame,
        link: ParentConnection,
        lost: Callable[[], int],
        lively: Callable[[], bool],
    ) -> None:
        self._latest_frame = latest_frame
        self._link = link
        self._lost = lost
        self._lively = lively
        self._changed = threading.Condition()
        self._once: Preview | None = None
        self._asked: Preview | None = None
        self._until = self._due_at = 0.0
        self._shown, self._shown_at = 0, -math.inf
        self._worker = Worker("preview", self._run, limit_s=None, on_failure=OnFailure.END)

    def start(self) -> None:
        """Start to wait for somebody who asks."""
        self._worker.start()

    def set_request(self, asked: Preview) -> None:
        """Take what the parent asks for. For one moment only, it is answered beside what was asked before."""
        with self._changed:
            now = time.monotonic()
            if asked.for_s == 0:
                self._once = asked
            else:
                if now >= self._until:
                    self._due_at, self._shown, self._shown_at = now, 0, -math.inf
                self._asked, self._until = asked, now + asked.for_s
            self._changed.notify_all()

    def stop(self, timeout_s: float) -> bool:
        """Stop; False when the thread does not come back in time."""
        with self._changed:
            self._worker.ask_to_stop()
            self._changed.notify_all()
        return self._worker.join(timeout_s)

    def _run(self) -> None:
        lower_priority(_NICENESS)
        cpu_budget = CpuBudget(_MOST_SHARE)
        while (asked := self._due()) is not None:
            begun_at = time.monotonic()
            newest = self._latest_frame.newest()
            if asked.for_s == 0 or (newest is not None and self._wanted(newest, asked)):
                self._show(newest, asked)
            rest_s = max(1 / asked.fps, cpu_budget.rest_s(time.monotonic() - begun_at, self._lost()))
            self._due_at = max(self._due_at + rest_s, begun_at) if asked.for_s else self._due_at

    def _due(self) -> Preview | None:
        """Wait until a picture is due, and say which; None: it is time to stop."""
        with self._changed:
            while not self._worker.stopping:
                if self._once is not None:
                    asked, self._once = self._once, None
                    return asked
                now = time.monotonic()
                if self._asked is None or now >= self._until:
                    self._asked = None
                    self._changed.wait()
                elif now >= self._due_at:
                    return self._asked
                else:
                    self._changed.wait(self._due_at - now)
            return None

    def _wanted(self, newest: NumberedFrame, asked: Preview) -> bool:
        if newest.number == self._shown:
            return False
        return asked.measured or newest.frame.at - self._shown_at >= _STILL_EVERY_S or self._lively()

    def _show(self, newest: NumberedFrame | None, asked: Preview) -> None:
        if newest is None:
            self._link.send_if_room(PreviewFrame(frame=0, at=time.monotonic()))
            return
        pixels = newest.frame.pixels
        height_px, width_px = pixels.shape[:2]
        preview_frame = PreviewFrame(
            frame=newest.number,
            at=newest.taken_at,
            behind_s=newest.behind_s,
            width_px=width_px,
            height_px=height_px,
            picture=0,
        )
        if asked.measured:
            measures = measured(pixels)
            preview_frame = preview_frame.model_copy(update={name: getattr(measures, name) for name in _MEASURES})
        if self._link.send_if_room(preview_frame, (frame_jpeg(pixels, asked.width_px),)):
            self._shown, self._shown_at = newest.number, newest.frame.at
