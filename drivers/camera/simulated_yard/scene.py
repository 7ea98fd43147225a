"""Compose a yard scene: the lane, a vehicle with its plate, and a permit on a phone or a sheet of paper."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
import segno
from pydantic import BaseModel, ConfigDict, Field

from drivers.camera.simulated_yard.plate import StyleName, draw_plate

Pixels = npt.NDArray[np.uint8]
Quad = npt.NDArray[np.float32]

WIDTH_PX, HEIGHT_PX = 1280, 720

_AT_NIGHT = 0.25
_SCREEN_AT_NIGHT = 24.0
_SCREEN_BLACK = 28


class Vehicle(BaseModel):
    """A vehicle at the barrier. `style` is a plate style of the yard; no plate when `plate` is empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    plate: str = Field(default="", max_length=12)
    style: StyleName = "cn_blue"


class ShownCode(BaseModel):
    """A QR code that the driver shows. `text` is what it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str = Field(max_length=4296)
    carrier: Literal["phone", "paper"] = "phone"


class Scene(BaseModel):
    """What stands before the camera."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    vehicle: Vehicle | None = None
    code: ShownCode | None = None
    arm_raised: bool = False
    light: Literal["day", "night"] = "day"


def draw_scene(scene: Scene, exposure: float = 1.0) -> Pixels:
    """Draw the scene as a 1280x720 BGR picture. `exposure`: share of the light that the camera's automatic would take.

    At night the automatic makes the yard visible, and a phone's screen is a lamp, white all over.
    """
    pixels = _yard()
    identity = scene.model_dump_json(exclude={"arm_raised", "light"})
    seed = int.from_bytes(sha256(identity.encode()).digest()[:4], "big")
    rng = np.random.default_rng(seed)
    if scene.vehicle is not None:
        _draw_vehicle(pixels, scene.vehicle, rng)
    _draw_arm(pixels, raised=scene.arm_raised)
    without_code = pixels.copy()
    if scene.code is not None:
        show_code(pixels, scene.code, centre=(240, 330), side_px=250, rng=rng)
    light = np.full(pixels.shape[:2], _AT_NIGHT if scene.light == "night" else 1.0, np.float32)
    if scene.light == "night" and scene.code is not None and scene.code.carrier == "phone":
        light[(pixels != without_code).any(axis=2)] = _SCREEN_AT_NIGHT
        pixels = np.maximum(pixels, _SCREEN_BLACK)
    return np.clip(pixels * (light * exposure)[..., None], 0, 255).astype(np.uint8)


