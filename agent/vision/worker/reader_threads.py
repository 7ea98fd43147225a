"""The reading threads: codes at once, plates and dear looks for codes beside them, none waiting for another."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.vision.worker.change_detector import ChangeDetector
from agent.vision.worker.cpu_budget import CpuBudget, lower_priority
from agent.vision.worker.detections import DetectionBuilder
from agent.vision.worker.latest_frame import FrameThrottle
from agent.vision.worker.reader_stats import ReaderStats

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.vision.worker.latest_frame import LatestFrame, NumberedFrame
    from agent.vision.worker.parent_link import ParentConnection
    from agent.vision.worker.protocol import Configure
    from agent.vision.worker.readers import Code, CodeReader, Plate, Readers

_SAME_PLATE_EVERY_S = 0.25
"""So often a plate is looked for in a picture that held none: whoever looks at nothing is not free for what comes."""
_STILL_DEAR_EVERY_S = 0.5
"""So often dear looks are made while nothing stands out."""
ASLEEP_AFTER_S = 15.0
_ASLEEP_EVERY_S = 4.0
"""So often they look where nothing has stood out for long and no vehicle waits."""
_THOROUGH_EVERY_S = 0.5
_THOROUGH_LATER_EVERY_S = 2.0
_NEW_S = 1.0
"""For so long a picture is new, and a thorough look worth its time that much sooner again."""
_READ_LATELY_S = 1.0
_DEAR_LOOK_MS = 100.0
"""For so long a dear look stays at one frame: the next one may show the code better."""
_DEAR_SHARE = 0.5
_PLATE_SHARE = 1.0
_PLATE_NICENESS = 10
_DEAR_NICENESS = 15


class ReaderThreads:
    """Read the frames of a slot and tell the parent what was seen.

    Three threads, each of which takes the newest frame there is. The first looks at the change gate, makes the cheap
    steps for codes and sends what they found; it waits for nobody. The second reads plates, beside the first: the
    driver may wait for both. The third gets the frame when the cheap steps have done with it, and makes the dear steps
    for codes, seldom where one was read lately, where something says that there may be one: the picture changes, a
    vehicle is there, or the cheap steps see a symbol that they cannot decode. Second and third take what the first
    leaves of the cores, and the third what the second leaves: so the kernel prefers them, and they rest the longer, the
    more frames the first loses. Where nothing stands out from the background, or a picture without a plate stays the
    same, they look now and then only: a look at nothing would still be under way when a vehicle comes.
    """

    def __init__(self, slot: LatestFrame, readers: Readers, settings: Configure, link: ParentConnection) -> None:
        self._slot = slot
        self._plate_turns, self._dear_turns = FrameThrottle(), FrameThrottle()
        self._readers = readers
        self._link = link
        self._gate = ChangeDetector(settings.gate)
        self._sightings = DetectionBuilder(settings)
        self._code_at = self._dear_at = self._thorough_at = self._plates_at = -math.inf
        self._without_plate: float | None = None
        self._attending = False
        self._stopping = threading.Event()
        self.codes = ReaderStats("code")
        self.dear_looks = ReaderStats("dear code", gives_way=True)
        self.plates = ReaderStats("plate", gives_way=True)
        self.passed = self.dropped = 0
        self._threads = [
            threading.Thread(target=self._read_at_once, name="codes", daemon=True),
            threading.Thread(
                target=self._read_later,
                args=(self._plate_turns.slot, self._read_plates, CpuBudget(_PLATE_SHARE), _PLATE_NICENESS),
                name="plates",
                daemon=True,
            ),
            threading.Thread(
                target=self._read_later,
                args=(self._dear_turns.slot, self._look_again, CpuBudget(_DEAR_SHARE), _DEAR_NICENESS),
                name="dear codes",
                daemon=True,
            ),
        ]

    def start(self) -> None:
        """Start to read."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Stop; False when a reader does not come back in time. The slot must be closed before."""
        self._stopping.set()
        self._plate_turns.slot.close()
        self._dear_turns.slot.close()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def set_vehicle_present(self, *, present: bool) -> None:
        """Note whether a vehicle is there whose code is awaited."""
        self._attending = present

    @property
    def code_at(self) -> float:
        """Monotonic time of the newest frame in which a code was read."""
        return self._code_at

    # ------------------------------------------------------------------------------------------------ the threads

    def _read_at_once(self) -> None:
        number, dropped = 0, self._slot.dropped
        while (numbered := self._slot.newer_than(number)) is not None:
            number = numbered.number
            before, dropped = dropped, self._slot.dropped
            passes = self._gate.passes(numbered.frame.pixels, numbered.frame.at)
            if self._gate.open:  # what nobody looks at while nothing changes is no loss
                self.dropped += dropped - before
            if not passes:
                continue
            self.passed += 1
            since = self._gate.same_since(numbered.frame.at)
            numbered = replace(numbered, changing=self._gate.open, still_s=self._gate.still_s, since=since)
            asleep = numbered.still_s > ASLEEP_AFTER_S and not self._attending
            self._plate_turns.offer(numbered, _ASLEEP_EVERY_S if asleep else _SAME_PLATE_EVERY_S)
            if self._readers.codes is not None:
                self._read_codes(self._readers.codes, numbered)
            # Only now: what the cheap steps have read needs no dear look.
            self._dear_turns.offer(numbered, _ASLEEP_EVERY_S if asleep else _STILL_DEAR_EVERY_S)

    def _read_later(
        self, slot: LatestFrame, read: Callable[[NumberedFrame], None], cpu_budget: CpuBudget, niceness: int
    ) -> None:
        lower_priority(niceness)
        number = 0
        while (numbered := slot.newer_than(number)) is not None:
            number = numbered.number
            begun_at = time.monotonic()
            read(numbered)
            self._stopping.wait(cpu_budget.rest_s(time.monotonic() - begun_at, self.dropped))

    # ------------------------------------------------------------------------------------------------ one frame

    def _read_codes(self, reader: CodeReader, numbered: NumberedFrame) -> None:
        codes: Sequence[Code] = ()
        hint = numbered.changing or self._attending
        with self.codes.timing():
            codes = reader.read_codes(numbered.frame.pixels, numbered.frame.at, hint=hint, budget_ms=0.0)
        self._tell_codes(numbered, codes)

    def _look_again(self, numbered: NumberedFrame) -> None:
        reader, at = self._readers.dear_codes, numbered.frame.at
        # A sign in the yard may show a code for ever: it must not put off the looks for the driver's.
        if reader is None or max(at - self._code_at, at - self._dear_at) <= _READ_LATELY_S:
            return
        self._dear_at = at
        hint = numbered.changing or self._attending
        codes: Sequence[Code] = ()
        with self.dear_looks.timing():
            codes = reader.read_codes(numbered.frame.pixels, at, hint=hint, budget_ms=_DEAR_LOOK_MS)
        self._tell_codes(numbered, codes)

    def _tell_codes(self, numbered: NumberedFrame, codes: Sequence[Code]) -> None:
        if codes:
            at = numbered.frame.at
            if at - self._code_at > _READ_LATELY_S:
                # It is the plate's turn now, without which a permit may not be enough.
                self._dear_at = at
            self._code_at = at
            self._link.send(*self._sightings.of_codes(numbered, codes))

    def _read_plates(self, numbered: NumberedFrame) -> None:
        reader, at = self._readers.plates, numbered.frame.at
        if reader is None or (numbered.since == self._without_plate and at - self._plates_at < _SAME_PLATE_EVERY_S):
            return
        every_s = _THOROUGH_EVERY_S if at - numbered.since <= _NEW_S else _THOROUGH_LATER_EVERY_S
        thorough = numbered.changing and at - self._thorough_at > every_s
        if thorough:
            self._thorough_at = at
        plates: Sequence[Plate] = ()
        with self.plates.timing():
            plates = reader.read(numbered.frame.pixels, thorough=thorough)
        self._plates_at, self._without_plate = at, None if plates else numbered.since
        if plates:
            self._link.send(*self._sightings.of_plates(numbered, plates))
