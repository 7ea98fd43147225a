"""Records of a file, CSV or JSON lines, each with the line it stands at; every cell a text."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

JSON_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})
SHOWN = 20


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One record. `line`: its last line in the file, from 1. `cells`: column to text; an empty text is left out."""

    line: int
    cells: dict[str, str]


class SourceError(Exception):
    """A file cannot be used.

    `problems` says for each line what is wrong and how to fix it, `total` how many there are.
    """

    def __init__(self, path: Path, problems: Sequence[tuple[int, str]], total: int | None = None) -> None:
        self.problems = tuple(problems)
        self.total = len(problems) if total is None else total
        lines = [f"{path}:{line}: {text}" if line else f"{path}: {text}" for line, text in problems]
        if self.total > len(lines):
            lines.append(f"{path}: {self.total - len(lines)} more lines with mistakes")
        super().__init__("\n".join(lines))


def records(path: Path, columns: Sequence[str], required: Sequence[str]) -> Iterator[SourceRecord]:
    """Read a file record by record: JSON lines where its name ends so, CSV with a header otherwise; UTF-8 both.

    `columns`: those there may be; `required`: those of them that the header of a CSV file must name.

    Raises:
        SourceError: it cannot be read, or is not of that form.
    """
    line = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            as_json = path.suffix.lower() in JSON_SUFFIXES
            for record in _json_lines(path, file) if as_json else _table(path, file, columns, required):
                line = record.line
                yield record
    except OSError as error:
        raise SourceError(path, [(0, f"it cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        text = "what follows is not UTF-8; save the file as UTF-8 (in a spreadsheet: CSV UTF-8)"
        raise SourceError(path, [(line, text)]) from None


def _table(path: Path, file: TextIO, columns: Sequence[str], required: Sequence[str]) -> Iterator[SourceRecord]:
    reader = csv.reader(file, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path, header, columns, required)
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise SourceError(path, [(reader.line_num, f"{len(row)} cells; the header names {len(header)}")])
            cells = ((name, cell.strip()) for name, cell in zip(header, row, strict=True))
            yield SourceRecord(reader.line_num, {name: cell for name, cell in cells if cell})
    except csv.Error as error:
        raise SourceError(path, [(reader.line_num, f"this is no CSV: {error}")]) from None


def _check_header(path: Path, header: Sequence[str], columns: Sequence[str], required: Sequence[str]) -> None:
    if not header:
        raise SourceError(path, [(0, f"it is empty; its first line names the columns: {', '.join(columns)}")])
    problems = [unknown(name, columns) for name in header if name not in columns]
    problems += [f"the column {name} is there twice" for name in dict.fromkeys(header) if header.count(name) > 1]
    problems += [f"the column {name} is missing" for name in required if name not in header]
    if problems:
        raise SourceError(path, [(1, problem) for problem in problems])


def unknown(name: str, columns: Sequence[str]) -> str:
    """What to say of a column that there is not."""
    meant = nearest(name, columns)
    return f"there is no column {name!r}" + (
        f"; do you mean {meant}?" if meant else f"; there are {', '.join(columns)}"
    )


def _json_lines(path: Path, file: TextIO) -> Iterator[SourceRecord]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            raise SourceError(path, [(number, "this line is no JSON; each line is one object")]) from None
        if not isinstance(said, dict):
            raise SourceError(path, [(number, "this line is no JSON object")])
        cells = ((name, _as_text(path, number, name, value)) for name, value in said.items())
        yield SourceRecord(number, {name: cell for name, cell in cells if cell})


def _as_text(path: Path, line: int, name: str, value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case bool():
            pass
        case int():
            return str(value)
        case list() if all(type(item) is int for item in value):
            return " ".join(map(str, value))
    raise SourceError(path, [(line, f"{name}: expected a text or a whole number")])
