"""Measures networks beside one another: python -m training.recogniser.report NAME=FILE ... --crops ... --photos ...

NAME=FILE,FILE,FILE,FILE is a network in four folds: each file reads the photographs of the plates that it has not seen
(see training.recogniser.program). Prints Markdown tables, the figures of the model card among them.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2

from agent.core.plates import PROVINCES
from training.drawing import DrawnKind, Glyphs, GlyphsError, Light
from training.recogniser.measure import (
    Drawing,
    Network,
    Score,
    calibration_error,
    drawing,
    joined,
    of_drawing,
    of_photographs,
)
from training.recogniser.photographs import FOLDS, fold_of, photographed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from training.recogniser.photographs import PhotographedPlate

FONTS = Path(__file__).parents[2] / "drivers" / "camera" / "simulated_yard" / "fonts"
_SEED: Final = 999
"""Of the drawn plates to measure with: no training's."""
_Networks = dict[str, list[Network]]


def main() -> int:
    """Print the tables; 1 when something that is needed is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--glyphs", type=Path)
    parser.add_argument("--fonts", type=Path, nargs="+", default=[])
    parser.add_argument("--crops", type=Path, nargs="+", default=[])
    parser.add_argument("--photos", type=Path, nargs="+", default=[])
    parser.add_argument("--drawn", type=int, default=400, help="drawn plates of each kind")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        networks = {name: _opened(files) for name, files in (part.split("=", 1) for part in chosen.networks)}
        glyphs = Glyphs.load([FONTS, *chosen.fonts], chosen.glyphs)
        sets = {
            str(folder.name): photographed([folder] if crops else [], [] if crops else [folder])
            for crops, folders in ((True, chosen.crops), (False, chosen.photos))
            for folder in folders
        }
    except (GlyphsError, OSError, ValueError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 1
    for line in [*_photograph_rows(networks, sets), "", *_drawn_rows(networks, glyphs, chosen.drawn)]:
        print(line, flush=True)
    return 0


def _opened(files: str) -> list[Network]:
    paths = [Path(name) for name in files.split(",")]
    if len(paths) not in {1, FOLDS}:
        raise ValueError(f"{files}: one file, or {FOLDS} of folds")
    return [Network(path) for path in paths]


def interval(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share, in per cent (Wilson)."""
    z, share = 1.96, right / of
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return 100 * (middle - spread) / (1 + z * z / of), 100 * (middle + spread) / (1 + z * z / of)


def _read(networks: Sequence[Network], plates: Sequence[PhotographedPlate]) -> Score:
    if len(networks) == 1:
        return of_photographs(networks[0], plates)
    parts = [[plate for plate in plates if fold_of(plate.text) == fold] for fold in range(FOLDS)]
    return joined(of_photographs(network, part) for network, part in zip(networks, parts, strict=True))


def _photograph_rows(networks: _Networks, sets: Mapping[str, Sequence[PhotographedPlate]]) -> list[str]:
    rows = [
        "| photographs | network | without grammar | with grammar | 95 % | calibration error a character | a plate |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, plates in sets.items():
        for name, files in networks.items():
            found = _read(files, plates)
            low, high = interval(found.exact, found.of)
            rows.append(
                f"| {title} | {name} | {found.greedy}/{found.of} | {found.exact}/{found.of} = "
                f"{100 * found.exact / found.of:.1f} % | {low:.1f} to {high:.1f} "
                f"| {calibration_error(found.characters):.4f} | {calibration_error(found.sure):.4f} |"
            )
            rows += [f"<!-- {text} read as {read} ({said:.2f}) -->" for text, read, said in found.wrong]
    return rows


def _drawn_rows(networks: _Networks, glyphs: Glyphs, count: int) -> list[str]:
    titles = [f"{name}{part}" for name in networks for part in ("", ", with grammar")]
    rows = [f"| drawn | of | {' | '.join(titles)} |", f"|---|---|{'---|' * len(titles)}"]
    totals: Counter[str] = Counter()
    for number, kind in enumerate(DrawnKind):
        scores = _scores(networks, drawing(glyphs, (_SEED, number), count, kind))
        rows.append(_row(kind.value, scores))
        totals.update({name: found.exact for name, found in scores.items()})
    for light in (Light.NIGHT, Light.INFRARED):
        kinds = (DrawnKind.BLUE, DrawnKind.YELLOW, DrawnKind.NEW_ENERGY_SMALL, DrawnKind.KAZAKHSTAN)
        shown = [drawing(glyphs, (_SEED, 100 + i), count // 2, kind, light) for i, kind in enumerate(kinds)]
        parts = [_scores(networks, part) for part in shown]
        rows.append(_row(f"{light.value}: four kinds", {name: joined(p[name] for p in parts) for name in networks}))
    rows += _province_rows(networks, drawing(glyphs, (_SEED, 200), 31 * max(1, count // 8), DrawnKind.BLUE))
    return rows


def _scores(networks: _Networks, shown: Drawing) -> dict[str, Score]:
    """Drawn plates to measure with were in no training, so a fold is as good as the other."""
    return {name: of_drawing(files[0], shown) for name, files in networks.items()}


def _row(title: str, scores: Mapping[str, Score]) -> str:
    of = next(iter(scores.values())).of
    cells = [f"{100 * part / of:.1f}" for found in scores.values() for part in (found.greedy, found.exact)]
    return f"| {title} | {of} | {' | '.join(cells)} |"


def _province_rows(networks: _Networks, shown: Drawing) -> list[str]:
    """How often the province itself was read wrong, and which provinces are wrong most often."""
    rows = []
    of = Counter(text[0] for text in shown.texts)
    for name, scores in _scores(networks, shown).items():
        missed = Counter(text[0] for text, read, _ in scores.wrong if read[:1] != text[0])
        shares = sorted(((missed[p] / max(1, of[p]), p) for p in PROVINCES), reverse=True)
        worst = ", ".join(f"{p} {missed[p]}/{of[p]}" for _, p in shares[:4])
        rows.append(
            f"\n{name}: province wrong on {sum(missed.values())} of {sum(of.values())} blue plates; most: {worst}"
        )
    return rows


if __name__ == "__main__":
    sys.exit(main())
