"""Write the letters of the drawn yard's LED sign: 16 dots high, from Noto Sans Mono CJK, in Unifont's hexadecimal form.

Run `python tools/sign_letters.py`. It needs the font of Debian's fonts-noto-cjk. The file holds what the sign's texts
in Chinese, English and Russian need, letters and digits, and the characters of plates; a test names what is missing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from string import printable
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from agent.core.model import DriverMessage
from agent.core.plates import ALPHABET
from agent.i18n import Language, translate
from agent.i18n.driver_wording import WORDS
from agent.i18n.sign_columns import fits_gbk

if TYPE_CHECKING:
    from collections.abc import Iterator

FONT: Final = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
MONO_SC: Final = 7
"""The place of Noto Sans Mono CJK SC in that file."""
TARGET: Final = Path(__file__).parents[1] / "drivers/camera/simulated_yard/fonts/NotoSansCJKsc-Regular-sign.hex"
DOTS: Final = 16
FINER: Final = 8
INKED: Final = 0.42
"""Share of a dot that ink covers in the outline, from which on it is lit."""
RUSSIAN: Final = "".join(chr(code) for code in range(0x410, 0x450)) + "Ёё"


def characters() -> list[str]:
    """What the sign can show, in the order of code points."""
    said = set(printable.strip() + " " + RUSSIAN + "".join(ALPHABET))
    for message in DriverMessage:
        for language in Language:
            said.update(*_texts(message, language))
    return sorted(one for one in said if fits_gbk(one) and one.isprintable())


def _texts(message: DriverMessage, language: Language) -> Iterator[str]:
    for form in ("sentence", "two_lines", "line", "short"):
        text = translate(getattr(WORDS[message], form), language)
        if fits_gbk(text):
            yield text


def letter(font: ImageFont.FreeTypeFont, character: str) -> str:
    """The rows of a character, in hexadecimal."""
    width = DOTS // 2 if character.isascii() else DOTS
    large = Image.new("L", (width * FINER, DOTS * FINER))
    middle = (width * FINER / 2, DOTS * FINER * 0.82)
    ImageDraw.Draw(large).text(middle, character, 255, font=font, anchor="ms")
    ink = np.asarray(large, np.float32).reshape(DOTS, FINER, width, FINER).mean(axis=(1, 3)) / 255
    return np.packbits(ink > INKED).tobytes().hex().upper()


def main() -> int:
    """Write the file."""
    if not FONT.is_file():
        sys.stderr.write(f"{FONT} is not there; install it: apt-get install fonts-noto-cjk\n")
        return 1
    font = ImageFont.truetype(str(FONT), round(DOTS * FINER * 0.94), index=MONO_SC)
    lines = [f"{ord(one):04X}:{letter(font, one)}\n" for one in characters()]
    TARGET.write_text("".join(lines), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
