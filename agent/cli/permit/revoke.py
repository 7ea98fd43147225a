"""The command `gate-agent permit revoke`: a line more in the revocations that are to be published."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated

import typer

from agent.cli.permit.common import time_of
from agent.cli.permit.files import PermitFileError, append_row, read_permit
from agent.cli.permit.inspect import form_of
from agent.cli.terminal import echo, fail
from agent.core.lists import ListError, encode_row
from agent.core.model import ListKind, Revocation
from agent.core.permit import ClaimsError, parse
from central.publishing import COLUMNS

_ID_DIGITS = 16


def revoke(
    permit: Annotated[str, typer.Argument(help="The permit's text, a file that contains it, or its id in hex.")],
    file: Annotated[
        Path, typer.Option(help="CSV file of revocations, for `lists publish`; created if it does not exist.")
    ],
    cause: Annotated[str, typer.Option(help="The reason, which the officer at the gate sees.")] = "",
    until: Annotated[
        str | None, typer.Option(help="Only with an id: when the permit expires, Unix seconds or ISO 8601.")
    ] = None,
) -> None:
    """Add a permit to the revocations. Gates refuse it once the list is published and has reached them."""
    try:
        row = _revocation(permit, cause, until)
        encode_row(row)
        cells = [row.permit_id.hex(), str(row.expires_at), row.cause]
        added = append_row(file, COLUMNS[ListKind.REVOCATIONS], cells)
    except (PermitFileError, parse.EncodingError, parse.StructureError, ClaimsError, ListError) as error:
        fail("permit revoke", error)
    already = "" if added else " already"
    echo(f"{row.permit_id.hex()} is in {file}{already}; publish it: gate-agent lists publish")


def _revocation(source: str, cause: str, until: str | None) -> Revocation:
    if len(source) == _ID_DIGITS and set(source.lower()) <= set("0123456789abcdef"):
        if until is None:
            raise PermitFileError("with an id, also give --until: when the permit expires")
        return Revocation(bytes.fromhex(source), time_of(until), cause)
    text = read_permit(source)
    said = parse.open_text(text, form_of(text)).permit()
    return Revocation(said.permit_id, said.expires_at, cause)
