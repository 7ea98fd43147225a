"""A vehicle's story as a PDF: made at the gate, with its letters and pictures inside, so that it looks alike anywhere.

Pictures are put into the file as they are kept: only the head of a JPEG is read here, and nothing is decoded.
"""

from __future__ import annotations

import threading
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfdoc import PDFImageXObject
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from agent.console.vehicles.check_words import as_text, date_text
from agent.i18n import Language, translate
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportlab.pdfgen.canvas import Canvas

    from agent.console.vehicles.story import Story

FONT_FILE: Final = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
"""Latin, Cyrillic, Kazakh and Chinese letters under the Apache licence: the Debian package fonts-wqy-microhei."""
FONT_PACKAGE: Final = "fonts-wqy-microhei"
_FONT: Final = "story"
_MARGIN: Final = 16 * mm
_FRAME: Final = 6.0
"""What the library leaves free inside its margins, in points."""
_INK, _GREY, _LINE = HexColor("#10151b"), HexColor("#4a5561"), HexColor("#c9d0d7")
_TONES: Final = {
    "passed": HexColor("#11713b"),
    "refused": HexColor("#b3202a"),
    "officer": HexColor("#5b3fb5"),
    "warning": HexColor("#8a5a00"),
}
_LOCK: Final = threading.Lock()
"""The library keeps its fonts for the whole process: one PDF is made at a time."""


class FontMissingError(Exception):
    """There is no font with the letters of all languages."""


def story_pdf(
    story: Story, pictures: Sequence[tuple[str, bytes]], made: Text, language: Language, font: Path = FONT_FILE
) -> bytes:
    """The PDF of a story. `pictures`: each with its caption, as JPEG. `made`: by whom and when, for the foot of a page.

    Raises FontMissingError.
    """
    with _LOCK:
        _load(font)
        written = BytesIO()
        title = story.plate or translate(Text("No plate"), language)
        document = SimpleDocTemplate(
            written,
            pagesize=A4,
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            topMargin=_MARGIN,
            bottomMargin=_MARGIN + 6 * mm,
            title=f"{title} {date_text(story.record.began_ms / 1000)}",
            author="gate agent",
            invariant=1,
        )
        foot = _foot(translate(made, language))
        document.build(
            _parts(story, pictures, language, document.width - 2 * _FRAME), onFirstPage=foot, onLaterPages=foot
        )
        return written.getvalue()


def has_font(font: Path = FONT_FILE) -> bool:
    """Whether a PDF can be made here."""
    return font.is_file()


@cache
def _load(font: Path) -> None:
    try:
        pdfmetrics.registerFont(TTFont(_FONT, str(font)))
    except (TTFError, OSError):
        raise FontMissingError from None


def _parts(story: Story, pictures: Sequence[tuple[str, bytes]], language: Language, width: float) -> list[Flowable]:
    def say(text: Text) -> str:
        return translate(text, language)

    write = _Writer(language)
    record = story.record
    lane = say(Text("Lane {lane}", lane=record.lane))
    parts: list[Flowable] = [
        write.title(story.plate or say(Text("No plate"))),
        write.line(f"{story.chip.word}. {lane}, {date_text(record.began_ms / 1000)}", _TONES.get(story.chip.tone)),
        write.line(record.transaction, _GREY, small=True),
    ]
    if story.finding:
        parts += [Spacer(1, 3 * mm), write.heading(story.finding, _TONES.get(story.tone))]
        parts += [write.line(story.advice)] if story.advice else []
        parts += [write.line(as_text(one.detail)) for one in story.failed if one.detail]
    parts += [write.heading(say(Text("What happened"))), _steps(story, write, width)]
    if story.facts:
        parts += [write.heading(say(Text("Permit and declaration"))), _pairs(story.facts, write, width)]
    if story.checks:
        said = [(one.name, _said_of(one, say)) for one in story.checks]
        parts += [write.heading(say(Text("Checks"))), _pairs(said, write, width)]
    for title, lines in ((Text("What the driver was told"), story.told), (Text("Who acted"), story.people)):
        if lines:
            parts += [write.heading(say(title)), *(write.line(one) for one in lines)]
    if pictures:
        parts.append(write.heading(say(Text("Pictures"))))
        parts += _pictures(pictures, write, width)
    return parts


