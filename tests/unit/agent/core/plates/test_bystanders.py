"""Which plates of a picture never count: those of posters, of parked cars and of the vehicles behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.model.observations import Reading
from agent.core.plates.bystanders import Bystanders

Box = tuple[int, int, int, int]
Step = tuple[str, float, object]

BARRIER: Box = (600, 500, 160, 50)
BEHIND: Box = (640, 250, 90, 28)
POSTER: Box = (100, 120, 120, 40)
BESIDE: Box = (1050, 480, 150, 48)
TRUCK, NEXT, PAPER = 1, 2, 9
TEXTS = {TRUCK: "京A12345", NEXT: "沪B98765", PAPER: "川A112233"}


def reading(track: int, box: Box, at: float, *, confidence: float = 0.99, camera: str = "front") -> Reading:
    text = TEXTS.get(track, f"京B{track:05d}")
    positions = tuple(((character, 0.99),) for character in text)
    return Reading(text, positions, "civil", confidence, camera, int(at * 25), at, box, track=track)


def seen(at: float, *plates: tuple[int, Box]) -> Step:
    return "seen", at, plates


def loop(at: float, present: bool | None) -> Step:
    return "loop", at, present


def standing(track: int, box: Box, begin: float, end: float) -> list[Step]:
    """One plate seen twice a second."""
    return [seen(begin + n / 2, (track, box)) for n in range(int((end - begin) * 2))]


def counted(*steps: Step) -> list[set[int]]:
    """The tracks that count at each step that shows plates."""
    state, found = Bystanders(), []
    for what, at, value in steps:
        if what == "loop":
            state = state.with_vehicle(value, at)
        else:
            state, counting = state.with_readings([reading(track, box, at) for track, box in value])
            found.append({one.track for one in counting})
    return found


def test_a_plate_that_does_not_count_is_counted_as_set_aside_while_it_is_in_view():
    state, _ = Bystanders().with_readings([reading(TRUCK, BARRIER, 0.0)])
    assert state.set_aside(0.0) == 0
    state, counting = state.with_readings([reading(TRUCK, BARRIER, 3.0), reading(NEXT, BEHIND, 3.0)])
    assert [one.track for one in counting] == [TRUCK]
    assert (state.set_aside(3.0), state.set_aside(6.0), state.set_aside(6.1)) == (1, 1, 0)


def test_a_plate_of_a_frame_that_came_late_is_in_view_as_long_as_another():
    late = [
        replace(reading(track, box, at), behind_s=4.0)
        for track, box, at in [(TRUCK, BARRIER, 3.0), (NEXT, BEHIND, 3.0)]
    ]
    state, _ = Bystanders().with_readings([reading(TRUCK, BARRIER, 0.0)])
    state, _ = state.with_readings(late)
    assert (state.set_aside(7.0), state.set_aside(10.0), state.set_aside(10.1)) == (1, 1, 0)


def test_a_plate_that_was_hardly_read_is_none_that_somebody_wonders_about():
    state, _ = Bystanders().with_readings([reading(TRUCK, BARRIER, 0.0)])
    state, _ = state.with_readings([reading(TRUCK, BARRIER, 3.0), reading(NEXT, BEHIND, 3.0, confidence=0.5)])
    assert state.set_aside(3.0) == 0


# ------------------------------------------------------------------------------------------- what stands over vehicles


def visit(begin: float, end: float) -> list[Step]:
    return [loop(begin, True), loop(end, False)]


POSTER_ALWAYS = [
    loop(0.0, False),
    *standing(PAPER, POSTER, 0.5, 4.0),
    loop(5.0, True),
    seen(6.0, (PAPER, POSTER), (TRUCK, BARRIER)),
    loop(10.0, False),
]


@pytest.mark.parametrize(
    ("steps", "counts"),
    [
        pytest.param([*POSTER_ALWAYS, seen(13.0, (PAPER, POSTER))], False, id="there before the vehicle and after it"),
        pytest.param([*POSTER_ALWAYS, seen(11.0, (PAPER, POSTER))], True, id="the vehicle may not have gone yet"),
        pytest.param(POSTER_ALWAYS, True, id="the vehicle is still there"),
        pytest.param(
            [loop(0.0, False), seen(0.5, (PAPER, POSTER)), *visit(5.0, 10.0), seen(13.0, (PAPER, POSTER))],
            True,
            id="seen once, as the lane began: may be the vehicle that just left",
        ),
        pytest.param(
            [loop(0.0, False), *standing(PAPER, POSTER, 2.5, 4.0), *visit(5.0, 10.0), seen(13.0, (PAPER, POSTER))],
            False,
            id="hidden by the vehicle and seen again behind it",
        ),
        pytest.param(
            [loop(0.0, False), *standing(TRUCK, BARRIER, 4.2, 5.0), *visit(5.0, 10.0), seen(13.0, (TRUCK, BARRIER))],
            True,
            id="a vehicle whose loop was late, and that is slow to leave",
        ),
        pytest.param(
            [
                loop(0.0, False),
                *standing(NEXT, BEHIND, 2.5, 4.0),
                *visit(5.0, 10.0),
                seen(13.0, (NEXT, BARRIER)),
                seen(13.5, (NEXT, BARRIER)),
            ],
            True,
            id="a vehicle that waited for the one before it and then drove up",
        ),
        pytest.param(
            [
                loop(0.0, False),
                *standing(PAPER, POSTER, 2.5, 4.0),
                *visit(5.0, 10.0),
                *visit(11.0, 20.0),
                *visit(21.0, 30.0),
                seen(33.0, (PAPER, POSTER)),
            ],
            False,
            id="vehicles close upon one another",
        ),
        pytest.param(
            [
                loop(0.0, False),
                *standing(PAPER, POSTER, 2.5, 4.0),
                loop(5.0, True),
                loop(6.0, None),
                loop(7.0, False),
                seen(13.0, (PAPER, POSTER)),
            ],
            True,
            id="nobody knows whether the vehicle went: the inputs failed",
        ),
    ],
)
def test_a_plate_that_stands_over_a_vehicle_does_not_count(steps: list[Step], counts: bool) -> None:
    track = [value for what, _, value in steps if what == "seen"][-1][0][0]

    assert (track in counted(*steps)[-1]) is counts


def test_a_plate_that_stood_over_a_vehicle_counts_again_once_it_moves() -> None:
    moved = (POSTER[0] + 200, POSTER[1] + 100, 140, 46)
    found = counted(
        *POSTER_ALWAYS,
        seen(13.0, (PAPER, POSTER)),
        loop(14.0, True),
        seen(15.0, (PAPER, POSTER)),
        seen(16.0, (PAPER, moved)),
    )

    assert [PAPER in tracks for tracks in found[-3:]] == [False, False, True]


def test_the_vehicle_counts_beside_a_poster_that_does_not() -> None:
    found = counted(
        *POSTER_ALWAYS, seen(13.0, (PAPER, POSTER)), loop(20.0, True), seen(21.0, (PAPER, POSTER), (NEXT, BARRIER))
    )

    assert found[-1] == {NEXT}


def passing(track: int, begin: float) -> list[Step]:
    """A vehicle that drives up, stands and goes, before a poster that is seen all the time."""
    way = [(BARRIER[0], BARRIER[1] - 300 + 100 * n, 100 + 20 * n, 30 + 6 * n) for n in range(4)]
    return [seen(begin + n, (PAPER, POSTER), (track, box)) for n, box in enumerate(way)]


def test_without_a_loop_three_vehicles_tell_of_a_poster() -> None:
    steps = [seen(0.0, (PAPER, POSTER))]
    for number in (10, 11, 12):
        steps += [*passing(number, number * 20.0), seen(number * 20.0 + 8, (PAPER, POSTER))]

    found = counted(*steps)
    assert [PAPER in tracks for tracks in found] == [True] * (len(found) - 1) + [False]


def test_without_a_loop_plates_that_only_flash_up_tell_nothing() -> None:
    steps = [seen(0.0, (PAPER, POSTER))]
    for number in range(10, 20):
        steps += [seen(number * 20.0, (PAPER, POSTER), (number, BARRIER)), seen(number * 20.0 + 8, (PAPER, POSTER))]

    assert all(PAPER in tracks for tracks in counted(*steps))


# -------------------------------------------------------------------------------------------------- the vehicle behind


@pytest.mark.parametrize(
    ("box", "later_s", "counts"),
    [
        pytest.param(BEHIND, 3.0, False, id="smaller, later, above"),
        pytest.param(
            BEHIND, 0.5, True, id="came with it: a second plate of the vehicle, or a reading of something else"
        ),
        pytest.param((640, 250, 150, 46), 3.0, True, id="as large"),
        pytest.param((300, 520, 90, 28), 3.0, True, id="beside"),
        pytest.param((640, 600, 90, 28), 3.0, True, id="below"),
    ],
)
def test_the_plate_behind_the_one_at_the_barrier_does_not_count(box: Box, later_s: float, counts: bool) -> None:
    found = counted(seen(0.0, (TRUCK, BARRIER)), seen(later_s, (TRUCK, BARRIER), (NEXT, box)))

    assert found == [{TRUCK}, {TRUCK, NEXT} if counts else {TRUCK}]


def test_the_vehicle_behind_counts_once_it_drives_up() -> None:
    found = counted(
        seen(0.0, (TRUCK, BARRIER)),
        seen(3.0, (TRUCK, BARRIER), (NEXT, BEHIND)),
        seen(30.0, (NEXT, BEHIND)),
        seen(31.0, (NEXT, (620, 400, 120, 38))),
        seen(32.0, (NEXT, BARRIER)),
    )

    assert found == [{TRUCK}, {TRUCK}, set(), {NEXT}, {NEXT}]


def test_a_plate_seen_in_front_a_moment_ago_still_is_in_front() -> None:
    found = counted(seen(0.0, (TRUCK, BARRIER)), seen(4.0, (NEXT, BEHIND)))
    late = counted(seen(0.0, (TRUCK, BARRIER)), seen(6.0, (NEXT, BEHIND)))

    assert (found[-1], late[-1]) == (set(), {NEXT})


def test_a_vehicle_that_came_after_the_one_before_had_left_counts_soon_wherever_it_stops() -> None:
    found = counted(
        seen(0.0, (TRUCK, BARRIER)),
        seen(3.0, (TRUCK, BARRIER)),
        seen(3.5, (NEXT, BEHIND)),
        seen(8.5, (NEXT, BEHIND)),
    )

    assert found == [{TRUCK}, {TRUCK}, set(), {NEXT}]


def test_nothing_that_was_hardly_read_is_in_front_of_anything() -> None:
    state = Bystanders()
    state, _ = state.with_readings([reading(TRUCK, BARRIER, 0.0, confidence=0.5)])
    _, counting = state.with_readings([reading(TRUCK, BARRIER, 3.0, confidence=0.5), reading(NEXT, BEHIND, 3.0)])

    assert {one.track for one in counting} == {TRUCK, NEXT}


def test_a_poster_is_in_front_of_nothing() -> None:
    large, above = (100, 600, 300, 90), (640, 250, 160, 50)
    found = counted(
        loop(0.0, False),
        *standing(PAPER, large, 2.5, 4.0),
        *visit(5.0, 10.0),
        seen(13.0, (PAPER, large)),
        seen(20.0, (PAPER, large), (TRUCK, above)),
    )

    assert found[-1] == {TRUCK}


def test_each_camera_has_its_own_front() -> None:
    state = Bystanders()
    state, _ = state.with_readings([reading(TRUCK, BARRIER, 0.0)])
    _, counting = state.with_readings([reading(NEXT, BEHIND, 3.0, camera="rear")])

    assert [one.track for one in counting] == [NEXT]


@pytest.mark.parametrize("plain", [reading(0, BARRIER, 1.0), reading(NEXT, (0, 0, 0, 0), 1.0)])
def test_a_reading_without_track_or_place_always_counts(plain: Reading) -> None:
    state, _ = Bystanders().with_readings([reading(TRUCK, BARRIER, 0.0)])

    assert state.with_readings([plain])[1] == (plain,)


def test_what_was_not_seen_for_ten_minutes_or_is_one_of_too_many_is_forgotten() -> None:
    state = Bystanders()
    for track in range(1, 200):
        state, _ = state.with_readings([reading(track, (200 * track, 500, 160, 50), track / 10)])
    many = len(state.plates)
    state, _ = state.with_readings([reading(500, BARRIER, 1000.0)])

    assert (many, len(state.plates)) == (64, 1)


# ---------------------------------------------------------------------------------------- what the loop says of plates


def driving(track: int, begin: float, *boxes: Box, every_s: float = 0.5) -> list[Step]:
    """One plate from place to place."""
    return [seen(begin + place * every_s, (track, box)) for place, box in enumerate(boxes)]


UP_THE_LANE = ((640, 150, 100, 31), (620, 300, 125, 39), BARRIER)
PAST = ((1100, 200, 90, 28), (1080, 330, 120, 38), BESIDE)


def test_a_plate_that_drives_into_view_while_a_vehicle_stands_on_the_loop_does_not_count() -> None:
    """The vehicle's own plate is dirty: that of the one behind it, or beside it, must not stand for it."""
    for way in (UP_THE_LANE, PAST):
        found = counted(loop(0.0, True), *driving(NEXT, 8.0, *way))
        assert found[-2:] == [set(), set()]


