"""The command `gate-agent permit issue`: one permit."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.permit.common import HOUR_S, TextForm, time_of
from agent.cli.permit.files import PermitFileError, append_row, has_columns, read_driver_key, read_key, write_picture
from agent.cli.secret_options import refusing, secret_of
from agent.cli.terminal import echo, fail
from agent.core.model import ListKind
from agent.core.permit import LANES, vin
from agent.core.plates import PlateKind  # noqa: TC001 - Typer reads the annotations
from central.issuing import COLUMNS_WITHOUT_TRACE, Level, OrderError, PermitIssuer, PermitOrder, Terms, declaration_row
from central.publishing import COLUMNS

if TYPE_CHECKING:
    from agent.core.model import Declaration


def issue(  # noqa: PLR0913, PLR0917 - one argument an option
    key: Annotated[Path, typer.Option(help="The issuer's private key, issuer.pem.")],
    issuer: Annotated[str, typer.Option(help="Name of the issuer, as in the trust list.")],
    site: Annotated[int, typer.Option(help="Number of the site.")],
    declaration: Annotated[str, typer.Option(help="Declaration number, 18 digits; the ninth digit is the direction.")],
    vin_: Annotated[str, typer.Option("--vin", help="Vehicle identification number.")],
    plate: Annotated[str | None, typer.Option(help="Plate. Leave it out for a vehicle without a plate.")] = None,
    plate_kind: Annotated[
        PlateKind | None, typer.Option(help="Kind of the plate; default: the most likely one.")
    ] = None,
    energy: Annotated[int | None, typer.Option(min=1, max=5, help="Energy code of the declaration.")] = None,
    lane: Annotated[
        list[int] | None, typer.Option(min=1, max=LANES, help="Number of a lane; repeat for more. Default: any.")
    ] = None,
    uses: Annotated[int, typer.Option(min=1, max=1000, help="How many times the permit may be used.")] = 1,
    hours: Annotated[int, typer.Option(min=1, max=24 * 366, help="Hours for which the permit is valid.")] = 72,
    since: Annotated[
        str | None, typer.Option(help="Start of the validity, Unix seconds or ISO 8601; default: now.")
    ] = None,
    permit_id: Annotated[str | None, typer.Option(help="Permit id, 16 hexadecimal digits; default: random.")] = None,
    driver_key: Annotated[Path | None, typer.Option(help="File with the site's key for drivers' ids, in hex.")] = None,
    driver_id_file: Annotated[
        Path | None,
        typer.Option(
            help="File with the passport or licence number (mode 600); - asks for it. The permit contains only a "
            "keyed hash."
        ),
    ] = None,
    _driver_id: Annotated[
        str | None,
        typer.Option(
            "--driver-id",
            hidden=True,
            callback=refusing("--driver-id", "--driver-id-file FILE (mode 600), or --driver-id-file - to be asked"),
        ),
    ] = None,
    form: Annotated[TextForm, typer.Option(help="Form of the text: signed, jws or reference.")] = TextForm.SIGNED,
    declarations: Annotated[Path | None, typer.Option(help="CSV file to add the declaration to.")] = None,
    out: Annotated[Path | None, typer.Option(help="File for the picture of the QR code, .png or .svg.")] = None,
    level: Annotated[
        Level, typer.Option(help="How much of the code may be damaged: M for screens, Q for paper.")
    ] = Level.M,
    module_px: Annotated[int, typer.Option(min=1, max=64, help="Pixels of one module of the picture.")] = 8,
) -> None:
    r"""Sign a permit, print its text, and draw its QR code.

    Example:
      gate-agent permit issue --key keys/issuer.pem --issuer customs-7 --site 7 --out permit.png \
          --declaration 421120260000000001 --vin LVGBH42KXHG123456 --plate 京A12345
    """
    now = time_of(None)
    begin = now if since is None else time_of(since)
    if form is TextForm.REFERENCE and declarations is None:
        raise typer.BadParameter("a reference needs its declaration: give a file with --declarations")
    try:
        secret = read_driver_key(driver_key) if driver_key else None
        permit_issuer = PermitIssuer(read_key(key), Terms(issuer, site, secret, check_digits=False), form.permit_form)
        order = PermitOrder(
            declaration=declaration,
            vin=vin_,
            plate=plate,
            plate_kind=plate_kind,
            energy=energy,
            lanes=tuple(lane or ()),
            max_uses=uses,
            not_before=begin,
            expires_at=begin + hours * HOUR_S,
            permit_id=bytes.fromhex(permit_id) if permit_id else None,
            driver_id=None if driver_id_file is None else secret_of(driver_id_file, "Passport or licence number"),
        )
        issued = permit_issuer.issue(order, now)
        version = write_picture(out, issued.text, level, module_px) if out else None
        if declarations is not None:
            _add(declarations, issued.declaration)
    except (OrderError, PermitFileError, ValueError) as error:
        fail("permit issue", error)
    if vin.check_digit_differs(issued.permit.vin):
        digit = vin.check_digit(issued.permit.vin)
        echo(f"warning: the check digit of {issued.permit.vin} should be {digit}", err=True)
    if version:
        echo(f"{out}: QR code {version}, {len(issued.text)} characters", err=True)
    echo(issued.text)


def _add(file: Path, declaration: Declaration) -> None:
    whole = COLUMNS[ListKind.DECLARATIONS]
    columns = whole if has_columns(file, whole) else COLUMNS_WITHOUT_TRACE
    if not append_row(file, columns, declaration_row(declaration, columns)):
        raise PermitFileError(f"{file} already has a declaration of permit {declaration.permit_id.hex()}")