def show_code(
    pixels: Pixels, code: ShownCode, *, centre: tuple[int, int], side_px: int, rng: np.random.Generator
) -> Quad:
    """Put a phone or a sheet with the code into the picture, in perspective.

    Returns the corners of its code in pixels.
    """
    symbol = _symbol(code.text)
    side = symbol.shape[0]
    if code.carrier == "phone":
        height, width = round(side * 1.75), round(side * 1.12)
        card = np.full((height, width, 3), 28, np.uint8)
        inset = max(4, side // 30)
        card[inset:-inset, inset:-inset] = 235
    else:
        height, width = round(side * 1.5), round(side * 1.2)
        card = np.full((height, width, 3), 225, np.uint8)
        for row in range(int(height * 0.8), int(height * 0.95), max(6, side // 24)):
            cv2.line(card, (side // 10, row), (width - side // 6, row), (150, 150, 150), max(1, side // 120))
    top, left = (height - side) // 3, (width - side) // 2
    card[top : top + side, left : left + side] = symbol[..., None]
    scale = side_px / side
    half = np.array([width, height]) * scale / 2
    corners = np.array([[-half[0], -half[1]], [half[0], -half[1]], [half[0], half[1]], [-half[0], half[1]]])
    angle = np.deg2rad(rng.uniform(-9, 9))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    tilt = 1 + rng.uniform(-0.06, 0.06, (4, 2))
    placed = ((corners * tilt) @ turn.T + np.array(centre)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(_rectangle(width, height), placed)
    _paste(pixels, card, matrix)
    outline = _rectangle(side, side) + np.array([left, top], np.float32)
    return np.asarray(cv2.perspectiveTransform(outline[None], matrix)[0], np.float32)


def _symbol(text: str) -> Pixels:
    """The code with its quiet zone, 12 px a module, one channel."""
    rows = segno.make_qr(text, error="m", boost_error=False).matrix_iter(scale=12, border=4)
    return np.array([[0 if dark else 255 for dark in row] for row in rows], np.uint8)


def _rectangle(width: float, height: float) -> Quad:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def _paste(pixels: Pixels, card: Pixels, matrix: cv2.typing.MatLike) -> None:
    size = (pixels.shape[1], pixels.shape[0])
    # Shrinking by much needs a blur first, or the modules alias.
    shrink = 1 / max(1e-6, float(np.sqrt(abs(np.linalg.det(matrix[:2, :2])))))
    if shrink > 1:
        card = cv2.GaussianBlur(card, (0, 0), shrink * 0.45).astype(np.uint8)
    warped = cv2.warpPerspective(card, matrix, size, flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(np.full(card.shape[:2], 255, np.uint8), matrix, size)
    alpha = mask[..., None].astype(np.float32) / 255
    pixels[:] = (pixels * (1 - alpha) + warped * alpha).astype(np.uint8)


def _yard() -> Pixels:
    rng = np.random.default_rng(7)
    pixels = np.empty((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    horizon = 250
    sky = np.linspace((225, 205, 180), (235, 228, 215), horizon)
    pixels[:horizon] = sky[:, None, :].astype(np.uint8)
    cv2.rectangle(pixels, (760, 110), (1280, horizon), (150, 160, 168), -1)
    for x in range(800, 1280, 90):
        cv2.rectangle(pixels, (x, 140), (x + 45, 185), (120, 105, 90), -1)
    cv2.fillPoly(pixels, [np.array([[0, 250], [180, 150], [420, 205], [640, 165], [760, 250]])], (165, 160, 150))
    road = np.linspace((120, 122, 124), (78, 80, 82), HEIGHT_PX - horizon)
    pixels[horizon:] = road[:, None, :].astype(np.uint8)
    coarse = rng.normal(0, 5, (HEIGHT_PX // 2, WIDTH_PX // 2)).astype(np.float32)
    grain = cv2.resize(coarse, (WIDTH_PX, HEIGHT_PX))[..., None]
    pixels[:] = np.clip(pixels + grain, 0, 255).astype(np.uint8)
    for left, right in (((520, 250), (130, 720)), ((820, 250), (1250, 720))):
        cv2.line(pixels, left, right, (200, 205, 210), 5, cv2.LINE_AA)
    return pixels


def _draw_vehicle(pixels: Pixels, vehicle: Vehicle, rng: np.random.Generator) -> None:
    paint = tuple(int(value) for value in rng.integers(30, 120, 3))
    dark = tuple(int(value * 0.55) for value in paint)
    dx = int(rng.integers(-15, 15))

    def at(*points: tuple[int, int]) -> npt.NDArray[np.int32]:
        return np.array([(x + dx, y) for x, y in points], np.int32)

    cv2.ellipse(pixels, (690 + dx, 640), (300, 28), 0, 0, 360, (55, 55, 58), -1, cv2.LINE_AA)
    for x in (470, 850):
        cv2.rectangle(pixels, (x + dx, 560), (x + 62 + dx, 652), (30, 30, 30), -1)
    cv2.fillPoly(pixels, [at((520, 330), (570, 235), (810, 235), (860, 330))], paint, cv2.LINE_AA)
    cv2.fillPoly(pixels, [at((545, 326), (585, 250), (795, 250), (835, 326))], (95, 85, 70), cv2.LINE_AA)
    cv2.fillPoly(
        pixels, [at((445, 430), (515, 328), (865, 328), (935, 430), (935, 590), (445, 590))], paint, cv2.LINE_AA
    )
    cv2.rectangle(pixels, (445 + dx, 590), (935 + dx, 615), dark, -1)
    cv2.rectangle(pixels, (580 + dx, 425), (800 + dx, 480), (45, 45, 48), -1)
    for x in (505, 875):
        cv2.ellipse(pixels, (x + dx, 450), (46, 26), 0, 0, 360, (235, 240, 245), -1, cv2.LINE_AA)
    if not vehicle.plate:
        return
    plate = draw_plate(vehicle.plate, vehicle.style)
    width = 200 * plate.shape[1] / 440
    height = width * plate.shape[0] / plate.shape[1]
    centre, tilt = np.array([690 + dx, 535]), rng.uniform(-2.5, 2.5, (4, 2))
    placed = _rectangle(width, height) - np.array([width / 2, height / 2]) + centre + tilt
    _paste(
        pixels,
        plate,
        cv2.getPerspectiveTransform(_rectangle(plate.shape[1], plate.shape[0]), placed.astype(np.float32)),
    )


def _draw_arm(pixels: Pixels, *, raised: bool) -> None:
    cv2.rectangle(pixels, (1085, 560), (1150, 710), (40, 150, 235), -1)
    pivot = np.array([1118, 630])
    end = np.array([1050, 60]) if raised else np.array([330, 668])
    steps = 10
    for step in range(steps):
        start, stop = (pivot + (end - pivot) * part / steps for part in (step, step + 1))
        colour = (40, 40, 220) if step % 2 == 0 else (240, 240, 240)
        cv2.line(pixels, (int(start[0]), int(start[1])), (int(stop[0]), int(stop[1])), colour, 16, cv2.LINE_AA)
