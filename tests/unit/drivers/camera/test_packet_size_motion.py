"""What the sizes of compressed pictures tell."""

import random
from itertools import pairwise

from drivers.camera.packet_size_motion import SizeWatch

RATE_HZ = 25


def leaps(sizes, watch=None, begin=0):
    """The numbers of the pictures with which the sizes leapt."""
    watch = watch or SizeWatch()
    return [number for number, size in enumerate(sizes, begin) if watch.leaps(size, number / RATE_HZ)]


def noisy(count, mean=20_000, spread=0.15, seed=1):
    draw = random.Random(seed)  # noqa: S311 - no secret
    return [max(1, round(draw.gauss(mean, spread * mean))) for _ in range(count)]


def test_noise_is_seldom_taken_for_a_leap():
    found = leaps(noisy(RATE_HZ * 3600))
    assert len(found) < 60


def test_one_picture_of_more_than_twice_the_size_is_a_leap_at_once():
    sizes = noisy(500)
    assert leaps([*sizes, 60_000])[-1:] == [500]


def test_sizes_that_stay_half_as_large_again_are_a_leap_soon():
    sizes = [*noisy(500), *noisy(25, mean=32_000)]
    found = [number for number in leaps(sizes) if number >= 500]
    assert found
    assert found[0] < 515


def test_the_first_pictures_of_a_stream_say_nothing():
    assert leaps([100, 90_000, 100, 50_000, *[100] * 20]) == []


def test_leaps_that_nobody_confirms_count_ever_more_seldom():
    sizes = noisy(100) + [*noisy(49), 90_000] * 90
    watch = SizeWatch()
    found = leaps(sizes, watch)
    pauses = [later - before for before, later in pairwise(found)]
    assert pauses[:3] == sorted(pauses[:3])
    assert min(pauses[4:]) >= 60 * RATE_HZ
    watch.confirm()
    assert watch.leaps(900_000, len(sizes) / RATE_HZ)


def test_sizes_of_nothing_are_no_fault():
    assert leaps([0] * 100) == []
