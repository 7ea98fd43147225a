"""The lines by which a proof shows how it goes, and the table that it ends with."""

import sys
import time

from tools.deb.project import ROOT

FOLDER = ROOT / "build"
LONGEST = 80


class Progress:
    """`say` writes a line with the seconds since the proof began."""

    def __init__(self, out=sys.stdout):
        self._out, self._began = out, time.monotonic()

    def say(self, line):
        self._out.write(f"{time.monotonic() - self._began:7.1f} s  {line}\n")
        self._out.flush()


def shortened(words):
    """The first sentence of what was said, or as much as fits a column."""
    first = words.split(". ", 1)[0]
    return first if len(first) <= LONGEST else f"{first[: LONGEST - 1].rstrip()}…"


def table(headings, rows):
    """The lines of a table; numbers to the right."""
    cells = [tuple(map(str, row)) for row in (headings, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    lines = []
    for row in cells:
        aligned = [
            cell.rjust(width) if cell.replace(".", "").isdecimal() else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        lines.append("  ".join(aligned).rstrip())
    return [lines[0], "-" * min(160, max(map(len, lines))), *lines[1:]]


def report(name, lines, out=sys.stdout):
    """Print the lines, and keep them in the build folder."""
    file = FOLDER / f"{name}.txt"
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    out.write("\n".join(["", *lines, "", f"{file}", ""]))
    out.flush()
