"""A camera that draws the yard: what stands before it is said in a small file, so that any process can direct it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from drivers.api import CameraDetails, CameraNeeds, DeviceMisconfiguredError, DeviceUnavailableError, Frame
from drivers.camera.settings import SimulatedSettings
from drivers.camera.simulated_yard.scene import HEIGHT_PX, WIDTH_PX, Scene, draw_scene
from drivers.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.camera.simulated_yard.scene import Pixels

_DARKEST, _BRIGHTEST = 1 / 256, 4.0
_SHIFTS_PX = 64
"""In how many places the noise of a frame may begin; never where that of the frame before began."""


class SimulatedCamera:
    """Draw the scene of `scene_file`, 1280x720, with sensor noise so that no two frames in a row are the same.

    A missing scene file is an empty yard. One that cannot be understood raises DeviceMisconfiguredError on read.
    """

    Settings = SimulatedSettings

    def __init__(self, settings: SimulatedSettings) -> None:
        self._settings = settings
        self._drawn: Pixels | None = None
        self._version: tuple[int, int] | None = None
        self._noise: Pixels | None = None
        self._rng = np.random.default_rng()
        self._shift_px = 0
        self._due_at = 0.0
        self._exposure = 1.0
        self._pause = threading.Event()

    @staticmethod
    def needs(settings: SimulatedSettings) -> CameraNeeds:
        """What of the machine a camera with these settings must reach: a new scene is a new file in the same folder."""
        return CameraNeeds(files=(settings.scene_file.parent,) if settings.scene_file else ())

    def open(self) -> CameraDetails:
        """Start to draw."""
        self._noise = self._rng.integers(0, 5, (HEIGHT_PX + _SHIFTS_PX, WIDTH_PX, 3), np.uint8)
        self._due_at = time.monotonic()
        self._drawn = None
        self._exposure = 1.0
        self._pause.clear()
        return CameraDetails(WIDTH_PX, HEIGHT_PX, self._settings.frame_rate_hz, "simulated")

    def close(self) -> None:
        """Stop drawing."""
        self._pause.set()
        self._drawn = self._noise = None

    def read(self) -> Frame:
        """Wait until the next picture is due and draw it."""
        if self._noise is None:
            message = Text("the simulated camera is not open")
            raise DeviceUnavailableError(message)
        self._due_at = max(self._due_at + 1 / self._settings.frame_rate_hz, time.monotonic())
        self._pause.wait(self._due_at - time.monotonic())
        self._shift_px = (self._shift_px + int(self._rng.integers(1, _SHIFTS_PX))) % _SHIFTS_PX
        noise = self._noise[self._shift_px : self._shift_px + HEIGHT_PX]
        return Frame(np.add(self._scene(), noise), time.monotonic())

    def can_expose(self) -> bool:
        """Always: it is drawn."""
        return True

    def expose(self, share: float | None) -> float:
        """Draw with this share of the automatic's light, from 1/256 to 4."""
        self._exposure = min(max(share, _DARKEST), _BRIGHTEST) if share is not None else 1.0
        self._drawn = None
        return self._exposure

    def _scene(self) -> Pixels:
        """The drawn scene, capped so that noise cannot overflow."""
        path = self._settings.scene_file
        version = self._file_version(path)
        if self._drawn is None or version != self._version:
            scene = Scene() if path is None or version is None else self._load(path)
            self._drawn = np.minimum(draw_scene(scene, self._exposure), 251).astype(np.uint8)
            self._version = version
        return self._drawn

    def _file_version(self, path: Path | None) -> tuple[int, int] | None:
        if path is None:
            return None
        try:
            status = path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def _load(self, path: Path) -> Scene:
        try:
            return Scene.model_validate_json(path.read_bytes())
        except OSError as error:
            message = Text("the scene file {path} cannot be read: {strerror}", path=path, strerror=error.strerror)
            raise DeviceUnavailableError(message) from error
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            message = Text("the scene file {path} is invalid: {faults}", path=path, faults=faults)
            raise DeviceMisconfiguredError(message) from error
