"""How far reading goes as one condition gets worse: drawn permits and plates, ours beside others on the same pictures.

Usage: python -m bench.curves [data] [--pictures N] [--charts FOLDER] [--page FILE]

Every point is N pictures (24) of as many permits or blue plates of all provinces, which are the same at every point; only
the condition named changes. data: its plates/glyphs, if there, are the plates' own face. --charts: draw curves-codes.svg
and curves-plates.svg into this folder. --page: put the tables into this page. The shares go to build/curves.json too.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from bench.line_chart import Line, Panel, grid
from bench.reading import DATA
from bench.reading_drawn import (
    CODE_AT,
    PLATE_AT,
    SEED,
    code_flat,
    cut_out,
    glyphs_in,
    little_turned,
    permit,
    plate_flat,
    plate_of,
    written,
    yard,
)
from bench.reading_engines import ENGINES, Subject
from bench.reading_process import EngineLostError, EngineMissingError, EngineProcess, command
from bench.reading_tables import filled, markdown
from bench.scratch import BUILD, scratch
from bench.sights import Sight, seen
from training.drawing import DrawnKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.sights import Pixels
    from training.drawing import Glyphs

PICTURES: Final = 24
GOOD: Final = 0.9
HALF: Final = 0.5
CODE_ENGINES: Final = ("ours, all steps", "ours, each frame", "zxing-cpp")
PLATE_ENGINES: Final = ("ours, live", "ours, crop", "PP-OCRv4 recogniser")
_WINDOW: Final = (slice(100, 580), slice(0, 640))
"""The part of the yard where codes are shown: 640 x 480."""
_CODE_IN_WINDOW: Final = (CODE_AT[0], CODE_AT[1] - 100)


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that gets worse.

    `name`: the field of Sight; `levels`: from easy to hard, in `unit`; `per`: how many of that unit are one of the field;
    `axis`: the ticks of its diagram.
    """

    title: str
    unit: str
    name: str
    levels: tuple[float, ...]
    axis: tuple[float, ...]
    per: float = 1.0

    def sight(self, base: Sight, level: float) -> Sight:
        """The base with this condition at a level."""
        return replace(base, **{self.name: level / self.per})


CODE_BASE: Final = Sight(unit_px=4, defocus=0.2)
CODE_CONDITIONS: Final = (
    Condition("Size", "pixels a module", "unit_px", (3, 2.5, 2, 1.75, 1.5, 1.25, 1), (3, 2.5, 2, 1.5, 1)),
    Condition("Movement", "modules", "motion", (0, 0.5, 1, 1.25, 1.5, 1.75, 2, 2.5), (0, 0.5, 1, 1.5, 2, 2.5)),
    Condition(
        "Out of focus", "radius of a point, modules", "defocus", (0, 0.5, 0.75, 1, 1.25, 1.5, 2), (0, 0.5, 1, 1.5, 2)
    ),
    Condition("Angle", "degrees turned away", "tilt_deg", (0, 30, 45, 55, 60, 65, 70), (0, 10, 20, 30, 40, 50, 60, 70)),
    Condition(
        "Contrast", "grey levels, black to white", "contrast", (80, 60, 40, 30, 20, 15, 10, 5), (80, 60, 40, 20, 0)
    ),
    Condition("Glare", "% of the area", "glare", (0, 2, 4, 6, 8, 10, 15), (0, 5, 10, 15), 100),
    Condition("Noise", "standard deviation, grey levels", "noise", (0, 15, 30, 45, 60, 75, 90), (0, 30, 60, 90)),
)
PLATE_BASE: Final = Sight(unit_px=28)
PLATE_CONDITIONS: Final = (
    Condition("Size", "pixels, height of a character", "unit_px", (24, 20, 16, 14, 12, 10, 8, 6), (24, 18, 12, 6)),
    Condition("Movement", "% of a character's height", "motion", (0, 10, 20, 30, 40, 50), (0, 10, 20, 30, 40, 50), 100),
    Condition(
        "Out of focus",
        "radius of a point, % of that height",
        "defocus",
        (0, 5, 10, 15, 20, 25),
        (0, 5, 10, 15, 20, 25),
        100,
    ),
    *CODE_CONDITIONS[3:6],
    Condition("Noise", "standard deviation, grey levels", "noise", (0, 20, 40, 60, 80, 100), (0, 20, 40, 60, 80, 100)),
)

Shares = dict[str, dict[str, list[float]]]
"""By title of the condition and name of the engine: the share read at each level, 0..1."""


@dataclass(frozen=True, slots=True)
class View:
    """One picture for each engine's kind of input, and what it shows: the first label counts, see Picture."""

    scene: Pixels
    crop: Pixels | None
    labels: tuple[str, ...]


def code_view(condition: Condition, level: float, number: int) -> View:
    """One permit."""
    chance = np.random.default_rng((SEED, 3, number))
    sight = condition.sight(little_turned(CODE_BASE, chance), level)
    text = permit(number)
    return View(seen(code_flat(text), sight, yard()[_WINDOW], _CODE_IN_WINDOW, chance).pixels, None, (text,))


