"""Trains the plate detector: one command, which goes on where it was stopped.

Usage: python -m training.detector OUT --fonts FOLDER ... [--glyphs FOLDER] [--backgrounds FOLDER ...]
       [--photographs FOLDER] [--samples N] [--photograph-samples N] [--seed N] [--workers N]

1. It learns from drawn scenes alone. --fonts, --glyphs: what plates are drawn with; --backgrounds: photographs without
   plates, to put them into.
2. --photographs: a folder with labels.csv (file, plate, box). In half of them, by a hash of the plate, it locates the
   plates itself, and learns on from these among drawn scenes.
3. It is judged by the other half, beside the product's own detector, and by the backgrounds.

OUT/drawn.onnx and OUT/photographed.onnx are what comes out.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import torch

from agent.vision.worker.picture_file import PictureError
from agent.vision.worker.plate.detector import PlateDetector
from agent.vision.worker.plate.reader import PlateReader
from training.detector import judge
from training.detector.backgrounds import BackgroundError, Backgrounds
from training.detector.finder import Finder
from training.detector.net import Net, exported
from training.detector.photographs import LONGEST_PX, located, photographs
from training.detector.samples import Samples
from training.detector.schooling import Plan, train
from training.drawing import Glyphs, GlyphsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from training.detector.backgrounds import Pixels
    from training.detector.photographs import Detector, Photograph
    from training.detector.schooling import State

RATE = 2e-3
LATER_RATE = 1e-3


def main() -> int:
    """Train and judge as the arguments say; 0 when the weights are written."""
    arguments = _parser().parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    try:
        shown = photographs(arguments.photographs) if arguments.photographs else []
        backgrounds = Backgrounds(arguments.backgrounds)
        glyphs = Glyphs.load(arguments.fonts, arguments.glyphs)
        arguments.out.mkdir(parents=True, exist_ok=True)
    except (BackgroundError, GlyphsError, PictureError, OSError, KeyError, ValueError) as error:
        print(f"cannot train: {error}", file=sys.stderr)
        return 1
    if arguments.glyphs is None:
        print("without --glyphs plates are drawn with fonts alone, which photographs resemble less")
    school = School(arguments.out, Samples(arguments.seed, glyphs, backgrounds), arguments.workers)
    state = school.learn("drawn", arguments.samples, RATE)
    detectors: dict[str, Detector] = {"drawn": school.detector("drawn")}
    reader = PlateReader()
    if shown:
        learnt = located([one for one in shown if not one.held_out], detectors["drawn"], reader)
        print(f"{len(learnt)} photographs are learnt from: their plates were read as labelled")
        school = School(arguments.out, Samples(arguments.seed + 1, glyphs, backgrounds, learnt), arguments.workers)
        school.learn("photographed", arguments.photograph_samples, LATER_RATE, state)
        detectors["photographed"] = school.detector("photographed")
    held_out = [one for one in shown if one.held_out]
    for title, detector in {**detectors, "the product's": PlateDetector()}.items():
        print("\n  ".join([f"{title}:", *judged(detector, reader, held_out, backgrounds.photographs)]))
    return 0


@dataclass(frozen=True, slots=True)
class School:
    """Where the stages write, what they learn from, and how many processes draw it."""

    out: Path
    samples: Samples
    workers: int

    def learn(self, name: str, count: int, rate: float, start: State | None = None) -> State:
        """One stage; its network is written as ONNX under its name."""
        plan = Plan(count, rate, self.workers)
        told: Callable[[str], None] = partial(print, f"{name}:", flush=True)
        state = train(self.samples, plan, self.out / f"{name}.pt", told, start)
        net = Net()
        net.load_state_dict(state)
        (self.out / f"{name}.onnx").write_bytes(exported(net))
        return state

    def detector(self, name: str) -> Finder:
        """What a stage wrote."""
        return Finder((self.out / f"{name}.onnx").read_bytes())


def judged(detector: Detector, reader: PlateReader, shown: Sequence[Photograph], empty: Sequence[Pixels]) -> list[str]:
    """What a detector finds in labelled photographs and in pictures without plates, in words."""
    lines = [f"{judge.false_finds(detector, empty, LONGEST_PX[0])} finds in {len(empty)} pictures without plates"]
    return lines + [f"at {px} pixels: {judge.found(detector, reader, shown, px)}" for px in LONGEST_PX if shown]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--glyphs", type=Path)
    parser.add_argument("--backgrounds", type=Path, nargs="*", default=[])
    parser.add_argument("--photographs", type=Path)
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--photograph-samples", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
