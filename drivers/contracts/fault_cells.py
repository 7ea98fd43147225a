"""The cells of the fault matrix of relay boards: what is tried, what can go wrong, what came of it, as a table."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from drivers.emulators.board import ReplyFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any


class LineFault(StrEnum):
    """What can happen beside the faults of an answer.

    LOCAL_ECHO: the adapter begins to hear its own sending, or ceases to. STUCK_OFF, STUCK_ON: relay 1 does not move.
    BROWN_OUT: the current of relay 1 takes the board's power away. UNPLUG: the cable is pulled after so many bytes.
    """

    LOCAL_ECHO = "local_echo"
    STUCK_OFF = "stuck_off"
    STUCK_ON = "stuck_on"
    BROWN_OUT = "brown_out"
    UNPLUG = "unplug"


class Operation(StrEnum):
    """What is asked of the driver. PULSE at a board without a timer is on, then off until that is delivered."""

    PULSE = "pulse"
    ON = "on"
    OFF = "off"
    ALL_OFF = "all_off"
    STATE = "state"
    OPEN = "open"


class Said(StrEnum):
    """What came of it. RAISED: DeviceError; of a command that means that nothing was sent."""

    DELIVERED = "delivered"
    NOT_DELIVERED = "not_delivered"
    UNKNOWN = "unknown"
    RIGHT = "right"
    WRONG = "wrong"
    RAISED = "raised"


class Verdict(StrEnum):
    """Whether what was said is so. UNPROVED: a board that cannot be asked did not do what was sent to it."""

    TRUE = "true"
    UNPROVED = "unproved"
    UNTRUE = "untrue"


Fault = ReplyFault | LineFault
FAULTS: tuple[Fault, ...] = (*ReplyFault, *LineFault)
COMMANDS = frozenset({Operation.PULSE, Operation.ON, Operation.OFF, Operation.ALL_OFF})
ENERGISING = frozenset({Operation.PULSE, Operation.ON})
EVERY = "every answer"


@dataclass(frozen=True, slots=True)
class Cell:
    """One measurement. `place`: which answer or byte; `edges`: how often relay 1 was energised in the operation."""

    board: str
    operation: Operation
    fault: str
    place: str
    said: Said
    edges: int
    verdict: Verdict
    complaint: str

    def plain(self) -> dict[str, str | int]:
        """The fields as text and numbers, as a test report can carry them."""
        return {
            name: value if isinstance(value, int) else str(value) for name, value in dataclasses.asdict(self).items()
        }

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Cell:
        """The cell from what `plain` made of it."""
        return cls(
            values["board"],
            Operation(values["operation"]),
            values["fault"],
            values["place"],
            Said(values["said"]),
            values["edges"],
            Verdict(values["verdict"]),
            values["complaint"],
        )


@dataclass(frozen=True, slots=True)
class Health:
    """An operation when all is well: how many bytes go to the board, how many answers come back, what is said."""

    sent: int
    answers: int
    said: Said
    edges: int


LETTERS = {
    Said.DELIVERED: "D",
    Said.NOT_DELIVERED: "N",
    Said.UNKNOWN: "u",
    Said.RIGHT: "+",
    Said.WRONG: "!",
    Said.RAISED: "x",
}
LEGEND = (
    "Each entry: how many measurements said what, and behind the slash the most energising edges of the open relay.",
    "D delivered, N not delivered, u unknown, x raised (of a command: nothing was sent), + state or opening right.",
)


def overview(cells: Iterable[Cell]) -> Iterator[str]:
    """A line a board, a column a fault: what was said in all operations, and the most edges."""
    found: dict[str, dict[str, list[Cell]]] = {}
    for cell in cells:
        found.setdefault(cell.board, {}).setdefault(cell.fault, []).append(cell)
    rows = [[board, *(_entry(row.get(fault, [])) for fault in FAULTS)] for board, row in sorted(found.items())]
    yield from LEGEND
    yield from _aligned([["board", *FAULTS], *rows])
    yield _sum([cell for row in found.values() for group in row.values() for cell in group])


def table(cells: Iterable[Cell]) -> Iterator[str]:
    """A line a board and fault, a column an operation: what was said how often, and the most edges."""
    cells = sorted(cells, key=_row)
    rows = [["board", "fault", *Operation, "edges", "what was said"]]
    for (board, fault), group in itertools.groupby(cells, key=_row):
        found = list(group)
        said = [_counted(cell.said for cell in found if cell.operation is operation) for operation in Operation]
        verdicts = _counted(cell.verdict for cell in found)
        rows.append([board, fault[1], *said, str(max(cell.edges for cell in found)), verdicts])
    yield from _aligned(rows)
    yield _sum(cells)


def _entry(cells: list[Cell]) -> str:
    counts = Counter(cell.said for cell in cells)
    said = "".join(f"{counts[each]}{letter}" for each, letter in LETTERS.items() if counts[each])
    return f"{said}/{max(cell.edges for cell in cells)}" if cells else "-"


def _aligned(rows: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _sum(cells: list[Cell]) -> str:
    twice = sum(cell.edges > 1 for cell in cells)
    return f"{len(cells)} measurements: {_counted(cell.verdict for cell in cells)}; opened twice: {twice}"


def _row(cell: Cell) -> tuple[str, tuple[int, str]]:
    return cell.board, ([str(fault) for fault in FAULTS].index(cell.fault), cell.fault)


def _counted(said: Iterable[Said] | Iterable[Verdict]) -> str:
    return ", ".join(f"{count} {each}" for each, count in sorted(Counter(said).items())) or "-"
