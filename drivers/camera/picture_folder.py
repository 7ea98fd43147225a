"""A camera made of pictures: the files of a folder in name order, one picture, or a clip."""

from __future__ import annotations

import logging
import time
import warnings
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from drivers.api import (
    CameraDetails,
    CameraNeeds,
    DeviceMisconfiguredError,
    DeviceUnavailableError,
    EndOfStreamError,
    Frame,
)
from drivers.camera.frame_pace import FramePace
from drivers.camera.opencv import OpenCvCamera
from drivers.camera.picture_limits import MAX_BYTES, MAX_PIXELS, is_too_large
from drivers.camera.settings import FolderSettings, OpenCvSettings
from drivers.text import Text, joined, prefixed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

log = logging.getLogger(__name__)

_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
_SIXTEEN_BIT = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_HIGHEST = 65_535
_CLIP_SUFFIXES = frozenset({".mp4", ".mkv", ".avi", ".mov", ".m4v", ".ts", ".webm", ".h264", ".h265"})


class FolderCamera:
    """Show pictures one after the other. Needs no camera: for trials, training and tests.

    A file that is no picture, is damaged or too large (more than 50 megapixels or 64 MB) is left out with a warning
    that names the file and the reason, and stands in `refused`; the next one is shown. The folder is looked at again
    on every round. `open` and `read` raise DeviceMisconfiguredError when there is nothing to show at all.
    """

    Settings = FolderSettings

    def __init__(self, settings: FolderSettings) -> None:
        self._settings = settings
        self._clip: OpenCvCamera | None = None
        self._pictures: Iterator[npt.NDArray[np.uint8]] | None = None
        self._first: npt.NDArray[np.uint8] | None = None
        self._pace: FramePace | None = None
        self._refused: dict[str, str] = {}

    @staticmethod
    def needs(settings: FolderSettings) -> CameraNeeds:
        """What of the machine a camera with these settings must reach."""
        return CameraNeeds(files=(settings.path,))

    @property
    def refused(self) -> dict[str, str]:
        """The files that were left out, with the reason for each."""
        return dict(self._refused)

    def open(self) -> CameraDetails:
        """Find the first picture that can be shown."""
        self.close()
        path = self._settings.path
        if not path.exists():
            raise DeviceMisconfiguredError(prefixed(path, Text("no such folder or file")))
        if path.suffix.lower() in _CLIP_SUFFIXES and path.is_file():
            self._clip = OpenCvCamera(OpenCvSettings(url=str(path.absolute()), loop=self._settings.loop))
            return self._clip.open()
        self._pictures = self._round_after_round()
        self._first = next(self._pictures)
        self._pace = FramePace(self._settings.interval_ms / 1000)
        height_px, width_px = self._first.shape[:2]
        rate_hz = 1000 / self._settings.interval_ms if self._settings.interval_ms else 0.0
        return CameraDetails(width_px, height_px, rate_hz, "folder")

    def close(self) -> None:
        """Let the pictures go."""
        if self._clip is not None:
            self._clip.close()
        self._clip = self._pictures = self._first = self._pace = None

    def read(self) -> Frame:
        """Wait until the next picture is due and return it."""
        if self._clip is not None:
            return self._clip.read()
        if self._pictures is None or self._pace is None:
            raise DeviceUnavailableError(prefixed(self._settings.path, Text("is not open")))
        pixels, self._first = self._first, None
        if pixels is None:
            pixels = next(self._pictures, None)
        if pixels is None:
            raise EndOfStreamError(prefixed(self._settings.path, Text("the last picture was shown")))
        self._pace.wait()
        return Frame(pixels, time.monotonic())

    def _round_after_round(self) -> Iterator[npt.NDArray[np.uint8]]:
        """All pictures in name order, again and again if so set; each round takes the folder as it is then."""
        while True:
            shown = 0
            for path in self._files():
                pixels = self._loaded(path)
                if pixels is not None:
                    shown += 1
                    yield pixels
            if not shown:
                reasons = joined((joined(one, ": ") for one in list(self._refused.items())[:3]), "; ")
                raise DeviceMisconfiguredError(
                    prefixed(
                        self._settings.path, Text("no picture to show ({why})", why=reasons or Text("no file in it"))
                    )
                )
            if not self._settings.loop:
                return

    def _files(self) -> list[Path]:
        path = self._settings.path
        try:
            if not path.is_dir():
                return [path]
            return sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
        except OSError as error:
            raise DeviceUnavailableError(
                prefixed(path, Text("cannot be examined: {strerror}", strerror=error.strerror))
            ) from error

    def _loaded(self, path: Path) -> npt.NDArray[np.uint8] | None:
        try:
            pixels = load_picture(path)
        except ValueError as error:
            if self._refused.get(path.name) != str(error):
                log.warning("%s is left out: %s", path, error)
            self._refused[path.name] = str(error)
            return None
        self._refused.pop(path.name, None)
        return pixels


class _UnfitError(ValueError):
    """A whole picture whose pixels cannot be shown."""


def load_picture(path: Path) -> npt.NDArray[np.uint8]:
    """Read one picture file, turned upright, on white where it is clear, as BGR pixels of shape (height, width, 3).

    Grey of 16 bits is brought to 8. Raises ValueError with the reason: cannot be read, too large, no picture, damaged,
    grey values of more than 16 bits.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(Text("it is over {max_bytes} MB", max_bytes=MAX_BYTES // 2**20))
        # A file may still grow between the two looks.
        with path.open("rb") as file:
            data = file.read(MAX_BYTES)
    except OSError as error:
        raise ValueError(Text("it cannot be read: {strerror}", strerror=error.strerror)) from error
    return _unpacked(data)


def _unpacked(data: bytes) -> npt.NDArray[np.uint8]:
    try:
        # The header says how large the picture is, so that a bomb is never unpacked; our own limit is the lower one.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(BytesIO(data), formats=_FORMATS)
            _refuse_huge(picture)
            upright = _in_colour(ImageOps.exif_transpose(picture))
    except _UnfitError:
        raise
    except UnidentifiedImageError as error:
        raise ValueError(Text("it is not a picture (supported: {formats})", formats=", ".join(_FORMATS))) from error
    except Image.DecompressionBombError as error:
        raise ValueError(
            Text("it is too large; the limit is {max_pixels} megapixels", max_pixels=MAX_PIXELS // 1_000_000)
        ) from error
    except Exception as error:
        # A parser of foreign bytes raises whatever its loaders stumble over.
        raise ValueError(Text("it is damaged: {error}", error=error)) from error
    return np.ascontiguousarray(np.asarray(upright, dtype=np.uint8)[:, :, ::-1])


def _in_colour(picture: Image.Image) -> Image.Image:
    if picture.mode == "F":
        raise _UnfitError(Text("its grey values are fractions, and the file does not say which value is white"))
    if picture.mode in _SIXTEEN_BIT:
        grey = np.asarray(picture).astype(np.int64)
        if grey.size and not (grey.min() >= 0 and grey.max() <= _HIGHEST):
            raise _UnfitError(Text("its grey values are beyond 16 bits"))
        return Image.fromarray((grey // 257).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return picture.convert("RGB")


def _refuse_huge(picture: Image.Image) -> None:
    if is_too_large(picture.width, picture.height):
        raise Image.DecompressionBombError
