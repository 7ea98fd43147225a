"""Judges detectors beside the product's own on sets of labelled photographs.

Usage: python -m training.detector.report NAME=FILE[@THRESHOLD] ... --sets FOLDER ... [--boxed FOLDER ...]
       [--empty FOLDER ...] [--held-out]

FILE: a network as ONNX, or the state of a training that goes on (.pt). --sets: folders with a labels.csv (file, plate,
box; the box may be empty: then a plate is found where it is read). --boxed: folders whose labels.csv has a row for each
plate; the tenth of them that no training sees is judged. --empty: folders of pictures; those whose index.csv says that
plates are possible are left out. --held-out: of the sets only the half that no training sees.
"""

from __future__ import annotations

import argparse
import sys
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
from training.detector.photographs import as_judged, boxed, photographs

if TYPE_CHECKING:
    from training.detector.photographs import Detector, Photograph


def main() -> int:
    """Print what each finds of each set; 0 unless something cannot be read."""
    arguments = _parser().parse_args()
    cv2.setNumThreads(1)
    try:
        detectors: dict[str, Detector] = {"the product's": PlateDetector()}
        detectors |= dict(_named(text) for text in arguments.networks)
        sets: dict[str, list[Photograph]] = {}
        for folder in arguments.sets:
            sets[folder.name] = [one for one in photographs(folder) if one.held_out or not arguments.held_out]
        for folder in arguments.boxed:
            sets[folder.name] = as_judged([one for one in boxed(folder) if one.held_out])
        empty = Backgrounds(arguments.empty).photographs
    except (BackgroundError, PictureError, OSError, KeyError, ValueError) as error:
        print(f"cannot judge: {error}", file=sys.stderr)
        return 1
    reader = PlateReader()
    for name, shown in sets.items():
        print(f"{name}: {len(shown)} plates")
        for title, detector in detectors.items():
            print("\n    ".join([f"  {title}:", *judged(detector, reader, shown, [])[1:]]), flush=True)
    for title, detector in detectors.items():
        print(f"  {title}: {judged(detector, reader, [], empty)[0]}")
    return 0


def _named(text: str) -> tuple[str, PlateDetector]:
    name, _, place = text.partition("=")
    file, _, threshold = place.partition("@")
    if not file:
        raise ValueError(f"{text}: NAME=FILE is wanted")
    network = weights.opened(_network(Path(file)))
    return name, PlateDetector(float(threshold) if threshold else THRESHOLD, session=network)


def _network(path: Path) -> bytes:
    if path.suffix != ".pt":
        return path.read_bytes()
    net = Net()
    net.load_state_dict(torch.load(path, weights_only=True)["mean"])
    return exported(net)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--sets", type=Path, nargs="*", default=[])
    parser.add_argument("--boxed", type=Path, nargs="*", default=[])
    parser.add_argument("--empty", type=Path, nargs="*", default=[])
    parser.add_argument("--held-out", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
