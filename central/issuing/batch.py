"""Permits by the thousand, into one folder: all of it, or nothing."""

from __future__ import annotations

import csv
import os
import shutil
from functools import partial
from typing import TYPE_CHECKING

from agent.service.cleanup import on_failure
from central.issuing.declarations_csv import write_declarations
from central.issuing.permit_pictures import Pictures, write_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from central.issuing.issuer import Issued, PermitIssuer
    from central.issuing.orders_file import CheckedOrder

DECLARATIONS_FILE = "declarations.csv"
PERMITS_FILE = "permits.csv"


_PERMIT_COLUMNS = ("line", "permit_id", "vin", "plate", "text")


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
                write_pictures(fresh, issued, pictures, progress)
            else:
                progress(len(issued))
            more(fresh, issued)
            fresh.rename(folder)
    except OSError as error:
        raise OutputError(f"{error.filename or folder} cannot be written: {error.strerror}") from None
    return issued


def _write_permits(path: Path, orders: Sequence[CheckedOrder], issued: Sequence[Issued]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_PERMIT_COLUMNS)
        for checked, each in zip(orders, issued, strict=True):
            permit = each.permit
            writer.writerow((checked.line, permit.permit_id.hex(), permit.vin, permit.plate, each.text))
