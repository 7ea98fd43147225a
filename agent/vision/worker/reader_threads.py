"""The reading threads: one for codes, others for plates, thorough searches and VINs. None waits for another."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.core.plates import ACCEPTED
from agent.service.worker import OnFailure, Worker
from agent.vision.worker.change_detector import ChangeDetector
from agent.vision.worker.cpu_budget import CpuBudget, lower_priority
from agent.vision.worker.detections import DetectionBuilder
from agent.vision.worker.evidence_picture import KeptPictureReader
from agent.vision.worker.latest_frame import FrameThrottle
from agent.vision.worker.reader_stats import ReaderStats
from agent.vision.worker.reading_schedule import (
    ASLEEP_AFTER_S,
    ASLEEP_EVERY_S,
    SAME_PLATE_EVERY_S,
    STILL_EVERY_S,
    VIN_EVERY_S,
    ReadingSchedule,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.vision.worker.detections import Told
    from agent.vision.worker.latest_frame import LatestFrame, NumberedFrame
    from agent.vision.worker.parent_link import ParentConnection
    from agent.vision.worker.protocol import Configure
    from agent.vision.worker.readers import Code, CodeReader, Plate, Readers, Vin

_THOROUGH_CODE_LOOK_MS = 100.0
"""For so long a thorough look for codes stays at one frame: the next one may show the code better."""
_THOROUGH_SHARE = 0.5
_PLATE_SHARE = 1.0
_PLATE_NICENESS = 10
_THOROUGH_NICENESS = 15
_VIN_SHARE = 0.5
_VIN_NICENESS = 18
"""Behind the thorough looks too: a VIN without a permit opens nothing."""


class ReaderThreads:
    """Read the latest frames and tell the parent what was seen.

    Four threads, each of which takes the newest frame there is. The first looks at the change detector, makes the
    cheap steps for codes and sends what they found; it waits for nobody. The second reads plates, beside the first:
    the driver may wait for both. The third gets the frame when the cheap steps have done with it, and makes the
    thorough ones for codes, seldom where one was read lately, where something says that there may be one: the
    picture changes, a vehicle is there, or the cheap steps see a symbol that they cannot decode. The fourth looks
    for VINs while a vehicle is there or the picture changes. Each takes what those before it leave of the cores: so
    the kernel prefers them, and who can wait rests the longer, the more frames the first loses. Where nothing
    stands out from the background, or a picture without a plate stays the same, plates and codes are looked for now
    and then only: a look at nothing would still be under way when a vehicle comes.
    """

    def __init__(
        self,
        latest_frame: LatestFrame,
        readers: Readers,
        settings: Configure,
        link: ParentConnection,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_change`: called, from a thread of these, with each frame in a time of change, before it is read."""
        self._latest_frame = latest_frame
        self._on_change = on_change
        self._plate_turns, self._thorough_turns, self._vin_turns = FrameThrottle(), FrameThrottle(), FrameThrottle()
        self._readers = readers
        self._link = link
        self._change_detector = ChangeDetector(settings.gate)
        self._detections = DetectionBuilder(settings)
        self._kept_by_codes, self._kept_by_thorough = KeptPictureReader(), KeptPictureReader()
        self._schedule = ReadingSchedule()
        self._attending = False
        self.codes = ReaderStats("code")
        self.thorough_looks = ReaderStats("thorough code")
        self.plates = ReaderStats("plate")
        self.vins = ReaderStats("VIN")
        self.passed = self.dropped = 0
        self._plate_worker = _worker("plates", self._read_plates_later)
        self._thorough_worker = _worker("thorough codes", self._look_again_later)
        self._vin_worker = _worker("VINs", self._read_vins_later)
        later = (self._plate_worker, self._thorough_worker, self._vin_worker)
        self._workers = (_worker("codes", self._read_at_once), *later)

    def start(self) -> None:
        """Start to read."""
        for worker in self._workers:
            worker.start()

    def stop(self, timeout_s: float) -> bool:
        """Stop; False when a reader does not come back in time. The latest frame must be closed before."""
        for worker in self._workers:
            worker.ask_to_stop()
        self._plate_turns.latest_frame.close()
        self._thorough_turns.latest_frame.close()
        self._vin_turns.latest_frame.close()
        deadline = time.monotonic() + timeout_s
        ended = [worker.join(deadline - time.monotonic()) for worker in self._workers]
        return all(ended)

    def set_vehicle_present(self, *, present: bool) -> None:
        """Note whether a vehicle is there whose code is awaited."""
        self._attending = present

    @property
    def changing(self) -> bool:
        """Whether the last frame was in a time of change."""
        return self._change_detector.open

    @property
    def code_at(self) -> float:
        """Monotonic time of the newest frame in which a code was read."""
        return self._schedule.code_at

    # ------------------------------------------------------------------------------------------------ the threads

    def _read_at_once(self) -> None:
        number, dropped = 0, self._latest_frame.dropped
        while (numbered := self._latest_frame.newer_than(number)) is not None:
            number = numbered.number
            before, dropped = dropped, self._latest_frame.dropped
            passes = self._change_detector.passes(numbered.frame.pixels, numbered.frame.at)
            if self._change_detector.open:  # what nobody looks at while nothing changes is no loss
                self._on_change()
                self.dropped += dropped - before
            if not passes:
                continue
            self.passed += 1
            since = self._change_detector.same_since(numbered.frame.at)
            numbered = replace(
                numbered, changing=self._change_detector.open, still_s=self._change_detector.still_s, since=since
            )
            asleep = numbered.still_s > ASLEEP_AFTER_S and not self._attending
            plate_every_s = ASLEEP_EVERY_S if asleep else SAME_PLATE_EVERY_S
            # Where the plate is known, a code of this frame comes first.
            later = self._schedule.knows_plate(numbered.frame.at)
            if not later:
                self._plate_turns.offer(numbered, plate_every_s)
            if self._readers.codes is not None:
                self._read_codes(self._readers.codes, numbered)
            if later:
                self._plate_turns.offer(numbered, plate_every_s)
            # Only now: what the cheap steps have read needs no thorough look.
            self._thorough_turns.offer(numbered, ASLEEP_EVERY_S if asleep else STILL_EVERY_S)
            self._vin_turns.offer(numbered, VIN_EVERY_S)

    def _read_plates_later(self) -> None:
        lower_priority(_PLATE_NICENESS)
        self._read_later(self._plate_worker, self._plate_turns.latest_frame, self._read_plates, CpuBudget(_PLATE_SHARE))

    def _look_again_later(self) -> None:
        lower_priority(_THOROUGH_NICENESS)
        self._read_later(
            self._thorough_worker, self._thorough_turns.latest_frame, self._look_again, CpuBudget(_THOROUGH_SHARE)
        )

    def _read_vins_later(self) -> None:
        lower_priority(_VIN_NICENESS)
        self._read_later(self._vin_worker, self._vin_turns.latest_frame, self._read_vins, CpuBudget(_VIN_SHARE))

    def _read_later(
        self, worker: Worker, latest_frame: LatestFrame, read: Callable[[NumberedFrame], None], cpu_budget: CpuBudget
    ) -> None:
        number = 0
        while (numbered := latest_frame.newer_than(number)) is not None:
            number = numbered.number
            begun_at = time.monotonic()
            read(numbered)
            worker.wait(cpu_budget.rest_s(time.monotonic() - begun_at, self.dropped))

    # ------------------------------------------------------------------------------------------------ one frame

    def _read_codes(self, reader: CodeReader, numbered: NumberedFrame) -> None:
        told: Told | None = None
        hint = numbered.changing or self._attending
        with self.codes.timing():
            codes = reader.read_codes(numbered.frame.pixels, numbered.frame.at, hint=hint, budget_ms=0.0)
            told = self._told_codes(numbered, codes, self.codes, thorough=False)
        self._send(told)

    def _look_again(self, numbered: NumberedFrame) -> None:
        reader, at = self._readers.thorough_codes, numbered.frame.at
        if reader is None or not self._schedule.begin_thorough_code_look(at):
            return
        hint = numbered.changing or self._attending
        told: Told | None = None
        with self.thorough_looks.timing():
            codes = reader.read_codes(numbered.frame.pixels, at, hint=hint, budget_ms=_THOROUGH_CODE_LOOK_MS)
            told = self._told_codes(numbered, codes, self.thorough_looks, thorough=True)
        self._send(told)

    def _told_codes(
        self, numbered: NumberedFrame, codes: Sequence[Code], stats: ReaderStats, *, thorough: bool
    ) -> Told | None:
        """What is told of a frame's codes; None without any.

        A part of the reading, for its picture is read once more: an engine may fail or hang at that one too.
        """
        if not codes:
            return None
        self._schedule.note_code(numbered.frame.at)
        stats.begin_keeping()
        reader = self._kept_by_thorough if thorough else self._kept_by_codes
        return self._detections.of_codes(numbered, codes, reader, thorough=thorough)

    def _read_plates(self, numbered: NumberedFrame) -> None:
        reader = self._readers.plates
        if reader is None or not self._schedule.is_plate_look_due(numbered):
            return
        thorough = self._schedule.begin_thorough_plate_look(numbered)
        plates: Sequence[Plate] = ()
        told: Told | None = None
        with self.plates.timing():
            plates = reader.read(numbered.frame.pixels, thorough=thorough)
            told = self._detections.of_plates(numbered, plates) if plates else None
        self._schedule.note_plates(numbered, found=bool(plates))
        self._send(told)

    def _read_vins(self, numbered: NumberedFrame) -> None:
        reader = self._readers.vins
        if reader is None or not self._schedule.begin_vin_look(numbered, attending=self._attending):
            return
        found: Sequence[Vin] = ()
        told: Told | None = None
        with self.vins.timing():
            found = reader.read(numbered.frame.pixels)
            told = self._detections.of_vins(numbered, found) if found else None
        if any(vin.confidence >= ACCEPTED for vin in found):
            # Of one that is in doubt the next pictures count: they may show it better.
            self._schedule.note_vin(numbered.frame.at)
        self._send(told)

    def _send(self, told: Told | None) -> None:
        # Not a part of the reading: it waits for the parent, and fails where that has gone.
        if told is not None:
            self._link.send(*told)


def _worker(name: str, work: Callable[[], None]) -> Worker:
    """A thread that reads. It is watched by the parent, which hears since when each reader is at work."""
    return Worker(name, work, limit_s=None, on_failure=OnFailure.END)
