"""When each picture is worth decoding."""

from itertools import pairwise

import pytest

from agent.vision.worker.wakefulness import LONGEST_PAUSE_S, LOOKED_AT_S, STIRRED_S, SUSPECTED_S, Wakefulness


def awake(wakefulness, at, *, vehicle=False, changing=False, suspicious=False):
    return wakefulness.awake(at, vehicle=vehicle, changing=changing, suspicious=suspicious)


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


def test_who_looks_has_each_picture_for_as_long_as_was_asked_and_a_moment_at_least():
    wakefulness = Wakefulness()
    wakefulness.note_look(100.0, 0.0)
    assert awake(wakefulness, 99.9 + LOOKED_AT_S)
    assert not awake(wakefulness, 100.0 + LOOKED_AT_S)
    wakefulness.note_look(110.0, 5.0)
    wakefulness.note_look(111.0, 0.0)
    assert awake(wakefulness, 114.9)


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
