"""Converts the messages of a vision worker into the values that the rest of the agent uses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import chain
from math import inf
from typing import TYPE_CHECKING

from agent.core.model import Presentation, Reading, View, VinReading, VinSource
from agent.core.permit import label_readings
from agent.devices import PortState
from agent.i18n.recorded import recorded_text
from agent.vision.worker.protocol import CameraPhase, CameraState, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.vision.worker.protocol import Detection, SeenCode, SeenPlate, SeenVin

_REMEMBERED = 64
_PICTURE_SLACK_S = 1.0
"""A thread may be so late with the next picture of a code that another reads without one."""
_CLOCK_SLACK_S = 0.05
_MOST_PLATES = 8
"""In a frame, as the protocol has it: no vision worker can have begun more tracks than its frames could hold plates."""

_MOST_VINS = 8
"""In a frame: a vehicle has one VIN on a few labels, and one that was taken over is to fill nobody's memory."""


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """How a camera and its vision worker are. The readers work when `up`. `detail` says what is wrong and what to do.

    `view` other than CLEAR is a warning: the camera delivers, but sees badly. `misconfigured`: it will not come back
    by itself. `restarts`: how often the process was started again. `overloaded`: it reads, but the machine cannot keep
    up with the camera: of the frames in which something changes most are lost.
    """

    camera: str
    state: PortState = PortState.CONNECTING
    phase: CameraPhase = CameraPhase.CONNECTING
    view: View = View.CLEAR
    detail: str = ""
    misconfigured: bool = False
    width_px: int = 0
    height_px: int = 0
    frame_rate_hz: float = 0.0
    restarts: int = 0
    overloaded: bool = False

    @property
    def up(self) -> bool:
        """Whether fresh frames are read."""
        return self.state is PortState.UP

    def with_camera(self, camera: CameraState) -> CameraStatus:
        """The status after the camera changed. A lost camera stays lost through its tries until it delivers."""
        return replace(
            self,
            state=self._port_state(camera.phase),
            phase=camera.phase,
            view=camera.view,
            detail=recorded_text(camera.detail, camera.message),
            misconfigured=camera.misconfigured,
            width_px=camera.width_px,
            height_px=camera.height_px,
            frame_rate_hz=camera.frame_rate_hz,
        )

    def without_process(self, cause: str) -> CameraStatus:
        """The status after the process ended."""
        return replace(
            CameraStatus(self.camera, PortState.LOST, CameraPhase.BACKOFF, detail=cause), restarts=self.restarts + 1
        )

    def _port_state(self, phase: CameraPhase) -> PortState:
        match phase:
            case CameraPhase.CONNECTING:
                return PortState.LOST if self.state is PortState.LOST else PortState.CONNECTING
            case CameraPhase.STREAMING:
                return PortState.UP
            case CameraPhase.STALE | CameraPhase.FROZEN:
                return PortState.STALE
            case CameraPhase.BACKOFF | CameraPhase.ENDED:
                return PortState.LOST


@dataclass(frozen=True, slots=True)
class MappedDetection:
    """What was read in one frame: codes, plates, or VINs. `at`: monotonic time at which it was taken, as far as known.

    `pictures`: JPEG by SHA-256 (hex). `overview`: the one that shows the frame, if it came with this frame. The
    `picture` of a presentation may name one that came with an earlier frame of the last few seconds.
    """

    camera: str
    frame: int
    at: float
    presentations: tuple[Presentation, ...]
    readings: tuple[Reading, ...]
    pictures: Mapping[str, bytes]
    overview: str | None = None
    vin_readings: tuple[VinReading, ...] = ()


