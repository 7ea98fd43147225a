"""The command `gate-agent scan`: read pictures once more, by the same readers as the gate."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer evaluates the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import exit_codes
from agent.cli.terminal import counted
from agent.core.model.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray
    from rich.text import Text

    from agent.core.model import PictureFinding
    from agent.vision.worker.plate.reader import PlateReader
    from agent.vision.worker.qr.picture_reader import QrReader
    from agent.vision.worker.vin.reader import VinReader

_MANY = 3
_WIDTH_OF_A_FILE = 200
_COLOURS = {"good": "green", "poor": "yellow", "bad": "red"}


class ReaderChoice(StrEnum):
    """What to look for."""

    QR = "qr"
    PLATE = "plate"
    VIN = "vin"
    ALL = "all"


def scan(
    paths: Annotated[
        list[Path], typer.Argument(help="Pictures, or folders of pictures; folders in folders too.", show_default=False)
    ],
    reader: Annotated[ReaderChoice, typer.Option(help="What to look for.")] = ReaderChoice.ALL,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for each picture, one per line.")
    ] = False,
) -> None:
    """Read the QR codes, plates and VINs in pictures, with the readers of the gate.

    The command tries longer than the gate does. It reads only the picture files of a folder. Exit code 1 when a picture
    could not be read, or the network of a reader is missing; everything else is still read.

    With --json, each line is one picture, with the keys "file", "qr", "plates", "vins", "picture" and "ms". A picture
    that cannot be read has only "file" and "error".

    "qr": a list of "text", "engine", "corners" (clockwise from the top left) and "module_px". A code that is not UTF-8
    is shown in the character set that it names or that the engine guesses.

    "plates": a list of "text", "confidence", "characters" (each with its probability), "box" (x, y, width, height),
    "kind", "countries" (each in two letters with its probability, the most probable first; "" stands for any country
    whose plates are not known here), "character_px" and "cut". The main plate is the first. "cut" is true if the edge
    of the picture cuts the plate; such a plate is last, and never certain.

    "vins": VINs in barcodes and Data Matrix codes, a list of "text", "source" and "box".

    "picture": how good the picture is for reading. "grade" is good, poor or bad: the worst of all findings. "findings"
    is a list of "figure", "value", "grade", "flaw" and "advice"; the last two are null if the figure is good. The
    figures are module_px (the smallest code), character_px (the main plate), sharpness, glare (share of white), noise
    and brightness (grey levels).

    "ms": the time of each reader in milliseconds; null if it was not used.

    Example:
      gate-agent scan --reader plate --json pictures/
    """
    try:
        scanner = _Scanner.make(reader)
    except (ImportError, OSError, RuntimeError) as error:
        typer.echo(f"gate-agent scan: {error}", err=True)
        raise typer.Exit(exit_codes.FAILED) from None
    files = list(_files(paths))
    rows = []
    for file in _with_progress(files, to_terminal=as_json and sys.stdout.isatty()):
        row = scanner.row(file)
        rows.append(row)
        if "error" in row:
            typer.echo(f"gate-agent scan: {file}: {row['error']}", err=True)
        if as_json:
            _show_json(row)
    if not as_json:
        _show_table(rows)
    for complaint in scanner.problems():
        typer.echo(f"gate-agent scan: {complaint}", err=True)
    if not files:
        typer.echo("gate-agent scan: no pictures found", err=True)
    failed = not files or scanner.lacking or any("error" in row for row in rows)
    raise typer.Exit(exit_codes.FAILED if failed else exit_codes.OK)


@dataclass(frozen=True, slots=True)
class _Scanner:
    """The readers that were asked for. `lacking`: what is not read because its network is missing, and why."""

    qr: QrReader | None
    plate: PlateReader | None
    vin: VinReader | None
    lacking: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, choice: ReaderChoice) -> _Scanner:
        # Imported only when scanning: the engines take half a second and 100 MB that no other command needs.
        from agent.vision.worker.plate.reader import PlateReader  # noqa: PLC0415
        from agent.vision.worker.plate.weights import WeightsError  # noqa: PLC0415
        from agent.vision.worker.qr.picture_reader import QrReader  # noqa: PLC0415
        from agent.vision.worker.vin.reader import VinReader  # noqa: PLC0415

        def wanted(one: ReaderChoice) -> bool:
            return choice in {one, ReaderChoice.ALL}

        plate, vin, lacking = None, None, {}
        if wanted(ReaderChoice.PLATE):
            try:
                plate = PlateReader()
            except WeightsError as error:
                lacking["plates"] = str(error)
        if wanted(ReaderChoice.VIN):
            try:
                vin = VinReader.with_print()
            except WeightsError as error:
                vin, lacking["VINs in print"] = VinReader(), str(error)
        qr = QrReader() if wanted(ReaderChoice.QR) else None
        if not (qr or plate or vin):
            raise RuntimeError(*lacking.values())
        return cls(qr, plate, vin, lacking)

    def row(self, file: Path) -> dict[str, Any]:
        """What one file gives, in the shape of a JSON line."""
        from agent.vision.worker.picture_file import PictureError, load  # noqa: PLC0415 - see make

        try:
            pixels = load(file)
        except PictureError as error:
            return {"file": str(file), "error": str(error)}
        qr, qr_ms = self._codes(pixels)
        plates, plate_ms = self._plates(pixels)
        vins, vin_ms = self._vins(pixels)
        picture = _picture(pixels, qr, plates)
        return {
            "file": str(file),
            "qr": qr,
            "plates": plates,
            "vins": vins,
            "picture": picture,
            "ms": {"qr": qr_ms, "plate": plate_ms, "vin": vin_ms},
        }

    def problems(self) -> Iterator[str]:
        """What the readers could not do."""
        yield from (f"{name} are not read: {why}" for name, why in self.lacking.items())
        if self.qr:
            yield from (f"QR engine {name} is missing: {why}" for name, why in self.qr.missing.items())
            yield from (f"QR engine {name} failed on {counted(n, 'picture')}" for name, n in self.qr.failures.items())
        if self.vin:
            yield from (
                f"the engine for {name} failed on {counted(n, 'picture')}" for name, n in self.vin.failures.items()
            )

    def _codes(self, pixels: NDArray[np.uint8]) -> tuple[list[dict[str, Any]], float | None]:
        if self.qr is None:
            return [], None
        start = time.monotonic()
        codes = self.qr.read(pixels, thorough=True)
        spent = _ms_since(start)
        rows = [
            {
                "text": code.text,
                "engine": code.engine,
                "corners": [[round(x, 1), round(y, 1)] for x, y in code.corners],
                "module_px": round(code.module_px, 2),
            }
            for code in codes
        ]
        return rows, spent

    def _plates(self, pixels: NDArray[np.uint8]) -> tuple[list[dict[str, Any]], float | None]:
        if self.plate is None:
            return [], None
        start = time.monotonic()
        plates = self.plate.read(pixels, thorough=True, with_cut=True)
        spent = _ms_since(start)
        rows = [
            {
                "text": plate.text,
                "confidence": round(plate.confidence, 4),
                "characters": [[place[0][0], round(place[0][1], 4)] for place in plate.positions],
                "box": list(plate.box),
                "kind": plate.kind.value,
                "countries": [[country.value, round(share, 3)] for country, share in plate.countries],
                "character_px": round(plate.character_px, 1),
                "cut": plate.cut,
            }
            for plate in plates
        ]
        return rows, spent

    def _vins(self, pixels: NDArray[np.uint8]) -> tuple[list[dict[str, Any]], float | None]:
        if self.vin is None:
            return [], None
        start = time.monotonic()
        vins = self.vin.read(pixels)
        spent = _ms_since(start)
        rows = [
            {
                "text": vin.text,
                "source": vin.source.value,
                "confidence": round(vin.confidence, 3),
                "box": list(vin.box),
            }
            for vin in vins
        ]
        return rows, spent


def _picture(pixels: NDArray[np.uint8], codes: list[dict[str, Any]], plates: list[dict[str, Any]]) -> dict[str, Any]:
    """How good a picture is for reading, in the shape of a JSON line."""
    from agent.core.model import Figures, findings, overall  # noqa: PLC0415 - see _Scanner.make
    from agent.vision.worker.picture_measures import measured  # noqa: PLC0415

    measures = measured(pixels)
    figures = Figures(
        module_px=min((code["module_px"] for code in codes if code["module_px"]), default=None),
        character_px=next((plate["character_px"] for plate in plates if plate["character_px"]), None),
        sharpness=round(measures.sharpness, 2),
        glare=round(measures.glare, 3),
        noise=round(measures.noise, 1),
        brightness=round(measures.brightness, 1),
    )
    found = findings(figures)
    return {"grade": overall(found).value, "findings": [_finding(one) for one in found]}


def _finding(found: PictureFinding) -> dict[str, Any]:
    from agent.i18n import Language  # noqa: PLC0415
    from agent.i18n.cameras import flaw_text  # noqa: PLC0415 - see _Scanner.make

    return {
        "figure": found.figure,
        "value": found.value,
        "grade": found.grade.value,
        "flaw": found.flaw.value if found.flaw else None,
        "advice": flaw_text(found.flaw, Language.EN) if found.flaw else None,
    }


def _ms_since(start: float) -> float:
    return round((time.monotonic() - start) * 1e3, 2)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that were named, and the pictures in the folders that were."""
    from agent.vision.worker.picture_file import SUFFIXES  # noqa: PLC0415 - see _Scanner.make

    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        else:
            yield path


