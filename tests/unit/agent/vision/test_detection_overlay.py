"""What was found is shown on the picture: where it lies, and for how long."""

from __future__ import annotations

from agent.core.model import VinSource
from agent.vision.detection_overlay import SHOWN_FOR_S, DetectionOverlay
from agent.vision.worker.protocol import Detection, SeenCode, SeenPlate, SeenVin

AT = 100.0
SIZE_PX = (200, 100)
CODE = SeenCode(payload=b"x", engine="e", corners=((20, 10), (40, 10), (40, 30), (20, 30)), module_px=2.5)
PLATE = SeenPlate(
    text="A", positions=((("A", 1.0),),), kind="x", confidence=0.5, box=(50, 40, 100, 20), character_px=14.0
)


def overlay():
    """An overlay to which readers have given a code and, apart from it, a plate."""
    made = DetectionOverlay()
    made.add(Detection(frame=1, at=AT, codes=(CODE,)))
    made.add(Detection(frame=1, at=AT, plates=(PLATE,)))
    return made


def test_codes_and_plates_are_given_as_fractions_of_the_frame():
    ((code,), (plate,)) = overlay().codes(AT, SIZE_PX), overlay().plates(AT, SIZE_PX)
    assert code.corners == ((0.1, 0.1), (0.2, 0.1), (0.2, 0.3), (0.1, 0.3))
    assert code.module_px == 2.5
    assert plate.corners == ((0.25, 0.4), (0.75, 0.4), (0.75, 0.6), (0.25, 0.6))
    assert (plate.text, plate.confidence, plate.character_px) == ("A", 0.5, 14.0)


def test_they_are_shown_for_a_second_and_a_half_and_go_with_the_worker_that_found_them():
    shown = overlay()
    assert (shown.codes(AT + SHOWN_FOR_S, SIZE_PX), shown.plates(AT + SHOWN_FOR_S, SIZE_PX)) != ((), ())
    assert shown.codes(AT + SHOWN_FOR_S + 0.1, SIZE_PX) == shown.plates(AT + SHOWN_FOR_S + 0.1, SIZE_PX) == ()
    shown.clear()
    assert shown.codes(AT, SIZE_PX) == shown.plates(AT, SIZE_PX) == ()


def test_a_newer_code_takes_the_place_of_the_one_before_and_a_frame_without_one_does_not():
    shown = overlay()
    shown.add(Detection(frame=2, at=AT + 1.0, codes=(CODE, CODE)))
    shown.add(Detection(frame=3, at=AT + 2.0))
    assert len(shown.codes(AT + 2.0, SIZE_PX)) == 2


def test_a_vin_is_shown_where_it_lies_as_long_as_a_plate_is():
    shown = overlay()
    vin = SeenVin(text="LSVAA4182E2123456", source=VinSource.CODE_128, box=(20, 10, 100, 20))
    shown.add(Detection(frame=1, at=AT, vins=(vin,)))
    (mark,) = shown.vins(AT, SIZE_PX)
    assert mark.corners == ((0.1, 0.1), (0.6, 0.1), (0.6, 0.3), (0.1, 0.3))
    assert (mark.text, mark.confidence) == ("LSVAA4182E2123456", 1.0)
    assert shown.vins(AT + SHOWN_FOR_S + 0.1, SIZE_PX) == ()
    shown.clear()
    assert shown.vins(AT, SIZE_PX) == ()
