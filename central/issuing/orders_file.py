"""Orders by the thousand.

A file of CSV or JSON lines, read whole and checked whole before the first permit is signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from central.issuing.order import HOUR_S, OrderError, OrderProblem, PermitOrder
from central.publishing import SHOWN, SourceError
from central.publishing.records import records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from agent.core.permit import Permit
    from central.issuing.issuer import PermitIssuer

MOST_ORDERS = 200_000

_TEXTS = ("declaration", "vin", "plate", "plate_kind", "driver_id", "exporter", "model", "colour", "traceparent")
_HOURS = range(1, 24 * 366 + 1)


@dataclass(frozen=True, slots=True)
class CheckedOrder:
    """An order of a file, with the permit that it asks for, unsigned."""

    line: int
    order: PermitOrder
    permit: Permit


def read_orders(path: Path, issuer: PermitIssuer, now: int) -> list[CheckedOrder]:
    """Read all orders of a file and check them. `now`: Unix seconds.

    Raises:
        SourceError: the file is not of its form, or any line has a mistake; it names lines and columns, the first 20.
    """
    checked: list[CheckedOrder] = []
    problems: list[tuple[int, str]] = []
    total = 0
    seen = _Seen()
    for line, cells in _lines(path):
        try:
            order = _order(cells, now)
            permit = issuer.checked(order, now)
            seen.add(permit, line)
            checked.append(CheckedOrder(line, order, permit))
        except OrderError as error:
            total += len(error.problems)
            problems += [(line, str(problem)) for problem in error.problems]
    if problems:
        raise SourceError(path, problems[:SHOWN], total)
    if not checked:
        raise SourceError(path, [(0, "there is no order in it")])
    return checked


def moment_of(text: str) -> int:
    """Return the Unix seconds of a time: digits, or ISO 8601 with its offset.

    Raises:
        ValueError: it is none, or has no offset and so is another moment on each computer.
    """
    if text.isascii() and text.isdecimal():
        return int(text[:20])
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its offset")
    return int(moment.timestamp())


class _Seen:
    """What only one line of a file may say."""

    def __init__(self) -> None:
        self._vins: dict[str, int] = {}
        self._ids: dict[bytes, int] = {}

    def add(self, permit: Permit, line: int) -> None:
        """Note a permit. Raises OrderError where an earlier line has its VIN or its id."""
        first = self._vins.setdefault(permit.vin, line)
        if first != line:
            raise OrderError((OrderProblem("vin", f"a vehicle that no other line has, and line {first} has it"),))
        first = self._ids.setdefault(permit.permit_id, line)
        if first != line:
            raise OrderError((OrderProblem("permit_id", f"an id that no other line has, and line {first} has it"),))


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    for number, record in enumerate(records(path, ORDER_COLUMNS, ("declaration", "vin")), start=1):
        if number > MOST_ORDERS:
            raise SourceError(path, [(record.line, f"more than {MOST_ORDERS} orders; split the file")])
        yield record.line, record.cells


def _order(cells: Mapping[str, str], now: int) -> PermitOrder:
    problems: list[OrderProblem] = []
    read: dict[str, Any] = {name: cells[name] for name in _TEXTS if name in cells}
    for name, (reader, expected) in _READERS.items():
        if name in cells:
            try:
                read[name] = reader(cells[name])
            except (ValueError, OverflowError):
                problems.append(OrderProblem(name, f"{expected}, not {cells[name][:40]!r}"))
    problems += [OrderProblem(name, f"no column {name!r}") for name in cells if name not in ORDER_COLUMNS]
    problems += [OrderProblem(name, "it is empty") for name in ("declaration", "vin") if name not in cells]
    if "hours" in read and "expires_at" in read:
        problems.append(OrderProblem("hours", "nothing, for expires_at says it already"))
    if problems:
        raise OrderError(tuple(problems))
    hours = read.pop("hours", None)
    if hours is not None:
        read["expires_at"] = read.get("not_before", now) + hours * HOUR_S
    return PermitOrder(**read)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return int(text[:20])


def _hours(text: str) -> int:
    hours = _number(text)
    if hours not in _HOURS:
        raise ValueError(text)
    return hours


def _lanes(text: str) -> tuple[int, ...]:
    return tuple(_number(part) for part in text.replace(",", " ").split())


_READERS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "energy": (_number, "a code from 1 to 5"),
    "lanes": (_lanes, 'numbers such as "1 3"'),
    "max_uses": (_number, "a number from 1 to 1000"),
    "not_before": (moment_of, "Unix seconds or a time like 2026-11-24T08:00:00+08:00"),
    "expires_at": (moment_of, "Unix seconds or a time like 2026-11-24T08:00:00+08:00"),
    "hours": (_hours, f"a number from 1 to {_HOURS[-1]}"),
    "permit_id": (bytes.fromhex, "16 hexadecimal digits"),
}
ORDER_COLUMNS = (*_TEXTS, *_READERS)
"""The columns of a file of orders; only declaration and vin must be there."""
