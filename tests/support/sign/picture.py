"""A picture of what an emulated sign shows: its dots, lit and unlit, as a driver would see them.

The glyphs are those of fonts of this machine, drawn into the squares of the card's own font; a character that none of
them has is drawn as a crossed box.

    python -m tests.support.sign.picture FOLDER     draws each kind of card with a few pages
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from drivers import registry
from drivers.api import SignColour, SignLine, SignPage
from drivers.contracts.virtual_clock import VirtualClock
from drivers.emulators.aa55 import Aa55Emulator
from drivers.emulators.fk import FkEmulator
from drivers.emulators.onbon import OnbonEmulator
from tests.support.waiting import REPLY_MS, eventually

if TYPE_CHECKING:
    from drivers.emulators.sign_display import SignDisplay

LINE_DOTS, COLUMN_DOTS = 16, 8
PITCH_PX, DOT_PX = 6, 5
UNLIT = (26, 26, 28)
COLOURS = {"red": (255, 45, 30), "green": (40, 235, 70), "yellow": (255, 200, 30)}
FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    str(Path(__file__).parents[3] / "drivers/camera/simulated_yard/fonts/NotoSansCJKsc-Bold-plates.otf"),
    str(Path(__file__).parents[3] / "drivers/camera/simulated_yard/fonts/BarlowCondensed-SemiBold-plates.ttf"),
)
MISSING = "\uffff"


def picture(display: SignDisplay) -> Image.Image:
    """What can be seen now, RGB."""
    shown = display.in_sight
    dots = Image.new("RGB", (display.columns * COLUMN_DOTS, len(shown) * LINE_DOTS), UNLIT)
    for number, line in enumerate(shown):
        place = 0
        for character in line.text:
            width = len(character.encode("gbk", "replace")) * COLUMN_DOTS
            dots.paste(COLOURS[line.colour], (place, number * LINE_DOTS), glyph(character, width))
            place += width
    large = Image.new("RGB", (dots.width * PITCH_PX, dots.height * PITCH_PX), "black")
    draw = ImageDraw.Draw(large)
    for y in range(dots.height):
        for x in range(dots.width):
            corner = (x * PITCH_PX, y * PITCH_PX)
            draw.ellipse((*corner, corner[0] + DOT_PX - 1, corner[1] + DOT_PX - 1), dots.getpixel((x, y)))
    return large


@cache
def glyph(character: str, width: int) -> Image.Image:
    """The dots of a character that is so many dots wide, as a mask."""
    mask = Image.new("1", (width, LINE_DOTS))
    draw = ImageDraw.Draw(mask)
    font = next((font for font in fonts(width) if has(font, character)), None)
    if font is None:
        draw.rectangle((0, 1, width - 2, LINE_DOTS - 2), outline=1)
        draw.line((0, 1, width - 2, LINE_DOTS - 2), fill=1)
    else:
        draw.text((width // 2, LINE_DOTS - 3), character, fill=1, font=font, anchor="ms")
    return mask


@cache
def fonts(width: int) -> list[ImageFont.FreeTypeFont]:
    size = 15 if width > COLUMN_DOTS else 12
    return [ImageFont.truetype(path, size) for path in FONTS if Path(path).is_file()]


def has(font: ImageFont.FreeTypeFont, character: str) -> bool:
    return bytes(font.getmask(character)) != bytes(font.getmask(MISSING))


PAGES = {
    "drive-on": SignPage((SignLine("新B52K18", SignColour.GREEN), SignLine("请通行", SignColour.GREEN)), 10),
    "wait": SignPage((SignLine("请等待", SignColour.RED), SignLine("WAIT", SignColour.RED)), 10),
    "show-code": SignPage(
        (SignLine("请出示", SignColour.YELLOW), SignLine("二维码", SignColour.YELLOW), SignLine("12 s")), 10
    ),
    "russian": SignPage((SignLine("Ждите", SignColour.RED), SignLine("Ёлка 5")), 10),
    "dark": SignPage((), 10),
}


def main(folder: Path) -> None:
    """Show each page on each kind of card by its driver, and save what the card shows then."""
    folder.mkdir(parents=True, exist_ok=True)
    makers = {"fk": FkEmulator, "onbon": OnbonEmulator, "aa55": Aa55Emulator}
    for kind, maker in makers.items():
        with TemporaryDirectory() as place, maker(Path(place) / "port", columns=16, now=VirtualClock()) as card:
            sign = registry.sign(kind, {"port": str(card.line.link), "columns": 16, "timeout_ms": REPLY_MS})
            sign.open()
            for name, page in PAGES.items():
                sign.show(page)
                texts = [line.text for line in page.lines]
                eventually(lambda texts=texts: [one.text for one in card.display.lines if one.text] == texts)
                picture(card.display).save(folder / f"{kind}-{name}.png")
            sign.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
