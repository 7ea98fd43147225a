"""What is told of a plate, from its reader to the lane."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from agent.core.model import Position, VinSource
from agent.core.plates import Country, Doubt
from agent.vision.mapping import DetectionMapper
from agent.vision.worker.detections import DetectionBuilder
from agent.vision.worker.evidence_picture import KeptPictureReader
from agent.vision.worker.latest_frame import NumberedFrame
from agent.vision.worker.picture_selector import decoded
from agent.vision.worker.protocol import Configure, Detection, ProtocolError, SeenCode
from agent.vision.worker.qr.picture_reader import QrReader
from agent.vision.worker.wire import Decoder, encoded
from drivers.api import Frame
from drivers.camera.simulated_yard.scene import Scene, ShownCode, draw_scene

if TYPE_CHECKING:
    from agent.core.model.observations import Reading
    from agent.vision.mapping import MappedDetection


@dataclass(frozen=True)
class Plate:
    text: str
    box: tuple[int, int, int, int]
    colour: str = "blue"
    kind: str = "civil_blue"
    confidence: float = 0.97
    off_centre: float = 0.25
    columns: bytes = bytes((1, 0, 0))
    two_lines: bool = False
    character_px: float = 17.5
    legible: bool = True
    doubt: Doubt = Doubt.NONE
    countries: tuple = ((Country.CHINA, 1.0),)
    flat: np.ndarray = field(default_factory=lambda: np.full((80, 288, 3), 90, np.uint8))

    @property
    def positions(self) -> tuple:
        return tuple(((character, 0.99),) for character in self.text)


NEAR, FAR = Plate("京A12345", (600, 500, 160, 50)), Plate("沪B98765", (900, 200, 80, 26), colour="yellow")


class Life:
    """One life of a vision worker, whose detections cross the wire."""

    def __init__(self, first_frame: int = 0) -> None:
        self._detections = DetectionBuilder(Configure(camera_kind="x", camera={}))
        self._translator = DetectionMapper("exit/front", first_frame, 0.0, 2.0)
        self._decoder = Decoder(from_worker=True)

    def sees(self, number: int, *plates: Plate) -> tuple[Reading, ...]:
        numbered = NumberedFrame(number, Frame(np.full((72, 128, 3), 90, np.uint8), number / 10))
        (envelope,) = self._decoder.feed(encoded(*self._detections.of_plates(numbered, plates)))
        return self._translator.seen(envelope.message, envelope.pictures, 1e6).readings


def test_a_reading_bears_its_colour_and_the_same_track_in_every_frame() -> None:
    life = Life()
    first, second = life.sees(1, NEAR, FAR), life.sees(2, FAR, NEAR)

    assert [(one.text, one.colour, one.track) for one in first] == [("京A12345", "blue", 1), ("沪B98765", "yellow", 2)]
    assert [(one.text, one.track) for one in second] == [("沪B98765", 2), ("京A12345", 1)]


def test_whether_its_picture_can_stand_for_a_plate_crosses_the_wire() -> None:
    found = Life().sees(1, NEAR, replace(FAR, legible=False))
    assert [one.legible for one in found] == [True, False]


def test_doubt_and_countries_cross_the_wire() -> None:
    (found,) = Life().sees(
        1, replace(NEAR, doubt=Doubt.EDGE, countries=((Country.KAZAKHSTAN, 0.9), (Country.OTHER, 0.1)))
    )

    assert found.doubt == Doubt.EDGE
    assert found.countries == (("KZ", 0.9), ("", 0.1))


def test_the_height_of_a_character_crosses_the_wire() -> None:
    detections = DetectionBuilder(Configure(camera_kind="x", camera={}))
    message, _ = detections.of_plates(NumberedFrame(1, Frame(np.zeros((72, 128, 3), np.uint8), 0.1)), [NEAR])

    assert message.plates[0].character_px == 17.5


def test_the_place_of_a_plate_in_the_lane_crosses_the_wire() -> None:
    assert [one.off_centre for one in Life().sees(1, replace(NEAR, off_centre=0.0), replace(FAR, off_centre=0.75))] == [
        0.0,
        0.75,
    ]


def test_a_vision_worker_that_was_started_anew_gives_no_track_a_second_time() -> None:
    before = {one.track for number in range(1, 30) for one in Life().sees(number, NEAR, FAR)}
    after = {one.track for number in range(1, 30) for one in Life(first_frame=29).sees(number, NEAR, FAR)}

    assert before
    assert after
    assert not before & after


# ----------------------------------------------------------------------------------------------------- when it was seen


@dataclass(frozen=True)
class Code:
    payload: bytes = b"GP1:PERMIT"
    engine: str = "test"
    corners: tuple = ()
    module_px: float = 2.0


def test_what_is_read_in_a_frame_that_came_late_was_seen_when_the_frame_was_taken() -> None:
    detections = DetectionBuilder(Configure(camera_kind="x", camera={}))
    late = NumberedFrame(1, Frame(np.zeros((72, 128, 3), np.uint8), 100.0, behind_s=3.0))
    mapper = DetectionMapper("exit/front", 0, 90.0, 2.0)
    plates = mapper.seen(*detections.of_plates(late, [NEAR]), now=100.5)
    codes = mapper.seen(*detections.of_codes(late, [Code()], KeptPictureReader(), thorough=False), now=100.5)

    assert (plates.at, codes.at) == (97.0, 97.0)
    assert [(one.at, one.behind_s) for one in (*plates.readings, *codes.presentations)] == [(97.0, 3.0)] * 2


def test_a_code_names_the_picture_of_its_last_seconds_and_none_of_an_earlier_visit() -> None:
    mapper = DetectionMapper("exit/front", 0, 90.0, 2.0)
    code = SeenCode(payload=b"GP1:PERMIT", engine="test")

    def named(at: float, *pictures: bytes) -> str | None:
        detection = Detection(frame=1, at=at, codes=(code,), picture=0 if pictures else None)
        return mapper.seen(detection, pictures, now=at).presentations[0].picture

    first = named(100.0, b"first")
    assert first == sha256(b"first").hexdigest()
    assert [named(100.5), named(103.0)] == [first, first]
    assert named(103.1) is None
    assert named(200.0, b"second") == named(201.0) == sha256(b"second").hexdigest()
    assert named(199.9) == named(201.0), "two threads read codes, the slower one of an earlier frame"


def test_a_picture_that_shows_a_code_gives_way_to_such_a_one_alone_while_it_counts() -> None:
    mapper = DetectionMapper("exit/front", 0, 90.0, 2.0)

    def named(at: float, picture: bytes | None, *, legible: bool) -> tuple[str | None, bool]:
        code = SeenCode(payload=b"GP1:PERMIT", engine="test", legible=legible)
        pictures = () if picture is None else (picture,)
        detection = Detection(frame=1, at=at, codes=(code,), picture=None if picture is None else 0)
        shown = mapper.seen(detection, pictures, now=at).presentations[0]
        return shown.picture, shown.legible

    blurred, sharp, newer = (sha256(one).hexdigest() for one in (b"blurred", b"sharp", b"newer"))
    assert named(99.0, None, legible=True) == (None, False), "there is no picture that it could be true of"
    assert named(100.0, b"blurred", legible=False) == named(100.1, None, legible=True) == (blurred, False)
    assert named(100.5, b"sharp", legible=True) == named(101.0, b"blurred", legible=False) == (sharp, True)
    assert named(102.0, b"newer", legible=True) == (newer, True)
    assert named(105.5, b"blurred", legible=False) == (blurred, False)


def of_permit(blur_px: float) -> tuple[NumberedFrame, Code]:
    """A frame of the yard with a permit's code, and the code as it is read in the sharp frame."""
    text = "GP1:" + "PERMIT" * 20
    pixels = draw_scene(Scene(code=ShownCode(text=text)))
    (found,) = QrReader().read(pixels)
    blurred = cv2.GaussianBlur(pixels, (0, 0), blur_px).astype(np.uint8) if blur_px else pixels
    return NumberedFrame(1, Frame(blurred, 100.0)), Code(found.payload, module_px=found.module_px)


