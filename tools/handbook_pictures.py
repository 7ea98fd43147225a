"""Bring the pictures of the console, as its browser tests took them, into the handbook: docs/images/console-*.png.

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


def main() -> int:
    """Write each picture, smaller and with fewer colours; the exit code says whether all were there."""
    missing = [name for name in PICTURES.values() if not (TAKEN / name).exists()]
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