def test_it_counts_once_the_vehicle_before_it_has_left_the_loop() -> None:
    found = counted(
        loop(0.0, True),
        *driving(NEXT, 8.0, *UP_THE_LANE),
        loop(20.0, False),
        seen(20.5, (NEXT, BARRIER)),
        loop(21.0, True),
        seen(22.0, (NEXT, BARRIER)),
    )

    assert found[-3:] == [set(), {NEXT}, {NEXT}]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([loop(8.5, True), *driving(TRUCK, 8.0, *UP_THE_LANE)], id="it drives onto the loop"),
        pytest.param([loop(4.5, True), *driving(TRUCK, 8.0, *UP_THE_LANE)], id="slowly, and is read late"),
        pytest.param([loop(0.0, None), *driving(TRUCK, 8.0, *UP_THE_LANE)], id="nobody knows of the loop"),
        pytest.param([loop(0.0, False), *driving(TRUCK, 8.0, *UP_THE_LANE)], id="it has not reached the loop"),
        pytest.param(
            [
                loop(8.5, True),
                *driving(TRUCK, 8.0, *UP_THE_LANE),
                *driving(3, 18.0, (605, 510, 168, 53), (620, 560, 180, 56)),
            ],
            id="its reader lost it, and read it in another way as it rolled on",
        ),
    ],
)
def test_the_vehicle_on_the_loop_counts(steps: list[Step], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TEXTS, 3, "京A12346")

    assert all(counted(*steps))


