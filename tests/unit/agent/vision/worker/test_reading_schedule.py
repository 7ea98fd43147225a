"""When the readers look how, on frames that are only times."""

import numpy as np
import pytest

from agent.vision.worker.latest_frame import NumberedFrame
from agent.vision.worker.reading_schedule import (
    SAME_PLATE_EVERY_S,
    VIN_EVERY_S,
    VIN_READ_EVERY_S,
    ReadingSchedule,
)
from drivers.api import Frame

PIXELS = np.zeros((1, 1, 3), np.uint8)


def frame(at, *, since=0.0, changing=True):
    return NumberedFrame(1, Frame(PIXELS, at), changing=changing, since=since)


def test_while_no_code_is_read_they_are_looked_for_thoroughly_in_every_frame():
    schedule = ReadingSchedule()
    assert all(schedule.begin_thorough_code_look(at / 10) for at in range(35))


def test_a_code_that_was_just_read_puts_the_next_thorough_look_off_by_a_second():
    schedule = ReadingSchedule()
    schedule.note_code(10.0)
    assert [schedule.begin_thorough_code_look(at) for at in (10.5, 11.0, 11.1)] == [False, False, True]
    assert schedule.code_at == 10.0


def test_a_code_that_is_always_there_does_not_put_the_thorough_looks_off_for_ever():
    schedule, looks = ReadingSchedule(), []
    for tick in range(100):
        schedule.note_code(tick / 10)
        looks += [tick / 10] * schedule.begin_thorough_code_look(tick / 10)
    assert len(looks) >= 8


def test_a_picture_without_a_plate_is_looked_at_again_after_a_while_and_another_at_once():
    schedule = ReadingSchedule()
    assert schedule.is_plate_look_due(frame(1.0, since=0.5))
    schedule.note_plates(frame(1.0, since=0.5), found=False)
    assert not schedule.is_plate_look_due(frame(1.0 + SAME_PLATE_EVERY_S / 2, since=0.5))
    assert schedule.is_plate_look_due(frame(1.0 + SAME_PLATE_EVERY_S / 2, since=1.1))
    assert schedule.is_plate_look_due(frame(1.0 + SAME_PLATE_EVERY_S, since=0.5))


def test_a_picture_with_a_plate_is_looked_at_in_every_frame():
    schedule = ReadingSchedule()
    schedule.note_plates(frame(1.0, since=0.5), found=True)
    assert schedule.is_plate_look_due(frame(1.04, since=0.5))


def test_a_code_that_comes_into_view_has_the_machine_for_a_moment_where_the_plate_is_known():
    schedule = ReadingSchedule()
    schedule.note_plates(frame(10.0), found=True)
    schedule.note_code(10.2)
    schedule.note_code(10.32)
    assert [schedule.is_plate_look_due(frame(at)) for at in (10.2, 10.34, 10.36)] == [False, False, True]


def test_a_code_that_is_always_there_puts_no_look_for_plates_off():
    schedule = ReadingSchedule()
    for tick in range(30):
        schedule.note_code(tick / 10)
    schedule.note_plates(frame(2.9), found=True)
    assert schedule.is_plate_look_due(frame(2.94))


@pytest.mark.parametrize(("looked_at", "found"), [(10.0, False), (8.9, True)], ids=["none there", "long ago"])
def test_a_plate_that_is_not_known_is_looked_for_beside_a_new_code(looked_at, found):
    schedule = ReadingSchedule()
    schedule.note_plates(frame(looked_at, since=0.5), found=found)
    schedule.note_code(10.2)
    assert not schedule.knows_plate(10.2)
    assert schedule.is_plate_look_due(frame(10.2, since=10.1))


@pytest.mark.parametrize(("since", "next_at"), [(4.9, 5.6), (0.0, 7.1)], ids=["new", "the same for long"])
def test_a_new_picture_gets_its_next_thorough_look_sooner(since, next_at):
    schedule = ReadingSchedule()
    assert schedule.begin_thorough_plate_look(frame(5.0, since=since))
    looks = [at / 10 for at in range(51, 80) if schedule.begin_thorough_plate_look(frame(at / 10, since=since))]
    assert looks[0] == pytest.approx(next_at)


def test_where_nothing_changes_no_look_for_plates_is_a_thorough_one():
    schedule = ReadingSchedule()
    assert not any(schedule.begin_thorough_plate_look(frame(at, changing=False)) for at in (1.0, 10.0, 100.0))


def vin_looks(schedule, times, *, changing, attending):
    return [at for at in times if schedule.begin_vin_look(frame(at, changing=changing), attending=attending)]


TENTHS = [tick / 10 for tick in range(100)]


@pytest.mark.parametrize(("changing", "attending"), [(True, False), (False, True), (True, True)])
def test_vins_are_looked_for_now_and_then_while_a_vehicle_waits_or_something_moves(changing, attending):
    looks = vin_looks(ReadingSchedule(), TENTHS, changing=changing, attending=attending)
    assert looks[0] == 0.0
    assert len(looks) == pytest.approx(TENTHS[-1] / VIN_EVERY_S, abs=4)


def test_no_vin_is_looked_for_in_a_yard_where_nothing_happens():
    assert vin_looks(ReadingSchedule(), TENTHS, changing=False, attending=False) == []


def test_a_vin_that_was_just_read_leaves_the_time_to_others_for_a_while():
    schedule = ReadingSchedule()
    assert vin_looks(schedule, [0.0], changing=True, attending=True) == [0.0]
    schedule.note_vin(0.0)
    looks = vin_looks(schedule, TENTHS[1:], changing=True, attending=True)
    assert [at for at in looks if at < 5] == [VIN_READ_EVERY_S, 2 * VIN_READ_EVERY_S]
    assert len([at for at in looks if at > 6]) > 6, "another label may come into view"
