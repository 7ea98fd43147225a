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
from bench.figures import Figure, table
from drivers.camera.yard.scene import Scene, ShownCode, Vehicle, draw_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
PLATE_GOAL = 90.0


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


Scores = dict[str, Score]
"""By way of reading."""


@dataclass(frozen=True, slots=True)
class PlateScore:
    """Of one way of reading plates on one set. `first`: the label is the first text; `anywhere`: it is one of them."""

    count: int
    first: int
    anywhere: int
    ms: list[float]
    matches: Matches


def main() -> int:
    """Print the tables; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=DATA)
    data = parser.parse_args().data
    cv2.setNumThreads(1)
    found = drawn_figures()
    if data.is_dir():
        sets, photos = codes(data / "qr"), plates(data / "plates")
        print_codes(sets)
        print_plates(photos)
        found += code_figures(sets) + plate_figures(photos)
    else:
        print(f"labelled pictures: not measured, there is no {data}")
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


def measure(data: Path = DATA) -> list[Figure]:
    """All figures; those of labelled pictures are not measured where there are none."""
    cv2.setNumThreads(1)
    found = drawn_figures()
    if not data.is_dir():
        return [*found, Figure("codes and plates in labelled pictures", None, "%", note="the pictures are not there")]
    return found + code_figures(codes(data / "qr")) + plate_figures(plates(data / "plates"))


# ------------------------------------------------------------------------------------------- one frame of a camera


def drawn_figures() -> list[Figure]:
    """The time of one reader on one frame of the drawn yard at 1080p."""
    vehicle = Vehicle(plate="新B52K18")
    shown = _full_hd(Scene(vehicle=vehicle, code=ShownCode(text="GP1:" + "7WB2K" * 60)))
    without, empty = _full_hd(Scene(vehicle=vehicle)), _full_hd(Scene())
    codes, plates = QrReader(), PlateReader()
    return [
        Figure("QR reading, 1080p, code there", _median_ms(lambda: codes.read(shown)), "ms", note="CPU, p50 of 15"),
        Figure("QR reading, 1080p, none there", _median_ms(lambda: codes.read(without)), "ms", note="both thresholds"),
        Figure(
            "plate reading, 1080p, plate there", _median_ms(lambda: plates.read(shown)), "ms", note="CPU, p50 of 15"
        ),
        Figure("plate reading, 1080p, none there", _median_ms(lambda: plates.read(empty)), "ms", note="detector only"),
    ]


def _full_hd(scene: Scene) -> Pixels:
    return cv2.resize(draw_scene(scene), (1920, 1080), interpolation=cv2.INTER_CUBIC).astype("uint8", copy=False)


def _median_ms(read: Callable[[], object]) -> float:
    times = []
    for _ in range(16):
        start = time.process_time()
        read()
        times.append((time.process_time() - start) * 1e3)
    return statistics.median(times[1:])


# ----------------------------------------------------------------------------------------------------------- codes


def codes(folder: Path) -> dict[str, Scores]:
    """The scores of each set of QR pictures."""
    reader = QrReader()
    ways: dict[str, Callable[[Pixels], set[str]]] = {
        "zxing-cpp": zxing_alone,
        "frame": lambda pixels: {code.text for code in reader.read(pixels)},
        "scan": lambda pixels: {code.text for code in reader.read(pixels, thorough=True)},
    }
    return {
        subset.name: {name: _score_codes(subset, labelled(subset, "payload"), way) for name, way in ways.items()}
        for subset in sorted(path for path in folder.iterdir() if path.is_dir())
    }


def code_figures(sets: dict[str, Scores]) -> list[Figure]:
    """What was read of all sets together; the peer's count is the goal."""
    total = _total(sets)
    peer = total["zxing-cpp"]
    figures = []
    for name in ("frame", "scan"):
        score = total[name]
        note = f"of {len(score.ms)} pictures, p50 {statistics.median(score.ms):.1f} ms; the goal is zxing-cpp alone"
        figures += [
            Figure(f"QR codes read, {name}", score.read, "codes", peer.read, at_least=True, note=note),
            Figure(f"QR codes read wrong, {name}", score.wrong, "codes", 0, note=f"zxing-cpp alone: {peer.wrong}"),
        ]
    return figures


def print_codes(sets: dict[str, Scores]) -> None:
    """One line a set."""
    total = _total(sets)
    print(f"{'QR codes read / wrong / ms':<28}{'n':>5}" + "".join(f"{name:>18}" for name in total))
    for name, scores in (*sets.items(), ("all", total)):
        cells = [f"{s.read:>5} /{s.wrong:>2} /{statistics.median(s.ms):>6.1f}" for s in scores.values()]
        print(f"{name:<28}{len(scores['frame'].ms):>5}" + "".join(f"{cell:>18}" for cell in cells))


def _total(sets: dict[str, Scores]) -> Scores:
    total: Scores = {}
    for scores in sets.values():
        for name, score in scores.items():
            one = total.setdefault(name, Score())
            one.read, one.wrong, one.ms = one.read + score.read, one.wrong + score.wrong, one.ms + score.ms
    return total


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


# ---------------------------------------------------------------------------------------------------------- plates


def plates(folder: Path) -> dict[str, PlateScore]:
    """The score of each way of reading plates."""
    reader = PlateReader()
    photos, crops = folder / "easypr_cn", folder / "lprnet_cn_crops"
    return {
        "photos, one frame": _score_plates(photos, reader.read),
        "photos, scan": _score_plates(photos, lambda pixels: reader.read(pixels, thorough=True)),
        "crops": _score_plates(crops, lambda pixels: _listed(reader.read_crop(pixels))),
    }


def plate_figures(scores: dict[str, PlateScore]) -> list[Figure]:
    """Exact readings, and how many neighbours' plates would have passed."""
    figures = []
    for name, score in scores.items():
        note = f"{score.first} of {score.count} exact, p50 {statistics.median(score.ms):.1f} ms CPU"
        goal = PLATE_GOAL if name.startswith("photos") else None
        figures.append(
            Figure(f"plates exact, {name}", 100 * score.first / score.count, "%", goal, at_least=True, note=note)
        )
    passed = sum(score.matches.neighbours for score in scores.values())
    tried = sum(score.matches.tried for score in scores.values())
    return [*figures, Figure("neighbours' plates matched", passed, "plates", 0, note=f"of {tried} tried")]


def print_plates(scores: dict[str, PlateScore]) -> None:
    """One line a way."""
    heads = f"{'n':>5}{'exact':>7}{'any':>6}{'ms':>7}{'true matched':>14}{'mismatched':>12}{'neighbours':>15}"
    print(f"\n{'plates':<20}{heads}")
    for name, score in scores.items():
        matches = score.matches
        accepted = f"{matches.neighbours}/{matches.tried}"
        print(
            f"{name:<20}{score.count:>5}{score.first:>7}{score.anywhere:>6}{statistics.median(score.ms):>7.1f}"
            f"{matches.true:>14}{matches.mismatched:>12}{accepted:>15}"
        )


def _score_plates(folder: Path, way: Callable[[Pixels], list[PlateFound]]) -> PlateScore:
    labels = labelled(folder, "plate")
    first = anywhere = 0
    spent, matches = [], Matches()
    for file, label in labels.items():
        pixels = load(folder / file)
        start = time.process_time()
        found = way(pixels)
        spent.append((time.process_time() - start) * 1e3)
        texts = [plate.text for plate in found]
        first += texts[:1] == [label]
        anywhere += label in texts
        matches.add(found, label)
    return PlateScore(len(labels), first, anywhere, spent, matches)


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


if __name__ == "__main__":
    sys.exit(main())
