"""Pictures that carry their number, for tests that follow single frames from a camera to a reader.

A vision worker of the tests draws them too: nothing that is slow to load is imported here.
"""

from functools import cache

import numpy as np

NUMBER_BITS = 12
BIT_PX = 16


def numbered_picture(number, width_px=640, height_px=480):
    """A picture that carries its number as black and white blocks, before a ground that is rough like a camera's."""
    pixels = _ground(width_px, height_px).copy()
    for bit in range(NUMBER_BITS):
        pixels[16 : 16 + BIT_PX * 2, 16 + bit * BIT_PX : 16 + (bit + 1) * BIT_PX] = 255 if number >> bit & 1 else 0
    return pixels


def number_in(pixels):
    """The number that a picture carries."""
    middle, half = 16 + BIT_PX, BIT_PX // 2
    return sum(1 << bit for bit in range(NUMBER_BITS) if pixels[middle, 16 + bit * BIT_PX + half].mean() > 128)


@cache
def _ground(width_px, height_px):
    """Drawn once: drawing it again for each picture, and coding it in a stream, took most of the tests' time."""
    ground = np.random.default_rng(1).integers(80, 140, (height_px, width_px, 3), np.uint8)
    ground.flags.writeable = False
    return ground
