"""How captions of cameras and plates look to the measure that tells them apart."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from agent.core.plates import is_caption
from agent.vision.worker.plate.reader import PlateReader
from agent.vision.worker.plate.text_look import look_of
from drivers.camera.simulated_yard.plate import draw_plate
from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene


@cache
def yard() -> np.ndarray:
    return draw_scene(Scene(vehicle=Vehicle()))


def with_caption(text: str, left: int, foot: int, *, scale: float, outline: int) -> tuple[np.ndarray, np.ndarray]:
    """The yard with a text that its camera wrote, and the corners of the text."""
    picture = yard().copy()
    face = cv2.FONT_HERSHEY_DUPLEX
    (width, height), _ = cv2.getTextSize(text, face, scale, 2)
    if outline:
        cv2.putText(picture, text, (left, foot), face, scale, (0, 0, 0), 2 + 2 * outline, cv2.LINE_AA)
    cv2.putText(picture, text, (left, foot), face, scale, (255, 255, 255), 2, cv2.LINE_AA)
    ends = [[left, foot - height], [left + width, foot - height], [left + width, foot], [left, foot]]
    return picture, np.array(ends, np.float32)


@pytest.mark.parametrize("text", ["2026-11-30", "CAMERA 01", "A123BC", "498VDZ08"])
@pytest.mark.parametrize(("left", "foot"), [(20, 560), (900, 700)])
@pytest.mark.parametrize(("scale", "outline"), [(1.2, 0), (1.6, 1)])
def test_a_caption_is_told_by_its_look(text: str, left: int, foot: int, scale: float, outline: int) -> None:
    picture, corners = with_caption(text, left, foot, scale=scale, outline=outline)

    assert is_caption(look_of(picture, corners))


STYLES = ("cn_blue", "cn_yellow", "cn_green", "cn_white", "cn_black", "kz", "kz_red")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("ground", [(95, 92, 90), (235, 235, 235), (160, 70, 20), (25, 25, 25)])
@pytest.mark.parametrize("loose", [-2, 0, 4])
def test_no_plate_is_a_caption_whatever_it_hangs_on(style: str, ground: tuple[int, int, int], loose: int) -> None:
    text = "498VDZ08" if style == "kz" else "D123456" if style == "kz_red" else "京A12345"
    picture = np.full((400, 600, 3), ground, np.uint8)
    plate = cv2.resize(draw_plate(text, style), (180, 57), interpolation=cv2.INTER_AREA)
    picture[200:257, 200:380] = plate
    ends = [
        [200 - loose, 200 - loose],
        [380 + loose, 200 - loose],
        [380 + loose, 257 + loose],
        [200 - loose, 257 + loose],
    ]

    assert not is_caption(look_of(picture, np.array(ends, np.float32)))


@pytest.mark.parametrize(
    "corners",
    [
        [[0, 0], [3, 0], [3, 2], [0, 2]],
        [[-50, -50], [-10, -50], [-10, -20], [-50, -20]],
        [[0, 0], [640, 0], [640, 480], [0, 480]],
        [[5000, 5000], [5200, 5000], [5200, 5060], [5000, 5060]],
    ],
    ids=["tiny", "outside", "all of it", "far outside"],
)
@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_picture_without_text_has_no_caption(corners: list[list[int]], value: int) -> None:
    picture = np.full((480, 640, 3), value, np.uint8)

    assert not is_caption(look_of(picture, np.array(corners, np.float32)))


def test_a_caption_beside_a_plate_does_not_come_into_its_way() -> None:
    picture = draw_scene(Scene(vehicle=Vehicle(plate="新A12345")))
    cv2.putText(picture, "A123BC", (20, 60), cv2.FONT_HERSHEY_DUPLEX, 1.6, (255, 255, 255), 3, cv2.LINE_AA)

    assert [plate.text for plate in PlateReader().read(picture, thorough=True)] == ["新A12345"]
