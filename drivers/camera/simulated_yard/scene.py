"""Compose a yard scene: the lane, a vehicle with its plate or its label, a permit on a phone or paper, the sign."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

import cv2
import numpy as np
import segno
from pydantic import BaseModel, ConfigDict, Field

from drivers.camera.simulated_yard.perspective import Pixels, Quad, place, rectangle
from drivers.camera.simulated_yard.sign import SignColourName, draw_sign
from drivers.camera.simulated_yard.vehicle import Vehicle, VinLabel, draw_vehicle

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "HEIGHT_PX",
    "WIDTH_PX",
    "Pixels",
    "PostSign",
    "Quad",
    "Scene",
    "ShownCode",
    "SignText",
    "Vehicle",
    "VinLabel",
    "draw_scene",
    "show_code",
]

WIDTH_PX, HEIGHT_PX = 1280, 720

_AT_NIGHT = 0.25
_SCREEN_AT_NIGHT = 24.0
_SCREEN_BLACK = 28
_SIGN_BOX = (1104, 252, 168, 104)
"""Where the sign hangs at most: x, y, width and height, pixels."""
_SIGN_POST_X = 1188
_UNPAINTED: Final[Mapping[str, bool | Mapping[str, bool]]] = {
    "arm_raised": True,
    "light": True,
    "sign": True,
    "vehicle": {"on_paper": True, "label": True},
}
"""What a vehicle's paint does not depend on."""


class ShownCode(BaseModel):
    """A QR code that the driver shows. `text` is what it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str = Field(max_length=4296)
    carrier: Literal["phone", "paper"] = "phone"


class SignText(BaseModel):
    """A text in a line of the sign."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str = Field(default="", max_length=200)
    colour: SignColourName = "yellow"


class PostSign(BaseModel):
    """The LED sign at the post, of so many columns of half a square, with its lines from the top."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    columns: int = Field(default=16, ge=4, le=64)
    lines: tuple[SignText, ...] = Field(default=(SignText(), SignText()), min_length=1, max_length=4)


class Scene(BaseModel):
    """What stands before the camera. `sign`: None: the post has none."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    vehicle: Vehicle | None = None
    code: ShownCode | None = None
    sign: PostSign | None = None
    arm_raised: bool = False
    light: Literal["day", "night"] = "day"


def draw_scene(scene: Scene, exposure: float = 1.0) -> Pixels:
    """Draw the scene as a 1280x720 BGR picture. `exposure`: share of the light that the camera's automatic would take.

    At night the automatic makes the yard visible, a phone's screen is a lamp, white all over, and the sign is as bright
    as by day.
    """
    pixels = _yard()
    identity = scene.model_dump_json(exclude=_UNPAINTED)
    seed = int.from_bytes(sha256(identity.encode()).digest()[:4], "big")
    rng = np.random.default_rng(seed)
    if scene.vehicle is not None:
        draw_vehicle(pixels, scene.vehicle, rng)
    hung = None if scene.sign is None else _hang_sign(pixels, scene.sign)
    _draw_arm(pixels, raised=scene.arm_raised)
    without_code = pixels.copy()
    if scene.code is not None:
        show_code(pixels, scene.code, centre=(240, 330), side_px=250, rng=rng)
    light = np.full(pixels.shape[:2], _AT_NIGHT if scene.light == "night" else 1.0, np.float32)
    if hung is not None:
        light[hung] = 1.0
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
    matrix = place(pixels, card, placed)
    outline = rectangle(side, side) + np.array([left, top], np.float32)
    return np.asarray(cv2.perspectiveTransform(outline[None], matrix)[0], np.float32)


def _symbol(text: str) -> Pixels:
    """The code with its quiet zone, 12 px a module, one channel."""
    rows = segno.make_qr(text, error="m", boost_error=False).matrix_iter(scale=12, border=4)
    return np.array([[0 if dark else 255 for dark in row] for row in rows], np.uint8)


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


def _hang_sign(pixels: Pixels, sign: PostSign) -> tuple[slice, slice]:
    """Hang the sign at its post, as large as there is room; return where it is."""
    drawn = draw_sign([(line.text, line.colour) for line in sign.lines], sign.columns, len(sign.lines))
    left, top, width, height = _SIGN_BOX
    scale = min(width / drawn.shape[1], height / drawn.shape[0])
    width, height = round(drawn.shape[1] * scale), round(drawn.shape[0] * scale)
    left = _SIGN_POST_X - width // 2
    cv2.rectangle(pixels, (_SIGN_POST_X - 5, top + height), (_SIGN_POST_X + 5, 600), (70, 74, 78), -1)
    place_of = (slice(top, top + height), slice(left, left + width))
    pixels[place_of] = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
    return place_of


def _draw_arm(pixels: Pixels, *, raised: bool) -> None:
    cv2.rectangle(pixels, (1085, 560), (1150, 710), (40, 150, 235), -1)
    pivot = np.array([1118, 630])
    end = np.array([1050, 60]) if raised else np.array([330, 668])
    steps = 10
    for step in range(steps):
        start, stop = (pivot + (end - pivot) * part / steps for part in (step, step + 1))
        colour = (40, 40, 220) if step % 2 == 0 else (240, 240, 240)
        cv2.line(pixels, (int(start[0]), int(start[1])), (int(stop[0]), int(stop[1])), colour, 16, cv2.LINE_AA)
