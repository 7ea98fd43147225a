"""How large a picture may be. What is larger is refused before it is unpacked: its header says how large it is."""

from __future__ import annotations

from typing import Final

MAX_PIXELS: Final = 50_000_000
MAX_BYTES: Final = 64 * 1024 * 1024
"""Of a picture's file."""


def is_too_large(width_px: int, height_px: int) -> bool:
    """Whether a picture of this size has more pixels than are taken."""
    return width_px * height_px > MAX_PIXELS