def plate_view(glyphs: Glyphs, condition: Condition, level: float, number: int) -> View:
    """One blue plate, clean."""
    chance = np.random.default_rng((SEED, 4, number))
    sight = condition.sight(little_turned(PLATE_BASE, chance), level)
    plate = plate_of(glyphs, DrawnKind.BLUE, (SEED, 5, number), clean=True)
    view = seen(plate_flat(plate), sight, yard(), PLATE_AT, chance)
    return View(view.pixels, cut_out(view, plate, chance), written(plate))


def measure(
    conditions: Sequence[Condition],
    names: Sequence[str],
    make: Callable[[Condition, float, int], View],
    pictures: int,
    told: Callable[[str], None] = lambda _: None,
) -> tuple[Shares, dict[str, str]]:
    """The shares read, and why an engine was not measured. Raises EngineLostError when one is lost on the way."""
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        running: dict[str, EngineProcess] = {}
        for name in names:
            try:
                running[name] = stack.enter_context(EngineProcess(command(ENGINES[name])))
            except (EngineMissingError, EngineLostError) as error:
                missing[name] = str(error)
        shares: Shares = {}
        for condition in conditions:
            read: dict[str, list[float]] = {name: [] for name in running}
            for level in condition.levels:
                told(f"{condition.title} {level:g}")
                counts = dict.fromkeys(running, 0)
                for number in range(pictures):
                    view = make(condition, level, number)
                    for name in list(running):
                        counts[name] += _is_read(running[name], name, view, folder)
                for name, count in counts.items():
                    read[name].append(count / pictures)
            shares[condition.title] = read
    return shares, missing


def _is_read(process: EngineProcess, name: str, view: View, folder: Path) -> bool:
    """Whether the first text is the label. Raises EngineLostError; an error that the engine raises counts as one too."""
    pixels = view.crop if view.crop is not None and ENGINES[name].subject is Subject.CROPS else view.scene
    file = folder / "shown.npy"
    np.save(file, pixels)
    answer = process.ask(file)
    if answer.error:
        raise EngineLostError(f"{name}: {answer.error}")
    labels = view.labels[:1] if ENGINES[name].ours else view.labels
    return bool(answer.texts) and answer.texts[0][0] in labels


def chart(conditions: Sequence[Condition], shares: Shares) -> str:
    """Small diagrams, one a condition, easy on the left."""
    panels = [
        Panel(
            condition.title,
            condition.unit,
            condition.axis,
            [0, 25, 50, 75, 100],
            [
                Line(
                    name, [(level, 100 * share) for level, share in zip(condition.levels, row, strict=True)], dots=True
                )
                for name, row in shares[condition.title].items()
            ],
        )
        for condition in conditions
    ]
    return grid(panels)


def limits(conditions: Sequence[Condition], shares: Shares) -> str:
    """Up to where each engine reads nine of ten, and half, as a Markdown table."""
    names = list(next(iter(shares.values())))
    rows = [["condition", "in", *[f"{name}: 90 %" for name in names], *[f"{name}: half" for name in names]]]
    for condition in conditions:
        row = shares[condition.title]
        cells = [_limit(condition.levels, row[name], least) for least in (GOOD, HALF) for name in names]
        rows.append([condition.title, condition.unit, *cells])
    return markdown(rows)


def _limit(levels: Sequence[float], row: Sequence[float], least: float) -> str:
    """The last level before the share falls under `least` for the first time."""
    kept = "-"
    for level, share in zip(levels, row, strict=True):
        if share < least:
            break
        kept = f"{level:g}"
    return kept


def main() -> int:
    """Measure both, print the limits, draw and write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=DATA)
    parser.add_argument("--pictures", type=int, default=PICTURES)
    parser.add_argument("--charts", type=Path)
    parser.add_argument("--page", type=Path)
    arguments = parser.parse_args()
    glyphs = glyphs_in(arguments.data)

    def plates(condition: Condition, level: float, number: int) -> View:
        return plate_view(glyphs, condition, level, number)

    written_json: dict[str, Any] = {"pictures": arguments.pictures}
    found = {}
    for name, conditions, engines, make in (
        ("codes", CODE_CONDITIONS, CODE_ENGINES, code_view),
        ("plates", PLATE_CONDITIONS, PLATE_ENGINES, plates),
    ):
        shares, missing = measure(conditions, engines, make, arguments.pictures, _progress)
        found[f"curves-{name}"] = limits(conditions, shares)
        print(f"\ncurves-{name}\n{found[f'curves-{name}']}")
        for engine, why in missing.items():
            print(f"{engine}: not measured: {why}")
        if arguments.charts:
            (arguments.charts / f"curves-{name}.svg").write_text(chart(conditions, shares), encoding="utf-8")
        written_json[name] = {
            condition.title: {"unit": condition.unit, "levels": condition.levels, "read": shares[condition.title]}
            for condition in conditions
        }
    BUILD.mkdir(exist_ok=True)
    (BUILD / "curves.json").write_text(json.dumps(written_json, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if arguments.page:
        page = arguments.page.read_text(encoding="utf-8")
        arguments.page.write_text(filled(page, found), encoding="utf-8")
    return 0


def _progress(text: str) -> None:
    print(f"\r{text:<70}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
