"""Which of several plates is that of the vehicle at the barrier."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.plates.main_plate import Box, Zone, in_zone, off_centre_of, prominence

HD = (1280, 720)
LANE: Zone = ((0.2, 0.4), (0.6, 0.4), (0.8, 1.0), (0.0, 1.0))
"""The lane of the camera: the left part of the picture, wider below."""
NEAR: Box = (440, 500, 160, 50)
FAR: Box = (460, 250, 90, 28)
NEXT_LANE: Box = (1050, 480, 150, 48)

Seen = tuple[str, Box, float]
"""Name, box, confidence."""


def main_of(*seen: Seen, zone: Zone = ()) -> str:
    def rank(one: Seen) -> float:
        _, box, confidence = one
        return prominence(confidence, box[2] * box[3], off_centre_of(box, HD, zone))

    return max(seen, key=rank)[0]


@pytest.mark.parametrize(
    ("seen", "zone", "main"),
    [
        pytest.param([("near", NEAR, 1.0), ("far", FAR, 1.0)], (), "near", id="the nearer"),
        pytest.param([("near", NEAR, 0.6), ("far", FAR, 1.0)], (), "near", id="the nearer, though it is read worse"),
        pytest.param([("near", NEAR, 0.35), ("far", FAR, 1.0)], (), "near", id="the nearer, though hardly read"),
        pytest.param([("badge", NEAR, 0.05), ("far", FAR, 1.0)], (), "far", id="a large thing that is hardly a plate"),
        pytest.param([("near", NEAR, 0.9), ("beside", NEXT_LANE, 1.0)], (), "near", id="in the middle, as large"),
        pytest.param(
            [("beside", (1050, 480, 240, 76), 1.0), ("near", NEAR, 1.0)],
            (),
            "beside",
            id="at the side, but more than twice as large",
        ),
        pytest.param(
            [("left", (300, 560, 150, 48), 1.0), ("right", (760, 560, 156, 50), 1.0)],
            LANE,
            "left",
            id="the middle of the zone counts, not that of the picture",
        ),
        pytest.param(
            [("one", NEAR, 0.5), ("other", (441, 500, 161, 50), 0.5)], (), "other", id="alike: the larger by a little"
        ),
    ],
)
def test_the_main_plate_is_the_near_one_in_the_lane(seen: list[Seen], zone: Zone, main: str) -> None:
    assert main_of(*seen, zone=zone) == main
    assert main_of(*reversed(seen), zone=zone) == main


@pytest.mark.parametrize(
    ("box", "zone", "off_centre"),
    [
        ((590, 300, 100, 30), (), 0.0),
        ((0, 300, 0, 0), (), 1.0),
        ((960, 300, 0, 0), (), 0.5),
        ((320, 300, 0, 0), (), 0.5),
        ((512, 720, 0, 0), LANE, 0.0),
        ((512, 300, 0, 0), LANE, 0.0),
        ((768, 288, 0, 0), LANE, 1.0),
        ((1279, 600, 0, 0), LANE, 1.0),
        ((512, 100, 0, 0), LANE, 0.2),
    ],
)
def test_a_plate_lies_aside_by_its_share_of_the_way_to_the_side(box: Box, zone: Zone, off_centre: float) -> None:
    assert off_centre_of(box, HD, zone) == pytest.approx(off_centre, abs=1e-6)


@pytest.mark.parametrize(
    ("middle", "inside"),
    [
        ((512, 500), True),
        ((10, 719), True),
        ((10, 400), False),
        ((1100, 600), False),
        ((512, 200), False),
        ((256, 288), True),
        ((512, 288), True),
        ((512, 720), True),
    ],
)
def test_a_plate_is_in_the_zone_where_its_middle_is(middle: tuple[float, float], inside: bool) -> None:
    x, y = middle
    box = (x - 40, y - 12, 80, 24)

    assert in_zone(box, HD, LANE) is inside
    assert in_zone(box, HD, LANE[::-1]) is inside
    assert in_zone(box, HD, ())


BOXES = st.tuples(*[st.floats(-50, 1400)] * 2, *[st.floats(0, 400)] * 2)


@given(box=BOXES, confidence=st.floats(0, 1), zone=st.sampled_from([(), LANE]))
def test_its_place_takes_at_most_half_from_a_plate_and_confidence_at_most_all(
    box: Box, confidence: float, zone: Zone
) -> None:
    off_centre = off_centre_of(box, HD, zone)
    area = box[2] * box[3]

    assert 0 <= off_centre <= 1
    assert 0 <= prominence(confidence, area, off_centre) <= area
    assert prominence(1.0, area, off_centre) >= area / 2


def test_a_text_of_no_known_format_that_is_hardly_sure_hardly_counts():
    assert prominence(0.4, 1.0, formless=True) == pytest.approx(prominence(0.08, 1.0))
    assert prominence(0.8, 1.0, formless=True) == pytest.approx(prominence(0.32, 1.0))
    assert prominence(1.0, 1.0, formless=True) == prominence(1.0, 1.0)


@given(box=BOXES, size=st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_a_picture_of_no_size_is_no_error(box: Box, size: tuple[int, int]) -> None:
    assert 0 <= off_centre_of(box, size, LANE) <= 1
    assert in_zone(box, size, LANE) in {True, False}
