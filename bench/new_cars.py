"""How many new cars without a plate pass by themselves: `python -m bench.new_cars [CARS]`, 200 where none is said.

Cars drawn in a yard, each with its permit on a phone and a maker's label behind glass with a reflection, tilted, out of
focus, with noise; no plate. Most labels bear the VIN in a code of 1.2 to 3 pixels a module, some in print alone, some
are covered so that nothing of them can be read, and some are those of the next car of the series. What the gate's own
readers tell of three frames of each goes through the judgement, with the lists, the ledger and a second reading of the
kept pictures (in this process; bench/second_reading.py times the one of a gate). Beside `without_plate = "vin"` stands
what the default does with the same cars.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import cv2
import numpy as np

from agent.core.decision import JudgementRules
from agent.core.events import ClockReading
from agent.core.lane import Decide, Decided
from agent.core.lists import FreshnessRules
from agent.core.model import DeclarationStatus, Instant, ListKind, Reason, Verdict, VinSource
from agent.core.permit import DAY_S, Issuer, PermitForm, declaration_of, seal, trust_list
from agent.core.permit.issue import issue
from agent.core.permit.vin import check_digit
from agent.lane.decider import Decider, LanePlace, Sources
from agent.site import StandaloneSite
from agent.store.journal import Journal
from agent.vision.mapping import DetectionMapper, MappedDetection
from agent.vision.second_reading import pictures_shown
from agent.vision.worker.detections import DetectionBuilder
from agent.vision.worker.evidence_picture import KeptPictureReader
from agent.vision.worker.latest_frame import NumberedFrame
from agent.vision.worker.plate.reader import PlateReader
from agent.vision.worker.protocol import Configure
from agent.vision.worker.qr.picture_reader import QrReader
from agent.vision.worker.second_reader import made_reader
from agent.vision.worker.vin.reader import VinReader
from bench.figures import Figure, table
from bench.scratch import scratch
from bench.sights import Flat, Sight, seen
from bench.vin_codes import CONTRAST, DEFOCUS, MODULES_PX
from bench.vin_labels import SEED, SOURCES, Glass, behind, label, vin_of
from drivers.api import Frame
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene
from drivers.camera.simulated_yard.vin_label import draw_label
from tests.support.lists.lists import ROOT, SITE
from tests.support.pki.permits import KEY, NOW, PERMIT
from tests.support.store.registries import open_registry, put_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from agent.core.decision import Decision, PicturesShown
    from agent.core.permit import Permit
    from agent.store.registry import Registry
    from bench.sights import Pixels

CARS: Final = 200
FRAMES: Final = 3
CENTRE: Final = (800.0, 430.0)
"""Where the label is shown; the phone with the permit is beside it."""
PRINT_PX: Final = (14.0, 18.0, 24.0)
"""How high the letters of printed labels are."""
MOST_TILT_DEG, MOST_TURN_DEG = 15.0, 8.0
INK: Final = 40
WithoutPlate: TypeAlias = Literal["manual", "vin", "pass"]


class Label(StrEnum):
    """What is on a car."""

    CODE = "its VIN in a code"
    PRINT = "its VIN in print alone"
    COVERED = "its label covered"
    ANOTHERS = "the next car's VIN"


SHARES: Final = {Label.CODE: 0.6, Label.PRINT: 0.2, Label.COVERED: 0.1, Label.ANOTHERS: 0.1}
OWN: Final = frozenset({Label.CODE, Label.PRINT})
"""Labels on which a car may pass."""


@dataclass(frozen=True, slots=True)
class Car:
    """One car. `unit_px`: pixels of a module of its code, or the height of its printed letters."""

    number: int
    label: Label
    source: VinSource
    unit_px: float

    @property
    def vin(self) -> str:
        """The VIN that its permit declares."""
        return vin_of(self.number)

    @property
    def label_vin(self) -> str:
        """The VIN that its label bears."""
        if self.label is not Label.ANOTHERS:
            return self.vin
        following = f"{self.vin[:-1]}{(int(self.vin[-1]) + 1) % 10}"
        return following[:8] + check_digit(following) + following[9:]

    @property
    def permit(self) -> Permit:
        """Its permit, which declares that it has no plate."""
        return replace(
            PERMIT,
            permit_id=self.number.to_bytes(8, "big"),
            vin=self.vin,
            declaration=9411_2026_0_000000000 + self.number,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What was decided on a car: by the rule "vin", and by the default."""

    car: Car
    verdict: Verdict
    reason: Reason
    today: Verdict

    @property
    def right(self) -> bool:
        """Passed by its own VIN, or left to an officer; nobody is refused, and no other VIN passes."""
        return self.verdict is Verdict.MANUAL or (self.verdict is Verdict.PASS and self.car.label in OWN)


