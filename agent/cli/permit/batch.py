"""The command `gate-agent permit batch`: permits by the thousand."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated, TypeAlias
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress

from agent.cli.permit.common import TextForm, time_of
from agent.cli.permit.files import PermitFileError, read_driver_key, read_key
from agent.cli.terminal import counted, echo, fail
from agent.core.model import DeclarationStatus
from central.issuing import Issued, Level, OutputError, PermitIssuer, Pictures, Terms, issue_batch, read_orders, symbols
from central.publishing import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from central.issuing import Symbol

    _More: TypeAlias = Callable[[Path, Sequence[Issued]], None]


class PictureKind(StrEnum):
    """What is drawn of each permit."""

    PNG = "png"
    SVG = "svg"
    NONE = "none"


def batch(  # noqa: PLR0913, PLR0917 - one argument an option
    orders: Annotated[
        Path,
        typer.Argument(
            help="File of orders, CSV or JSON lines, with at least declaration and vin. See docs/permits.md."
        ),
    ],
    key: Annotated[Path, typer.Option(help="The issuer's private key, issuer.pem.")],
    issuer: Annotated[str, typer.Option(help="Name of the issuer, as in the trust list.")],
    site: Annotated[int, typer.Option(help="Number of the site.")],
    out: Annotated[
        Path, typer.Option(help="Folder for permits.csv, declarations.csv and the pictures; it must not exist yet.")
    ],
    form: Annotated[TextForm, typer.Option(help="Form of the texts: signed, jws or reference.")] = TextForm.SIGNED,
    status: Annotated[
        DeclarationStatus,
        typer.Option(help="First status of the declarations. Vehicles pass only with released declarations."),
    ] = DeclarationStatus.RELEASED,
    pictures: Annotated[PictureKind, typer.Option(help="Format of the picture of each code.")] = PictureKind.PNG,
    sheet: Annotated[
        int | None, typer.Option(help="Also write sheet.pdf, with this many cards per page: 1, 2, 4, 6, 8, 12, 15.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of the printed times, such as Asia/Almaty.")] = "UTC",
    font: Annotated[
        Path | None, typer.Option(help="TrueType font for the sheet, if a plate has letters that are not Latin.")
    ] = None,
    level: Annotated[
        Level, typer.Option(help="How much of a code may be damaged: M for screens, Q for paper.")
    ] = Level.M,
    module_px: Annotated[int, typer.Option(min=1, max=64, help="Pixels of one module of the pictures.")] = 8,
    driver_key: Annotated[Path | None, typer.Option(help="File with the site's key for drivers' ids, in hex.")] = None,
    any_check_digit: Annotated[
        bool, typer.Option("--any-check-digit", help="Accept VINs of Chinese manufacturers with a wrong check digit.")
    ] = False,
) -> None:
    """Sign a permit for each line of a file. All lines are checked before the first is signed.

    The folder also gets declarations.csv, for `gate-agent lists publish`. The folder is written completely or not at
    all.
    """
    now = time_of(None)
    console = Console(stderr=True)
    try:
        secret = read_driver_key(driver_key) if driver_key else None
        terms = Terms(issuer, site, secret, check_digits=not any_check_digit)
        permit_issuer = PermitIssuer(read_key(key), terms, form.permit_form, status)
        checked = read_orders(orders, permit_issuer, now)
        drawn = Pictures(None if pictures is PictureKind.NONE else pictures.value, level, module_px)
        begin = time.monotonic()
        with Progress(console=console, auto_refresh=False, disable=not console.is_terminal) as progress:
            task = progress.add_task("permits", total=len(checked) * (1 if sheet is None else 2))

            def advance(count: int) -> None:
                progress.advance(task, count)
                progress.refresh()

            more = _nothing_more if sheet is None else _sheet_writer(sheet, zone, font, level, advance)
            issued = issue_batch(checked, permit_issuer, out, drawn, advance, more)
        took_s = time.monotonic() - begin
    except (SourceError, OutputError, PermitFileError, ValueError) as error:
        fail("permit batch", error)
    echo(f"{out}: {counted(len(issued), 'permit')} in {took_s:.1f} s, {len(issued) / max(took_s, 1e-6):.0f} a second")


def _counted(codes: Iterator[Symbol], advance: Callable[[int], None]) -> Iterator[Symbol]:
    for code in codes:
        yield code
        advance(1)


def _nothing_more(_folder: Path, _issued: Sequence[Issued]) -> None:
    """No sheet is wanted."""


def _sheet_writer(per_page: int, zone: str, font: Path | None, level: Level, advance: Callable[[int], None]) -> _More:
    """What writes sheet.pdf. Raises PermitFileError for a zone that there is not."""
    from central.issuing import FONT_FILE, GRIDS, Layout, SheetError, write_sheet  # noqa: PLC0415 - only here

    if per_page not in GRIDS:
        raise PermitFileError(f"--sheet: a page has {', '.join(map(str, GRIDS))} cards, not {per_page}")
    try:
        layout = Layout(per_page, ZoneInfo(zone), font or FONT_FILE)
    except (OSError, ValueError, KeyError):  # whatever zoneinfo makes of a foreign name
        raise PermitFileError(f"--zone: {zone!r} is not a time zone; expected one like Asia/Shanghai") from None

    def write(folder: Path, issued: Sequence[Issued]) -> None:
        codes = symbols([each.text for each in issued], level)
        try:
            write_sheet(folder / "sheet.pdf", [each.permit for each in issued], _counted(codes, advance), layout)
        except SheetError as error:
            raise PermitFileError(str(error)) from None

    return write
