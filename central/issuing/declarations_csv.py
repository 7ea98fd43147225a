"""Declarations as CSV, in the columns that `gate-agent lists publish` reads."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from agent.core.model import ListKind
from central.publishing import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from agent.core.model import Declaration


COLUMNS_WITHOUT_TRACE: Final = tuple(name for name in COLUMNS[ListKind.DECLARATIONS] if name != "traceparent")
"""The columns that publishers of every release read, and that files of earlier releases have."""


def write_declarations(path: Path, declarations: Iterable[Declaration]) -> None:
    """Write declarations as CSV, in the columns that `gate-agent lists publish` reads. Raises OSError.

    The column of traces is there only where one of them carries one: earlier publishers do not know it.
    """
    rows = list(declarations)
    traced = any(row.trace is not None for row in rows)
    columns = COLUMNS[ListKind.DECLARATIONS] if traced else COLUMNS_WITHOUT_TRACE
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(declaration_row(row, columns) for row in rows)


def declaration_row(row: Declaration, columns: Sequence[str] = COLUMNS[ListKind.DECLARATIONS]) -> list[str]:
    """Return the cells of a declaration, in these columns of those that `gate-agent lists publish` reads."""
    cells = _cells(row)
    return ["" if cells[name] is None else str(cells[name]) for name in columns]


def _cells(row: Declaration) -> Mapping[str, object]:
    return {
        "permit_id": row.permit_id.hex(),
        "status": row.status,
        "issuer": row.issuer,
        "not_before": row.not_before,
        "expires_at": row.expires_at,
        "declaration": f"{row.declaration:018d}",
        "vin": row.vin,
        "plate": row.plate,
        "plate_kind": row.plate_kind,
        "energy": row.energy,
        "site": row.site,
        "lanes": " ".join(str(lane) for lane in range(1, 33) if row.lane_mask >> (lane - 1) & 1),
        "direction": row.direction,
        "max_uses": row.max_uses,
        "reference": row.reference.hex() if row.reference else None,
        "exporter": row.exporter,
        "model": row.model,
        "colour": row.colour,
        "traceparent": None if row.trace is None else row.trace.parent,
    }
