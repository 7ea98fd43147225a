"""A target to aim a camera with: a code and a plate of known size, drawn for a printer.

Sizes in millimetres: the code as large as a permit on a telephone, the plate that of Chinese cars (GA 36: 440 x 140,
characters 45 x 90), which every reader of plates here reads.
"""

from __future__ import annotations

from typing import Final

import segno
from markupsafe import Markup

CODE_MM: Final = 60.0
PLATE_MM: Final = (440, 140)
PLATE: Final = "京A12345"
_TEXT: Final = "GATE AGENT TARGET. THIS CODE IS NO PERMIT. "
_LENGTH: Final = 150
"""Of the text of a usual permit: the code has as many modules."""
_LEFT_MM: Final = (15.5, 72.5, 151.5, 208.5, 265.5, 322.5, 379.5)
_WIDE_MM: Final = 45
_CUT_MM: Final = 202.5
"""Between two characters, and so that each part fits a sheet of A4."""
_LATIN_MM: Final = (112, 124)
_CHINESE_MM: Final = (106, 92)
"""Base line and size at which the usual letters are 90 mm high."""


def target_code() -> Markup:
    """The code as SVG, CODE_MM wide without its margin."""
    text = (_TEXT * (_LENGTH // len(_TEXT) + 1))[:_LENGTH]
    code = segno.make(text, error="m", micro=False, boost_error=False)
    modules, _ = code.symbol_size(border=0)
    # This is drawn here, of nothing that anybody sent.
    return Markup(code.svg_inline(scale=CODE_MM / modules, unit="mm", border=4, omitsize=False))  # noqa: S704


def target_plate() -> list[Markup]:
    """The plate as SVG in two parts, from the left to the right."""
    width, height = PLATE_MM
    ground = Markup(
        '<rect width="{}" height="{}" rx="10" fill="#0b3fa0"/>'
        '<rect x="4" y="4" width="{}" height="{}" rx="8" fill="none" stroke="#fff" stroke-width="3"/>'
        '<circle cx="134.5" cy="70" r="5" fill="#fff"/>'
    ).format(width, height, width - 8, height - 8)
    letters = Markup("").join(_letter(left, letter) for left, letter in zip(_LEFT_MM, PLATE, strict=True))
    return [
        Markup('<svg viewBox="{} 0 {} {}" width="{}mm" height="{}mm" aria-hidden="true">{}{}</svg>').format(
            left, right - left, height, right - left, height, ground, letters
        )
        for left, right in ((0.0, _CUT_MM), (_CUT_MM, float(width)))
    ]


def _letter(left: float, letter: str) -> Markup:
    base, size = _LATIN_MM if letter.isascii() else _CHINESE_MM
    return Markup(
        '<text x="{}" y="{}" textLength="{}" lengthAdjust="spacingAndGlyphs" font-size="{}" font-weight="700" '
        'fill="#fff" font-family="Arial, Liberation Sans, DejaVu Sans, sans-serif">{}</text>'
    ).format(left, base, _WIDE_MM, size, letter)