def _said_of(check: Any, say: Any) -> str:
    verdict = say(Text("passed")) if check.ok else say(Text("failed"))
    return ". ".join(one for one in (verdict, check.finding.rstrip(".。"), as_text(check.detail)) if one)


class _Writer:
    """Paragraphs in one language: Chinese is broken between any two letters."""

    def __init__(self, language: Language) -> None:
        self._wrap = "CJK" if language is Language.ZH else None

    def title(self, text: str) -> Paragraph:
        """The plate, on top."""
        return self._paragraph(text, 20, _INK, 26)

    def heading(self, text: str, colour: Color | None = None) -> Paragraph:
        """What a part is about."""
        return self._paragraph(text, 12, colour or _INK, 16, above=4 * mm)

    def line(self, text: str, colour: Color | None = None, *, small: bool = False) -> Paragraph:
        """A sentence."""
        return self._paragraph(text, 8 if small else 9.5, colour or _INK, 11 if small else 13)

    def _paragraph(self, text: str, size: float, colour: Color, leading: float, above: float = 0) -> Paragraph:
        style = ParagraphStyle(
            "own",
            fontName=_FONT,
            fontSize=size,
            leading=leading,
            textColor=colour,
            alignment=TA_LEFT,
            spaceBefore=above,
            spaceAfter=1 * mm,
            wordWrap=self._wrap,
            splitLongWords=1,
        )
        return Paragraph(escape(text), style)


def _steps(story: Story, write: _Writer, width: float) -> Table:
    rows = []
    for step in story.steps:
        after = "" if step.at is None else f"{step.at.astimezone():%H:%M:%S}"
        title = step.title if step.times == 1 else f"{step.title} ×{step.times}"  # noqa: RUF001 - "times"
        said = [write.line(title, _TONES.get(step.tone))]
        said += [write.line(step.text, _GREY, small=True)] if step.text else []
        rows.append([write.line(after, _GREY), said])
    return _table(rows, (20 * mm, width - 20 * mm))


def _pairs(rows: Sequence[tuple[str, str]], write: _Writer, width: float) -> Table:
    return _table([[write.line(name, _GREY), write.line(value)] for name, value in rows], (width * 0.4, width * 0.6))


def _table(rows: list[list[Any]], widths: tuple[float, float]) -> Table:
    table = Table(rows or [["", ""]], colWidths=widths)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -2), 0.4, _LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ]
        )
    )
    return table


def _pictures(pictures: Sequence[tuple[str, bytes]], write: _Writer, width: float) -> list[Flowable]:
    parts: list[Flowable] = []
    for caption, jpeg in pictures:
        try:
            picture = _Picture(jpeg, width * 0.72)
        except ValueError:
            parts.append(write.line(caption, _GREY))
            continue
        parts.append(KeepTogether([picture, write.line(caption, _GREY, small=True)]))
    return parts


class _Jpeg:
    """A kept picture for the library, which takes it as it is where something has this method."""

    def __init__(self, jpeg: bytes) -> None:
        self._jpeg = jpeg

    def jpeg_fh(self) -> BytesIO:
        """Its bytes."""
        return BytesIO(self._jpeg)


class _Picture(Flowable):
    """A JPEG as it is, so wide. Raises ValueError for what is none, or of a form that PDF does not know."""

    def __init__(self, jpeg: bytes, width: float) -> None:
        super().__init__()
        self._jpeg = _Jpeg(jpeg)
        head = PDFImageXObject("head")
        if not head.loadImageFromJPEG(self._jpeg.jpeg_fh()) or not head.width:
            raise ValueError("it is no JPEG that a PDF can hold")
        self.width = width
        self.height = width * head.height / head.width

    def draw(self) -> None:
        """Draw it."""
        self.canv.drawImage(self._jpeg, 0, 0, self.width, self.height)


def _foot(made: str) -> Any:
    def draw(canvas: Canvas, _document: object) -> None:
        canvas.setFont(_FONT, 7.5)
        canvas.setFillColor(_GREY)
        canvas.drawString(_MARGIN, 10 * mm, made)
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(canvas.getPageNumber()))

    return draw
