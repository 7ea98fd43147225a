"""Plates followed from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from agent.vision.worker.plate.box import overlap
from agent.vision.worker.plate.track import PlateTracker


@dataclass(frozen=True)
class Seen:
    text: str
    box: tuple[int, int, int, int]
    confidence: float = 0.99


def numbers(*frames: tuple[float, list[Seen]]) -> list[tuple[int, ...]]:
    tracker = PlateTracker()
    return [tracker.follow(plates, at) for at, plates in frames]


NEAR, FAR = (600, 500, 160, 50), (900, 200, 80, 26)


@pytest.mark.parametrize(
    ("frames", "wanted"),
    [
        pytest.param(
            [(t / 10, [Seen("京A12345", (100 + 30 * t, 100 + 20 * t, 100 + 3 * t, 30 + t))]) for t in range(12)],
            [(1,)] * 12,
            id="a plate that drives up",
        ),
        pytest.param(
            [
                (0.0, [Seen("京A12345", NEAR), Seen("沪B98765", FAR)]),
                (0.1, [Seen("沪B98765", FAR), Seen("京A12345", NEAR)]),
            ],
            [(1, 2), (2, 1)],
            id="two plates in another order",
        ),
        pytest.param(
            [
                (0.0, [Seen("京A12345", NEAR)]),
                (0.1, [Seen("京A1234", NEAR, 0.3)]),
                (0.2, [Seen("沪B98765", NEAR, 0.95)]),
            ],
            [(1,), (1,), (1,)],
            id="a frame that is read wrong, at the same place",
        ),
        pytest.param(
            [(0.0, [Seen("京A12345", NEAR)]), (1.0, [Seen("沪B98765", (640, 510, 160, 50))])],
            [(1,), (2,)],
            id="another plate near the place where one was a second ago",
        ),
        pytest.param(
            [(0.0, [Seen("京A12345", NEAR)]), (1.0, [Seen("京A12346", (640, 510, 160, 50))])],
            [(1,), (1,)],
            id="one character read in another way a little farther on",
        ),
        pytest.param(
            [(0.0, [Seen("京A12345", FAR)]), (60.0, [Seen("京A12345", FAR)]), (61.0, [Seen("京A12345", NEAR)])],
            [(1,), (1,), (2,)],
            id="a poster that a vehicle hid for a minute, then the same text elsewhere",
        ),
        pytest.param(
            [(0.0, [Seen("京A12345", FAR)]), (60.0, [Seen("京A12346", FAR)])],
            [(1,), (2,)],
            id="the next vehicle of a fleet at the same place a minute later",
        ),
        pytest.param(
            [(0.0, [Seen("京A12345", FAR)]), (601.0, [Seen("京A12345", FAR)])],
            [(1,), (2,)],
            id="after ten minutes all is forgotten",
        ),
        pytest.param(
            [(0.0, [Seen("京A12345", (100, 100, 60, 20))]), (0.1, [Seen("京A12345", (110, 100, 200, 60))])],
            [(1,), (2,)],
            id="no plate triples its size in a tenth of a second",
        ),
    ],
)
def test_a_plate_keeps_its_number(frames: list[tuple[float, list[Seen]]], wanted: list[tuple[int, ...]]) -> None:
    assert numbers(*frames) == wanted


def test_two_plates_that_drive_side_by_side_never_change_their_numbers() -> None:
    tracker = PlateTracker()
    for number in range(40):
        left = Seen("京A12345", (100 + 20 * number, 300, 120, 40))
        right = Seen("京A12346", (400 + 20 * number, 310, 110, 36), 0.4 if number % 3 else 0.97)
        given = tracker.follow([right, left] if number % 2 else [left, right], number / 10)
        assert given == ((2, 1) if number % 2 else (1, 2))


def test_no_number_is_given_to_two_plates_of_one_frame() -> None:
    tracker = PlateTracker()
    tracker.follow([Seen("京A12345", NEAR)], 0.0)

    given = tracker.follow([Seen("京A12345", NEAR), Seen("京A12345", (610, 505, 160, 50))], 0.1)
    assert len(set(given)) == 2


def test_a_camera_that_sees_ever_new_plates_does_not_fill_the_memory() -> None:
    tracker = PlateTracker()
    for number in range(500):
        tracker.follow([Seen(f"京A{number:05d}", (number % 50 * 20, number // 50 * 40, 15, 8))], number / 100)

    assert tracker.follow([Seen("京A00000", (0, 0, 15, 8))], 5.1)[0] > 500 - 64
    assert len(tracker._tracks) <= 64


@pytest.mark.parametrize(
    ("other", "share"),
    [
        ((0, 0, 10, 10), 1.0),
        ((5, 0, 10, 10), 1 / 3),
        ((10, 0, 10, 10), 0.0),
        ((50, 50, 10, 10), 0.0),
        ((0, 0, 0, 0), 0.0),
    ],
)
def test_the_overlap_of_two_boxes_is_their_intersection_over_their_union(other: tuple, share: float) -> None:
    assert overlap((0, 0, 10, 10), other) == pytest.approx(share)
