"""Put the icons of the console together: Tabler's, and a few of our own, as one SVG with a symbol for each.

`python tools/icon_sprite.py DIRECTORY`, with the unpacked npm package @tabler/icons, writes
`agent/console/static/vendor/icons.svg`. Pages show one by the macro `icon` of `templates/elements/icons.html`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

SPRITE: Final = Path("agent/console/static/vendor/icons.svg")
TABLER: Final = {
    "board": "cpu",
    "camera": "camera",
    "chart": "chart-bar",
    "check": "check",
    "clock": "clock",
    "cloud": "cloud",
    "down": "chevron-down",
    "download": "download",
    "edit": "pencil",
    "eye": "eye",
    "file": "file-text",
    "filter": "filter",
    "hand": "hand-stop",
    "health": "activity",
    "help": "help-circle",
    "info": "info-circle",
    "key": "key",
    "language": "language",
    "lanes": "road",
    "left": "chevron-left",
    "list": "list",
    "lock": "lock",
    "logout": "logout",
    "more": "dots",
    "offline": "plug-x",
    "passed": "circle-check",
    "phone": "device-mobile",
    "play": "player-play",
    "plug": "plug",
    "plus": "plus",
    "print": "printer",
    "qr": "qrcode",
    "retry": "refresh",
    "right": "chevron-right",
    "search": "search",
    "settings": "adjustments-horizontal",
    "sign": "device-tv",
    "sun": "sun",
    "table": "table",
    "target": "focus-2",
    "trash": "trash",
    "undo": "arrow-back-up",
    "unknown": "progress-help",
    "upload": "upload",
    "user": "user",
    "vehicles": "car",
    "voice": "volume",
    "warning": "alert-triangle",
    "wrench": "tool",
    "x": "x",
}
"""The icons of Tabler by the name that pages use for each."""

OWN: Final = {
    "barrier": '<path d="M4 21V8h4v13M2.5 21h7M8 9h13.5v4H8M14 9l-2.5 4M19.5 9 17 13"/>',
    "refused": '<path d="M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3zM9 9l6 6M15 9l-6 6"/>',
    "officer": '<path d="M7 7.5h10M8.5 7.5V5.2L12 3.5l3.5 1.7v2.3M8.8 7.5v2a3.2 3.2 0 0 0 6.4 0v-2M4.8 20.5c.4-3.8 '
    '3.2-5.5 7.2-5.5s6.8 1.7 7.2 5.5"/>',
}
"""Drawn for this product: Tabler has nothing for them."""

_DRAWING: Final = re.compile(r"<(?:path|circle|rect|line|polyline|ellipse)\b[^>]*/>")
_GROUND: Final = 'stroke="none"'


def drawing(svg: str) -> str:
    """What is drawn in an icon of Tabler, without its empty ground."""
    return "".join(re.sub(r"\s+/>", "/>", one) for one in _DRAWING.findall(svg) if _GROUND not in one)


def sprite(package: Path) -> str:
    """The SVG with all symbols. Raises FileNotFoundError for an icon that the package does not have."""
    outlines = package / "icons" / "outline"
    drawn = {name: drawing((outlines / f"{file}.svg").read_text("utf-8")) for name, file in TABLER.items()} | OWN
    symbols = (f'<symbol id="i-{name}" viewBox="0 0 24 24">{drawn[name]}</symbol>' for name in sorted(drawn))
    note = f"Tabler Icons (MIT, vendor/licences/tabler.txt); our own: {', '.join(sorted(OWN))}. tools/icon_sprite.py"
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', f"<!-- {note} -->", *symbols, "</svg>", ""])


if __name__ == "__main__":
    SPRITE.write_text(sprite(Path(sys.argv[1])), encoding="utf-8")