@pytest.mark.parametrize("width_px", [64, 640, 1920])
def test_the_picture_of_a_code_is_as_large_as_it_must_be_to_be_read_in_it_once_more(width_px: int) -> None:
    frame, code = of_permit(0)
    detections = DetectionBuilder(Configure(camera_kind="x", camera={}, picture_width_px=width_px))
    message, (picture,) = detections.of_codes(frame, [code], KeptPictureReader(), thorough=False)

    assert message.codes[0].legible
    assert KeptPictureReader().codes(picture, thorough=False) == (code.payload,)
    assert decoded(picture).shape[1] <= max(width_px, 1280)


def test_a_code_that_no_picture_shows_is_told_of_as_such_and_pictured_again_soon() -> None:
    frame, code = of_permit(9.0)
    detections = DetectionBuilder(Configure(camera_kind="x", camera={}, picture_every_s=2.0))

    def told(at: float) -> tuple[bool, int]:
        numbered = NumberedFrame(1, Frame(frame.frame.pixels, at))
        message, pictures = detections.of_codes(numbered, [code], KeptPictureReader(), thorough=True)
        return message.codes[0].legible, len(pictures)

    assert told(100.0) == (False, 1)
    assert told(100.2)[1] == 0
    assert told(100.6) == (False, 1)


