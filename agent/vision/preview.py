"""What a camera shows to people: its newest small picture, with the codes and plates found in it.

Or one picture that somebody asks for: it shows what the camera sees now, never an old one.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from agent.vision.detection_overlay import DetectionOverlay
from agent.vision.worker.protocol import Preview

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.vision.detection_overlay import CodeMark, PlateMark, VinMark
    from agent.vision.worker.protocol import Detection, PreviewFrame

FPS: Final = 5.0
SMALL_PX: Final = 640
LARGE_PX: Final = 1280
WANTED_FOR_S: Final = 2.5
"""A viewer asks again within this time; one that is slow or gone stops asking, and costs nothing."""
OLD_AFTER_S: Final = 2.0
"""A picture that is older shows what was, not what is."""
_RENEWED_S: Final = 1.0
_ASK_AGAIN_S: Final = 0.5
_ASK_PAUSE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class LivePicture:
    """One small picture and what is in it. `number` counts from 1 over the life of the supervisor.

    `at`: monotonic time at which the frame was taken, as far as that is known; `behind_s`: how much later it came.
    `picture`: JPEG. `width_px`, `height_px`: of the frame itself. `brightness`, `sharpness`, `glare`, `noise`: as in
    agent.vision.worker.picture_measures, None where nobody asked for them.
    """

    number: int
    at: float
    picture: bytes
    width_px: int
    height_px: int
    codes: tuple[CodeMark, ...] = ()
    plates: tuple[PlateMark, ...] = ()
    vins: tuple[VinMark, ...] = ()
    brightness: float | None = None
    sharpness: float | None = None
    glare: float | None = None
    noise: float | None = None
    behind_s: float = 0.0

    @property
    def came_at(self) -> float:
        """When the frame came: one that comes late is still the newest that there is."""
        return self.at + self.behind_s


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """How somebody wants to see a camera: at most `width_px` wide; `measured`: with the measures of each frame."""

    width_px: int = SMALL_PX
    measured: bool = False


class PreviewBuffer:
    """Hold the newest picture of one camera for any number of viewers, and know what its worker is to be asked for.

    All methods may be called from any thread. Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wished_until: dict[PreviewRequest, float] = {}
        self._told: Preview | None = None
        self._told_until = 0.0
        self._once = False
        self._newest: LivePicture | None = None
        self._answers = 0
        self._numbers = 0
        self._overlay = DetectionOverlay()

    @property
    def newest(self) -> LivePicture | None:
        """The newest picture; None when there has been none."""
        return self._newest

    def request(self, request: PreviewRequest, now: float) -> bool:
        """Note that somebody wants to see for the next WANTED_FOR_S; whether the vision worker must be told at once."""
        with self._changed:
            self._wished_until[request] = now + WANTED_FOR_S
            return self._told is None or now >= self._told_until or not _covers(self._told, request)

    def snapshot(self, timeout_s: float, ask: Callable[[], None], *, stopped: Callable[[], bool]) -> bytes | None:
        """What the camera sees now as a small JPEG; None when it delivers no picture in time.

        The picture was taken after this was called, or at most OLD_AFTER_S before. The vision worker is asked
        repeatedly: it may not have been started yet, has no such frame before its camera gives one, and may be
        restarted. `ask` has `due_requests` looked at; `stopped`: whether nobody does so any more.
        """
        pause, asked_at = threading.Event(), time.monotonic()
        until = asked_at + timeout_s
        while (left_s := until - time.monotonic()) > 0 and not stopped():
            before = self.request_once()
            ask()
            picture = self.answer_after(before, asked_at - OLD_AFTER_S, min(left_s, _ASK_AGAIN_S))
            if picture is not None:
                return picture
            pause.wait(_ASK_PAUSE_S)
        return None

    def request_once(self) -> int:
        """Want one picture at once; returns what `answer_after` is to be asked with."""
        with self._changed:
            self._once = True
            return self._answers

    def answer_after(self, answers: int, not_before: float, timeout_s: float) -> bytes | None:
        """Wait for the next answer of the vision worker.

        None when it does not answer in time, or has no picture that was taken at `not_before` or later: it keeps the
        last one of a camera that delivers no more.
        """
        with self._changed:
            answered = self._changed.wait_for(lambda: self._answers > answers, timeout_s)
            newest = self._newest
            return newest.picture if answered and newest is not None and newest.at >= not_before else None

    def due_requests(self, now: float) -> list[Preview]:
        """What the vision worker is to be told now; for the thread that talks with it, several times a second."""
        with self._changed:
            told: list[Preview] = []
            if self._once:
                self._once = False
                told.append(Preview(width_px=SMALL_PX, fps=FPS, for_s=0))
            self._wished_until = {request: until for request, until in self._wished_until.items() if until > now}
            if self._wished_until and self._must_renew(now):
                self._told_until = max(self._wished_until.values())
                self._told = Preview(
                    width_px=max(request.width_px for request in self._wished_until),
                    fps=FPS,
                    for_s=self._told_until - now,
                    measured=any(request.measured for request in self._wished_until),
                )
                told.append(self._told)
            return told

    def reset(self) -> None:
        """Forget what was told to a vision worker that has ended, and what it found."""
        with self._changed:
            self._told, self._told_until = None, 0.0
            self._overlay.clear()

    def add_detection(self, detection: Detection) -> None:
        """Note what the readers found in a frame."""
        self._overlay.add(detection)

    def add_frame(self, preview_frame: PreviewFrame, pictures: tuple[bytes, ...]) -> None:
        """Make this the newest one and wake who waits."""
        with self._changed:
            self._answers += 1
            if preview_frame.picture is None:
                self._newest = None
            else:
                self._numbers += 1
                self._newest = self._made(preview_frame, pictures[preview_frame.picture])
            self._changed.notify_all()

    def _must_renew(self, now: float) -> bool:
        told = self._told
        if told is None:
            return True
        if self._told_until - now <= _RENEWED_S and self._told_until < max(self._wished_until.values()):
            return True
        return not all(_covers(told, request) for request in self._wished_until)

    def _made(self, preview_frame: PreviewFrame, picture: bytes) -> LivePicture:
        size_px = (max(1, preview_frame.width_px), max(1, preview_frame.height_px))
        now = time.monotonic()
        at = min(preview_frame.at, now)
        return LivePicture(
            number=self._numbers,
            at=at,
            picture=picture,
            width_px=size_px[0],
            height_px=size_px[1],
            codes=self._overlay.codes(preview_frame.at, size_px),
            plates=self._overlay.plates(preview_frame.at, size_px),
            vins=self._overlay.vins(preview_frame.at, size_px),
            brightness=preview_frame.brightness,
            sharpness=preview_frame.sharpness,
            glare=preview_frame.glare,
            noise=preview_frame.noise,
            behind_s=min(preview_frame.behind_s, now - at),
        )


def _covers(told: Preview, request: PreviewRequest) -> bool:
    return told.width_px >= request.width_px and told.measured >= request.measured
