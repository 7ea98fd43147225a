"""Counts what the readers read of labelled pictures, beside zxing-cpp alone, and how long they take.

Usage: bench/reading.py [folder]   The folder holds qr/ and plates/; without it ../shared/data beside the repository.

A QR code counts as read when a payload is the label: as text, line ends aside, by UTF-8 or the engine's character set.
A picture is wrong when codes were read and none is a label of its set: some pictures hold codes beside the labelled one.
A plate counts as read when the first text returned is the label. Exit code 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import zxingcpp

from agent.core.plates.match import MatchVerdict, match
from agent.core.plates.vote import vote
from agent.eye.picture_file import load
from agent.eye.plate.reader import PlateFound, PlateReader
from agent.eye.qr.reader import QrReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
PLATE_GOAL = 0.90


@dataclass
class Score:
    """Counts of one reader on one set."""

    read: int = 0
    wrong: int = 0
    ms: list[float] = field(default_factory=list)


@dataclass
class Matches:
    """Verdicts of the 1:1 match: of the true plate, and of neighbours (last digit one up, one down)."""

    true: int = 0
    mismatched: int = 0
    neighbours: int = 0
    tried: int = 0

    def add(self, plates: Sequence[PlateFound], label: str) -> None:
        """Match the first plate with the label and with its neighbours, each as one frame."""
        seen = vote([plate.reading("bench", 1, 0.0) for plate in plates[:1]])
        verdict = match(seen, label).verdict
        self.true += verdict is MatchVerdict.MATCH
        self.mismatched += verdict is MatchVerdict.MISMATCH
        for other in neighbours(label):
            self.neighbours += match(seen, other).verdict is MatchVerdict.MATCH
            self.tried += 1


def main() -> int:
    """Print the tables; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=DATA)
    data = parser.parse_args().data
    if not data.is_dir():
        print(f"reading: not measured, there is no {data}")
        return 0
    cv2.setNumThreads(1)
    missed = [*codes(data / "qr"), *plates(data / "plates")]
    for goal in missed:
        print(f"MISSED: {goal}")
    return 1 if missed else 0


def codes(folder: Path) -> Iterator[str]:
    """One line a set of QR pictures; yields the goals that were missed."""
    reader = QrReader()
    ways: dict[str, Callable[[Pixels], set[str]]] = {
        "zxing-cpp": zxing_alone,
        "frame": lambda pixels: {code.text for code in reader.read(pixels)},
        "scan": lambda pixels: {code.text for code in reader.read(pixels, thorough=True)},
    }
    print(f"{'QR codes read / wrong / ms':<28}{'n':>5}" + "".join(f"{name:>18}" for name in ways))
    total = {name: Score() for name in ways}
    for subset in sorted(path for path in folder.iterdir() if path.is_dir()):
        labels = labelled(subset, "payload")
        scores = {name: _score_codes(subset, labels, way) for name, way in ways.items()}
        _print_scores(subset.name, len(labels), scores)
        for name, score in scores.items():
            total[name].read += score.read
            total[name].wrong += score.wrong
            total[name].ms += score.ms
    _print_scores("all", len(total["frame"].ms), total)
    for name in ("frame", "scan"):
        if total[name].read < total["zxing-cpp"].read:
            yield f"{name} reads fewer codes than zxing-cpp alone"
        if total[name].wrong:
            yield f"{name} read {total[name].wrong} wrong texts"


def zxing_alone(pixels: Pixels) -> set[str]:
    """The peer as its own users call it."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(grey, formats=formats, text_mode=zxingcpp.TextMode.Plain)
    return {code.text for code in found}


def _score_codes(folder: Path, labels: dict[str, str], way: Callable[[Pixels], set[str]]) -> Score:
    score = Score()
    known = {_plain(label) for label in labels.values()}
    for name, label in labels.items():
        pixels = load(folder / name)
        start = time.process_time()
        found = {_plain(text) for text in way(pixels)}
        score.ms.append((time.process_time() - start) * 1e3)
        score.read += bool(label) and _plain(label) in found
        # A picture without a label was read by no engine when it was labelled; what is read there now cannot be judged.
        score.wrong += bool(found) and not found & known and (bool(label) or folder.name == "negatives")
    return score


def plates(folder: Path) -> Iterator[str]:
    """One line a way of reading plates; yields the goals that were missed."""
    reader = PlateReader()
    photos = folder / "easypr_cn"
    labels = labelled(photos, "plate")
    ways: dict[str, Callable[..., list[PlateFound]]] = {
        "photos, one frame": reader.read,
        "photos, scan": lambda pixels: reader.read(pixels, thorough=True),
    }
    print(
        f"\n{'plates':<20}{'n':>5}{'exact':>7}{'any':>6}{'ms':>7}{'true matched':>14}{'mismatched':>12}{'neighbours':>15}"
    )
    for name, way in ways.items():
        exact = _score_plates(name, photos, labels, way)
        if exact < PLATE_GOAL:
            yield f"{name}: {exact:.1%} exact, wanted {PLATE_GOAL:.0%}"
    crops = folder / "lprnet_cn_crops"
    _score_plates("crops", crops, labelled(crops, "plate"), lambda pixels: _listed(reader.read_crop(pixels)))


def _score_plates(name: str, folder: Path, labels: dict[str, str], way: Callable[..., list[PlateFound]]) -> float:
    exact = anywhere = 0
    spent, matches = [], Matches()
    for file, label in labels.items():
        pixels = load(folder / file)
        start = time.process_time()
        found = way(pixels)
        spent.append((time.process_time() - start) * 1e3)
        texts = [plate.text for plate in found]
        exact += texts[:1] == [label]
        anywhere += label in texts
        matches.add(found, label)
    accepted = f"{matches.neighbours}/{matches.tried}"
    print(
        f"{name:<20}{len(labels):>5}{exact:>7}{anywhere:>6}{statistics.median(spent):>7.1f}"
        f"{matches.true:>14}{matches.mismatched:>12}{accepted:>15}"
    )
    return exact / len(labels)


def neighbours(plate: str) -> list[str]:
    """The plate with its last digit one up and one down: the plates issued before and after it."""
    index = max(index for index, character in enumerate(plate) if character.isdigit())
    return [plate[:index] + str((int(plate[index]) + step) % 10) + plate[index + 1 :] for step in (1, -1)]


def labelled(folder: Path, column: str) -> dict[str, str]:
    """The label of each picture of a set."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row[column] for row in csv.DictReader(file)}


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def _listed(plate: PlateFound | None) -> list[PlateFound]:
    return [plate] if plate else []


def _print_scores(name: str, count: int, scores: dict[str, Score]) -> None:
    cells = [f"{s.read:>5} /{s.wrong:>2} /{statistics.median(s.ms):>6.1f}" for s in scores.values()]
    print(f"{name:<28}{count:>5}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
