"""When each picture is worth decoding."""

from itertools import pairwise

import pytest

from agent.vision.worker.wakefulness import (
    LONGEST_PAUSE_S,
    LOOKED_AT_S,
    MOST_GAP_S,
    STIRRED_S,
    SUSPECTED_S,
    Wakefulness,
)


def awake(wakefulness, at, *, vehicle=False, changing=False, suspicious=False, gap_s=1.0):
    return wakefulness.awake(at, vehicle=vehicle, changing=changing, suspicious=suspicious, gap_s=gap_s)


def test_it_rests_where_nobody_is_there_nothing_moves_and_nobody_looks():
    assert not awake(Wakefulness(), 100.0)


@pytest.mark.parametrize("why", ["vehicle", "changing", "suspicious"])
def test_each_reason_alone_is_enough_for_as_long_as_it_holds(why):
    wakefulness = Wakefulness()
    assert awake(wakefulness, 100.0, **{why: True})
    assert not awake(wakefulness, 101.0)


def test_a_picture_that_stays_suspicious_is_known_after_a_while():
    wakefulness = Wakefulness()
    assert awake(wakefulness, 100.0, suspicious=True)
    assert awake(wakefulness, 99.9 + SUSPECTED_S, suspicious=True)
    assert not awake(wakefulness, 100.0 + SUSPECTED_S, suspicious=True)
    assert not awake(wakefulness, 101.0 + SUSPECTED_S)
    assert awake(wakefulness, 102.0 + SUSPECTED_S, suspicious=True)


def test_who_wants_one_picture_has_each_for_a_moment():
    wakefulness = Wakefulness()
    wakefulness.note_look(100.0)
    assert awake(wakefulness, 99.9 + LOOKED_AT_S)
    assert not awake(wakefulness, 100.0 + LOOKED_AT_S)


def test_who_watches_has_each_picture_at_first_and_then_those_of_the_rest():
    wakefulness = Wakefulness()
    assert wakefulness.note_watch(100.0, 2.5, every_picture=False)
    assert awake(wakefulness, 99.9 + LOOKED_AT_S)
    assert not wakefulness.note_watch(102.0, 2.5, every_picture=False)
    assert not awake(wakefulness, 102.1)
    assert awake(wakefulness, 102.2, changing=True)
    assert not wakefulness.note_watch(104.0, 2.5, every_picture=False)
    assert wakefulness.note_watch(106.5, 2.5, every_picture=False), "nobody watched any more: this one begins"


def test_who_has_each_picture_measured_has_each_for_as_long_as_was_asked():
    wakefulness = Wakefulness()
    wakefulness.note_watch(100.0, 2.5, every_picture=False)
    assert wakefulness.note_watch(102.4, 5.0, every_picture=True)
    wakefulness.note_watch(103.0, 2.5, every_picture=False)
    assert awake(wakefulness, 107.3)
    assert not awake(wakefulness, 107.4)


def test_who_watches_a_camera_with_few_pictures_at_rest_has_each_until_nobody_watches():
    wakefulness = Wakefulness()
    wakefulness.note_watch(100.0, 10.0, every_picture=False)
    assert not awake(wakefulness, 105.0, gap_s=MOST_GAP_S)
    assert awake(wakefulness, 109.9, gap_s=MOST_GAP_S + 0.1)
    assert not awake(wakefulness, 110.0, gap_s=MOST_GAP_S + 0.1)


def test_a_stir_wakes_for_a_moment_and_ever_more_seldom_where_there_was_nothing():
    wakefulness = Wakefulness()
    times = [100.0 + 0.1 * step for step in range(3000)]
    woken = [at for at in times if wakefulness.note_stir(at)]
    pauses = [later - before for before, later in pairwise(woken)]
    assert pauses[:3] == pytest.approx([STIRRED_S + 2, STIRRED_S + 4, STIRRED_S + 8], abs=0.2)
    assert max(pauses) <= STIRRED_S + LONGEST_PAUSE_S + 0.2
    assert awake(wakefulness, woken[-1] + STIRRED_S - 0.1)
    assert not awake(wakefulness, woken[-1] + STIRRED_S + 0.1)


def test_after_a_true_change_the_next_stir_counts_at_once():
    wakefulness = Wakefulness()
    assert wakefulness.note_stir(100.0)
    assert not wakefulness.note_stir(103.0)
    awake(wakefulness, 103.0, changing=True)
    assert wakefulness.note_stir(103.1)
