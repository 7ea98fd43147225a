"""The benchmarks' end of bench/camera_server.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SERVER = Path(__file__).with_name("camera_server.py")
SECOND_FRAMES = 25
REST_FRAMES = 4 * SECOND_FRAMES
"""Of a clip before which a camera rests: where each key picture is the one before, a camera seems to hang, and is
looked into, which no camera with a noise of its own asks for.
"""


class ClipCamera:
    """A network camera on 127.0.0.1 that shows clips which were loaded before."""

    def __init__(self, folder: Path, width_px: int, height_px: int) -> None:
        self.size = width_px, height_px
        self._folder = folder
        self._server = subprocess.Popen(
            [sys.executable, SERVER, str(width_px), str(height_px)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.url = f"rtsp://127.0.0.1:{int(self._heard())}/live"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.kill()
        self._server.communicate()

    def load(self, name: str, pixels: NDArray[np.uint8], frames: int = SECOND_FRAMES) -> None:
        """Encode so many frames of a BGR picture of the camera's size; some 20 ms each at 1080p."""
        path = self._folder / f"{name}.npy"
        np.save(path, pixels)
        self._say(f"load {name} {path} {frames}")
        path.unlink()

    def turn(self, name: str, before: str, after: str, frames: int) -> None:
        """Encode a second in which one clip becomes another after so many frames, without a key frame there."""
        self._say(f"turn {name} {before} {after} {frames}")

    def show(self, name: str) -> float:
        """Show a clip from the next frame on; the monotonic time at which that frame went to the network."""
        return float(self._say(f"show {name}"))

    def _say(self, order: str) -> str:
        assert self._server.stdin is not None
        print(order, file=self._server.stdin)
        return self._heard()

    def _heard(self) -> str:
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        if not line:
            message = f"the camera server ended with {self._server.wait()}"
            raise RuntimeError(message)
        return line.strip()