def _with_progress(files: list[Path], *, to_terminal: bool) -> Iterable[Path]:
    """The files, with a bar on a terminal when there are many and no results are printed there meanwhile."""
    if len(files) < _MANY or not sys.stderr.isatty() or to_terminal:
        return files
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.progress import track  # noqa: PLC0415

    return track(files, "Reading", console=Console(stderr=True))


def _show_json(row: dict[str, Any]) -> None:
    line = json.dumps(row, ensure_ascii=False)
    # A file name need not be valid UTF-8; then it is escaped.
    typer.echo(line if line.isprintable() else json.dumps(row))


def _show_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - not needed for JSON
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table("file", "plates", "QR codes", "VINs", "picture", "ms", box=None, pad_edge=False)
    for row in rows:
        if "error" in row:
            table.add_row(Text(printable(row["file"])), Text(row["error"], style="red"))
            continue
        plates = [_plate(plate) for plate in row["plates"]]
        codes = [printable(code["text"]) for code in row["qr"]]
        vins = [f"{vin['text']} {vin['source']}" for vin in row["vins"]]
        spent = [f"{name} {ms:.0f}" for name, ms in row["ms"].items() if ms is not None]
        cells = ([printable(row["file"])], plates, codes, vins, spent)
        file, read, shown, labels, ms = (Text("\n".join(cell) or "-") for cell in cells)
        table.add_row(file, read, shown, labels, _light(row["picture"]), ms)
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OF_A_FILE)
    console.print(table)


def _plate(plate: dict[str, Any]) -> str:
    cut = " (cut)" if plate["cut"] else ""
    return f"{plate['text']} {plate['confidence']:.0%} {plate['kind']}{cut}"


def _light(picture: dict[str, Any]) -> Text:
    """The grade of a picture in its colour, and what is not good in it."""
    from rich.text import Text  # noqa: PLC0415 - not needed for JSON

    light = Text(picture["grade"], style=_COLOURS[picture["grade"]])
    for one in picture["findings"]:
        if one["flaw"]:
            light.append(f"\n{one['figure']} {one['value']:g}: {one['advice']}", style=_COLOURS[one["grade"]])
    return light
