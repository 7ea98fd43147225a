"""Draw the picture of the README: what the camera sees and the readers find in one frame of the drawn yard."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from agent.vision.worker.plate.reader import PlateReader
from agent.vision.worker.qr.reader import QrReader
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene

TARGET = Path(__file__).parents[1] / "docs" / "images" / "at-work.jpg"
FOUND_BGR = (40, 220, 255)
SAMPLE = "GP1:" + "6BF+70790T9WJWG.FKY*4GO0.O1CV2 O5 N2FBBRW1*70HS8WY04AC*WIFN0AHCD8KD97TK0F90KECTHGWJC0FD" * 3


def _write(pixels: np.ndarray, label: str, place: tuple[int, int]) -> None:
    for colour, thickness in (((0, 0, 0), 6), (FOUND_BGR, 2)):
        cv2.putText(pixels, label, place, cv2.FONT_HERSHEY_SIMPLEX, 0.9, colour, thickness, cv2.LINE_AA)


def main() -> int:
    """Write the picture."""
    scene = Scene(vehicle=Vehicle(plate="新B52K18"), code=ShownCode(text=SAMPLE[:267]))
    pixels = draw_scene(scene)
    codes, plates = QrReader().read(pixels), PlateReader().read(pixels)
    for code in codes:
        corners = np.array(code.corners, np.int32)
        cv2.polylines(pixels, [corners], isClosed=True, color=FOUND_BGR, thickness=4)
        label = f"QR, {len(code.payload)} bytes"
        cv2.putText(
            pixels, label, tuple(corners[3] + (0, 34)), cv2.FONT_HERSHEY_SIMPLEX, 0.9, FOUND_BGR, 2, cv2.LINE_AA
        )
    for plate in plates:
        x, y, width, height = plate.box
        cv2.rectangle(pixels, (x - 4, y - 4), (x + width + 4, y + height + 4), FOUND_BGR, 3)
        label = f"plate ...{plate.text[1:]}  {plate.confidence:.3f}"
        _write(pixels, label, (x - 60, y - 16))
    small = cv2.resize(pixels, (960, 540), interpolation=cv2.INTER_AREA)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(TARGET), small, [cv2.IMWRITE_JPEG_QUALITY, 82])
    return 0 if codes and plates else 1


if __name__ == "__main__":
    sys.exit(main())
