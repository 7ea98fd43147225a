"""Trains the plate detector: one command, which goes on where it was stopped.

Usage: python -m training.detector OUT --fonts FOLDER ... [--glyphs FOLDER] [--backgrounds FOLDER ...]
       [--boxed FOLDER ...] [--photographs FOLDER] [--steps N] [--photograph-steps N] [--seed N] [--workers N]

1. It learns from drawn scenes. --fonts, --glyphs: what plates are drawn with; --backgrounds: photographs to put them
   into; --boxed: photographs with labels.csv (file, box), one row for each plate in them.
2. It looks at the same photographs itself: finds corners for boxes that it agrees with, and, where plates are possible
   in a background, leaves out what it takes for one. --photographs: a folder with labels.csv (file, plate, box). In
   half of them, by a hash of the plate, it locates the plates itself. It learns on from all of these.
3. It is judged by what was held back, beside the product's own detector, and by pictures without plates.

OUT/drawn.onnx and OUT/photographed.onnx are what comes out. More by: python -m training.detector.report
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import torch

from agent.vision.worker.picture_file import PictureError
from agent.vision.worker.plate import weights
from agent.vision.worker.plate.detector import THRESHOLD, PlateDetector
from agent.vision.worker.plate.reader import PlateReader
from training.detector.backgrounds import BackgroundError, Backgrounds
from training.detector.judge import judged
from training.detector.net import Net, exported
from training.detector.photographs import as_judged, boxed, cornered, located, photographs, searched
from training.detector.samples import Samples
from training.detector.schooling import Plan, train
from training.drawing import Glyphs, GlyphsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from training.detector.photographs import Detector, Photograph
    from training.detector.schooling import State

RATE = 2e-3
LATER_RATE = 1e-3
KEEN = 0.12
"""The threshold for what may be a plate."""


def main() -> int:
    """Train and judge as the arguments say; 0 when the weights are written."""
    arguments = _parser().parse_args()
    _take_one_thread()
    try:
        shown = photographs(arguments.photographs) if arguments.photographs else []
        known = [one for folder in arguments.boxed for one in boxed(folder)]
        backgrounds = Backgrounds(arguments.backgrounds)
        glyphs = Glyphs.load(arguments.fonts, arguments.glyphs)
        arguments.out.mkdir(parents=True, exist_ok=True)
    except (BackgroundError, GlyphsError, PictureError, OSError, KeyError, ValueError) as error:
        print(f"cannot train: {error}", file=sys.stderr)
        return 1
    if arguments.glyphs is None:
        print("without --glyphs plates are drawn with fonts alone, which photographs resemble less")
    learnt = [one.shown for one in known if not one.held_out]
    school = School(arguments.out, Samples(arguments.seed, glyphs, backgrounds, learnt), arguments.workers)
    state = school.learn("drawn", arguments.steps, RATE)
    first = school.detector("drawn")
    detectors: dict[str, Detector] = {"drawn": first}
    reader = PlateReader()
    if arguments.photograph_steps:
        keen = school.detector("drawn", KEEN)
        read = located([one for one in shown if not one.held_out], first, reader)
        learnt = cornered(learnt, keen)
        print(f"corners of {sum(len(one.corners) for one in learnt)} boxed plates, and of {len(read)} that were read")
        later = Samples(arguments.seed + 1, glyphs, backgrounds.told_by(lambda one: searched(one, keen)), learnt + read)
        school = replace(school, samples=later)
        school.learn("photographed", arguments.photograph_steps, LATER_RATE, state)
        detectors["photographed"] = school.detector("photographed")
    held_out = [one for one in shown if one.held_out] + as_judged([one for one in known if one.held_out])
    _judge(detectors, reader, held_out, backgrounds)
    return 0


def _take_one_thread() -> None:
    """There is one process a core."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _judge(
    detectors: Mapping[str, Detector], reader: PlateReader, held_out: Sequence[Photograph], backgrounds: Backgrounds
) -> None:
    for title, detector in {**detectors, "the product's": PlateDetector()}.items():
        print("\n  ".join([f"{title}:", *judged(detector, reader, held_out, backgrounds.photographs)]))


@dataclass(frozen=True, slots=True)
class School:
    """Where the stages write, what they learn from, and how many processes draw it."""

    out: Path
    samples: Samples
    workers: int

    def learn(self, name: str, steps: int, rate: float, start: State | None = None) -> State:
        """One stage; its network is written as ONNX under its name."""
        plan = Plan(steps, rate, self.workers)
        told: Callable[[str], None] = partial(print, f"{name}:", flush=True)
        state = train(self.samples, plan, self.out / f"{name}.pt", told, start)
        net = Net()
        net.load_state_dict(state)
        (self.out / f"{name}.onnx").write_bytes(exported(net))
        return state

    def detector(self, name: str, threshold: float = THRESHOLD) -> PlateDetector:
        """What a stage wrote."""
        return PlateDetector(threshold, session=weights.opened(str(self.out / f"{name}.onnx")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--glyphs", type=Path)
    parser.add_argument("--backgrounds", type=Path, nargs="*", default=[])
    parser.add_argument("--boxed", type=Path, nargs="*", default=[])
    parser.add_argument("--photographs", type=Path)
    parser.add_argument("--steps", type=int, default=3_000)
    parser.add_argument("--photograph-steps", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
