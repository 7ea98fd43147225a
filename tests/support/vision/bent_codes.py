"""Bends what is drawn in a picture as things at a gate do: round a bottle, on cloth, on crumpled paper, in the dark.

Each takes a grey picture with the code in it, where the code's middle is, and the length of its side, in pixels.
"""

import cv2
import numpy as np


def on_cylinder(picture, middle, side, *, arc_deg, turn_deg=0.0, lean_deg=15.0, distance=3.5):
    """Round a bottle: the code covers so many degrees of it, its axis turned in the picture and leaning to the lens."""
    along, across = _turned(picture, middle, side, turn_deg)
    radius = 0.5 / np.deg2rad(arc_deg / 2)
    lean = np.deg2rad(lean_deg)
    # Rays from the lens, in the bottle's own axes: y runs along it.
    from_y, from_z = distance * np.sin(lean), -distance * np.cos(lean)
    way_y = across * np.cos(lean) - distance * np.sin(lean)
    way_z = across * np.sin(lean) + distance * np.cos(lean)
    a, b = along**2 + way_z**2, 2 * (from_z - radius) * way_z
    root = b**2 - 4 * a * ((from_z - radius) ** 2 - radius**2)
    reach = (-b - np.sqrt(np.maximum(root, 0))) / (2 * a)
    angle = np.arctan2(reach * along, radius - (from_z + reach * way_z))
    down = from_y + reach * way_y
    seen = _from(picture, middle, side, turn_deg, radius * angle, down - down[_nearest(picture, middle)])
    return np.where(root > 0, seen * (0.4 + 0.6 * np.cos(angle)), 60).astype(np.uint8)


def on_cloth(picture, middle, side, *, depth, seed=1):
    """On cloth in folds: three waves of different ways and lengths. `depth`: of a wave, in sides of the code."""
    rng = np.random.default_rng(seed)
    x, y = _turned(picture, middle, side, 0.0)
    shift_x, shift_y, light = np.zeros_like(x), np.zeros_like(y), np.full_like(x, 0.85)
    for _ in range(3):
        way, push, phase = rng.uniform(0, 2 * np.pi, 3)
        length = rng.uniform(0.4, 1.0)
        wave = 2 * np.pi * (x * np.cos(way) + y * np.sin(way)) / length + phase
        shift_x += depth * np.cos(push) * np.sin(wave)
        shift_y += depth * np.sin(push) * np.sin(wave)
        light += 0.08 * np.cos(wave)
    return _lit(_from(picture, middle, side, 0.0, x + shift_x, y + shift_y), light)


def crumpled(picture, middle, side, *, depth, seed=1):
    """On paper that was crumpled and laid out again: facets with sharp edges, each lit in its own way."""
    rng = np.random.default_rng(seed)
    x, y = _turned(picture, middle, side, 0.0)

    def facets(pitch):
        lattice = rng.normal(0, 1, (64, 64)).astype(np.float32)
        turn = rng.uniform(0, np.pi)
        places = [((u * np.cos(turn) + v * np.sin(turn)) / pitch + 32).astype(np.float32) for u, v in ((x, y), (y, -x))]
        return cv2.remap(lattice, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    bent = _from(picture, middle, side, 0.0, x + depth * facets(0.25), y + depth * facets(0.25))
    slope = cv2.Sobel(facets(0.3), cv2.CV_32F, 1, 0, ksize=3) * side / 400
    return _lit(bent, np.clip(0.8 + slope, 0.5, 1.1))


def in_dark_corner(picture, size=(720, 1280), at=(40, 60), *, brightness=0.05, seed=1):
    """Small and dark, in the shade of a scene that is lit elsewhere; with the noise of a sensor."""
    rng = np.random.default_rng(seed)
    blotches = rng.integers(60, 230, (9, 16), dtype=np.uint8)
    scene = cv2.resize(blotches, size[::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32)
    scene[: size[0] // 2, : size[1] // 2] *= 0.05
    top, left = at
    height, width = picture.shape
    scene[top : top + height, left : left + width] = picture * brightness + 4
    return np.clip(scene + rng.normal(0, 0.8, scene.shape), 0, 255).astype(np.uint8)


def _turned(picture, middle, side, turn_deg):
    """Each pixel's place from the middle of the code, in its sides, in axes that are turned."""
    ys, xs = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    x, y, turn = (xs - middle[0]) / side, (ys - middle[1]) / side, np.deg2rad(turn_deg)
    return x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)


def _nearest(picture, middle):
    return int(np.clip(middle[1], 0, picture.shape[0] - 1)), int(np.clip(middle[0], 0, picture.shape[1] - 1))


def _from(picture, middle, side, turn_deg, along, across):
    """The picture whose every pixel shows a place of the paper, given in turned axes."""
    turn = np.deg2rad(turn_deg)
    xs = middle[0] + side * (along * np.cos(turn) - across * np.sin(turn))
    ys = middle[1] + side * (along * np.sin(turn) + across * np.cos(turn))
    return cv2.remap(
        picture, xs.astype(np.float32), ys.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _lit(picture, light):
    return np.clip(picture * light, 0, 255).astype(np.uint8)
