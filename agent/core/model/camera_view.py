"""How well a camera can see."""

from __future__ import annotations

from enum import StrEnum


class View(StrEnum):
    """What stands against the picture of a camera. Anything but CLEAR is a warning, not a lost camera.

    DARK: there is no light. COVERED: something lies over the lens. BLURRED: out of focus, or dirty. BLINDED: a lamp or
    the sun in the lens, or over-exposed. NOISY: a rain of noise, of snow or of water. MOVED: it looks elsewhere.
    """

    CLEAR = "clear"
    DARK = "dark"
    COVERED = "covered"
    BLURRED = "blurred"
    BLINDED = "blinded"
    NOISY = "noisy"
    MOVED = "moved"
