"""A target to aim a camera with: a code and a plate of known size, drawn for a printer.

Sizes in millimetres: the code as large as a permit on a telephone, the plate that of Kazakhstan (ST RK 986: 520 x 112).
"""

from __future__ import annotations

from typing import Final

import segno
from markupsafe import Markup

CODE_MM: Final = 60.0
PLATE_MM: Final = (520, 112)
SHEETS: Final = 2
_TEXT: Final = "GATE AGENT TARGET. THIS CODE IS NO PERMIT. "
_LENGTH: Final = 150
"""Of the text of a usual permit: the code has as many modules."""
_BASELINE_MM: Final = 94
_FONT_MM: Final = 104
"""Capitals of this size are 76 mm high in the usual sans-serif letters."""
_CHARACTERS: Final = ((16, 150, "123"), (186, 200, "ABC"), (420, 84, "02"))
"""Left edge, width and characters of each group."""


def target_code() -> Markup:
    """The code as SVG, CODE_MM wide without its margin."""
    text = (_TEXT * (_LENGTH // len(_TEXT) + 1))[:_LENGTH]
    code = segno.make(text, error="m", micro=False, boost_error=False)
    modules, _ = code.symbol_size(border=0)
    return Markup(code.svg_inline(scale=CODE_MM / modules, unit="mm", border=4, omitsize=False))  # noqa: S704 - drawn here


def target_plate() -> list[Markup]:
    """The plate as SVG, cut into SHEETS parts from the left to the right."""
    width, height = PLATE_MM
    part = width / SHEETS
    groups = Markup("").join(
        Markup(
            '<text x="{}" y="{}" textLength="{}" lengthAdjust="spacingAndGlyphs" font-size="{}" font-weight="700" '
            'font-family="Arial, Liberation Sans, DejaVu Sans, sans-serif">{}</text>'
        ).format(left, _BASELINE_MM, wide, _FONT_MM, characters)
        for left, wide, characters in _CHARACTERS
    )
    frame = Markup(
        '<rect x="1" y="1" width="{}" height="{}" rx="8" fill="#fff" stroke="#000" stroke-width="2"/>'
        '<line x1="405" y1="2" x2="405" y2="{}" stroke="#000" stroke-width="2"/>'
    ).format(width - 2, height - 2, height - 2)
    return [
        Markup('<svg viewBox="{} 0 {} {}" width="{}mm" height="{}mm" aria-hidden="true">{}{}</svg>').format(
            sheet * part, part, height, part, height, frame, groups
        )
        for sheet in range(SHEETS)
    ]
