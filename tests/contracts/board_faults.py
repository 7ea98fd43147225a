"""The fault matrix of every relay board of the registry, measured and printed as a table.

python -m tests.contracts.board_faults
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from drivers import registry
from drivers.contracts.board_faults import BoardFaults
from drivers.contracts.fault_cells import Cell, overview, table
from drivers.contracts.fault_trial import measured

if TYPE_CHECKING:
    from collections.abc import Iterator


def suites() -> Iterator[BoardFaults]:
    """The matrix of every board of ours that has one."""
    for kind in registry.RELAYS.own:
        for found in vars(import_module(f"tests.unit.drivers.relay.test_{kind}")).values():
            if isinstance(found, type) and issubclass(found, BoardFaults) and found.__name__.startswith("Test"):
                yield found()


def main() -> int:
    """Measure every board and print the table; 1 where a cell is not as it must be."""
    cells: list[Cell] = []
    for suite in suites():
        cells += measured(suite)
    sys.stdout.write("\n".join([*overview(cells), "", *table(cells)]) + "\n")
    failing_cells = [cell for cell in cells if cell.complaint]
    for cell in failing_cells:
        sys.stdout.write(f"{cell}\n")
    return 1 if failing_cells else 0


if __name__ == "__main__":
    raise SystemExit(main())
