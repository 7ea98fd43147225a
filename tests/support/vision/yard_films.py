"""Films of the drawn yard for those who judge what a camera sees: what happens to a lens, and what
only looks like it.
"""

from functools import cache

import cv2
import numpy as np

from agent.vision.worker.picture_measures import measured
from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene

STEP_S = 0.5
_SHOTS = 3


@cache
def yard():
    return draw_scene(Scene())


@cache
def car():
    return draw_scene(Scene(vehicle=Vehicle(plate="新A12345"), arm_raised=True))


def truck(grey=200, share=1.0):
    """The side of a trailer close to the camera: corrugated, with nothing of the yard behind it but its edge."""
    pixels = yard().copy()
    width = round(pixels.shape[1] * share)
    pixels[:, :width] = grey
    pixels[:, : width - 6 : 48] = grey * 3 // 5
    pixels[600:640, :width] = grey // 3
    return pixels


def headlamps():
    """A car with full beam on the yard at night: two lamps with halos."""
    pixels = night().astype(np.float32)
    rows, columns = np.mgrid[0:720, 0:1280]
    for x in (505, 875):
        distance_px = np.hypot(columns - x, rows - 450)
        pixels += (9e3 / (distance_px / 4 + 12))[..., None]
    return np.clip(pixels, 0, 255).astype(np.uint8)


def night():
    """The yard by infrared light: grey, the sky black, the near ground lit."""
    grey = cv2.cvtColor(yard(), cv2.COLOR_BGR2GRAY).astype(np.float32)
    lit = np.linspace(0.08, 0.9, grey.shape[0], dtype=np.float32)[:, None]
    return cv2.cvtColor((grey * lit).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def moved(pixels, x_share=0.0, y_share=0.0, turn_deg=0.0):
    height, width = pixels.shape[:2]
    how = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, 1.0)
    how[:, 2] += (x_share * width, y_share * height)
    return cv2.warpAffine(pixels, how, (width, height), borderMode=cv2.BORDER_REFLECT)


def out_of_focus(pixels, sigma_px=6.0):
    return cv2.GaussianBlur(pixels, (0, 0), sigma_px)


def grainy(pixels, deviation, seed=0):
    return cv2.add(pixels, _grain(pixels.shape, deviation, seed), dtype=cv2.CV_8U)


@cache
def _grain(shape, deviation, seed):
    return np.rint(np.random.default_rng(seed).normal(0, deviation, shape)).astype(np.int16)


def snowing(pixels, flakes=25_000, seed=0):
    rng = np.random.default_rng(seed)
    fallen = pixels.copy()
    for x, y in zip(rng.integers(0, 1280, flakes), rng.integers(0, 720, flakes), strict=True):
        fallen[y : y + 3, x : x + 3] = 240
    return fallen


def shots(pixels, deviation=2.0):
    """Measures of a few shots of the same scene, each with its own noise of the sensor."""
    return [measured(grainy(pixels, deviation, seed)) for seed in range(_SHOTS)]


def play(watch, film, begin_s=0.0, step_s=STEP_S):
    """Show a film, pairs of shots and seconds or such triples with what else `judged` takes; the views with their
    times.
    """
    told, at = [], begin_s
    for measures, seconds, *how in film:
        for step in range(round(seconds / step_s)):
            told.append((at, watch.judged(measures[step % len(measures)], at, **(how[0] if how else {}))))
            at += step_s
    return told
