"""Turns the findings of the readers in a frame into messages, with the pictures that belong to them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agent.vision.worker.evidence_picture import legible_jpeg
from agent.vision.worker.picture_selector import PictureSelector, crop_jpeg, frame_jpeg, kept_jpeg
from agent.vision.worker.plate.track import PlateTracker
from agent.vision.worker.protocol import MAX_PAYLOAD, MOST_VINS, Detection, SeenCode, SeenPlate, SeenVin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.vision.worker.evidence_picture import KeptPictureReader
    from agent.vision.worker.latest_frame import NumberedFrame
    from agent.vision.worker.protocol import Configure
    from agent.vision.worker.readers import Code, Plate, Vin

MOST_CODES = 16
MOST_PLATES = 8
_OVERVIEW_EVERY_S = 0.5
_ILLEGIBLE_AGAIN_S = 0.5

Told = tuple[Detection, list[bytes]]
"""A message and its pictures, JPEG."""


class DetectionBuilder:
    """Make the messages of one worker.

    `of_codes` may be called from several threads, `of_plates` and `of_vins` from one each.
    """

    def __init__(self, settings: Configure) -> None:
        self._width_px = settings.picture_width_px
        self._codes = PictureSelector(settings.picture_every_s)
        self._plates = PictureSelector(settings.picture_every_s)
        self._vins = PictureSelector(settings.picture_every_s)
        self._tracker = PlateTracker()
        self._overview_at = -math.inf

    def of_codes(
        self, numbered: NumberedFrame, codes: Sequence[Code], reader: KeptPictureReader, *, thorough: bool
    ) -> Told:
        """At most 16 codes of a frame, with a picture of it where their texts are new.

        The picture is made so that they can be read in it once more, which `reader`, of the calling thread, tries; with
        `thorough` it takes its time.
        """
        at = numbered.taken_at
        named = codes[:MOST_CODES]
        payloads = {code.payload for code in named}
        pictures, legible = list[bytes](), frozenset(payloads)
        if self._codes.wants(payloads, at):
            jpeg, legible = legible_jpeg(numbered.frame.pixels, named, self._width_px, reader, thorough=thorough)
            pictures.append(kept_jpeg(jpeg, numbered.frame.pixels))
            # The next picture may show better what this one does not.
            self._codes.want_soon(payloads - legible, at, _ILLEGIBLE_AGAIN_S)
        seen = tuple(_seen_code(code, legible=code.payload in legible) for code in named)
        picture = 0 if pictures else None
        return (
            Detection(frame=numbered.number, at=at, behind_s=numbered.behind_s, codes=seen, picture=picture),
            pictures,
        )

    def of_plates(self, numbered: NumberedFrame, plates: Sequence[Plate]) -> Told:
        """At most 8 plates of a frame, each with its crop and its track."""
        at = numbered.taken_at
        named = plates[:MOST_PLATES]
        pictures = [crop_jpeg(plate.flat) for plate in named]
        tracks = self._tracker.follow(named, at)
        seen = tuple(
            _seen_plate(plate, crop, track) for crop, (plate, track) in enumerate(zip(named, tracks, strict=True))
        )
        picture = None
        if self._wants_overview(named, at):
            picture = len(pictures)
            pictures.append(_overview(numbered, self._width_px))
        return (
            Detection(frame=numbered.number, at=at, behind_s=numbered.behind_s, plates=seen, picture=picture),
            pictures,
        )

    def of_vins(self, numbered: NumberedFrame, vins: Sequence[Vin]) -> Told:
        """At most 4 VINs of a frame, each with its crop, and a picture of the frame where one of them is new."""
        at = numbered.taken_at
        named = vins[:MOST_VINS]
        pictures = [crop_jpeg(vin.crop) for vin in named]
        seen = tuple(_seen_vin(vin, crop) for crop, vin in enumerate(named))
        picture = None
        if self._vins.wants((vin.text.encode() for vin in named), at):
            picture = len(pictures)
            pictures.append(_overview(numbered, self._width_px))
        return (
            Detection(frame=numbered.number, at=at, behind_s=numbered.behind_s, vins=seen, picture=picture),
            pictures,
        )

    def _wants_overview(self, plates: Sequence[Plate], at: float) -> bool:
        """One picture of the frame for a new text, yet not one for every way in which a doubtful plate is read."""
        if at - self._overview_at < _OVERVIEW_EVERY_S:
            return False
        wanted = self._plates.wants((plate.text.encode() for plate in plates), at)
        if wanted:
            self._overview_at = at
        return wanted


def _overview(numbered: NumberedFrame, width_px: int) -> bytes:
    return kept_jpeg(frame_jpeg(numbered.frame.pixels, width_px), numbered.frame.pixels)


def _seen_code(code: Code, *, legible: bool) -> SeenCode:
    corners = tuple((float(corner[0]), float(corner[1])) for corner in code.corners)
    # An engine may join codes that belong together to more than one can hold; what is so long is no permit in any case.
    return SeenCode(
        payload=code.payload[:MAX_PAYLOAD],
        engine=code.engine,
        corners=corners,
        module_px=code.module_px,
        legible=legible,
    )


def _seen_plate(plate: Plate, crop: int, track: int) -> SeenPlate:
    left, top, width, height = plate.box
    return SeenPlate(
        text=plate.text,
        positions=plate.positions,
        kind=str(plate.kind),
        confidence=plate.confidence,
        box=(int(left), int(top), int(width), int(height)),
        off_centre=plate.off_centre,
        columns=plate.columns,
        two_lines=plate.two_lines,
        colour=str(plate.colour),
        track=track,
        character_px=plate.character_px,
        crop=crop,
        legible=plate.legible,
        doubt=plate.doubt,
        countries=plate.countries,
    )


def _seen_vin(vin: Vin, crop: int) -> SeenVin:
    left, top, width, height = vin.box
    return SeenVin(
        text=vin.text,
        source=vin.source,
        confidence=vin.confidence,
        positions=vin.positions,
        columns=vin.columns,
        box=(int(left), int(top), int(width), int(height)),
        crop=crop,
        legible=vin.legible,
    )
