"""The time that reading one frame of a camera takes, with a code or plate there and without."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import cv2

from agent.vision.worker.plate.reader import PlateReader
from agent.vision.worker.qr.stream_reader import Cascade
from bench.figures import Figure
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from agent.vision.worker.qr.code import Code

    Pixels = NDArray[np.uint8]

FULL_HD = (1920, 1080)
HD = (1280, 720)


def figures() -> list[Figure]:
    """Of the drawn yard, CPU time."""
    cv2.setNumThreads(1)
    vehicle = Vehicle(plate="新B52K18")
    scenes = {
        "code and plate there": Scene(vehicle=vehicle, code=ShownCode(text="GP1:" + "7WB2K" * 60)),
        "plate there": Scene(vehicle=vehicle),
        "nothing there": Scene(),
    }
    codes, plates = Cascade(), PlateReader()
    found = []
    for size, goal_ms in ((HD, 2.0), (FULL_HD, 5.0)):
        shown = {name: _sized(scene, size) for name, scene in scenes.items()}
        high = f"{size[1]}p"
        found += [
            _figure(f"QR reading, {high}, code there", lambda p=shown["code and plate there"]: _cheap(codes, p)),
            _figure(f"QR reading, {high}, none there", lambda p=shown["nothing there"]: _cheap(codes, p), goal_ms),
            _figure(
                f"QR reading, {high}, none there, a vehicle waits",
                lambda p=shown["plate there"]: _cheap(codes, p, hint=True),
            ),
            _figure(
                f"plate reading, {high}, plate there",
                lambda p=shown["plate there"]: plates.read(p),
                40.0 if size == HD else None,
            ),
            _figure(f"plate reading, {high}, none there", lambda p=shown["nothing there"]: plates.read(p)),
        ]
    return found


def _cheap(codes: Cascade, pixels: Pixels, *, hint: bool = False) -> list[Code]:
    """What every frame gets before it is known whether time is left."""
    return codes.read_codes(pixels, 0.0, hint=hint, budget_ms=0.0)


def _figure(what: str, read: Callable[[], object], goal_ms: float | None = None) -> Figure:
    return Figure(what, _median_ms(read), "ms", goal_ms, note="CPU, p50 of 15")


def _sized(scene: Scene, size: tuple[int, int]) -> Pixels:
    return cv2.resize(draw_scene(scene), size, interpolation=cv2.INTER_CUBIC).astype("uint8", copy=False)


def _median_ms(read: Callable[[], object]) -> float:
    times = []
    for _ in range(16):
        started_at = time.process_time()
        read()
        times.append((time.process_time() - started_at) * 1e3)
    return statistics.median(times[1:])
