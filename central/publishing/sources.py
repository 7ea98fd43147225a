"""Reads rows of the lists from files.

A message for each invalid cell says what was expected. The reader reports all mistakes of a file together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar, assert_never

from agent.core.lists import ListError, encode_row, row_key
from agent.core.model import (
    Declaration,
    DeclarationStatus,
    ListKind,
    Revocation,
    Subject,
    Watched,
    trace_of,
)
from agent.core.permit import DECLARATION_DIGITS, DIRECTIONS, LANES, PERMIT_ID_BYTES
from agent.core.permit import vin as vins
from agent.core.plates import PlateKind, kinds_of, normalise
from agent.settings import nearest
from central.publishing.records import SHOWN, SourceError, SourceRecord, records, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from agent.core.lists import Row

COLUMNS: Mapping[ListKind, tuple[str, ...]] = {
    ListKind.DECLARATIONS: (
        "permit_id",
        "status",
        "issuer",
        "not_before",
        "expires_at",
        "declaration",
        "vin",
        "plate",
        "plate_kind",
        "energy",
        "site",
        "lanes",
        "direction",
        "max_uses",
        "reference",
        "exporter",
        "model",
        "colour",
        "traceparent",
    ),
    ListKind.REVOCATIONS: ("permit_id", "expires_at", "cause"),
    ListKind.WATCH: ("subject", "value", "note", "expires_at"),
}
"""The columns of the file of a list."""
REQUIRED: Mapping[ListKind, tuple[str, ...]] = {
    ListKind.DECLARATIONS: ("permit_id", "status", "issuer", "not_before", "expires_at", "declaration", "vin"),
    ListKind.REVOCATIONS: ("permit_id", "expires_at"),
    ListKind.WATCH: ("subject", "value"),
}
"""Those that every record must fill."""

_REFERENCE_DIGITS = 32
_NOTHING = ""
_Value = TypeVar("_Value")
_Other = TypeVar("_Other")


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A row as the lists carry it. `warning`: what its sender should look at, empty when there is nothing."""

    line: int
    key: bytes
    data: bytes
    warning: str = ""


def entries(path: Path, kind: ListKind, site: int) -> Iterator[SourceEntry]:
    """Read the rows of a list for a site out of a file, one by one.

    Raises:
        SourceError: at the end, when any line has a mistake or two lines are the same row; at once, when the file is
            not of its form.
    """
    seen: dict[bytes, int] = {}
    problems: list[tuple[int, str]] = []
    total = 0
    for record in records(path, COLUMNS[kind], REQUIRED[kind]):
        try:
            entry = _entry(kind, record, site)
            if (first := seen.setdefault(entry.key, record.line)) != record.line:
                what = "entry" if kind is ListKind.WATCH else "permit"
                raise ValueError(f"the same {what} as in line {first}")  # noqa: TRY301
        except (ValueError, ListError) as error:
            total += 1
            problems += [(record.line, str(error))] if total <= SHOWN else []
        else:
            yield entry
    if problems:
        raise SourceError(path, problems, total)


def _entry(kind: ListKind, record: SourceRecord, site: int) -> SourceEntry:
    cells = _Cells(record.cells, COLUMNS[kind], REQUIRED[kind])
    match kind:
        case ListKind.DECLARATIONS:
            row: Row = _declaration(cells, site)
        case ListKind.REVOCATIONS:
            row = Revocation(
                cells.read_cell("permit_id", _permit_id), cells.read_cell("expires_at", _time), cells.text("cause", 200)
            )
        case ListKind.WATCH:
            row = _watched(cells)
        case _:
            assert_never(kind)
    return SourceEntry(record.line, row_key(row), encode_row(row), _warning(cells, row))


def _warning(cells: _Cells, row: Row) -> str:
    """What its sender should look at; the row is published all the same."""
    if not isinstance(row, Declaration):
        return ""
    found = []
    if vins.check_digit_differs(row.vin):
        found.append(f"the check digit of the VIN {row.vin} should be {vins.check_digit(row.vin)}")
    if row.trace is None and cells.said("traceparent"):
        found.append(
            "traceparent: expected the form 00-<32 hexadecimal digits>-<16>-<2> of W3C Trace Context, small letters, "
            "ids not all zero; the row goes out without it"
        )
    return "; ".join(found)


