"""Draw the pictures of what the camera sees and the readers find in one frame of the drawn yard.

One of a vehicle with a plate, for the README, and one of a new car without, for docs/vehicles-without-plate.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from agent.vision.worker.plate.reader import PlateReader
from agent.vision.worker.qr.picture_reader import QrReader
from agent.vision.worker.vin.reader import VinReader
from drivers.camera.simulated_yard.scene import PostSign, Scene, ShownCode, SignText, Vehicle, VinLabel, draw_scene

if TYPE_CHECKING:
    from drivers.camera.simulated_yard.scene import Pixels

IMAGES = Path(__file__).parents[1] / "docs" / "images"
FOUND_BGR = (40, 220, 255)
SAMPLE = "GP1:" + "6BF+70790T9WJWG.FKY*4GO0.O1CV2 O5 N2FBBRW1*70HS8WY04AC*WIFN0AHCD8KD97TK0F90KECTHGWJC0FD" * 3
CODE = ShownCode(text=SAMPLE[:267])
SIGN = PostSign(lines=(SignText(text="核验中"), SignText(text="请稍候")))
SCENES = {
    "at-work.jpg": Scene(vehicle=Vehicle(plate="新B52K18"), code=CODE, sign=SIGN),
    "new-car.jpg": Scene(
        vehicle=Vehicle(label=VinLabel(vin="LSGJA52U1RH123456", code="code_128")), code=CODE, sign=SIGN
    ),
}


def _write(pixels: Pixels, label: str, place: tuple[int, int]) -> None:
    for colour, thickness in (((0, 0, 0), 6), (FOUND_BGR, 2)):
        cv2.putText(pixels, label, place, cv2.FONT_HERSHEY_SIMPLEX, 0.9, colour, thickness, cv2.LINE_AA)


def _boxed(pixels: Pixels, box: tuple[int, int, int, int], label: str) -> None:
    x, y, width, height = box
    cv2.rectangle(pixels, (x - 4, y - 4), (x + width + 4, y + height + 4), FOUND_BGR, 3)
    _write(pixels, label, (x - 60, y - 16))


def _found(scene: Scene) -> tuple[Pixels, bool]:
    """The picture with what was read marked in it; whether both the code and what names the vehicle were."""
    pixels = draw_scene(scene)
    codes, plates, vins = QrReader().read(pixels), PlateReader().read(pixels), VinReader().read(pixels)
    for code in codes:
        corners = np.array(code.corners, np.int32)
        cv2.polylines(pixels, [corners], isClosed=True, color=FOUND_BGR, thickness=4)
        label = f"QR, {len(code.payload)} bytes"
        cv2.putText(
            pixels, label, tuple(corners[3] + (0, 34)), cv2.FONT_HERSHEY_SIMPLEX, 0.9, FOUND_BGR, 2, cv2.LINE_AA
        )
    for plate in plates:
        _boxed(pixels, plate.box, f"plate ...{plate.text[1:]}  {plate.confidence:.3f}")
    for vin in vins:
        _boxed(pixels, vin.box, f"VIN {vin.text}, {vin.source}")
    return pixels, bool(codes and (plates or vins))


def main() -> int:
    """Write the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    complete = True
    for name, scene in SCENES.items():
        pixels, is_read = _found(scene)
        small = cv2.resize(pixels, (960, 540), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(IMAGES / name), small, [cv2.IMWRITE_JPEG_QUALITY, 82])
        complete = complete and is_read
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
