"""Draws QR codes into pictures, and spoils them as gates do."""

import cv2
import numpy as np
import segno

# As in the vision worker: its threads would only wait for one another where tests run side by side.
cv2.setNumThreads(1)

PERMIT = "GP1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDE"


def symbol(content, scale=6, **more):
    """A symbol with its quiet zone, grey; `more` goes to segno."""
    rows = segno.make(content, micro=False, **more).matrix_iter(scale=scale, border=4)
    return np.array([[0 if dark else 255 for dark in row] for row in rows], np.uint8)


def put(picture, card, corners):
    """Lay the card into the picture so that its corners, clockwise from its top left, come to `corners`."""
    height, width = card.shape
    start = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(start, np.array(corners, np.float32))
    size = (picture.shape[1], picture.shape[0])
    mask = cv2.warpPerspective(np.full_like(card, 255), matrix, size)
    laid = cv2.warpPerspective(card, matrix, size, flags=cv2.INTER_AREA)[mask > 127]
    picture[mask > 127] = laid[:, None] if picture.ndim == 3 else laid


def square(x, y, side):
    """The corners of an upright square, clockwise from its top left."""
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]


def noise(height=720, width=1280):
    """Soft coloured blotches with noise: a yard with nothing in it to read."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(40, 200, (height // 20, width // 20, 3), dtype=np.uint8)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    return np.clip(smooth + rng.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8)


def on_grey(card, x=60, y=40, size=(480, 640)):
    """The card, upright, on a grey background."""
    picture = np.full(size, 110, np.uint8)
    picture[y : y + card.shape[0], x : x + card.shape[1]] = card
    return picture


def grainy(picture, sigma, seed=5):
    """With the noise of a camera's sensor."""
    grain = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def defocused(picture, sigma):
    """Out of focus, and grainy."""
    return grainy(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), sigma), 2)


def faint(picture, levels):
    """With so few grey levels between dark and light, a little out of focus."""
    return grainy(cv2.GaussianBlur(100 + picture.astype(np.float32) * levels / 255, (0, 0), 1.5), 2)


def wavy(picture, depth_px, length_px):
    """On cloth or a wet sheet: lines bend to and fro, both ways."""
    height, width = picture.shape
    xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    bent_x = xs + depth_px * np.sin(ys / length_px) + 0.7 * depth_px * np.sin(1.3 * xs / length_px)
    bent_y = ys + depth_px * np.sin(xs / length_px + 1)
    return cv2.remap(picture, bent_x, bent_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def half_in_shade(picture):
    """With the hard edge of a deep shadow across it."""
    ys, xs = np.mgrid[: picture.shape[0], : picture.shape[1]]
    return (picture * np.where(xs + ys / 2 < 260, 1, 0.22)).astype(np.uint8)


def glaring(picture, strength):
    """With a soft bright spot on it."""
    ys, xs = np.mgrid[: picture.shape[0], : picture.shape[1]]
    spot = strength * np.exp(-((xs - 200) ** 2 + (ys - 150) ** 2) / (2 * 70**2))
    return np.clip(40 + picture * 0.35 + spot, 0, 255).astype(np.uint8)


def stained(picture, count=25, seed=2):
    """With black and white drops on it."""
    rng = np.random.default_rng(seed)
    out = picture.copy()
    for _ in range(count):
        spot = (int(rng.integers(60, 330)), int(rng.integers(40, 310)))
        cv2.circle(out, spot, 6, int(rng.integers(0, 2)) * 255, -1)
    return out


def dark_band(card, begins, share):
    """What a camera sees of a screen that refreshes: from `begins` on, a share of its height, it is dark."""
    rows = np.arange(card.shape[0]) / card.shape[0]
    return np.where((((rows - begins) % 1) < share)[:, None], 20, card).astype(np.uint8)