@pytest.mark.parametrize("picture", [b"", b"\xff\xd8\xff", b"\xff\xd8\xff" + bytes(1000), b"GIF89a"])
def test_a_picture_that_is_none_shows_nothing(picture: bytes) -> None:
    assert decoded(picture) is None
    assert KeptPictureReader().codes(picture, thorough=True) == ()


@pytest.mark.parametrize(("at", "behind_s"), [(89.9, 0.0), (100.2, 0.0), (98.0, 2.2)])
def test_a_frame_from_before_its_vision_worker_or_from_the_time_to_come_is_refused(at: float, behind_s: float) -> None:
    with pytest.raises(ProtocolError, match="cannot be"):
        DetectionMapper("exit/front", 0, 90.0, 2.0).seen(Detection(frame=1, at=at, behind_s=behind_s), (), now=100.0)


# ---------------------------------------------------------------------------------------------------------------- VINs

VIN, OTHER_VIN = "LSVAA49J132047371", "WVWZZZ1KZBW000012"


@dataclass(frozen=True)
class Vin:
    text: str = VIN
    source: VinSource = VinSource.CODE_39
    confidence: float = 1.0
    positions: tuple[Position, ...] = ()
    columns: bytes = b""
    box: tuple[int, int, int, int] = (100, 60, 400, 40)
    legible: bool = True
    crop: np.ndarray = field(default_factory=lambda: np.full((60, 420, 3), 90, np.uint8))


def mapped(mapper: DetectionMapper, *vins: Vin, number: int = 3, at: float = 100.0) -> MappedDetection:
    """What the parent makes of a frame with these VINs, told over the wire."""
    detections = DetectionBuilder(Configure(camera_kind="x", camera={}))
    numbered = NumberedFrame(number, Frame(np.zeros((72, 128, 3), np.uint8), at, behind_s=1.0))
    (envelope,) = Decoder(from_worker=True).feed(encoded(*detections.of_vins(numbered, vins)))
    return mapper.seen(envelope.message, envelope.pictures, now=at + 1)


def test_a_vin_becomes_a_reading_with_its_source_its_time_and_the_picture_that_shows_it() -> None:
    seen = mapped(DetectionMapper("exit/front", 40, 90.0, 2.0, vins=True), Vin(), Vin(OTHER_VIN, legible=False))
    first, second = seen.vin_readings

    assert (first.text, first.source, first.camera, first.frame) == (VIN, VinSource.CODE_39, "exit/front", 43)
    assert (first.at, first.behind_s, first.confidence, first.box) == (99.0, 1.0, 1.0, (100, 60, 400, 40))
    assert [one.legible for one in (first, second)] == [True, False]
    assert decoded(seen.pictures[first.picture]).shape == (60, 420, 3)
    assert decoded(seen.pictures[seen.overview]).shape == (72, 128, 3)
    assert (seen.presentations, seen.readings) == ((), ())


