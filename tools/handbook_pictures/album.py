"""The pictures as files: small enough for a page, and named when they are written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MOST_BYTES: Final = 120_000
MOST_RECORDING_BYTES: Final = 1_500_000
QUALITIES: Final = (90, 84, 78, 70, 62, 54, 46, 38, 30)
BETWEEN_PX: Final = 24
RECORDING_PX: Final = (960, 600)
COLOURS: Final = 64


class Album:
    """Writes pictures into a folder, each in the best quality that fits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, shot: bytes) -> None:
        """A screenshot as WebP."""
        self._write(f"{name}.webp", _image(shot))

    def keep_row(self, name: str, shots: Sequence[bytes], height_px: int) -> None:
        """Screenshots of a phone side by side, all of this height."""
        small = [_scaled(_image(shot), height_px) for shot in shots]
        width = sum(one.width for one in small) + BETWEEN_PX * (len(small) - 1)
        row = Image.new("RGB", (width, height_px), "white")
        left = 0
        for one in small:
            row.paste(one, (left, 0))
            left += one.width + BETWEEN_PX
        self._write(f"{name}.webp", row)

    def keep_sheet(self, name: str, shots: Sequence[bytes], size_px: tuple[int, int], columns: int) -> None:
        """Screens with large letters in rows, in few colours, as PNG."""
        (width, height), gap = size_px, BETWEEN_PX // 2
        rows = -(-len(shots) // columns)
        sheet = Image.new("RGB", (columns * (width + gap) - gap, rows * (height + gap) - gap), "white")
        for place, shot in enumerate(shots):
            small = _image(shot).resize(size_px, Image.Resampling.LANCZOS)
            sheet.paste(small, (place % columns * (width + gap), place // columns * (height + gap)))
        path = self._folder / f"{name}.png"
        sheet.quantize(COLOURS).save(path, optimize=True)
        _told(path, sheet.size)

    def keep_recording(self, name: str, shots: Sequence[tuple[float, bytes]], longest_s: float) -> None:
        """Screenshots with their times as one picture that moves. `longest_s`: how long one stays at most."""
        frames = [_image(shot).resize(RECORDING_PX, Image.Resampling.LANCZOS) for _, shot in shots]
        times = [at for at, _ in shots]
        ends = [*times[1:], times[-1] + longest_s]
        durations = [round(min(end - begin, longest_s) * 1000) for begin, end in zip(times, ends, strict=True)]
        path = self._folder / f"{name}.webp"
        for quality in QUALITIES:
            frames[0].save(
                path, "WEBP", save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=quality
            )
            if path.stat().st_size <= MOST_RECORDING_BYTES:
                break
        _told(path, RECORDING_PX)

    def _write(self, name: str, image: Image.Image) -> None:
        path = self._folder / name
        for quality in QUALITIES:
            image.save(path, "WEBP", quality=quality, method=6)
            if path.stat().st_size <= MOST_BYTES:
                break
        _told(path, image.size)


def _image(shot: bytes) -> Image.Image:
    return Image.open(io.BytesIO(shot)).convert("RGB")


def _scaled(image: Image.Image, height_px: int) -> Image.Image:
    width = round(image.width * height_px / image.height)
    return image.resize((width, height_px), Image.Resampling.LANCZOS)


def _told(path: Path, size: tuple[int, int]) -> None:
    print(f"{path.name}: {size[0]} x {size[1]}, {path.stat().st_size // 1000} kB", flush=True)