def test_a_plate_that_comes_to_light_late_and_stands_counts_after_two_seconds_and_goes_on_to() -> None:
    """The vehicle's own: its lamps went out. One frame may open the barrier: it is not known yet whether it drives."""
    found = counted(loop(0.0, True), *standing(TRUCK, BARRIER, 8.0, 12.0), seen(12.0, (TRUCK, (620, 560, 200, 62))))

    assert found == [set()] * 4 + [{TRUCK}] * 5


def test_beside_a_plate_that_came_with_the_loop_one_that_waited_at_its_place_does_not_count() -> None:
    """A poster, a parked car or a caption, at the first vehicle that it sees."""
    steps = [loop(0.0, False), *standing(PAPER, POSTER, 2.5, 9.0), loop(10.0, True)]
    found = counted(*steps, seen(10.5, (PAPER, POSTER)), seen(11.0, (PAPER, POSTER), (TRUCK, BARRIER)))

    assert found[-2:] == [{PAPER}, {TRUCK}]


@pytest.mark.parametrize(
    ("waited_from", "sure", "set_aside"),
    [
        pytest.param(2.5, 0.99, True, id="long"),
        pytest.param(7.0, 0.99, False, id="for a moment: it may be the vehicle that now reaches the loop"),
        pytest.param(2.5, 0.6, False, id="long, but what came with the loop is hardly read"),
    ],
)
def test_how_long_a_plate_must_have_waited(waited_from: float, sure: float, set_aside: bool) -> None:
    state = Bystanders().with_vehicle(present=False, at=0.0)
    for place in range(int((9.0 - waited_from) * 2) + 1):
        state, _ = state.with_readings([reading(PAPER, POSTER, waited_from + place / 2)])
    state = state.with_vehicle(present=True, at=10.0)
    both = [reading(PAPER, POSTER, 11.0), reading(TRUCK, BARRIER, 11.0, confidence=sure)]

    assert (PAPER not in {one.track for one in state.with_readings(both)[1]}) is set_aside


