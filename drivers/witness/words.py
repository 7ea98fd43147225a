"""What a camera wrote of a plate, a lane and its confidence, before anybody looks at it."""

from __future__ import annotations

from typing import Final

from drivers.text import Text
from drivers.untrusted_text import DocumentError

MOST_PLATE: Final = 32
"""Characters. The longest number of a plate has nine; with blanks, dots and words round it there is room to spare."""
MOST_LANE: Final = 999
_NO_PLATE: Final = frozenset({"", "unknown", "unknow", "none", "null", "noplate", "无车牌", "无牌车", "未识别", "无牌"})


def plate_text(text: str) -> str:
    """A plate as the camera wrote it; empty where it says that it read none.

    Raises DocumentError for what no plate can be: one that is cut off or cleaned could be taken for another.
    """
    bare = text.strip()
    if len(bare) > MOST_PLATE or not bare.isprintable():
        raise DocumentError(Text("a plate of more than {most} characters, or not printable", most=MOST_PLATE))
    return "" if "".join(filter(str.isalnum, bare)).casefold() in _NO_PLATE else bare


def lane_number(text: str) -> int | None:
    """The number of a lane; None where there is none that can be meant."""
    bare = text.strip()
    if not (bare.isascii() and bare.isdigit() and len(bare) <= len(str(MOST_LANE))):
        return None
    return int(bare)


def share(value: float, whole: float) -> float | None:
    """A confidence as a share of the most that the camera says; None for one below 0, which stands for none."""
    return None if not value >= 0 else min(1.0, value / whole)
