"""The reading threads: codes and plates of one frame side by side, neither waiting for the other."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.eye.change import ChangeGate
from agent.eye.pictures import Album, crop_jpeg, frame_jpeg
from agent.eye.protocol import MAX_PAYLOAD, SeenCode, SeenPlate, Sighting
from agent.eye.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.eye.link import Link
    from agent.eye.protocol import Configure
    from agent.eye.readers import Code, CodeReader, Plate, PlateReader, Readers
    from agent.eye.slot import Numbered

log = logging.getLogger(__name__)

_MOST_CODES = 16
_MOST_PLATES = 8
_MOST_FAILURES = 25
_OVERVIEW_EVERY_S = 0.5
_THOROUGH_EVERY_S = 0.5
_SECOND_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class ReaderFigures:
    """What one reader has done. `mean_ms` is over the readings since the figures were last taken."""

    frames: int
    failures: int
    mean_ms: float
    busy_since: float | None
    read_at: float | None


class Stopwatch:
    """Time a reader, count its failures, and let it fail now and then, but not for ever."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._frames = 0
        self._failures = 0
        self._failures_in_a_row = 0
        self._since_taken = (0, 0.0)
        self._busy_since: float | None = None
        self._read_at: float | None = None

    @contextlib.contextmanager
    def timing(self) -> Iterator[None]:
        """Time one reading and bear its failure. Many failures in a row are raised: the eye must start anew."""
        begun_at = time.monotonic()
        with self._lock:
            self._busy_since = begun_at
        failed = False
        try:
            yield
        except Exception:
            # A foreign picture may break an engine in any way; one frame is lost, and counted.
            failed = True
            if not self._failures_in_a_row:
                log.exception("the %s reader failed on a frame", self._name)
            if self._failures_in_a_row >= _MOST_FAILURES:
                raise
        self._done(begun_at, failed=failed)

    def taken(self) -> ReaderFigures:
        """The figures so far; starts a new mean."""
        with self._lock:
            count, total_s = self._since_taken
            self._since_taken = (0, 0.0)
            mean_ms = 1000 * total_s / count if count else 0.0
            return ReaderFigures(self._frames, self._failures, mean_ms, self._busy_since, self._read_at)

    def _done(self, begun_at: float, *, failed: bool) -> None:
        now = time.monotonic()
        with self._lock:
            self._busy_since = None
            self._read_at = now
            self._frames += 1
            self._failures += failed
            self._failures_in_a_row = self._failures_in_a_row + 1 if failed else 0
            count, total_s = self._since_taken
            self._since_taken = (count + 1, total_s + now - begun_at)