def test_beside_a_plate_that_came_with_the_loop_one_that_comes_to_light_later_does_not_count() -> None:
    found = counted(
        loop(0.5, True),
        *driving(TRUCK, 0.0, *UP_THE_LANE),
        seen(9.0, (TRUCK, BARRIER), (NEXT, BESIDE)),
        seen(12.0, (NEXT, BESIDE)),
        seen(30.0, (NEXT, BESIDE)),
    )

    # Nobody knows whose it is where the other has not been seen for long: the vehicle may have turned its plate away.
    assert found[-3:] == [{TRUCK}, set(), {NEXT}]


def test_a_camera_that_sees_plates_late_at_every_visit_is_believed_from_the_third_on() -> None:
    """It looks at vehicles from behind: their plates drive into its view when they are on the loop for long."""
    steps, counts = [], []
    for visit_no in range(5):
        begin = 100.0 * visit_no
        steps += [loop(begin, True), *driving(20 + visit_no, begin + 8.0, *UP_THE_LANE), loop(begin + 60.0, False)]
        counts.append(bool(counted(*steps)[-1]))

    assert counts == [False, False, True, True, True]


def test_one_plate_that_comes_with_the_loop_ends_that_belief() -> None:
    steps = []
    for visit_no in range(3):
        begin = 100.0 * visit_no
        steps += [loop(begin, True), *driving(20 + visit_no, begin + 8.0, *UP_THE_LANE), loop(begin + 60.0, False)]
    steps += [
        *driving(TRUCK, 300.0, *UP_THE_LANE),
        loop(300.5, True),
        seen(301.5, (TRUCK, BARRIER)),
        loop(360.0, False),
    ]
    steps += [loop(400.0, True), *driving(NEXT, 408.0, *UP_THE_LANE)]

    assert counted(*steps)[-1] == set()


