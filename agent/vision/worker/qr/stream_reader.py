"""Reads the QR codes of a stream of frames: cheap steps on each frame, thorough ones one by one where a code is."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.qr import locator
from agent.vision.worker.qr.code import merged, middle, placed
from agent.vision.worker.qr.decode_steps import BENT_STEPS, STEPS
from agent.vision.worker.qr.engines import ENGINE_ERRORS, GLOBAL, LOCAL, Seen, zbar_engine, zxing
from agent.vision.worker.qr.frame_merge import FrameMerger
from agent.vision.worker.qr.local_gain import stretched_where_faint
from agent.vision.worker.qr.weak_codes import Confirmation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from agent.vision.worker.qr.code import Code, Corners
    from agent.vision.worker.qr.decode_steps import DecodeStep
    from agent.vision.worker.qr.locator import Region

    Pixels = NDArray[np.uint8]

_LONGEST_PX: Final = 3840
_LEAST_PX: Final = 21
"""The smallest symbol has so many modules a side."""
_FRESH_S: Final = 0.12
_REST_S: Final = 0.3
_REST_AFTER_READING_S: Final = 1.0
_FIRST_COST_MS: Final = 15.0
_WHOLE: Final = 2
_FAINT: Final = 3
_BENT: Final = 4
_LOCATE: Final = "locate"
_ZBAR: Final = "zbar"


@dataclass(slots=True)
class _Frame:
    """One frame at work, and what is known of it so far."""

    grey: Pixels
    at: float
    codes: list[Code] = field(default_factory=list)
    undecoded: list[Corners] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    def add(self, codes: Iterable[Code]) -> None:
        self.codes = merged(self.codes, codes)

    def is_read(self, part: Region) -> bool:
        return any(part.holds(*middle(code.corners)) for code in self.codes)


@dataclass(slots=True)
class _Round:
    """Where the thorough steps are, from frame to frame: the tier, its parts of the frame, the next step and part.

    `shape`: of its frames. Its parts are of no frame of another size, as after a camera has changed its stream.

    Parts of the first tier are symbols that were seen, and finder patterns that are easily found; of the second,
    those that are harder to find; of the third, the whole frame; of the fourth, what is seen with local gain. The last
    tier follows the modules over bent carriers, which takes longest, in the parts of the first two.
    """

    shape: tuple[int, ...] = ()
    tier: int = 0
    parts: list[Region] | None = None
    earlier: list[Region] = field(default_factory=list)
    located_at: float = -math.inf
    step: int = 0
    part: int = 0

    @property
    def steps(self) -> tuple[DecodeStep, ...]:
        return BENT_STEPS if self.tier == _BENT else STEPS

    @property
    def names(self) -> tuple[str, ...]:
        """What is made in each part, in order: the steps, and over the whole frame the engine zbar.

        That one is too slow for every part, and has nothing to do with what was done to them.
        """
        own = tuple(step.name for step in self.steps)
        return (*own, _ZBAR) if self.tier == _WHOLE else own

    def next_tier(self) -> None:
        if self.tier < _WHOLE:
            self.earlier += self.parts or []
        self.tier, self.parts, self.step, self.part = self.tier + 1, None, 0, 0

    def after_part(self) -> None:
        self.part += 1
        if self.part >= len(self.parts or ()):
            self.step, self.part = self.step + 1, 0


class Cascade:
    """Read the codes of the frames of one camera. One thread owns it; it keeps its own state from frame to frame.

    `failures` counts, by engine, the pictures on which it raised an error. `missing` says why an engine is not there.
    """

    def __init__(self, *, exhaustive: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        """Make it; the engine zbar is looked for when it is first needed.

        `clock`: seconds, by which budgets are kept.

        `exhaustive`: go over the whole frame though a code was read in it already. There may be another, where neither
        its finder patterns nor any trace of it was seen.
        """
        self._exhaustive = exhaustive
        self._clock = clock
        self.failures: Counter[str] = Counter()
        self.missing: dict[str, str] = {}
        self._zbar: Callable[[Pixels], Seen] | None = None
        self._costs_ms: dict[str, float] = {}
        self.forget()

    def forget(self) -> None:
        """Start again: the next frame has nothing to do with the last."""
        self._round = _Round()
        self._rests_until = -math.inf
        self._confirmation = Confirmation()
        self._frame_merger = FrameMerger()

    def read_codes(self, pixels: Pixels, at: float, *, hint: bool, budget_ms: float) -> list[Code]:
        """The codes in one frame, each once.

        `pixels`: grey (height, width) or BGR (height, width, 3), 8 bit. `at`: when it came, monotonic seconds.
        `hint`: something says that a code may be there, such as a vehicle at the barrier or a change in the picture.
        `budget_ms`: how long this frame may take.

        The cheap step is made whatever the budget is: 2 ms at 720p, 4 ms at 1080p; with a hint also for light symbols
        on dark ground and, where it reads nothing, with another threshold: 1 to 2 ms. Expensive steps follow while the
        budget lasts where there is a hint, or where the cheap steps saw a symbol that they could not decode. Each takes
        20 ms as a rule; one is made wherever any time is left, more only where they are likely to be in time. What a
        frame has no time for, the next frame goes on with, so that a small budget takes longer and finds the same. With
        a budget of 0 no thorough step is made.
        """
        ends_at = self._clock() + budget_ms / 1e3
        grey, scale = _grey(pixels)
        if min(grey.shape) < _LEAST_PX:
            return []
        frame = _Frame(grey, at)
        self._cheap(frame, hint=hint)
        if budget_ms > 0 and (hint or frame.undecoded):
            self._brightest(frame)
            self._thorough(frame, ends_at)
        self.failures.update(frame.failed)
        return frame.codes if scale == 1 else [placed(code, scale) for code in frame.codes]

    def _cheap(self, frame: _Frame, *, hint: bool) -> None:
        for name, binarizer in (("zxing", LOCAL), ("zxing-global", GLOBAL)):
            seen = self._tried(frame, name, partial(zxing, frame.grey, name, binarizer, inverted=hint))
            frame.add(seen.codes)
            frame.undecoded += seen.undecoded
            if frame.codes or not hint:
                return

    def _tried(self, frame: _Frame, engine: str, read: Callable[[], Seen]) -> Seen:
        try:
            return read()
        except ENGINE_ERRORS:
            frame.failed.add(engine)
            return Seen()

    # -------------------------------------------------------------------------------------------------- thorough steps

    def _brightest(self, frame: _Frame) -> None:
        """Read what the last few frames show together."""
        glow = self._frame_merger.with_frame(frame.grey, frame.at)
        if frame.codes or glow is None:
            return
        brightest, scale = glow
        for name, binarizer in (("zxing", LOCAL), ("zxing-global", GLOBAL)):
            seen = self._tried(frame, name, partial(zxing, brightest, "zxing+afterglow", binarizer))
            codes = [code for code in seen.codes if self._confirmation.passes(code, frame.at)]
            frame.add(placed(code, scale) for code in codes)

    def _thorough(self, frame: _Frame, ends_at: float) -> None:
        if frame.at < self._rests_until and not frame.undecoded:
            return
        if self._round.shape != frame.grey.shape:
            self._round = _Round(frame.grey.shape)
        made = 0
        while (left_ms := (ends_at - self._clock()) * 1e3) > 0 and (name := self._next(frame)) is not None:
            cost_ms = self._costs_ms.get(name, _FIRST_COST_MS)
            if made and cost_ms > left_ms:
                # Forgotten slowly, or a step that once waited for the processor would be put off for good.
                self._costs_ms[name] = 0.9 * cost_ms
                return
            begun_at = self._clock()
            self._make(frame, name)
            self._costs_ms[name] = (cost_ms + (self._clock() - begun_at) * 1e3) / 2
            made += 1

    def _next(self, frame: _Frame) -> str | None:
        """What is to be done next; None when all was done, and a rest begins."""
        now = self._round
        while True:
            if now.tier > _BENT:
                self._round = _Round()
                self._rests_until = frame.at + (_REST_AFTER_READING_S if frame.codes else _REST_S)
                return None
            if now.parts is None or frame.at - now.located_at > _FRESH_S:
                return _LOCATE
            if now.step >= len(now.names) or not now.parts:
                now.next_tier()
            elif now.part >= len(now.parts) or self._is_done(frame, now.parts[now.part]):
                now.after_part()
            else:
                return now.names[now.step]

    def _is_done(self, frame: _Frame, part: Region) -> bool:
        """Whether something was read there, so that no step need look again."""
        return frame.is_read(part) and not (self._exhaustive and self._round.tier == _WHOLE)

    def _make(self, frame: _Frame, name: str) -> None:
        now = self._round
        if name == _LOCATE:
            now.parts = self._located(frame, now)
            now.located_at = frame.at
            return
        crop = locator.cut(frame.grey, (now.parts or [])[now.part])
        if name == _ZBAR:
            zbar = self._second_engine()
            codes = self._tried(frame, _ZBAR, partial(zbar, crop.pixels)).codes if zbar else ()
        else:
            step = now.steps[now.step]
            seen = self._tried(frame, step.engine, partial(step.read, crop.pixels))
            codes = tuple(code for code in seen.codes if self._confirmation.passes(code, frame.at))
        frame.add(crop.in_frame(code) for code in codes)
        now.after_part()

    def _located(self, frame: _Frame, now: _Round) -> list[Region]:
        if now.tier == _WHOLE:
            return [locator.whole(frame.grey)]
        if now.tier == _FAINT:
            return self._faint(frame, now.earlier)
        if now.tier == _BENT and frame.at - now.located_at <= _FRESH_S:
            return now.earlier
        seen = locator.around(frame.grey, frame.undecoded)
        if now.tier == 0:
            return seen + locator.with_finders(frame.grey, fine=False, known=seen)
        if now.tier == _BENT:
            return seen + locator.with_finders(frame.grey, fine=True, known=seen)
        return locator.with_finders(frame.grey, fine=True, known=now.earlier)

    def _faint(self, frame: _Frame, known: list[Region]) -> list[Region]:
        """Read the frame with local gain, where a part of it is faint, and say where symbols may be in that."""
        stretched = stretched_where_faint(frame.grey)
        if stretched is None:
            return []
        seen = self._tried(frame, "zxing", partial(zxing, stretched, "zxing+gain", LOCAL))
        frame.add(code for code in seen.codes if self._confirmation.passes(code, frame.at))
        parts = locator.around(stretched, seen.undecoded)
        parts += locator.with_finders(stretched, fine=True, known=[*known, *parts])
        return [replace(part, faint=True) for part in parts]

    def _second_engine(self) -> Callable[[Pixels], Seen] | None:
        if self._zbar is None and _ZBAR not in self.missing:
            try:
                self._zbar = zbar_engine()
            except ImportError as error:  # the shared library is a system package
                self.missing[_ZBAR] = str(error)
        return self._zbar


def _grey(pixels: Pixels) -> tuple[Pixels, float]:
    """The picture in grey, shrunk where it is larger than any camera's; and how many of its pixels make one."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _LONGEST_PX / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    if pixels.ndim == 2:  # noqa: PLR2004 - two axes are grey
        return pixels, scale
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False), scale
