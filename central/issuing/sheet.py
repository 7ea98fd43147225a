"""Permits on paper: a PDF of cards to cut out, each with its QR code and what a person needs to tell it from others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas

from central.issuing.qr_symbol import QUIET_MODULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agent.core.permit import Permit
    from central.issuing.qr_symbol import Symbol

FONT_FILE = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
"""Latin, Cyrillic and Chinese letters under the Apache licence: the Debian package fonts-wqy-microhei."""
GRIDS = {1: (1, 1), 2: (1, 2), 4: (2, 2), 6: (2, 3), 8: (2, 4), 12: (3, 4), 15: (3, 5)}
"""Cards of a page: how many beside and below one another."""

_BUILT_IN = "Helvetica"
_OWN = "permit-sheet"
_MARGIN = 8 * mm
_PADDING = 4 * mm
_VIN_TAIL = 6
_LINES = 4
_LEADING = 1.35


class SheetError(Exception):
    """The sheet cannot be made; the message says why, and how to fix it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a page is divided. `per_page`: a key of GRIDS. `zone`: of the times. `font`: for what is not Latin."""

    per_page: int = 8
    zone: tzinfo = UTC
    font: Path = FONT_FILE


@dataclass(frozen=True, slots=True)
class _Card:
    """Where a card is, in points from the lower left."""

    left: float
    bottom: float
    width: float
    height: float


def write_sheet(path: Path, permits: Sequence[Permit], codes: Iterable[Symbol], layout: Layout) -> None:
    """Write a PDF with one card a permit, whose codes come in the same order. The file appears when it is whole.

    Raises:
        SheetError: no such number of cards a page, a font is missing, or the file cannot be written.
    """
    if layout.per_page not in GRIDS:
        raise SheetError(f"a page has {', '.join(map(str, GRIDS))} cards, not {layout.per_page}")
    texts = [card_lines(permit, layout.zone) for permit in permits]
    font = _font(texts, layout.font)
    fresh = path.with_name(path.name + ".new")
    canvas = Canvas(str(fresh), pagesize=A4, pageCompression=1, invariant=1)
    canvas.setTitle(f"{len(permits)} permits")
    for number, (lines, code) in enumerate(zip(texts, codes, strict=True)):
        place = number % layout.per_page
        if number and place == 0:
            canvas.showPage()
        _draw_card(canvas, _card(place, layout.per_page), lines, code, font)
    try:
        canvas.save()
        fresh.replace(path)
    except OSError as error:
        raise SheetError(f"{path} cannot be written: {error.strerror}") from None


def card_lines(permit: Permit, zone: tzinfo) -> tuple[str, ...]:
    """Return what a card says of its permit: plate, the end of the VIN, validity, id. No names, and no whole VIN."""
    begin, end = (
        datetime.fromtimestamp(utc, zone).strftime("%Y-%m-%d %H:%M") for utc in (permit.not_before, permit.expires_at)
    )
    zone_name = datetime.fromtimestamp(permit.not_before, zone).strftime("%z")
    return (
        permit.plate or "(no plate)",
        f"VIN ...{permit.vin[-_VIN_TAIL:]}",
        f"{begin} - {end} {zone_name[:3]}:{zone_name[3:]}",
        permit.permit_id.hex(),
    )


def _font(texts: Sequence[tuple[str, ...]], file: Path) -> str:
    if all(line.isascii() for lines in texts for line in lines):
        return _BUILT_IN
    try:
        font = TTFont(_OWN, str(file))
    except (TTFError, OSError):
        raise SheetError(
            f"{file} is no TrueType font, and a plate is not Latin: install the package fonts-wqy-microhei, "
            "or name a font"
        ) from None
    letters = {letter for lines in texts for line in lines for letter in line}
    missing = sorted(letter for letter in letters if ord(letter) not in font.face.charToGlyph)
    if missing:
        raise SheetError(f"{file} has no letter {missing[0]!r}; name another font")
    pdfmetrics.registerFont(font)
    return _OWN


def _card(place: int, per_page: int) -> _Card:
    columns, rows = GRIDS[per_page]
    width, height = (A4[0] - 2 * _MARGIN) / columns, (A4[1] - 2 * _MARGIN) / rows
    row, column = divmod(place, columns)
    return _Card(_MARGIN + column * width, A4[1] - _MARGIN - (row + 1) * height, width, height)


def _draw_card(canvas: Canvas, card: _Card, lines: tuple[str, ...], code: Symbol, font: str) -> None:
    canvas.setDash(1, 3)
    canvas.setLineWidth(0.3)
    canvas.rect(card.left, card.bottom, card.width, card.height)
    inside = min(card.width, card.height) - 2 * _PADDING
    size = min(14.0, inside / 14)
    text_height = _LINES * size * _LEADING
    side = min(card.width - 2 * _PADDING, card.height - 2 * _PADDING - text_height)
    module = side / (code.modules + 2 * QUIET_MODULES)
    left = card.left + (card.width - code.modules * module) / 2
    top = card.bottom + card.height - _PADDING - QUIET_MODULES * module
    path = canvas.beginPath()
    for column, row, length in code.runs():
        path.rect(left + column * module, top - (row + 1) * module, length * module, module)
    canvas.drawPath(path, stroke=0, fill=1)
    _draw_lines(canvas, card, lines, font, size)


def _draw_lines(canvas: Canvas, card: _Card, lines: tuple[str, ...], font: str, size: float) -> None:
    middle = card.left + card.width / 2
    for number, line in enumerate(reversed(lines)):
        fitted = size
        width = pdfmetrics.stringWidth(line, font, size)
        if width > card.width - 2 * _PADDING:
            fitted = size * (card.width - 2 * _PADDING) / width
        canvas.setFont(font, fitted)
        canvas.drawCentredString(middle, card.bottom + _PADDING + number * size * _LEADING, line)
