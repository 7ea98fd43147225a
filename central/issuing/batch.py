"""Permits by the thousand, into one folder: all of it, or nothing."""

from __future__ import annotations

import csv
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from agent.core.model import ListKind
from agent.service.cleanup import on_failure
from central.issuing import qr_symbol
from central.issuing.qr_symbol import Level
from central.publishing import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from agent.core.model import Declaration
    from central.issuing.issuer import Issued, PermitIssuer
    from central.issuing.orders_file import CheckedOrder

DECLARATIONS_FILE = "declarations.csv"
PERMITS_FILE = "permits.csv"

_Made = TypeVar("_Made")

_FEW = 64
_CHUNK = 32
_AT_ONCE = 2048
_PERMIT_COLUMNS = ("line", "permit_id", "vin", "plate", "text")


@dataclass(frozen=True, slots=True)
class Pictures:
    """How codes are drawn. `kind`: "png" or "svg", a file a permit; None: no files.

    `module_px`: pixels of one module.
    """

    kind: str | None
    level: Level = Level.M
    module_px: int = 8


class OutputError(Exception):
    """The output cannot be written; the message names it and says why."""


def issue_batch(
    orders: Sequence[CheckedOrder],
    issuer: PermitIssuer,
    folder: Path,
    pictures: Pictures,
    progress: Callable[[int], None] = lambda _count: None,
    more: Callable[[Path, Sequence[Issued]], None] = lambda _folder, _issued: None,
) -> list[Issued]:
    """Issue all orders into a folder that is not there yet: permits.csv, declarations.csv and a picture a permit.

    Everything is written beside it first and appears at once; after any error nothing of it is there. `progress` is
    told how many more are done. `more` writes what else belongs into the folder, such as a sheet for the printer.
    Pictures are drawn by all processors.

    Raises:
        OutputError: the folder is there already, or cannot be written.
    """
    if folder.exists():
        raise OutputError(f"{folder} is there already; nothing was written")
    fresh = folder.with_name(f"{folder.name}.unfinished-{os.getpid()}")
    try:
        with on_failure(partial(shutil.rmtree, fresh, ignore_errors=True)):
            fresh.mkdir(mode=0o700, parents=True)  # a code in the wrong hands is a permit
            issued = [issuer.signed(checked.permit, checked.order) for checked in orders]
            write_declarations(fresh / DECLARATIONS_FILE, [each.declaration for each in issued])
            _write_permits(fresh / PERMITS_FILE, orders, issued)
            if pictures.kind is not None:
                _write_pictures(fresh, issued, pictures, progress)
            else:
                progress(len(issued))
            more(fresh, issued)
            fresh.rename(folder)
    except OSError as error:
        raise OutputError(f"{error.filename or folder} cannot be written: {error.strerror}") from None
    return issued


def write_declarations(path: Path, declarations: Iterable[Declaration]) -> None:
    """Write declarations as CSV, in the columns that `gate-agent lists publish` reads. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS[ListKind.DECLARATIONS])
        writer.writerows(map(declaration_row, declarations))


def declaration_row(row: Declaration) -> list[str]:
    """Return the cells of a declaration, in the columns that `gate-agent lists publish` reads."""
    cells = _cells(row)
    return ["" if cells[name] is None else str(cells[name]) for name in COLUMNS[ListKind.DECLARATIONS]]


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
    }


def _write_permits(path: Path, orders: Sequence[CheckedOrder], issued: Sequence[Issued]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_PERMIT_COLUMNS)
        for checked, each in zip(orders, issued, strict=True):
            permit = each.permit
            writer.writerow((checked.line, permit.permit_id.hex(), permit.vin, permit.plate, each.text))


def _write_pictures(
    folder: Path, issued: Sequence[Issued], pictures: Pictures, progress: Callable[[int], None]
) -> None:
    draw = partial(qr_symbol.picture, kind=pictures.kind or "", level=pictures.level, module_px=pictures.module_px)
    for each, data in zip(issued, _mapped(draw, [each.text for each in issued]), strict=True):
        (folder / f"{each.permit.permit_id.hex()}.{pictures.kind}").write_bytes(data)
        progress(1)


def symbols(texts: Sequence[str], level: Level) -> Iterator[qr_symbol.Symbol]:
    """Yield the QR codes of texts, in their order, drawn by all processors."""
    return _mapped(partial(qr_symbol.Symbol.of, level=level), texts)


def _mapped(work: Callable[[str], _Made], texts: Sequence[str]) -> Iterator[_Made]:
    """Do work on each text, in processes where there are many; no more than some thousand are under way at a time."""
    if len(texts) <= _FEW:
        yield from map(work, texts)
        return
    with ProcessPoolExecutor() as pool:
        waiting = iter(texts)
        while some := list(islice(waiting, _AT_ONCE)):
            yield from pool.map(work, some, chunksize=_CHUNK)