class _Cells:
    """The cells of one record, taken by name. All methods raise ValueError with what was expected."""

    def __init__(self, cells: Mapping[str, str], columns: Sequence[str], required: Sequence[str]) -> None:
        self._cells = cells
        for name in cells:
            if name not in columns:
                raise ValueError(unknown(name, columns))
        missing = [name for name in required if name not in cells]
        if missing:
            raise ValueError(f"{missing[0]} is empty")

    def read_cell(self, name: str, read: Callable[[str], _Value]) -> _Value:
        try:
            return read(self._cells[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None

    def maybe(self, name: str, read: Callable[[str], _Value], otherwise: _Other) -> _Value | _Other:
        return self.read_cell(name, read) if name in self._cells else otherwise

    def said(self, name: str) -> str:
        """The cell as it is; empty where there is none."""
        return self._cells.get(name, _NOTHING)

    def text(self, name: str, longest: int) -> str:
        def read(text: str) -> str:
            if len(text) > longest or not text.isprintable():
                raise ValueError(f"expected a printable text of at most {longest} characters")
            return text

        return self.maybe(name, read, _NOTHING)


def _declaration(cells: _Cells, site: int) -> Declaration:
    number = cells.read_cell("declaration", _declaration_number)
    kind, plate = cells.maybe("plate", _plate, (None, None))
    return Declaration(
        permit_id=cells.read_cell("permit_id", _permit_id),
        status=cells.read_cell("status", _word(DeclarationStatus)),
        issuer=cells.text("issuer", 64),
        not_before=cells.read_cell("not_before", _time),
        expires_at=cells.read_cell("expires_at", _time),
        declaration=int(number),
        vin=cells.read_cell("vin", _vin),
        plate=plate,
        plate_kind=cells.maybe("plate_kind", _word(PlateKind), kind),
        energy=cells.maybe("energy", _number(1, 5), None),
        site=cells.maybe("site", _number(site, site), site),
        lane_mask=cells.maybe("lanes", _lanes, 0),
        direction=cells.maybe("direction", _direction, DIRECTIONS[2] if number[8] == "1" else DIRECTIONS[1]),
        max_uses=cells.maybe("max_uses", _number(1, 1000), 1),
        reference=cells.maybe("reference", _reference, None),
        exporter=cells.text("exporter", 64),
        model=cells.text("model", 64),
        colour=cells.text("colour", 64),
        trace=trace_of(cells.said("traceparent")),
    )


def _watched(cells: _Cells) -> Watched:
    subject = cells.read_cell("subject", _word(Subject))
    match subject:
        case Subject.PERMIT:
            value = cells.read_cell("value", _permit_id).hex()
        case Subject.VIN:
            value = cells.read_cell("value", _vin)
        case Subject.PLATE:
            value = cells.read_cell("value", normalise)
        case Subject.DECLARATION:
            value = cells.read_cell("value", _declaration_number)
        case _:
            assert_never(subject)
    return Watched(subject, value, cells.text("note", 200), cells.maybe("expires_at", _time, None))


_Word = TypeVar("_Word", DeclarationStatus, PlateKind, Subject)


def _word(choices: type[_Word]) -> Callable[[str], _Word]:
    names = [choice.value for choice in choices]

    def read(text: str) -> _Word:
        if text in names:
            return choices(text)
        meant = nearest(text, names)
        raise ValueError(f"{text!r} is none of {', '.join(names)}" + (f"; do you mean {meant}?" if meant else ""))

    return read


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or len(text) > len(str(most)) or not least <= int(text) <= most:
            wanted = str(least) if least == most else f"a whole number from {least} to {most}"
            raise ValueError(f"expected {wanted}, got {text[:24]!r}")
        return int(text)

    return read


def _hexadecimal(text: str, digits: int) -> bytes:
    if len(text) != digits or not set(text) <= set("0123456789abcdefABCDEF"):
        raise ValueError(f"expected {digits} hexadecimal digits, got {len(text)} characters")
    return bytes.fromhex(text)


def _permit_id(text: str) -> bytes:
    return _hexadecimal(text, 2 * PERMIT_ID_BYTES)


def _reference(text: str) -> bytes | None:
    return _hexadecimal(text, _REFERENCE_DIGITS)


def _time(text: str) -> int:
    """Unix seconds, or ISO 8601 with its offset: a time without one is another instant on each computer."""
    if text.isascii() and text.isdecimal():
        return int(text[:20])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"expected Unix seconds or a time like 2026-11-24T08:00:00+08:00, got {text[:32]!r}")
    return int(moment.timestamp())


def _declaration_number(text: str) -> str:
    if len(text) != DECLARATION_DIGITS or not (text.isascii() and text.isdecimal()):
        raise ValueError(f"expected {DECLARATION_DIGITS} digits, got {len(text)} characters")
    return text


def _vin(text: str) -> str:
    if not vins.is_well_formed(text.upper()):
        raise ValueError("expected 17 digits and letters without I, O and Q")
    return text.upper()


def _plate(text: str) -> tuple[PlateKind | None, str | None]:
    plate, kinds = normalise(text), kinds_of(text)
    if not kinds:
        raise ValueError(f"{text[:16]!r} has the form of no plate that is known here")
    return kinds[0], plate


def _lanes(text: str) -> int:
    mask = 0
    for part in text.replace(",", " ").split():
        mask |= 1 << _number(1, LANES)(part) - 1
    return mask


def _direction(text: str) -> str:
    if text not in DIRECTIONS.values():
        raise ValueError(f"expected {' or '.join(DIRECTIONS.values())}, got {text[:16]!r}")
    return text
