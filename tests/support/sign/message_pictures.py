"""Sheets of what each kind of card shows for every message in every language, by its driver and its emulator.

    python -m tests.support.sign.message_pictures FOLDER     one sheet a kind and size: messages down, languages across

Where a card has not the letters of a language, the language that it shows instead stands there.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw

from agent.core.model import DriverMessage
from agent.i18n import Language
from agent.lane.sign_pages import message_programme
from drivers import registry
from drivers.contracts.virtual_clock import VirtualClock
from drivers.emulators.aa55 import Aa55Emulator
from drivers.emulators.fk import FkEmulator
from drivers.emulators.onbon import OnbonEmulator
from tests.support.sign.picture import picture
from tests.support.waiting import REPLY_MS, eventually

MAKERS = {"fk": FkEmulator, "onbon": OnbonEmulator, "aa55": Aa55Emulator}
SIZES = ((4, 8), (2, 16))
SHRUNK = 3
GAP_PX, NAME_PX, LINE_PX = 6, 150, 12


def main(folder: Path) -> None:
    """Draw all sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in MAKERS:
        for lines, columns in SIZES:
            sheet(kind, lines, columns).save(folder / f"{kind}-{lines}x{columns}.png")


def sheet(kind: str, lines: int, columns: int) -> Image.Image:
    """What one card shows, RGB."""
    rows = [[shown(kind, lines, columns, message, language) for language in Language] for message in DriverMessage]
    width, height = rows[0][0].width + GAP_PX, rows[0][0].height + GAP_PX
    made = Image.new("RGB", (NAME_PX + width * len(Language), LINE_PX + height * len(rows)), "white")
    draw = ImageDraw.Draw(made)
    for across, language in enumerate(Language):
        draw.text((NAME_PX + across * width, 0), language.value, fill="black")
    for down, (message, pictures) in enumerate(zip(DriverMessage, rows, strict=True)):
        draw.text((2, LINE_PX + down * height), message.value, fill="black")
        for across, one in enumerate(pictures):
            made.paste(one, (NAME_PX + across * width, LINE_PX + down * height))
    return made


def shown(kind: str, lines: int, columns: int, message: DriverMessage, language: Language) -> Image.Image:
    """What can be seen of a message in a language."""
    with TemporaryDirectory() as place, MAKERS[kind](Path(place) / "port", lines, columns, VirtualClock()) as card:
        sign = registry.sign(
            kind, {"port": str(card.line.link), "lines": lines, "columns": columns, "timeout_ms": REPLY_MS}
        )
        page = message_programme(sign, message, [language], is_spoken=False).pages[0].page
        sign.open()
        sign.show(page)
        wanted = [line.text for line in page.lines if line.text]
        eventually(lambda: [line.text.strip() for line in card.display.lines if line.text.strip()] == wanted)
        seen = picture(card.display)
        sign.close()
    return seen.resize((seen.width // SHRUNK, seen.height // SHRUNK), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