class Reading:
    """Read the frames of a slot and tell the parent what was seen.

    Two threads. The first looks at the change gate, hands the frame on, reads codes and sends them; the second reads
    plates meanwhile, about 20 ms, and sends them as a second sighting of the same frame. Neither waits for the other.
    Either thread takes the newest frame there is, and skips what came while it was busy.
    """

    def __init__(self, slot: Slot, readers: Readers, settings: Configure, link: Link) -> None:
        self._slot = slot
        self._later = Slot()
        self._readers = readers
        self._settings = settings
        self._link = link
        self._gate = ChangeGate(settings.gate)
        self._code_album = Album(settings.picture_every_s)
        self._plate_album = Album(settings.picture_every_s)
        self._code_at = self._second_look_at = self._thorough_at = self._overview_at = -math.inf
        self.codes = Stopwatch("code")
        self.second_looks = Stopwatch("second code")
        self.plates = Stopwatch("plate")
        self.passed = 0
        self._threads = [
            threading.Thread(target=self._read_at_once, name="codes", daemon=True),
            threading.Thread(target=self._read_later, name="plates", daemon=True),
        ]

    def start(self) -> None:
        """Start to read."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Stop; False when a reader does not come back in time. The slot must be closed before."""
        self._later.close()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    # ------------------------------------------------------------------------------------------------ the threads

    def _read_at_once(self) -> None:
        number = 0
        while (numbered := self._slot.newer_than(number)) is not None:
            number = numbered.number
            if not self._gate.passes(numbered.frame.pixels, numbered.frame.at):
                continue
            self.passed += 1
            self._later.put(replace(numbered, changing=self._gate.open))
            if self._readers.codes is not None:
                self._read_codes(self._readers.codes, numbered, thorough=False)

    def _read_later(self) -> None:
        number = 0
        while (numbered := self._later.newer_than(number)) is not None:
            number = numbered.number
            if self._readers.plates is not None:
                self._read_plates(self._readers.plates, numbered)
            if self._readers.second_look is not None and numbered.changing:
                self._look_again(self._readers.second_look, numbered)

    def _look_again(self, reader: CodeReader, numbered: Numbered) -> None:
        at = numbered.frame.at
        if min(at - self._code_at, at - self._second_look_at) > _SECOND_LOOK_EVERY_S:
            self._second_look_at = at
            self._read_codes(reader, numbered, thorough=True)

    # ------------------------------------------------------------------------------------------------ one frame

    def _read_codes(self, reader: CodeReader, numbered: Numbered, *, thorough: bool) -> None:
        codes: Sequence[Code] = ()
        with self.second_looks.timing() if thorough else self.codes.timing():
            codes = reader.read(numbered.frame.pixels, thorough=thorough)[:_MOST_CODES]
        if not codes:
            return
        at = self._code_at = numbered.frame.at
        pictures: list[bytes] = []
        if self._code_album.wants((code.payload for code in codes), at):
            pictures.append(frame_jpeg(numbered.frame.pixels, self._settings.picture_width_px))
        seen = tuple(_seen_code(code) for code in codes)
        picture = 0 if pictures else None
        self._link.send(Sighting(frame=numbered.number, at=at, codes=seen, picture=picture), pictures)

    def _read_plates(self, reader: PlateReader, numbered: Numbered) -> None:
        at = numbered.frame.at
        thorough = numbered.changing and at - self._thorough_at > _THOROUGH_EVERY_S
        if thorough:
            self._thorough_at = at
        plates: Sequence[Plate] = ()
        with self.plates.timing():
            plates = reader.read(numbered.frame.pixels, thorough=thorough)[:_MOST_PLATES]
        if not plates:
            return
        pictures = [crop_jpeg(plate.flat) for plate in plates]
        seen = tuple(_seen_plate(plate, crop) for crop, plate in enumerate(plates))
        picture = None
        if self._wants_overview(plates, at):
            picture = len(pictures)
            pictures.append(frame_jpeg(numbered.frame.pixels, self._settings.picture_width_px))
        self._link.send(Sighting(frame=numbered.number, at=at, plates=seen, picture=picture), pictures)

    def _wants_overview(self, plates: Sequence[Plate], at: float) -> bool:
        """One picture of the frame for a new text, yet not one for every way in which a doubtful plate is read."""
        if at - self._overview_at < _OVERVIEW_EVERY_S:
            return False
        wanted = self._plate_album.wants((plate.text.encode() for plate in plates), at)
        if wanted:
            self._overview_at = at
        return wanted


def _seen_code(code: Code) -> SeenCode:
    corners = tuple((float(corner[0]), float(corner[1])) for corner in code.corners)
    # An engine may join codes that belong together to more than one can hold; what is so long is no permit in any case.
    return SeenCode(payload=code.payload[:MAX_PAYLOAD], engine=code.engine, corners=corners)


def _seen_plate(plate: Plate, crop: int) -> SeenPlate:
    left, top, width, height = plate.box
    return SeenPlate(
        text=plate.text,
        positions=plate.positions,
        kind=str(plate.kind),
        confidence=plate.confidence,
        box=(int(left), int(top), int(width), int(height)),
        columns=plate.columns,
        two_lines=plate.two_lines,
        crop=crop,
    )