def test_the_plate_that_one_camera_saw_come_with_the_loop_counts_late_at_another() -> None:
    state = Bystanders()
    state, _ = state.with_readings([reading(TRUCK, UP_THE_LANE[1], 0.0)])
    state = state.with_vehicle(present=True, at=0.5)
    state, _ = state.with_readings([reading(TRUCK, BARRIER, 1.0)])
    for place, box in enumerate(UP_THE_LANE):
        same = replace(reading(8, box, 8.0 + place / 2, camera="rear"), text=TEXTS[TRUCK])
        state, counting = state.with_readings([same])
        assert counting == (same,)


def test_a_text_at_the_place_of_a_bystander_is_that_one_whatever_it_reads() -> None:
    """The clock in a camera's caption."""
    clock = 77
    found = counted(*POSTER_ALWAYS, seen(13.0, (PAPER, POSTER)), seen(20.0, (clock, POSTER)), seen(24.0, (78, POSTER)))

    assert found[-3:] == [set(), set(), set()]


def test_a_plate_that_its_reader_lost_and_found_goes_on_as_one_plate() -> None:
    state, _ = Bystanders().with_readings([reading(TRUCK, BARRIER, 0.0)])
    slip = replace(reading(7, (610, 504, 162, 51), 4.0), text="京A12346")
    state, _ = state.with_readings([slip])

    (plate,) = state.plates.values()
    assert (plate.first_at, plate.last_at) == (0.0, 4.0)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(reading(7, BARRIER, 4.0), id="another text"),
        pytest.param(
            replace(reading(7, BEHIND, 4.0), text="京A12346"), id="elsewhere: a neighbour of the series behind"
        ),
        pytest.param(replace(reading(7, BARRIER, 14.0), text="京A12346"), id="long after"),
        pytest.param(replace(reading(7, (600, 500, 90, 28), 4.0), text="京A12346"), id="of another size"),
    ],
)
def test_another_plate_is_another(other: Reading) -> None:
    state, _ = Bystanders().with_readings([reading(TRUCK, BARRIER, 0.0)])

    assert len(state.with_readings([other])[0].plates) == 2


def test_each_camera_has_its_own_vehicles_beside_one_that_came_with_the_loop() -> None:
    state = Bystanders().with_vehicle(present=True, at=0.0)
    state, _ = state.with_readings([reading(TRUCK, BARRIER, 1.0)])
    state, _ = state.with_readings([reading(NEXT, BESIDE, 9.0, camera="rear")])
    _, counting = state.with_readings([reading(NEXT, BESIDE, 11.0, camera="rear")])

    assert [one.track for one in counting] == [NEXT]
