"""How far reading goes as one condition gets worse: drawn permits and plates, ours beside others on the same pictures.

Usage: python -m bench.curves [data] [--pictures N] [--charts FOLDER] [--page FILE]

Every point is N pictures (20) of as many permits or blue plates of all provinces, which are the same at every point;
only the condition named changes. data: its plates/glyphs, if there, are the plates' own face. --charts: draw
curves-codes.svg, curves-plates.svg and curves-countries.svg into this folder; the last one shows plates of several
countries, read live. --page: put the tables into this page. The shares go to build/curves.json too.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import numpy as np

from bench.curve_views import CODE_CONDITIONS, PLATE_CONDITIONS, code_view, plate_view
from bench.line_chart import Line, Panel, grid
from bench.reading import DATA
from bench.reading_drawn import glyphs_in
from bench.reading_engines import ENGINES, Subject
from bench.reading_markdown import markdown
from bench.reading_process import EngineLostError, EngineMissingError, EngineProcess, command
from bench.reading_tables import filled
from bench.scratch import BUILD, scratch
from training.drawing import DrawnKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.curve_views import View
    from bench.reading_engines import Engine

PICTURES: Final = 20
GOOD: Final = 0.9
HALF: Final = 0.5
CODE_ENGINES: Final = ("ours, whole cascade", "ours, each frame", "zxing-cpp")
PLATE_ENGINES: Final = ("ours, live", "ours, crop", "PP-OCRv4 recogniser")
LIVE: Final = "ours, live"
COUNTRY_KINDS: Final = (
    DrawnKind.BLUE,
    DrawnKind.NEW_ENERGY_SMALL,
    DrawnKind.KAZAKHSTAN,
    DrawnKind.UZBEKISTAN,
    DrawnKind.RUSSIA,
    DrawnKind.KYRGYZSTAN,
)
"""Measured beside one another: plates of each side of the border."""

Shares = dict[str, dict[str, list[float]]]
"""By title of the condition and name of the engine: the share read at each level, 0..1."""


class Series(Protocol):
    """One thing that gets worse, from easy to hard. `levels`: in `unit`; `axis`: the ticks of its diagram."""

    @property
    def title(self) -> str: ...

    @property
    def unit(self) -> str: ...

    @property
    def levels(self) -> tuple[float, ...]: ...

    @property
    def axis(self) -> tuple[float, ...]: ...


OneSeries = TypeVar("OneSeries", bound=Series)


def measure(
    conditions: Sequence[OneSeries],
    engines: Sequence[Engine],
    make: Callable[[OneSeries, float, int], View],
    pictures: int,
    told: Callable[[str], None] = lambda _: None,
) -> tuple[Shares, Counter[str]]:
    """The shares read, and what went wrong: engines that are missing, and errors that they raised, each with its count.

    Raises EngineLostError when one is lost on the way.
    """
    troubles: Counter[str] = Counter()
    shares: Shares = {condition.title: {} for condition in conditions}
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        running = _started(engines, stack, troubles)
        for condition in conditions:
            for level in condition.levels:
                told(f"{condition.title} {level:g}")
                views = [make(condition, level, number) for number in range(pictures)]
                for engine, process in running.items():
                    read = sum(_is_read(process, engine, view, folder, troubles) for view in views)
                    shares[condition.title].setdefault(engine.name, []).append(read / pictures)
    return shares, troubles


def measure_kinds(
    conditions: Sequence[OneSeries],
    kinds: Sequence[DrawnKind],
    make: Callable[[DrawnKind, OneSeries, float, int], View],
    pictures: int,
    told: Callable[[str], None] = lambda _: None,
) -> tuple[Shares, Counter[str]]:
    """As `measure`, of plates of several kinds that the product reads live: the shares by title and kind."""
    shares: Shares = {condition.title: {} for condition in conditions}
    troubles: Counter[str] = Counter()
    for kind in kinds:
        found, wrong = measure(
            conditions, [ENGINES[LIVE]], partial(make, kind), pictures, partial(_told_of_kind, told, kind)
        )
        troubles += wrong
        for title, rows in found.items():
            shares[title][kind.value] = rows[LIVE]
    return shares, troubles


def _told_of_kind(told: Callable[[str], None], kind: DrawnKind, text: str) -> None:
    told(f"{kind.value}: {text}")


def _started(engines: Sequence[Engine], stack: ExitStack, troubles: Counter[str]) -> dict[Engine, EngineProcess]:
    running = {}
    for engine in engines:
        try:
            running[engine] = stack.enter_context(EngineProcess(command(engine)))
        except (EngineMissingError, EngineLostError) as error:
            troubles[f"{engine.name}: not measured: {error}"] += 1
    return running


def _is_read(process: EngineProcess, engine: Engine, view: View, folder: Path, troubles: Counter[str]) -> bool:
    """Whether the first text is the label."""
    file = folder / "shown.npy"
    np.save(file, view.crop if view.crop is not None and engine.subject is Subject.CROPS else view.scene)
    answer = process.ask(file)
    if answer.error:
        troubles[f"{engine.name}: {answer.error}"] += 1
    labels = view.labels[:1] if engine.ours else view.labels
    return bool(answer.texts) and answer.texts[0][0] in labels


def chart(conditions: Sequence[Series], shares: Shares) -> str:
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


def limits(conditions: Sequence[Series], shares: Shares) -> str:
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
    glyphs, count = glyphs_in(arguments.data), arguments.pictures

    blue, of_kind = partial(plate_view, glyphs, DrawnKind.BLUE), partial(plate_view, glyphs)
    measured = {
        "codes": (CODE_CONDITIONS, measure(CODE_CONDITIONS, _engines(CODE_ENGINES), code_view, count, _progress)),
        "plates": (PLATE_CONDITIONS, measure(PLATE_CONDITIONS, _engines(PLATE_ENGINES), blue, count, _progress)),
        "countries": (PLATE_CONDITIONS, measure_kinds(PLATE_CONDITIONS, COUNTRY_KINDS, of_kind, count, _progress)),
    }
    written_json: dict[str, Any] = {"pictures": count}
    found = {}
    for name, (conditions, (shares, troubles)) in measured.items():
        found[f"curves-{name}"] = limits(conditions, shares)
        print(f"\ncurves-{name}\n{found[f'curves-{name}']}")
        for trouble, times in troubles.items():
            print(f"{trouble} ({times} x)")
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


def _engines(names: Sequence[str]) -> list[Engine]:
    return [ENGINES[name] for name in names]


def _progress(text: str) -> None:
    print(f"\r{text:<70}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
