"""QR codes of permit texts: their sizes, and as PNG, SVG and runs of dark modules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING

import segno

if TYPE_CHECKING:
    from collections.abc import Iterator

QUIET_MODULES = 4
"""The light frame that a QR code needs (ISO/IEC 18004)."""


class Level(StrEnum):
    """How much of a QR code may be spoilt: about 7, 15 and 25 %. M for screens, Q for paper that gets dirty."""

    L = "L"
    M = "M"
    Q = "Q"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR code. `version`: 1 to 40. `rows`: from the top, each module 1 where it is dark, without the quiet frame."""

    version: int
    level: Level
    rows: tuple[bytes, ...]

    @classmethod
    def of(cls, text: str, level: Level = Level.M) -> Symbol:
        """Draw a text."""
        drawn = _drawn(text, level)
        return cls(int(drawn.version), level, tuple(bytes(row) for row in drawn.matrix))

    @property
    def modules(self) -> int:
        """Modules of one side."""
        return len(self.rows)

    @property
    def designator(self) -> str:
        """Version and level, as "9-M"."""
        return f"{self.version}-{self.level}"

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Yield the dark runs: column and row of the first module from the top left, and how many modules."""
        for row, modules in enumerate(self.rows):
            column = 0
            for dark, run in groupby(modules):
                length = len(list(run))
                if dark & 1:
                    yield column, row, length
                column += length


def picture(text: str, kind: str, level: Level = Level.M, module_px: int = 8) -> bytes:
    """Return the QR code of a text as a file. `kind`: "png" or "svg"."""
    file = BytesIO()
    _drawn(text, level).save(file, kind=kind, scale=module_px, border=QUIET_MODULES)
    return file.getvalue()


def _drawn(text: str, level: Level) -> segno.QRCode:
    return segno.make(text, error=level, boost_error=False, micro=False)
