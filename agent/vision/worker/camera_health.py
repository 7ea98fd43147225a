"""What is known of a camera: a pure machine that is told what happened and says when its state has changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from agent.core.model import View
from agent.vision.worker.protocol import MAX_DETAIL, CameraPhase, CameraState
from drivers.text import Text, shortened

_GIVES_FRAMES = (CameraPhase.STREAMING, CameraPhase.STALE, CameraPhase.FROZEN)


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """One frame as far as the health goes. `same`: no sampled pixel differs from the frame before."""

    at: float
    width_px: int
    height_px: int
    same: bool


class Note(Enum):
    """What a note is about."""

    CAMERA = auto()
    SECOND_STREAM = auto()
    REST = auto()


class CameraMonitor:
    """Follow one camera. Every method gives the new CameraState, or None when nothing changed.

    `stale_s`: without a frame for this long the camera is stale. `frozen_s`: with the same picture for this long it is
    frozen; 0 never. All times are monotonic seconds.
    """

    def __init__(self, stale_s: float, frozen_s: float) -> None:
        self._stale_s = stale_s
        self._frozen_s = frozen_s
        self._rate_hz = 0.0
        self._notes: dict[Note, str] = {}
        self._frame_at = 0.0
        self._moved_at = 0.0
        self._state: CameraState | None = None

    @property
    def phase(self) -> CameraPhase | None:
        """What the camera does; None before the first try."""
        return self._state.phase if self._state else None

    @property
    def still_s(self) -> float:
        """For how long the picture has been the same."""
        return self._frame_at - self._moved_at

    def connecting(self) -> CameraState | None:
        """The camera is being opened. What was wrong before stays in the detail until it is open."""
        before = self._state
        return self._to(
            CameraState(
                phase=CameraPhase.CONNECTING,
                detail=before.detail if before else "",
                misconfigured=before.misconfigured if before else False,
            )
        )

    def opened(self, frame_rate_hz: float, note: str = "") -> None:
        """The camera is open; it counts as streaming with its first frame, unless that one is the same as the last.

        `note`: what it cannot do, though it was asked for; it stands in the detail while the camera streams.
        """
        self._rate_hz = min(frame_rate_hz, 1000.0)
        self.noted(Note.CAMERA, note)

    def noted(self, about: Note, note: str) -> None:
        """Note what is wrong although pictures arrive. The detail shows the first such note."""
        self._notes[about] = shortened(note, MAX_DETAIL)

    def frame(self, facts: FrameFacts) -> CameraState | None:
        """A frame came."""
        self._frame_at = facts.at
        if not facts.same or self._moved_at == 0.0:
            self._moved_at = facts.at
        frozen = self._frozen_s > 0 and self.still_s >= self._frozen_s
        return self._to(
            CameraState(
                phase=CameraPhase.FROZEN if frozen else CameraPhase.STREAMING,
                view=self._state.view if self._state else View.CLEAR,
                detail=Text("the same picture for {frozen_s} s", frozen_s=f"{self._frozen_s:g}")
                if frozen
                else next((note for about in Note if (note := self._notes.get(about, ""))), ""),
                width_px=facts.width_px,
                height_px=facts.height_px,
                frame_rate_hz=self._rate_hz,
            )
        )

    def came(self, at: float) -> None:
        """A picture came, at this time, that is not decoded: it shows that the camera is there."""
        self._frame_at = max(self._frame_at, at)

    def ticked(self, at: float) -> CameraState | None:
        """Time went on."""
        state = self._state
        gives = state is not None and state.phase in (CameraPhase.STREAMING, CameraPhase.FROZEN)
        if state is None or not gives or at - self._frame_at < self._stale_s:
            return None
        detail = Text("no picture for {stale_s} s", stale_s=f"{self._stale_s:g}")
        return self._to(state.model_copy(update={"phase": CameraPhase.STALE, "detail": detail}))

    def viewed(self, view: View) -> CameraState | None:
        """The picture was measured."""
        if self._state is None or self._state.phase not in _GIVES_FRAMES:
            return None
        return self._to(self._state.model_copy(update={"view": view}))

    def failed(self, detail: str, *, misconfigured: bool) -> CameraState | None:
        """The camera could not be opened or read; it is tried again later."""
        return self._to(
            CameraState(phase=CameraPhase.BACKOFF, detail=shortened(detail, MAX_DETAIL), misconfigured=misconfigured)
        )

    def ended(self, detail: str) -> CameraState | None:
        """A finite source has shown all it had."""
        return self._to(CameraState(phase=CameraPhase.ENDED, detail=shortened(detail, MAX_DETAIL)))

    def _to(self, state: CameraState) -> CameraState | None:
        if state == self._state:
            return None
        self._state = state
        return state