def cars(count: int) -> list[Car]:
    """So many cars, the same ones each time."""
    made: list[Car] = []
    for kind, share in SHARES.items():
        for place in range(round(count * share)):
            source = VinSource.PRINT if kind is Label.PRINT else SOURCES[place % len(SOURCES)]
            sizes = PRINT_PX if kind is Label.PRINT else MODULES_PX
            made.append(Car(len(made), kind, source, sizes[place // len(SOURCES) % len(sizes)]))
    return made


def pictures(car: Car) -> Iterator[Pixels]:
    """Frames of a car at the barrier, BGR, 1280 x 720: the same view with other noise."""
    ground = draw_scene(Scene(vehicle=Vehicle(), code=ShownCode(text=issue(car.permit, KEY))))
    chance = np.random.default_rng((SEED, 3, car.number))
    flat = behind(_flat(car), Glass(), chance)
    sight = Sight(
        car.unit_px,
        tilt_deg=chance.uniform(-MOST_TILT_DEG, MOST_TILT_DEG),
        turn_deg=chance.uniform(-MOST_TURN_DEG, MOST_TURN_DEG),
        contrast=CONTRAST,
        # Of print a unit is a letter's height, of which a module would be a seventh.
        defocus=DEFOCUS / 7 if car.label is Label.PRINT else DEFOCUS,
    )
    for frame in range(FRAMES):
        yield seen(flat, sight, ground, CENTRE, np.random.default_rng((SEED, 4, car.number, frame))).pixels


def _flat(car: Car) -> Flat:
    if car.label is Label.PRINT:
        return Flat(draw_label(car.label_vin, "print"), 60.0)
    flat = label(car.source, car.label_vin)
    if car.label is not Label.COVERED:
        return flat
    covered = flat.pixels.copy()
    height, width = covered.shape[:2]
    covered[:, width // 5 : -width // 5] = INK
    covered[height // 5 : -height // 5] = INK
    return replace(flat, pixels=covered)


class CameraReaders:
    """What one camera's vision worker reads of frames, as the agent gets it."""

    def __init__(self) -> None:
        self._codes, self._plates, self._vins = QrReader(), PlateReader(), VinReader.with_print()
        self._kept = KeptPictureReader()

    def read(self, frames: Iterable[Pixels]) -> list[MappedDetection]:
        """All detections of one vehicle."""
        settings = Configure(camera_kind="simulated", camera={}, read_vins=True)
        builder = DetectionBuilder(settings)
        mapper = DetectionMapper("front", 0, 0.0, settings.picture_every_s, vins=True)
        found = list[MappedDetection]()
        for number, pixels in enumerate(frames, start=1):
            frame = NumberedFrame(number, Frame(pixels, time.monotonic()))
            codes = self._codes.read(pixels) or self._codes.read(pixels, thorough=True)
            looks = (
                builder.of_codes(frame, codes, self._kept, thorough=True),
                builder.of_plates(frame, self._plates.read(pixels)),
                builder.of_vins(frame, self._vins.read(pixels)),
            )
            found += [mapper.seen(told, tuple(jpegs), time.monotonic()) for told, jpegs in looks]
        return found


class _SecondReader:
    """Reads kept pictures once more, from their bytes alone, and answers at once."""

    def __init__(self) -> None:
        self._read = made_reader().read

    def read(
        self,
        codes: Sequence[bytes],
        plates: Sequence[bytes],
        answer: Callable[[PicturesShown | None, str], None],
        vins: Sequence[bytes] = (),
    ) -> None:
        answer(pictures_shown(self._read(tuple(codes), tuple(plates), tuple(vins))), "")


class _Judge:
    """Decides as a lane's decider does, by a rule for vehicles without a plate."""

    def __init__(
        self, without_plate: WithoutPlate, registry: Registry, journal: Journal, reader: _SecondReader
    ) -> None:
        place = LanePlace(
            site=SITE,
            lane=1,
            direction="export",
            clock_skew_s=60,
            max_text=700,
            require_clock=True,
            rules=JudgementRules(without_plate=without_plate),
            forms=frozenset({PermitForm.SIGNED}),
            freshness=FreshnessRules(required=frozenset({ListKind.DECLARATIONS, ListKind.REVOCATIONS})),
        )
        self._decider = Decider(place, Sources(registry, journal, lambda: True, StandaloneSite(journal), reader))

    def decide(self, car: Car, found: Sequence[MappedDetection]) -> Decision:
        """The decision on a car, the last one where it was asked for more."""
        question = Decide(
            f"car {car.number}",
            tuple(one for each in found for one in each.presentations),
            tuple(one for each in found for one in each.readings),
            final=False,
            pictures={name: picture for each in found for name, picture in each.pictures.items()},
            vins=tuple(one for each in found for one in each.vin_readings),
            arrived_at=0.0,
        )
        decision = self._asked(question)
        return self._asked(replace(question, final=True)) if decision.verdict is Verdict.RETRY else decision

    def _asked(self, question: Decide) -> Decision:
        later: list[Decided] = []
        answer = self._decider.decide(question, Instant(time.monotonic(), NOW), later.append)
        return (answer or later.pop()).decision


def measure(count: int = CARS, progress: Callable[[str], None] = lambda _: None) -> list[Result]:
    """Decide on so many cars."""
    cv2.setNumThreads(1)
    coming, results = cars(count), list[Result]()
    with scratch() as folder, ExitStack() as opened:
        clock = ClockReading(NOW, synced=True)
        journal = Journal.open(folder / "journal.db", gate="bench", boot="1", clock=lambda: clock, max_bytes=1 << 26)
        opened.callback(journal.close)
        registry = open_registry(folder / "registry.db")
        opened.callback(registry.close)
        registry.take_trust(seal(trust_list([Issuer("KHE", KEY)], NOW - DAY_S), ROOT), "file")
        put_whole(
            registry,
            ListKind.DECLARATIONS,
            [declaration_of(car.permit, DeclarationStatus.RELEASED, None) for car in coming],
        )
        put_whole(registry, ListKind.REVOCATIONS, [])
        readers, second = CameraReaders(), _SecondReader()
        by_vin, today = (_Judge(rule, registry, journal, second) for rule in ("vin", "manual"))
        for car in coming:
            found = readers.read(pictures(car))
            decision = by_vin.decide(car, found)
            results.append(Result(car, decision.verdict, decision.reason, today.decide(car, found).verdict))
            if len(results) % 20 == 0:
                progress(f"{len(results)} of {count} cars")
    return results


def figures(results: Sequence[Result]) -> list[Figure]:
    """The figures for the table of all benchmarks."""
    officers = sum(one.verdict is Verdict.MANUAL for one in results)
    today = sum(one.today is Verdict.MANUAL for one in results)
    wrong = sum(not one.right for one in results)
    note = f'of {len(results)}; {today} with the default, without_plate = "manual"'
    return [
        Figure("new cars without a plate decided wrongly", float(wrong), "", 0.0, note=f"of {len(results)}"),
        Figure("new cars without a plate that need an officer", 100 * officers / len(results), "%", note=note),
    ]


def report(results: Sequence[Result]) -> str:
    """A row for each label, and for each size of each code: how many passed, and the reasons of the others."""
    lines = [f"{'label':<24}{'read from':<13}{'px':>5}{'cars':>6}{'passed':>8}  others"]
    rows: dict[tuple[Label, VinSource, float], list[Result]] = {}
    for one in results:
        rows.setdefault((one.car.label, one.car.source, one.car.unit_px), []).append(one)
    for (kind, source, unit_px), of_row in rows.items():
        passed = sum(one.verdict is Verdict.PASS for one in of_row)
        others = Counter(f"{one.verdict} {one.reason}" for one in of_row if one.verdict is not Verdict.PASS)
        said = ", ".join(f"{count} {what}" for what, count in others.most_common())
        lines.append(f"{kind:<24}{source:<13}{unit_px:>5}{len(of_row):>6}{passed:>8}  {said}")
    return "\n".join(lines)


def main() -> int:
    """Print both tables; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cars", nargs="?", type=int, default=CARS)
    results = measure(parser.parse_args().cars, lambda text: print(text, file=sys.stderr, flush=True))
    print(report(results))
    found = figures(results)
    print(table(found))
    return 1 if any(figure.kept is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