def test_a_printed_vin_keeps_how_sure_its_characters_are() -> None:
    positions, columns = ((("L", 0.75), ("E", 0.25)),) * 17, bytes((1, 0, 0)) * 17
    printed = Vin(source=VinSource.PRINT, confidence=0.75, positions=positions, columns=columns)
    (reading,) = mapped(DetectionMapper("exit/front", 40, 90.0, 2.0, vins=True), printed).vin_readings
    assert (reading.source, reading.confidence, reading.positions, reading.columns) == (
        VinSource.PRINT,
        0.75,
        positions,
        columns,
    )


def test_a_frame_is_pictured_where_a_vin_is_new_and_not_again_at_once() -> None:
    detections = DetectionBuilder(Configure(camera_kind="x", camera={}, picture_every_s=2.0))

    def overviews(at: float, *vins: Vin) -> int:
        told, pictures = detections.of_vins(NumberedFrame(1, Frame(np.zeros((72, 128, 3), np.uint8), at)), vins)
        assert len(pictures) == len(vins) + (told.picture is not None)
        return int(told.picture is not None)

    assert [overviews(10.0, Vin()), overviews(10.5, Vin()), overviews(11.0, Vin(), Vin(OTHER_VIN))] == [1, 0, 1]


def test_no_more_than_four_vins_of_a_frame_are_told() -> None:
    many = [Vin(f"LSVAA49J13204737{digit}") for digit in range(9)]
    seen = mapped(DetectionMapper("exit/front", 0, 90.0, 2.0, vins=True), *many)
    assert [one.text for one in seen.vin_readings] == [one.text for one in many[:4]]


def test_a_vin_that_nobody_asked_for_is_left_out_whatever_the_vision_worker_tells() -> None:
    assert mapped(DetectionMapper("exit/front", 0, 90.0, 2.0), Vin()).vin_readings == ()


def shown_codes(mapper: DetectionMapper, *payloads: bytes) -> MappedDetection:
    codes = tuple(
        SeenCode(payload=one, engine="test", corners=((5, 6), (45, 6), (45, 46), (5, 46))) for one in payloads
    )
    return mapper.seen(Detection(frame=1, at=100.0, codes=codes, picture=0), (b"overview",), now=100.0)


def test_a_qr_code_with_a_vin_is_a_label_and_no_presentation_where_vins_are_read() -> None:
    permit, label, other = b"GP1:" + VIN.encode(), f"VIN:{VIN}".encode(), b"https://example.com"
    seen = shown_codes(DetectionMapper("exit/front", 0, 90.0, 2.0, vins=True), permit, label, other)
    (reading,) = seen.vin_readings

    assert [one.payload for one in seen.presentations] == [permit, other]
    assert (reading.text, reading.source, reading.box) == (VIN, VinSource.QR, (5, 6, 41, 41))
    assert reading.picture == sha256(b"overview").hexdigest()


def test_where_none_are_read_it_is_presented_as_before() -> None:
    seen = shown_codes(DetectionMapper("exit/front", 0, 90.0, 2.0), f"VIN:{VIN}".encode())
    assert ([one.payload for one in seen.presentations], seen.vin_readings) == ([f"VIN:{VIN}".encode()], ())


def test_a_camera_that_reads_vins_alone_presents_no_permit() -> None:
    mapper = DetectionMapper("exit/side", 0, 90.0, 2.0, permits=False, vins=True)
    seen = shown_codes(mapper, b"GP1:PERMIT", VIN.encode())
    assert ([one.text for one in seen.vin_readings], seen.presentations) == ([VIN], ())


def test_codes_full_of_vins_make_no_more_than_eight_readings() -> None:
    labels = [";".join(f"LSVAA49J13{place:02d}4737{digit}" for digit in range(9)).encode() for place in range(16)]
    assert len(shown_codes(DetectionMapper("exit/front", 0, 90.0, 2.0, vins=True), *labels).vin_readings) == 8
