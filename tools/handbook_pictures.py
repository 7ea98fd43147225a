"""Bring the pictures that the browser tests took into the docs: docs/images/console-*.png and driver-page.png.

Usage: tools/handbook_pictures.py   (after: make test-browser)
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
TAKEN, SHOWN = ROOT / "build/console", ROOT / "docs/images"
PICTURES = {
    "setup": "setup-en-desktop.png",
    "aim": "aim-en-desktop.png",
    "barrier": "barrier-en-desktop.png",
    "lane": "lane-en-desktop.png",
}
WIDTH_PX, MOST_HEIGHT_PX, COLOURS = 1000, 1100, 160
SCREENS = ("welcome", "show_code", "hold_code_still", "wait_for_officer", "drive_on", "turn_back")
"""States of the driver page, three in a row."""

SCREEN_PX, BETWEEN_PX, SCREEN_COLOURS = (640, 360), 12, 64


def main() -> int:
    """Write each picture, smaller and with fewer colours; the exit code says whether all were there."""
    screens = [f"driver-desktop-zh-{state}.png" for state in SCREENS]
    missing = [name for name in (*PICTURES.values(), *screens) if not (TAKEN / name).exists()]
    if missing:
        print(f"not taken yet: {', '.join(missing)}; run: make test-browser", file=sys.stderr)
        return 1
    for page, name in PICTURES.items():
        with Image.open(TAKEN / name) as taken:
            height_px = round(taken.height * WIDTH_PX / taken.width)
            small = taken.convert("RGB").resize((WIDTH_PX, height_px), Image.Resampling.LANCZOS)
        small = small.crop((0, 0, WIDTH_PX, min(height_px, MOST_HEIGHT_PX)))
        target = SHOWN / f"console-{page}.png"
        small.quantize(COLOURS).save(target, optimize=True)
        print(f"{target.relative_to(ROOT)}: {small.width} x {small.height}, {target.stat().st_size // 1024} kB")
    _driver_page([TAKEN / name for name in screens])
    return 0


def _driver_page(screens: list[Path]) -> None:
    (width, height), gap = SCREEN_PX, BETWEEN_PX
    sheet = Image.new("RGB", (3 * width + 2 * gap, 2 * height + gap), "white")
    for place, path in enumerate(screens):
        with Image.open(path) as taken:
            small = taken.convert("RGB").resize(SCREEN_PX, Image.Resampling.LANCZOS)
        sheet.paste(small, (place % 3 * (width + gap), place // 3 * (height + gap)))
    sheet.quantize(SCREEN_COLOURS).save(SHOWN / "driver-page.png", optimize=True)


if __name__ == "__main__":
    sys.exit(main())
