"""Drawn plates: what is printed on them, where each character stands, and how a camera would show them.

Needs numpy, OpenCV and Pillow, and no torch.
"""

from training.drawing.camera import Light, degraded
from training.drawing.glyphs import Glyphs, GlyphsError
from training.drawing.kinds import DrawnKind
from training.drawing.plate import DrawnPlate, draw

__all__ = ["DrawnKind", "DrawnPlate", "Glyphs", "GlyphsError", "Light", "degraded", "draw"]
