"""Pictures from files, of which nothing is trusted."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SUFFIXES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
_FORMATS: Final = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")
_MOST_BYTES: Final = 64_000_000
_MOST_PIXELS: Final = 100_000_000
_SIXTEEN_BIT: Final = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_HIGHEST: Final = 65_535


class PictureError(Exception):
    """The file holds no picture that can be used; the text says why."""


def load(path: Path) -> NDArray[np.uint8]:
    """The picture in a file as BGR, shape (height, width, 3), 8 bit, upright as its EXIF says, on white where clear.

    Raises PictureError for a file that is missing, unreadable, of another kind (whatever its name says), over 64 MB or
    100 megapixels, damaged, cut short, or with grey values of more than 16 bits. Its size is judged before it is
    decoded.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise PictureError("this is not a file")
        if size > _MOST_BYTES:
            raise PictureError(f"the file is too large: {size // 1_000_000} MB; at most {_MOST_BYTES // 1_000_000}")
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"the file cannot be read: {error.strerror}") from error
    return decode(data)


def decode(data: bytes) -> NDArray[np.uint8]:
    """The picture in the bytes of a file, as `load` returns it. Raises PictureError."""
    try:
        # Pillow warns of much that is harmless here (odd EXIF, a large picture); the size is judged below.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decoded(data)
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError("this is not a picture of a known kind (" + ", ".join(_FORMATS) + ")") from None
    except Image.DecompressionBombError:
        raise PictureError("the picture is too large") from None
    except Exception as error:
        # A parser of foreign bytes raises whatever its loaders stumble over.
        raise PictureError(f"the picture is damaged: {error}") from error


def _decoded(data: bytes) -> NDArray[np.uint8]:
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        width, height = image.size
        if width * height > _MOST_PIXELS:
            raise PictureError(f"the picture is too large: {width} x {height} pixels")
        image.load()
        upright = ImageOps.exif_transpose(image)
    if upright.mode == "F":
        raise PictureError("its grey values are fractions, and the file does not say which value is white")
    if upright.mode in _SIXTEEN_BIT:
        upright = Image.fromarray(_eight_bit(np.asarray(upright).astype(np.int64)))
    if upright.has_transparency_data:
        clear = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    pixels: NDArray[np.uint8] = np.asarray(upright.convert("RGB"))
    return np.ascontiguousarray(pixels[:, :, ::-1])


def _eight_bit(grey: NDArray[np.int64]) -> NDArray[np.uint8]:
    if grey.size and not (grey.min() >= 0 and grey.max() <= _HIGHEST):
        raise PictureError("its grey values are beyond 16 bits")
    return (grey // 257).astype(np.uint8)