class DetectionMapper:
    """Make values of the core from the detections of one vision worker.

    `first_frame`: added to the frame numbers, so that they go on counting over restarts, as the tracks' numbers do.
    `born_at`: monotonic; no frame can be older. `picture_every_s`: as often the worker pictures what it goes on seeing.
    `permits`: codes are presented as permits. `vins`: VINs are read, also in codes that are no permits. What was not
    asked for is left out, whatever the vision worker tells.
    """

    def __init__(
        self,
        camera: str,
        first_frame: int,
        born_at: float,
        picture_every_s: float,
        *,
        permits: bool = True,
        vins: bool = False,
    ) -> None:
        self._camera = camera
        self._first_frame = first_frame
        self._born_at = born_at
        self._last_frame = 0
        self._pictured_s = picture_every_s + _PICTURE_SLACK_S
        self._pictures_of: dict[bytes, tuple[str, float, bool]] = {}
        self._permits, self._vins = permits, vins

    @property
    def last_frame(self) -> int:
        """The highest frame number so far."""
        return self._first_frame + self._last_frame

    def seen(self, detection: Detection, pictures: tuple[bytes, ...], now: float) -> MappedDetection:
        """The detection as values of the core. Raises ProtocolError for a time that cannot be."""
        came_at = detection.at + detection.behind_s
        if not self._born_at - _CLOCK_SLACK_S <= detection.at <= came_at <= now + _CLOCK_SLACK_S:
            raise ProtocolError(f"a frame from {detection.at - now:+.3f} s cannot be")
        self._last_frame = max(self._last_frame, detection.frame)
        names = tuple(hashlib.sha256(picture).hexdigest() for picture in pictures)
        overview = None if detection.picture is None else names[detection.picture]
        shown = [self._presentation(detection, code, overview) for code in detection.codes]
        of_codes = {one: label_readings(one, VinSource.QR) if self._vins else () for one in shown}
        of_labels = (self._vin_reading(detection, vin, names) for vin in detection.vins) if self._vins else ()
        return MappedDetection(
            camera=self._camera,
            frame=self._first_frame + detection.frame,
            at=detection.at,
            presentations=tuple(one for one in shown if self._permits and not of_codes[one]),
            vin_readings=(*of_labels, *chain.from_iterable(of_codes.values()))[:_MOST_VINS],
            readings=tuple(self._reading(detection, plate, names) for plate in detection.plates),
            pictures=dict(zip(names, pictures, strict=True)),
            overview=overview,
        )

    def _presentation(self, detection: Detection, code: SeenCode, overview: str | None) -> Presentation:
        self._note_picture(detection, code, overview)
        picture, pictured_at, legible = self._pictures_of.get(code.payload, (None, detection.at, False))
        if detection.at - pictured_at > self._pictured_s:
            # It is of an earlier visit: what the worker goes on seeing it pictures more often.
            del self._pictures_of[code.payload]
            picture, legible = None, False
        return Presentation(
            payload=code.payload,
            engine=code.engine,
            camera=self._camera,
            frame=self._first_frame + detection.frame,
            at=detection.at,
            corners=code.corners,
            picture=picture,
            behind_s=detection.behind_s,
            legible=legible,
        )

    def _note_picture(self, detection: Detection, code: SeenCode, overview: str | None) -> None:
        """Remember the newest picture of a code; one that shows it well enough gives way to such a one alone."""
        if overview is None:
            return
        _, pictured_at, legible = self._pictures_of.get(code.payload, (None, -inf, False))
        if legible and not code.legible and detection.at - pictured_at <= self._pictured_s:
            return
        self._pictures_of.pop(code.payload, None)
        self._pictures_of[code.payload] = overview, detection.at, code.legible
        if len(self._pictures_of) > _REMEMBERED:
            self._pictures_of.pop(next(iter(self._pictures_of)))

    def _reading(self, detection: Detection, plate: SeenPlate, names: tuple[str, ...]) -> Reading:
        return Reading(
            text=plate.text,
            positions=plate.positions,
            kind=plate.kind,
            confidence=plate.confidence,
            camera=self._camera,
            frame=self._first_frame + detection.frame,
            at=detection.at,
            box=plate.box,
            off_centre=plate.off_centre,
            picture=None if plate.crop is None else names[plate.crop],
            columns=plate.columns,
            two_lines=plate.two_lines,
            colour=plate.colour,
            track=self._first_frame * _MOST_PLATES + plate.track if plate.track else 0,
            behind_s=detection.behind_s,
            legible=plate.legible,
            doubt=plate.doubt.value,
            countries=tuple((country.value, share) for country, share in plate.countries),
        )

    def _vin_reading(self, detection: Detection, vin: SeenVin, names: tuple[str, ...]) -> VinReading:
        return VinReading(
            text=vin.text,
            source=vin.source,
            camera=self._camera,
            frame=self._first_frame + detection.frame,
            at=detection.at,
            confidence=vin.confidence,
            positions=vin.positions,
            columns=vin.columns,
            box=vin.box,
            picture=None if vin.crop is None else names[vin.crop],
            behind_s=detection.behind_s,
            legible=vin.legible,
        )
